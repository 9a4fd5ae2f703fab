import { cleanup, render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import '../../tests/mount';
import { FakeBackend, type Scenario, commandError } from '../../tests/fake-backend';
import { WORDS } from '../../tests/sample';
import { toasts } from '../lib/toast.svelte';
import App from './App.svelte';

const user = userEvent.setup();
const STRONG = 'kettle orbit violin moss';
let backend: FakeBackend;

function open(scenario: Scenario): void {
  backend = new FakeBackend(scenario);
  render(App, { backend });
}
const id = (name: string) => screen.findByTestId(name);
const gone = (name: string) => screen.queryByTestId(name) === null;

beforeEach(() => {
  window.innerWidth = 1280;
  // A listbox that jsdom cannot measure.
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(700);
});
afterEach(() => {
  cleanup();
  toasts.items = [];
});

describe('the first start', () => {
  test('two fields, one page, and the cursor is in a note', async () => {
    open('first');
    await user.type(await id('create-passphrase'), 'four words are strong{Tab}{Tab}');
    await user.type(await id('create-again'), 'four words are strong{Enter}');
    expect(await screen.findAllByTestId('code-word')).toHaveLength(24);
    await user.click(await id('code-later'));
    const title = await id('note-title');
    await waitFor(() => expect(document.activeElement).toBe(title));
    expect(backend.calls).toContainEqual(['vaultCreate', 'four words are strong']);
    expect(await id('recovery-reminder')).toBeTruthy();
  });

  test('a passphrase that is easy to guess is used only if one says so', async () => {
    open('first');
    await user.type(await id('create-passphrase'), 'short');
    await user.type(await id('create-again'), 'short{Enter}');
    expect((await id('weak-question')).textContent).toContain('easy to guess');
    expect(document.activeElement).toBe(screen.getByTestId('create-passphrase'));
    await user.keyboard('{Enter}');
    expect(backend.count('vaultCreate')).toBe(0);
    await user.click(await id('weak-use'));
    await id('code-words');
    expect(backend.calls).toContainEqual(['vaultCreate', 'short']);
  });

  test('two passphrases that differ make no vault', async () => {
    open('first');
    await user.type(await id('create-passphrase'), 'one');
    await user.type(await id('create-again'), 'two');
    await user.click(await id('create-submit'));
    expect(await screen.findByText('The two passphrases differ.')).toBeTruthy();
    expect(backend.count('vaultCreate')).toBe(0);
  });

  test('wrong words keep the page, right ones end the reminder', async () => {
    open('first');
    await user.type(await id('create-passphrase'), STRONG);
    await user.type(await id('create-again'), `${STRONG}{Enter}`);
    await user.type(await id('code-confirm-0'), 'wrong');
    await user.click(await id('code-confirm'));
    expect(await screen.findByRole('alert')).toBeTruthy();
    for (const at of [0, 1]) {
      const field = await id(`code-confirm-${at}`);
      const number = Number(field.parentElement?.querySelector('label')?.textContent.replace(/\D/g, ''));
      await user.clear(field);
      await user.type(field, WORDS[number - 1] ?? '');
    }
    await user.click(await id('code-confirm'));
    await id('note-title');
    expect(gone('recovery-reminder')).toBe(true);
  });

  test('joining shows the server of the link before anything is sent', async () => {
    open('first');
    await user.click(await id('create-join'));
    await user.type(await id('join-link'), 'nonsense');
    expect(await screen.findByText(/not a join link/)).toBeTruthy();
    await user.clear(await id('join-link'));
    await user.click(await id('join-link'));
    await user.paste('holdfast:link');
    expect((await id('join-server')).textContent).toContain('4F2A 91C0');
    await user.type(await id('join-user'), 'ada');
    await user.type(await id('join-passphrase'), 'secret{Enter}');
    expect((await id('catch-up')).textContent).toContain('312 of 1,204; you can read now, edits are safe');
    expect(backend.calls).toContainEqual(['accountJoin', { link: 'holdfast:link', user: 'ada', passphrase: 'secret', device_name: 'this-laptop' }]);
  });
});

describe('unlocking', () => {
  test('a wrong passphrase says so at the field; the right one opens', async () => {
    open('locked');
    await user.type(await id('unlock-passphrase'), 'wrong{Enter}');
    expect(await screen.findByText(/does not open this vault/)).toBeTruthy();
    await user.clear(await id('unlock-passphrase'));
    await user.type(await id('unlock-passphrase'), `${backend.passphrase}{Enter}`);
    await id('note-list');
  });

  test('by the recovery code, with a new passphrase', async () => {
    open('locked');
    await user.click(await id('unlock-forgot'));
    await user.type(await id('unlock-code'), WORDS.join('  ').toUpperCase());
    await user.type(await id('unlock-new-passphrase'), STRONG);
    await user.type(await id('unlock-new-passphrase-again'), `${STRONG}.{Enter}`);
    await screen.findByText('The two passphrases differ.');
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('unlock-new-passphrase-again')));
    expect(backend.count('vaultUnlockWithCode')).toBe(0);
    await user.keyboard('{Backspace}');
    await user.type(screen.getByTestId('unlock-new-passphrase-again'), `${STRONG}{Enter}`);
    await id('note-list');
    expect(backend.calls).toContainEqual(['vaultUnlockWithCode', WORDS.join(' '), STRONG]);
  });

  test('a damaged vault is a page that says what is safe', async () => {
    open('damaged');
    backend.backups = [];
    expect((await id('session-problem')).textContent).toContain('Nothing was changed');
    await waitFor(() => expect(screen.getByTestId('problem-retry')).toBeTruthy());
  });

  test('a damaged vault goes back to a backup by its passphrase', async () => {
    open('damaged');
    const newest = await screen.findAllByTestId<HTMLInputElement>('restore-backup').then(([first]) => first);
    expect(newest?.checked).toBe(true);
    await user.type(screen.getByTestId('restore-passphrase'), 'wrong{Enter}');
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('restore-passphrase')));
    await screen.findByText(/does not open this vault/);
    await user.keyboard(`${backend.passphrase}{Enter}`);
    await id('note-list');
    expect(backend.calls).toContainEqual(['backupRestore', newest?.value]);
  });
});

