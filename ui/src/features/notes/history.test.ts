import { cleanup, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { FakeBackend, commandError } from '../../../tests/fake-backend';
import { mountWith } from '../../../tests/mount';
import type { ContentAt, NoteVersion, Since, VersionKind } from '../../ipc/types';
import { toasts } from '../../lib/toast.svelte';
import HistoryDialog from './HistoryDialog.svelte';
import { NoteSession } from './note-session.svelte';

afterEach(() => {
  cleanup();
  toasts.items = [];
});

function version(n: number, body: string, over: { kind?: VersionKind; newest?: boolean; title?: string; content?: ContentAt; since?: Since } = {}): NoteVersion {
  return {
    item: { revision: `v${n}`, device: 'Ward PC', this_device: false, at_ms: 1_700_000_000_000 + n * 60_000, kind: over.kind ?? 'edit', newest: over.newest ?? false, content: over.content ?? 'here' },
    title: over.title ?? 'Shift', body, to_review: 0, fields: [], diff: [{ kind: 'added', text: `${body}\n` }], since: over.since ?? 'before', is_shown: false,
  };
}

async function open() {
  const backend = new FakeBackend('main');
  const note = [...backend.notes.values()].find((one) => !one.trashed && one.to_review === 0);
  if (!note) throw new Error('the sample has no such note');
  backend.versions = [version(2, note.body, { newest: true, title: note.title }), version(1, 'as it was', { kind: 'decision' }), version(0, 'first')];
  const session = new NoteSession(backend, structuredClone(note));
  const onclose = vi.fn();
  mountWith(backend, HistoryDialog, { session, onclose });
  await screen.findAllByTestId('history-item');
  return { backend, note, session, onclose };
}

test('by keyboard: down to a version, what it changed, back to it, and undone', async () => {
  const { backend, note, session, onclose } = await open();
  const list = screen.getByTestId('history-list');
  await waitFor(() => expect(document.activeElement).toBe(list));
  const restore = screen.getByTestId<HTMLButtonElement>('history-restore');
  await waitFor(() => expect(screen.getByTestId('history-version').textContent).toContain(note.title));
  expect(restore.disabled).toBe(true);
  await userEvent.keyboard('{ArrowDown}');
  await waitFor(() => expect(screen.getByTestId('history-version').textContent).toContain('as it was'));
  expect(screen.getAllByTestId('history-item')[1]?.textContent).toContain('Decided in a review · Ward PC');
  expect(restore.disabled).toBe(false);
  await userEvent.click(restore);
  await waitFor(() => expect(onclose).toHaveBeenCalledOnce());
  expect(backend.notes.get(note.id)?.body).toBe('as it was');
  expect(session.body).toBe('as it was');
  expect(toasts.items[0]?.text).toContain('The note is as it was');
  toasts.items[0]?.action?.run();
  await waitFor(() => expect(session.body).toBe(note.body));
});

test('the whole text of a version, and an error that names what is wrong', async () => {
  const { backend } = await open();
  await userEvent.click(screen.getByTestId('history-whole'));
  screen.getByTestId('history-list').focus();
  await userEvent.keyboard('{End}');
  await waitFor(() => expect(screen.getByTestId('history-version').querySelector('.text')?.textContent).toBe('first'));
  vi.spyOn(backend, 'noteVersionRestore').mockRejectedValue(commandError('invalid_input', 'The note is in the trash; restore it to change it.'));
  await userEvent.click(screen.getByTestId('history-restore'));
  expect(await screen.findByText(/is in the trash/)).toBeTruthy();
  expect(toasts.items).toEqual([]);
});

test('a version that is not on this computer says so, and comes from the server', async () => {
  const { backend } = await open();
  cleanup();
  backend.versions = [version(1, 'newer'), version(0, 'from long ago', { content: 'server' })];
  const fetch = vi.spyOn(backend, 'noteVersionFetch').mockRejectedValueOnce(commandError('not_here', 'The server cannot be reached.'));
  mountWith(backend, HistoryDialog, { session: new NoteSession(backend, structuredClone([...backend.notes.values()][0] ?? never())), onclose: vi.fn() });
  await screen.findAllByTestId('history-item');
  expect(screen.getAllByTestId('history-item')[1]?.textContent).toContain('Not on this computer');
  screen.getByTestId('history-list').focus();
  await userEvent.keyboard('{End}');
  const get = await screen.findByTestId('history-fetch');
  expect(screen.getByTestId<HTMLButtonElement>('history-restore').disabled).toBe(true);
  expect(screen.getByTestId('history-version').textContent).not.toContain('newer');
  await userEvent.click(get);
  expect(await screen.findByText('The server cannot be reached.')).toBeTruthy();
  await userEvent.click(screen.getByTestId('history-fetch'));
  await waitFor(() => expect(screen.getByTestId('history-version').textContent).toContain('from long ago'));
  expect(fetch).toHaveBeenCalledTimes(2);
  expect(screen.queryByTestId('history-fetch')).toBeNull();
  expect(screen.getByTestId<HTMLButtonElement>('history-restore').disabled).toBe(false);
});

test('what a version changed is told against what is here, and against nothing not at all', async () => {
  const { backend } = await open();
  cleanup();
  backend.versions = [version(2, 'newer', { since: 'earlier' }), version(1, 'alone', { since: 'nothing' }), version(0, 'from long ago', { content: 'server' })];
  mountWith(backend, HistoryDialog, { session: new NoteSession(backend, structuredClone([...backend.notes.values()][0] ?? never())), onclose: vi.fn() });
  await screen.findByText(/since the last one that is here/);
  screen.getByTestId('history-list').focus();
  await userEvent.keyboard('{ArrowDown}');
  await screen.findByText(/all of its text is shown/);
  expect(screen.getByTestId('history-version').querySelector('.text')?.textContent).toBe('alone');
  expect(screen.getByTestId('history-version').querySelector('ins')).toBeNull();
});

test('of a version that the server lost, too, nobody is told that the server has it', async () => {
  const { backend } = await open();
  cleanup();
  backend.versions = [version(1, 'newer'), version(0, 'from long ago', { content: 'elsewhere' })];
  mountWith(backend, HistoryDialog, { session: new NoteSession(backend, structuredClone([...backend.notes.values()][0] ?? never())), onclose: vi.fn() });
  await screen.findAllByTestId('history-item');
  screen.getByTestId('history-list').focus();
  await userEvent.keyboard('{End}');
  await screen.findByTestId('history-fetch');
  expect(screen.getByTestId('history-version').textContent).toContain('The server lost it, too');
  expect(screen.getByTestId('history-version').textContent).not.toContain('The server has it');
});

test('of thousands of versions few are in the document, and End comes to the first one', async () => {
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(480);
  const { backend } = await open();
  cleanup();
  backend.versions = Array.from({ length: 5000 }, (_, n) => version(5000 - n, `text ${5000 - n}`));
  mountWith(backend, HistoryDialog, { session: new NoteSession(backend, structuredClone([...backend.notes.values()][0] ?? never())), onclose: vi.fn() });
  await screen.findAllByTestId('history-item');
  expect(screen.getAllByTestId('history-item').length).toBeLessThan(60);
  screen.getByTestId('history-list').focus();
  await userEvent.keyboard('{End}');
  await waitFor(() => expect(screen.getByTestId('history-version').textContent).toContain('text 1'));
  const chosen = screen.getAllByTestId('history-item').find((row) => row.getAttribute('aria-selected') === 'true');
  expect(chosen?.getAttribute('aria-posinset')).toBe('5000');
  expect(screen.getByTestId('history-list').getAttribute('aria-activedescendant')).toBe(chosen?.id);
});

function never(): never {
  throw new Error('the sample has no note');
}
