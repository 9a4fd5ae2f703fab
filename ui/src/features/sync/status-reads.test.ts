// Which answer and which event is the one to show, and what is said while none of them is.
import { cleanup, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { commandError, FakeBackend } from '../../../tests/fake-backend';
import { mountWith } from '../../../tests/mount';
import { syncOf } from '../../../tests/sample';
import { SyncController } from './sync.svelte';
import SyncPanel from './SyncPanel.svelte';
import TripwireDialog from './TripwireDialog.svelte';
import { statusWords } from './words';

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const SAVING = { failed: false, why: '' };
const upToDate = () => ({ ...syncOf('main'), to_review: 0 });
const said = (sync: SyncController) => (sync.status ? statusWords(sync.status, Date.now(), sync.unsaved).text : '');
const settle = () => vi.advanceTimersByTimeAsync(0);

/** Up to date; from now on the test answers. */
async function following() {
  vi.useFakeTimers();
  const backend = new FakeBackend('main');
  backend.sync = upToDate();
  const sync = new SyncController(backend);
  const stop = sync.start();
  await settle();
  const answers: ((status: ReturnType<typeof upToDate>) => void)[] = [];
  vi.spyOn(backend, 'syncStatus').mockImplementation(() => new Promise((resolve) => answers.push(resolve)));
  const save = () => {
    sync.unsaved = SAVING;
    sync.unsaved = null;
  };
  return { backend, sync, stop, answers, save };
}

test('an event of before a save does not say that the server has it', async () => {
  const { backend, sync, stop, answers, save } = await following();
  save();
  backend.emit({ kind: 'sync', data: upToDate() });
  answers[0]?.({ ...upToDate(), waiting: 1 });
  await settle();
  expect(said(sync)).toBe('Saving…');
  answers[1]?.({ ...upToDate(), waiting: 1 });
  await settle();
  expect(said(sync)).toBe('1 change waiting');
  stop();
});

test('an answer that was asked for before a save does not take the place of the one after', async () => {
  const { sync, stop, answers, save } = await following();
  void sync.refresh();
  save();
  answers[1]?.({ ...upToDate(), waiting: 1 });
  await settle();
  answers[0]?.(upToDate());
  await settle();
  expect(said(sync)).toBe('1 change waiting');
  stop();
});

test('the answer after one save is none about the next', async () => {
  const { sync, stop, answers, save } = await following();
  save();
  save();
  answers[0]?.(upToDate());
  await settle();
  expect(said(sync)).toBe('Saving…');
  answers[1]?.(upToDate());
  await settle();
  expect(said(sync)).toMatch(/^Up to date/);
  stop();
});

test('what could not be read is read again by itself; a vault that was locked is not asked', async () => {
  const { backend, sync, stop } = await following();
  const read = vi.spyOn(backend, 'syncStatus').mockRejectedValueOnce(commandError('io', 'The disk failed.'));
  read.mockImplementation(() => Promise.resolve(upToDate()));
  await sync.refresh();
  expect(sync.failed).toBe('The disk failed.');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sync.failed).toBe('');

  read.mockRejectedValue(commandError('not_open', 'The vault is locked.'));
  const last = sync.refresh();
  stop();
  await last;
  read.mockClear();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(read).not.toHaveBeenCalled();
  // Opened again, it begins anew.
  read.mockResolvedValue(upToDate());
  const stopAgain = sync.start();
  expect(sync.failed).toBe('');
  stopAgain();
});

test('a passphrase that is being typed is not lost where the status cannot be read, and nothing old is said', async () => {
  const backend = new FakeBackend('main');
  backend.sync = { ...upToDate(), state: 'needs_sign_in' };
  mountWith(backend, SyncPanel, { onclose: vi.fn() });
  await userEvent.type(await screen.findByTestId('sign-in-passphrase'), 'kettle');
  backend.emit({ kind: 'sync_failed', data: commandError('io', 'The disk failed.') });
  await screen.findByText('The disk failed.');
  expect(screen.getByTestId<HTMLInputElement>('sign-in-passphrase').value).toBe('kettle');
  expect(screen.getByTestId('sync-panel').textContent).toContain('Sync status unknown');
  expect(screen.queryByTestId('sync-waiting')).toBeNull();
});

test('a "Try now" that failed is no news once the server has confirmed again', async () => {
  const backend = new FakeBackend('main');
  backend.sync = upToDate();
  mountWith(backend, SyncPanel, { onclose: vi.fn() });
  backend.syncNow = () => Promise.reject(commandError('server_refused', 'The server refused.'));
  await userEvent.click(await screen.findByTestId('sync-now'));
  await screen.findByText('The server refused.');
  const confirmed = backend.sync.last_confirmed_ms ?? 0;
  backend.emit({ kind: 'sync', data: { ...backend.sync, waiting: 1 } });
  await screen.findByText('1 change');
  screen.getByText('The server refused.');
  backend.emit({ kind: 'sync', data: { ...backend.sync, last_confirmed_ms: confirmed + 1 } });
  await waitFor(() => expect(screen.queryByText('The server refused.')).toBeNull());
});

test('where only notebooks are held, the dialog speaks of notebooks', async () => {
  const backend = new FakeBackend('held');
  backend.held = [];
  const { tripwire } = backend.sync;
  if (!tripwire) throw new Error('a held sync');
  backend.sync = { ...backend.sync, tripwire: { ...tripwire, trashed: 0, emptied: 0, notebooks: 1 } };
  mountWith(backend, TripwireDialog, { onclose: vi.fn() });
  const dialog = await screen.findByTestId('tripwire-dialog');
  await waitFor(() => expect(screen.getByTestId('tripwire-accept').textContent).toContain('Let 1 notebook go'));
  expect(dialog.textContent).toContain('would move 1 notebook to the Trash.');
  expect(screen.getByTestId('tripwire-keep').textContent).toContain('Keep my notebooks');
  await waitFor(() => expect(dialog.querySelector('[aria-busy=true], [data-testid=loading]')).toBeNull());
  expect(dialog.textContent).not.toMatch(/\bnotes?\b/);
  expect(screen.queryByTestId('tripwire-notes')).toBeNull();
});