describe('the notes', () => {
  test('the list, the open note and its banner', async () => {
    open('main');
    expect(await screen.findAllByTestId('note-item')).toHaveLength(6);
    const title = (await id('note-title')) as HTMLInputElement;
    expect(title.value).toBe('Site visit: pump 4');
    expect((await id('review-banner')).textContent).toMatch(/also changed on\s+Office PC.*3 choices are yours/);
    await user.click(await id('review-banner-open'));
    expect(await id('review-dialog')).toBeTruthy();
  });

  test('ten thousand notes are few elements, and arrow keys go through them', async () => {
    open('many');
    const list = await id('note-list');
    expect((await screen.findAllByTestId('note-item')).length).toBeLessThan(40);
    list.focus();
    await user.keyboard('{ArrowDown}{ArrowDown}');
    await waitFor(() => expect((screen.getByTestId('note-title') as HTMLInputElement).value).toBe('Packing list, October trip'));
    expect(document.activeElement).toBe(list);
  });

  test('a title is saved, and a full disk is said with the text at hand', async () => {
    open('main');
    const title = await id('note-title');
    await user.type(title, '!');
    await waitFor(() => expect(screen.getByTestId('save-state').textContent).toContain('Saved on this computer'));
    expect(backend.notes.get('pump4')?.title).toBe('Site visit: pump 4!');
    backend.noteSave = () => Promise.reject(commandError('disk_full', 'The disk is full.'));
    await user.type(title, '?');
    expect((await screen.findByText('Not saved: the disk is full.')).closest('[data-testid=save-state]')).toBeTruthy();
    await user.click(await id('copy-text'));
    expect(backend.copied).toContain('Site visit: pump 4!?');
    expect((await id('sync-status')).textContent).toContain('A text is not saved The disk is full.');
    await waitFor(() => expect(backend.tray).toMatchObject({ icon: 'attention', text: 'A text is not saved' }));
    const claims = [...document.querySelectorAll('*')].filter((one) => one.children.length === 0 && /saved on this computer|up to date/i.test(one.textContent));
    expect(claims.map((one) => one.textContent)).toEqual([]);
  });

  test('trash, its view, and restore', async () => {
    open('main');
    await user.click(await id('note-trash'));
    await waitFor(() => expect(backend.notes.get('pump4')?.trashed).toBe(true));
    await user.click(await id('nav-trash'));
    const rows = await waitFor(() => {
      const found = screen.getAllByTestId('note-item');
      expect(found).toHaveLength(2);
      return found;
    });
    await user.click(rows[0] as HTMLElement);
    await user.click(await id('note-restore'));
    await waitFor(() => expect(gone('trash-banner')).toBe(true));
    expect(toasts.items.map((toast) => toast.text)).toEqual(['1 note restored from the Trash.']);
    await user.type(await id('note-title'), '!');
    await waitFor(() => expect(backend.notes.get('pump4')?.title).toBe('Site visit: pump 4!'));
    expect(backend.notes.get('pump4')?.trashed).toBe(false);
  });

  test('tags and the due date', async () => {
    open('main');
    await user.click(await id('tag-add'));
    await user.type(await id('tag-input'), 'urgent{Enter}');
    await waitFor(() => expect(backend.notes.get('pump4')?.tags).toContain('urgent'));
    await user.keyboard('{Escape}');
    await user.click(await id('note-due'));
    const due = await id('due-input');
    await user.clear(due);
    await user.type(due, '2031-02-03{Enter}');
    await waitFor(() => expect(backend.notes.get('pump4')?.due).toBe('2031-02-03'));
  });

  test('an empty vault has one sentence and one action', async () => {
    open('empty');
    const empty = await id('list-empty');
    await user.click(within(empty).getByRole('button', { name: 'New note' }));
    await waitFor(() => expect(backend.count('noteCreate')).toBe(1));
  });

  test('a list that cannot be read says why and can be asked for again', async () => {
    backend = new FakeBackend('main');
    vi.spyOn(backend, 'notesList').mockRejectedValueOnce(commandError('io', 'The list could not be read.'));
    render(App, { backend });
    const error = await id('list-error');
    await user.click(within(error).getByRole('button'));
    expect(await screen.findAllByTestId('note-item')).toHaveLength(6);
  });
});

describe('a right click', () => {
  const rightClick = (element: Element) => user.pointer({ keys: '[MouseRight]', target: element });
  const prevented = vi.fn();
  const watch = (event: MouseEvent) => prevented(event.defaultPrevented);
  afterEach(() => window.removeEventListener('contextmenu', watch));

  test('on a note and on a notebook is what can be done with it, and never the menu of a browser', async () => {
    open('main');
    const rows = await screen.findAllByTestId('note-item');
    // After the window's own, which was added first.
    window.addEventListener('contextmenu', watch);
    const row = rows.find((one) => one.dataset['id'] === 'night');
    await rightClick(row as HTMLElement);
    await user.click(await id('note-menu-trash'));
    await waitFor(() => expect(backend.notes.get('night')?.trashed).toBe(true));
    await waitFor(() => expect(gone('note-menu-trash')).toBe(true));
    const line = (await screen.findAllByTestId('notebook-item')).find((one) => one.dataset['id'] === 'field');
    await rightClick(line as HTMLElement);
    await user.click(await id('notebook-rename'));
    expect(await id('notebook-name')).toBeTruthy();
    await user.keyboard('{Escape}');
    await rightClick(await id('sync-status'));
    expect(prevented.mock.calls).toEqual([[true], [true], [true]]);
  });

  test('in the Trash restores', async () => {
    open('main');
    await user.click(await id('note-trash'));
    await user.click(await id('nav-trash'));
    await waitFor(() => expect(screen.getAllByTestId('note-item')).toHaveLength(2));
    await rightClick(screen.getAllByTestId('note-item')[0] as HTMLElement);
    await user.click(await id('note-menu-restore'));
    await waitFor(() => expect(backend.count('noteRestore')).toBe(1));
  });
});

describe('keys', () => {
  test('search as one types, open with Enter', async () => {
    open('main');
    await id('note-title');
    await user.keyboard('{Control>}k{/Control}');
    const input = await id('palette-input');
    await waitFor(() => expect(document.activeElement).toBe(input));
    await user.keyboard('legibility');
    await waitFor(() => expect(screen.getAllByTestId('search-hit')).toHaveLength(1));
    await user.keyboard('{Enter}');
    await waitFor(() => expect((screen.getByTestId('note-title') as HTMLInputElement).value).toBe('Notes on Seeing Like a State'));
    expect(gone('palette')).toBe(true);
  });

  test('a note found far down is shown in the list, and Tab behind the last thing comes to the sidebar', async () => {
    open('many');
    await id('note-title');
    await user.click(await id('nav-trash'));
    await user.keyboard('{Control>}k{/Control}');
    await user.type(await id('palette-input'), 'number 700');
    await waitFor(() => expect(screen.getAllByTestId('search-hit')[0]?.textContent).toContain('Note number 700'));
    await user.keyboard('{Enter}');
    await waitFor(() => expect(screen.getAllByTestId('note-item').find((row) => row.getAttribute('aria-selected') === 'true')?.dataset['id']).toBe('m700'));
    expect((await id('note-list')).scrollTop).toBeGreaterThan(60_000);
    const body = await id('note-body');
    body.focus();
    await user.keyboard('{Tab}');
    expect(document.activeElement).toBe(body);
    (await id('note-history')).focus();
    await user.keyboard('{Tab}');
    expect(document.activeElement?.closest('[data-pane="1"]')).toBeTruthy();
  });

  test('a screen reader hears one note as one', async () => {
    open('first');
    await user.type(await id('create-passphrase'), STRONG);
    await user.type(await id('create-again'), `${STRONG}{Enter}`);
    await user.click(await id('code-later'));
    await id('note-title');
    expect((await id('nav-trash')).textContent).toMatch(/0\s+notes$/);
    await waitFor(async () => expect((await id('nav-all')).textContent).toMatch(/1\s+note$/));
  });

  test('the palette goes to notebooks too, and says when it finds nothing', async () => {
    open('main');
    await id('note-title');
    await user.keyboard('{Control>}k{/Control}');
    await user.type(await id('palette-input'), 'zzz');
    await user.click(within(await id('search-empty')).getByRole('button', { name: 'Clear the search' }));
    const field = (await id('palette-input')) as HTMLInputElement;
    expect([field.value, document.activeElement]).toEqual(['', field]);
    expect(gone('search-empty')).toBe(true);
    await user.type(await id('palette-input'), 'interviews{Enter}');
    expect(await screen.findByRole('heading', { name: 'Interviews' })).toBeTruthy();
    await waitFor(() => expect(document.activeElement?.closest('[data-pane="2"]')).toBeTruthy());
  });

  test('who goes to the reviews by the palette opens the first with Enter', async () => {
    open('review');
    await id('note-title');
    await user.keyboard('{Control>}k{/Control}');
    await user.type(await id('palette-input'), 'to review{Enter}');
    const items = await screen.findAllByTestId('review-list-item');
    await waitFor(() => expect(document.activeElement).toBe(items[0]));
    await user.keyboard('{Enter}');
    await id('review-dialog');
  });

  test('the tray says what the sidebar says, and its Lock locks', async () => {
    open('offline');
    const line = await id('sync-status');
    await waitFor(() => expect(backend.tray?.text).toBe('Offline, 3 changes waiting'));
    expect(line.textContent).toContain(backend.tray?.text ?? 'nothing');
    expect(backend.tray).toMatchObject({ icon: 'offline', can_lock: true });
    backend.emit({ kind: 'lock' });
    await id('unlock-passphrase');
    expect(backend.calls).toContainEqual(['vaultLock']);
    await waitFor(() => expect(backend.tray).toMatchObject({ text: 'Locked', can_lock: false }));
  });

  test('new note, settings, help, lock', async () => {
    open('main');
    await id('note-title');
    await user.keyboard('{Control>}n{/Control}');
    await waitFor(() => expect(backend.count('noteCreate')).toBe(1));
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('note-title')));
    await user.keyboard('{F1}');
    await id('shortcuts-dialog');
    await user.keyboard('{Escape}');
    await waitFor(() => expect(gone('shortcuts-dialog')).toBe(true));
    await user.keyboard('{Control>}l{/Control}');
    await id('unlock-passphrase');
    expect(backend.count('noteLeave')).toBeGreaterThan(0);
  });

  test('a vault with a text that is not saved is not locked unasked', async () => {
    open('main');
    await user.type(await id('note-title'), '!');
    await waitFor(() => expect(screen.getByTestId('save-state').textContent).toContain('Saved on this computer'));
    backend.noteSave = () => Promise.reject(commandError('too_large', 'A note can have 2 MiB.'));
    await user.type(await id('note-title'), '?');
    await user.keyboard('{Control>}l{/Control}');
    expect((await id('unsaved-dialog')).textContent).toContain('A note can have 2 MiB.');
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('unsaved-stay')));
    await user.click(await id('unsaved-copy'));
    expect(backend.copied).toContain('pump 4!?');
    await user.keyboard('{Escape}');
    await waitFor(() => expect(gone('unsaved-dialog')).toBe(true));
    expect([backend.count('vaultLock'), (screen.getByTestId('note-title') as HTMLInputElement).value]).toEqual([0, 'Site visit: pump 4!?']);
    await user.keyboard('{Control>}l{/Control}');
    await id('unsaved-dialog');
    await user.keyboard('{Control>}l{/Control}');
    await user.click(await id('unsaved-discard'));
    await id('unlock-passphrase');
    expect(backend.notes.get('pump4')?.title).toBe('Site visit: pump 4!');
  });

  test('between a save and the next word of the sync nothing says that the server has it', async () => {
    open('main');
    const line = await id('sync-status');
    backend.emit({ kind: 'sync', data: { ...backend.sync, state: 'up_to_date', to_review: 0, waiting: 0 } });
    await waitFor(() => expect(line.textContent).toContain('Up to date'));
    // What it says of itself once it is asked; no event comes.
    let answer = () => {};
    const asked = new Promise<void>((resolve) => (answer = resolve));
    vi.spyOn(backend, 'syncStatus').mockImplementation(() => asked.then(() => ({ ...backend.sync, state: 'waiting' as const, to_review: 0, waiting: 1 })));
    const said: string[] = [];
    const watch = new MutationObserver(() => said.push(line.textContent, backend.tray?.text ?? ''));
    watch.observe(line, { childList: true, subtree: true, characterData: true });
    await user.type(await id('note-title'), '!');
    await waitFor(() => expect(screen.getByTestId('save-state').textContent).toContain('Saved on this computer'));
    expect(`${line.textContent} ${backend.tray?.text}`).not.toContain('Up to date');
    answer();
    await waitFor(() => expect(line.textContent).toContain('1 change waiting'));
    expect(said.length).toBeGreaterThan(0);
    expect(said.join()).not.toContain('Up to date');
  });

  test('what is typed in an open review is kept before the vault is locked', async () => {
    open('main');
    await user.click(await id('review-banner-open'));
    await user.clear(await id('own-value'));
    await user.type(await id('own-value'), '2027-01-31');
    const choose = vi.spyOn(backend, 'reviewChoose').mockRejectedValueOnce(commandError('disk_full', 'The disk is full.'));
    backend.emit({ kind: 'lock' });
    await waitFor(() => expect(screen.getByTestId('review-dialog').textContent).toContain('The disk is full.'));
    expect(backend.count('vaultLock')).toBe(0);
    // It went on to the next choice, and this one is open again.
    const [due] = await screen.findAllByTestId('place-item');
    if (due) await user.click(due);
    await user.clear(await id('own-value'));
    await user.type(await id('own-value'), '2027-01-31');
    backend.emit({ kind: 'lock' });
    await id('unlock-passphrase');
    expect(choose).toHaveBeenCalledTimes(2);
    expect(choose).toHaveBeenLastCalledWith('pump4', 'due', { kind: 'text', text: '2027-01-31' });
    expect(backend.calls.findIndex(([name]) => name === 'reviewChoose')).toBeLessThan(backend.calls.findIndex(([name]) => name === 'vaultLock'));
  });

  test('a notebook is added from its dialog, and its trash names the notes', async () => {
    open('main');
    await user.click(await id('notebook-add'));
    await user.type(await id('notebook-name'), 'Garden{Enter}');
    await waitFor(() => expect(backend.calls).toContainEqual(['notebookAdd', 'Garden', null]));
    expect(await screen.findByRole('heading', { name: 'Garden' })).toBeTruthy();
    const line = (await screen.findAllByTestId('notebook-item')).find((one) => one.dataset['id'] === 'field');
    await user.click(within(line as HTMLElement).getByTestId('notebook-menu'));
    await user.click(await id('notebook-trash'));
    expect(await screen.findByText(/moves 4 notes and 2 notebooks/)).toBeTruthy();
    await user.click(await id('notebook-cancel'));
    expect(backend.count('notebookTrash')).toBe(0);
  });

  test('the notebook that is shown is kept offline, and leaves all notes when it goes', async () => {
    open('main');
    const line = async () => (await screen.findAllByTestId('notebook-item')).find((one) => one.dataset['id'] === 'field') as HTMLElement;
    await user.click(await line());
    const heading = () => document.querySelector('[data-pane="2"] h1')?.textContent;
    await waitFor(() => expect(heading()).toBe('Field work'));
    await user.click(within(await line()).getByTestId('notebook-menu'));
    await user.click(await id('notebook-keep-offline'));
    await waitFor(() => expect(backend.calls).toContainEqual(['notebookKeepOffline', 'field', true]));
    await backend.notebookTrash('field');
    await waitFor(() => expect(heading()).toBe('All notes'));
  });

  test('the Trash offers no new note', async () => {
    open('main');
    expect(await id('new-note')).toBeTruthy();
    await user.click(await id('nav-trash'));
    await waitFor(() => expect(gone('new-note')).toBe(true));
  });

  test('a sidebar that cannot be read says so, and is read again', async () => {
    open('main');
    await id('note-title');
    const read = vi.spyOn(backend, 'sidebar').mockRejectedValue(commandError('internal', 'Something went wrong.'));
    await user.click(await id('note-trash'));
    expect((await id('sidebar-error')).textContent).toContain('may be old');
    read.mockRestore();
    await user.click(await id('sidebar-again'));
    await waitFor(() => expect(gone('sidebar-error')).toBe(true));
    expect((await id('nav-trash')).textContent).toMatch(/\d/);
  });

  test('the arrows go through the sidebar, and Alt+2 to what fills the window beside it', async () => {
    open('review');
    (await id('nav-tasks')).focus();
    await user.keyboard('{ArrowDown}');
    expect(document.activeElement).toBe(screen.getByTestId('nav-review'));
    await user.keyboard('{Enter}');
    await id('review-list-item');
    await user.keyboard('{Alt>}2{/Alt}');
    await waitFor(() => expect(document.activeElement?.closest('main')).toBeTruthy());
  });
});

test('a narrow window has the sidebar as an overlay and the status in view', async () => {
  window.innerWidth = 900;
  open('main');
  expect(await id('sync-status')).toBeTruthy();
  expect(gone('nav-tasks')).toBe(true);
  await user.click(await id('open-sidebar'));
  await user.click(await id('nav-tasks'));
  await waitFor(() => expect(gone('drawer')).toBe(true));
  expect(await screen.findByRole('heading', { name: 'Tasks' })).toBeTruthy();
});
