import { cleanup, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import type { Component } from 'svelte';
import { afterEach, expect, test, vi } from 'vitest';
import { commandError, FakeBackend, type Scenario } from '../../../tests/fake-backend';
import { mountWith } from '../../../tests/mount';
import { syncOf } from '../../../tests/sample';
import { clock } from '../../lib/clock.svelte';
import { toasts } from '../../lib/toast.svelte';
import AddComputerDialog from './AddComputerDialog.svelte';
import AddServerDialog from './AddServerDialog.svelte';
import AsideDialog from './AsideDialog.svelte';
import RemoveDeviceDialog from './RemoveDeviceDialog.svelte';
import { SyncController } from './sync.svelte';
import SyncPanel from './SyncPanel.svelte';
import SyncStatusLine from './SyncStatusLine.svelte';
import TripwireBanner from './TripwireBanner.svelte';
import TripwireDialog from './TripwireDialog.svelte';

afterEach(cleanup);

function show<Props extends Record<string, unknown>>(component: Component<Props>, props: Props, scenario: Scenario = 'main') {
  const backend = new FakeBackend(scenario);
  mountWith(backend, component, props);
  return backend;
}
const emit = (backend: FakeBackend, over: Partial<ReturnType<typeof syncOf>>) =>
  backend.emit({ kind: 'sync', data: { ...syncOf('main'), to_review: 0, ...over } });

test('the line follows the events and opens the panel', async () => {
  const onopen = vi.fn();
  const backend = show(SyncStatusLine, { onopen }, 'offline');
  const line = await screen.findByTestId('sync-status');
  await waitFor(() => expect(line.textContent).toContain('Offline, 3 changes waiting'));
  emit(backend, { state: 'syncing', waiting: 3 });
  await waitFor(() => expect(line.textContent).toContain('Syncing 3'));
  emit(backend, {});
  await waitFor(() => expect(line.textContent).toContain('Up to date, server confirmed'));
  await userEvent.click(line);
  expect(onopen).toHaveBeenCalledOnce();
});

test('a status that cannot be read any more takes the place of the last one, until it can', async () => {
  const backend = show(SyncStatusLine, { onopen: vi.fn() });
  const line = await screen.findByTestId('sync-status');
  emit(backend, {});
  await waitFor(() => expect(line.textContent).toContain('Up to date'));
  const read = vi.spyOn(backend, 'syncStatus').mockRejectedValue(commandError('unreadable', 'The disk failed.'));
  backend.emit({ kind: 'sync_failed', data: commandError('unreadable', 'The disk failed.') });
  await waitFor(() => expect(line.textContent).toContain('Sync status unknown The disk failed.'));
  expect(line.textContent).not.toContain('Up to date');
  read.mockRestore();
  emit(backend, {});
  await waitFor(() => expect(line.textContent).toContain('Up to date'));
});

test('the panel says why the status cannot be read, and reads it again', async () => {
  const backend = show(SyncPanel, { onclose: vi.fn() });
  await screen.findByTestId('sync-now');
  backend.emit({ kind: 'sync_failed', data: commandError('unreadable', 'The disk failed.') });
  await waitFor(() => expect(screen.getByTestId('sync-panel').textContent).toContain('The disk failed.'));
  expect(screen.queryByTestId('sync-waiting')).toBeNull();
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  await screen.findByTestId('sync-waiting');
});

test('what a button ran into is no news when the panel is opened again', async () => {
  const backend = new FakeBackend('main');
  vi.spyOn(backend, 'syncNow').mockRejectedValueOnce(commandError('internal', 'It did not work.'));
  mountWith(backend, SyncPanel, { onclose: vi.fn() });
  await userEvent.click(await screen.findByTestId('sync-now'));
  await screen.findByText('It did not work.');
  cleanup();
  mountWith(backend, SyncPanel, { onclose: vi.fn() });
  await screen.findByTestId('sync-now');
  expect(screen.queryByText('It did not work.')).toBeNull();
});

test('a passphrase that waits is said beside what else is wrong', async () => {
  const backend = show(SyncPanel, { onclose: vi.fn() });
  await screen.findByTestId('sync-now');
  emit(backend, { state: 'offline', problem: commandError('server_unreachable', "Can't reach the server."), passphrase: commandError('server_refused', 'The new passphrase waits.') });
  expect((await screen.findByTestId('sync-passphrase')).textContent).toContain('The new passphrase waits.');
});

test('of a computer whose clock is ahead no time of a change is said', async () => {
  const backend = show(SyncPanel, { onclose: vi.fn() });
  await screen.findByTestId('sync-now');
  emit(backend, { devices: [{ ...OFFICE, clock_ahead: true }] });
  await waitFor(() => expect(screen.getByTestId('sync-device').textContent).toMatch(/its clock is ahead/));
});

test('typing that cannot become a version is said where there is no server, too', async () => {
  const backend = show(SyncPanel, { onclose: vi.fn() });
  await screen.findByTestId('sync-now');
  emit(backend, { state: 'local_only', server: null, problem: commandError('too_large', 'The note is too large.') });
  await screen.findByText('The note is too large.');
});

test('notes that a held sync would take and that cannot be listed are asked for again', async () => {
  const backend = new FakeBackend('held');
  vi.spyOn(backend, 'tripwireNotes').mockRejectedValueOnce(commandError('internal', 'It did not work.'));
  mountWith(backend, TripwireDialog, { onclose: vi.fn() });
  await screen.findByTestId('tripwire-unread');
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  await screen.findByTestId('tripwire-notes');
  expect(screen.queryByTestId('tripwire-unread')).toBeNull();
});

test('a computer that joined is told, once it has a name, and not to one that has just joined itself', async () => {
  toasts.items = [];
  const backend = show(SyncStatusLine, { onopen: vi.fn() });
  await screen.findByTestId('sync-status');
  const { devices } = syncOf('main');
  const texts = () => toasts.items.map((item) => item.text);
  const ward = { id: 'ee'.repeat(16), name: 'Computer eeeeee', platform: '', this_device: false, last_seen_ms: 0, added_ms: 0, clock_ahead: false };
  emit(backend, { devices });
  emit(backend, { devices: [...devices, ward] });
  expect(texts()).toEqual([]);
  const named = { ...ward, name: 'Ward PC', added_ms: 1_700_000_000_000 };
  emit(backend, { devices: [...devices, named] });
  emit(backend, { devices: [...devices, named] });
  expect(texts()).toEqual(['Ward PC joined. If that was not you, remove it under Sync.']);

  toasts.items = [];
  const untold = devices.map((device) => (device.this_device ? { ...device, added_ms: 0 } : device));
  emit(backend, { devices: untold.filter((device) => device.this_device) });
  emit(backend, { devices: [...untold, named] });
  expect(texts()).toEqual([]);
});

test('adding a computer: the link, the user, the way back', async () => {
  const onclose = vi.fn();
  const backend = show(AddComputerDialog, { onclose });
  const copy = screen.getByTestId<HTMLButtonElement>('add-computer-copy');
  await waitFor(() => expect(copy.disabled).toBe(false));
  expect(screen.getByTestId('add-computer-user').textContent).toBe('ada');
  await userEvent.click(copy);
  expect(backend.copied).toBe(screen.getByTestId('add-computer-link').textContent);
  await userEvent.click(screen.getByTestId('add-computer-close'));
  expect(onclose).toHaveBeenCalledOnce();
});

test('the panel says how far files have come, and what is not on this computer', async () => {
  const backend = show(SyncPanel, { onclose: vi.fn() });
  await screen.findByTestId('sync-waiting');
  expect(screen.queryByTestId('sync-files')).toBeNull();
  emit(backend, {
    sending: { files: 1, done_bytes: 12_000_000, total_bytes: 60_000_000 },
    receiving: { files: 2, done_bytes: 0, total_bytes: 9_000_000 },
    not_here: { files: 5, bytes: 300_000_000 },
  });
  const lines = await screen.findByTestId('sync-files');
  expect(lines.textContent).toContain('1 file to send: 12 MB of 60 MB');
  expect(lines.textContent).toContain('2 files to fetch, 9.0 MB');
  expect(lines.textContent).toContain('3 files not on this computer; each comes when you open it');
});

test('an answer that was overtaken by an event is not shown, and what nobody heard yet is asked for', async () => {
  const backend = new FakeBackend('main');
  let answer: (status: ReturnType<typeof syncOf>) => void = () => undefined;
  const syncing = { ...syncOf('main'), state: 'syncing' as const, waiting: 1, to_review: 0 };
  vi.spyOn(backend, 'syncStatus').mockImplementation(() => new Promise((resolve) => (answer = resolve)));
  const controller = new SyncController(backend);
  const stop = controller.start();
  const before = answer;
  // It asks again once it listens.
  await waitFor(() => expect(answer).not.toBe(before));
  emit(backend, {});
  answer(syncing);
  before(syncing);
  await waitFor(() => expect(controller.status?.state).toBe('up_to_date'));
  await Promise.resolve();
  expect(controller.status?.state).toBe('up_to_date');
  const asked = controller.refresh();
  answer(syncing);
  await asked;
  expect(controller.status?.state).toBe('syncing');
  stop();
});

test('the countdown ticks here, without a new event', async () => {
  const backend = show(SyncStatusLine, { onopen: vi.fn() });
  const line = await screen.findByTestId('sync-status');
  const next_try_ms = clock.now + 40_000;
  emit(backend, { state: 'unreachable', next_try_ms });
  await waitFor(() => expect(line.textContent).toContain('next try in 40 s'));
  clock.now = next_try_ms - 12_000;
  await waitFor(() => expect(line.textContent).toContain('next try in 12 s'));
});

test('a screen reader hears what stays, not what flickers, and no countdown', async () => {
  vi.useFakeTimers();
  const backend = new FakeBackend('local');
  const sync = new SyncController(backend);
  const stop = sync.start();
  await vi.advanceTimersByTimeAsync(0);
  expect(sync.spoken).toBe('Saved on this computer');
  emit(backend, { state: 'syncing' });
  await vi.advanceTimersByTimeAsync(500);
  emit(backend, { state: 'unreachable', next_try_ms: Date.now() + 9000 });
  await vi.advanceTimersByTimeAsync(500);
  expect(sync.spoken).toBe('Saved on this computer');
  await vi.advanceTimersByTimeAsync(2000);
  expect(sync.spoken).toBe("Can't reach the server");
  stop();
  vi.useRealTimers();
});

test('the panel: rows, pause and resume, try now, the log', async () => {
  const backend = show(SyncPanel, { onclose: vi.fn() }, 'offline');
  const panel = await screen.findByTestId('sync-panel');
  await screen.findByText('Waiting to send');
  for (const text of ['https://notes.example.org · certificate pinned', '3 changes, 1 attachment (2.4 MB)', 'Office PC · last change', 'End to end. The server cannot read your notes.', 'This laptop · added']) {
    expect(panel.textContent).toContain(text);
  }
  expect(panel.textContent).toMatch(/Next try in \d+ s\./);
  await userEvent.click(screen.getByTestId('sync-activity'));
  await screen.findByText("The server didn't answer");
  await userEvent.click(screen.getByTestId('sync-now'));
  expect(backend.count('syncNow')).toBe(1);
  await userEvent.click(screen.getByTestId('sync-pause'));
  await waitFor(() => expect(screen.getByTestId('sync-pause').textContent).toContain('Resume'));
  expect(panel.textContent).toContain('Paused.');
  await userEvent.click(screen.getByTestId('sync-pause'));
  expect(backend.calls.filter(([name]) => name === 'syncPause')).toEqual([['syncPause', true], ['syncPause', false]]);
});

test('what went wrong is said: the problem of sync, what was set aside, and a button that failed', async () => {
  const backend = show(SyncPanel, { onclose: vi.fn() });
  await screen.findByText('Waiting to send');
  emit(backend, { problem: commandError('server_unreachable', "The server didn't answer."), quarantined: 2, set_aside: [{ count: 2, why: 'A newer version of Holdfast wrote it.', action: 'Update Holdfast.' }] });
  await screen.findByText("The server didn't answer.");
  expect(screen.getByTestId('sync-panel').textContent).toContain('2 changes set aside; your notes are not touched');
  expect(screen.getByTestId('sync-set-aside').textContent).toMatch(/A newer version of Holdfast wrote it\. Update Holdfast\./);
  backend.syncNow = () => Promise.reject(commandError('server_refused', 'The server refused. Your notes are safe.'));
  await userEvent.click(screen.getByTestId('sync-now'));
  await screen.findByText('The server refused. Your notes are safe.');
});

test('the log is searched, narrowed to failures, and saved without content', async () => {
  const backend = show(SyncPanel, { onclose: vi.fn() });
  await userEvent.click(await screen.findByTestId('sync-activity'));
  await waitFor(() => expect(screen.getAllByTestId('sync-log-line').length).toBe(3));
  expect(screen.getAllByTestId('sync-log-line')[0]?.textContent).toMatch(/24 KB up · 180 KB down/);
  await userEvent.click(screen.getByTestId('sync-log-failed'));
  await waitFor(() => expect(screen.getAllByTestId('sync-log-line').length).toBe(1));
  await userEvent.type(screen.getByTestId('sync-log-search'), 'backup');
  await screen.findByText('No line is like that.');
  backend.picks = ['/tmp/log.json'];
  await userEvent.click(screen.getByTestId('sync-log-export'));
  await waitFor(() => expect(backend.calls).toContainEqual(['activityExport', '/tmp/log.json']));
});

test('checking the vault says what is well, and the one thing to do about what is not', async () => {
  const backend = show(SyncPanel, { onclose: vi.fn() }, 'local');
  await userEvent.click(await screen.findByTestId('sync-check'));
  await waitFor(() => expect(screen.getAllByTestId('health-line').map((line) => line.dataset['ok'])).toEqual(['true', 'false', 'true']));
  expect(screen.getByTestId('health').textContent).toContain('1 thing to look at.');
  expect(screen.getByTestId('health').textContent).toContain("Set this computer's clock, or let it set itself.");
  await userEvent.click(screen.getByTestId('health-again'));
  await waitFor(() => expect(backend.count('checkHealth')).toBe(2));
  backend.checkHealth = () => Promise.reject(commandError('not_open', 'The vault is locked. Unlock it first.'));
  await userEvent.click(screen.getByTestId('health-again'));
  await screen.findByText('The vault is locked. Unlock it first.');
});

test('a held sync: numbers, titles, and keeping as the default', async () => {
  const onclose = vi.fn();
  const backend = show(TripwireDialog, { onclose }, 'held');
  const dialog = await screen.findByTestId('tripwire-dialog');
  await waitFor(() => expect(screen.getAllByTestId('tripwire-note').length).toBe(27));
  expect(dialog.textContent).toContain('A sync from Office PC would move 24 notes to the Trash');
  expect(dialog.textContent).toContain('That is 27 of your 120 notes.');
  expect(dialog.textContent).toContain('before-decision');
  expect(screen.getByTestId('tripwire-accept').textContent).toContain('Let 27 notes and 1 notebook go');
  await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('tripwire-keep')));
  // Not what was looked at: nothing is decided, and it can be looked at again.
  const decide = backend.tripwireDecide.bind(backend);
  backend.tripwireDecide = () => Promise.reject(commandError('stale', 'Another version arrived in the meantime.'));
  await userEvent.keyboard('{Enter}');
  await screen.findByText(/More arrived in the meantime\. Nothing was changed/);
  expect(onclose).not.toHaveBeenCalled();
  backend.tripwireDecide = decide;
  await userEvent.click(screen.getByTestId('tripwire-keep'));
  await waitFor(() => expect(onclose).toHaveBeenCalledOnce());
  expect(backend.calls).toContainEqual(['tripwireDecide', 1, true]);
});

test('a held sync: Esc decides nothing, and letting go says so', async () => {
  const onclose = vi.fn();
  const backend = show(TripwireDialog, { onclose }, 'held');
  await screen.findByTestId('tripwire-accept');
  await userEvent.keyboard('{Escape}');
  await waitFor(() => expect(onclose).toHaveBeenCalledOnce());
  expect(backend.count('tripwireDecide')).toBe(0);
  await userEvent.click(screen.getByTestId('tripwire-accept'));
  await waitFor(() => expect(backend.calls).toContainEqual(['tripwireDecide', 1, false]));
});

test('the banner comes with a held sync and goes with the decision', async () => {
  const onopen = vi.fn();
  const backend = show(TripwireBanner, { onopen }, 'held');
  await userEvent.click(await screen.findByTestId('tripwire-open'));
  expect(onopen).toHaveBeenCalledOnce();
  emit(backend, {});
  await waitFor(() => expect(screen.queryByTestId('tripwire-banner')).toBeNull());
});

test('sign in again', async () => {
  const backend = show(SyncPanel, { onclose: vi.fn() });
  await screen.findByText('Waiting to send');
  emit(backend, { state: 'needs_sign_in' });
  await userEvent.type(await screen.findByTestId('sign-in-passphrase'), 'secret words{Enter}');
  expect(backend.calls).toContainEqual(['accountSignIn', 'secret words']);
  await waitFor(() => expect(screen.queryByTestId('sign-in-passphrase')).toBeNull());
});

test('no server yet: one sentence, one action', async () => {
  const onaddserver = vi.fn();
  show(SyncPanel, { onclose: vi.fn(), onaddserver }, 'local');
  await userEvent.click(await screen.findByRole('button', { name: 'Add a server' }));
  expect(onaddserver).toHaveBeenCalledOnce();
  expect(screen.queryByTestId('sync-now')).toBeNull();
});

test('adding a server: what the link says and what will be sent, then the first sync', async () => {
  const backend = show(AddServerDialog, { onclose: vi.fn() }, 'local');
  const user = userEvent.setup();
  await user.type(await screen.findByTestId('add-server-link'), 'holdfast:abc');
  const info = await screen.findByTestId('add-server-info');
  expect(info.textContent).toContain('https://notes.example.org');
  expect(info.textContent).toContain('4F2A 91C0 77DE 03B8');
  await waitFor(() => expect(info.textContent).toMatch(/7 notes here will be sent/));
  expect((screen.getByTestId('add-server-submit') as HTMLButtonElement).disabled).toBe(true);
  await user.type(screen.getByTestId('add-server-user'), 'ada');
  await user.type(screen.getByTestId('add-server-passphrase'), 'secret words');
  await user.click(screen.getByTestId('add-server-submit'));
  await screen.findByText('Server added');
  expect(backend.calls).toContainEqual(['accountCreate', { link: 'holdfast:abc', user: 'ada', device_name: 'This laptop', passphrase: 'secret words' }]);
  emit(backend, { state: 'syncing', catch_up: { first: true, done: 3, total: 7, left: 'About 2 minutes left' } });
  const bar = await screen.findByTestId('catch-up');
  expect(bar.textContent).toContain('3 of 7; you can read now');
  expect(bar.textContent).toContain('About 2 minutes left');
  emit(backend, { state: 'syncing', catch_up: { first: true, done: 6, total: 7, left: null } });
  await waitFor(() => expect(bar.textContent).toContain('6 of 7'));
  expect(screen.queryByTestId('catch-up-left')).toBeNull();
});

test('adding a server: each error stands at its field', async () => {
  const backend = show(AddServerDialog, { onclose: vi.fn() }, 'local');
  const user = userEvent.setup();
  await user.type(await screen.findByTestId('add-server-link'), 'nonsense');
  await screen.findByText(/not a join link/);
  expect(screen.getByTestId('add-server-link').getAttribute('aria-invalid')).toBe('true');
  await user.clear(screen.getByTestId('add-server-link'));
  await user.type(screen.getByTestId('add-server-link'), 'holdfast:abc');
  await screen.findByTestId('add-server-info');
  backend.accountCreate = () => Promise.reject(commandError('user_taken', 'That name is taken.'));
  await user.type(screen.getByTestId('add-server-user'), 'ada');
  await user.type(screen.getByTestId('add-server-passphrase'), 'secret words');
  await user.click(screen.getByTestId('add-server-submit'));
  await screen.findByText('That name is taken.');
  expect(screen.getByTestId('add-server-user').getAttribute('aria-invalid')).toBe('true');
});

const OFFICE = { id: 'd2', name: 'Office PC', platform: 'linux', this_device: false, last_seen_ms: 1, added_ms: 1, clock_ahead: false };

test('the panel leads to removing another computer, never this one', async () => {
  const onremove = vi.fn();
  const backend = show(SyncPanel, { onclose: vi.fn(), onremove });
  const buttons = await screen.findAllByTestId('device-remove');
  expect(buttons.map((button) => button.getAttribute('aria-label'))).toEqual(['Remove Office PC…']);
  for (const button of buttons) await userEvent.click(button);
  expect(onremove).toHaveBeenCalledWith(expect.objectContaining({ id: 'd2', name: 'Office PC' }));
  // Without a session nothing can be removed.
  emit(backend, { state: 'needs_sign_in' });
  await waitFor(() => expect(screen.queryByTestId('device-remove')).toBeNull());
});

test('removing says what it means; the safe button has the focus', async () => {
  const onclose = vi.fn();
  const backend = show(RemoveDeviceDialog, { device: OFFICE, onclose });
  const dialog = await screen.findByTestId('remove-device');
  expect(dialog.textContent).toContain('Remove Office PC?');
  expect(dialog.textContent).toContain('It gets nothing more');
  await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('remove-device-keep')));
  await userEvent.click(screen.getByTestId('remove-device-submit'));
  await waitFor(() => expect(onclose).toHaveBeenCalledOnce());
  expect(backend.calls).toContainEqual(['deviceRemove', { id: 'd2', passphrase: null }]);
});

test('a passphrase that somebody may know changes in the same step; a wrong one removes nothing', async () => {
  const onclose = vi.fn();
  const backend = show(RemoveDeviceDialog, { device: OFFICE, onclose });
  await userEvent.click(await screen.findByTestId('remove-device-known'));
  expect((screen.getByTestId('remove-device-submit') as HTMLButtonElement).disabled).toBe(true);
  await userEvent.type(screen.getByTestId('remove-device-present'), 'old words');
  await userEvent.type(screen.getByTestId('remove-device-new'), 'kettle orbit violin moss');
  await userEvent.click(screen.getByTestId('remove-device-submit'));
  expect(document.activeElement).toBe(screen.getByTestId('remove-device-new-again'));
  await userEvent.type(screen.getByTestId('remove-device-new-again'), 'kettle orbit violin moss');
  const remove = backend.deviceRemove.bind(backend);
  backend.deviceRemove = () => Promise.reject(commandError('wrong_passphrase', 'The passphrase is wrong.'));
  await userEvent.click(screen.getByTestId('remove-device-submit'));
  await screen.findByText('The passphrase is wrong.');
  expect(document.activeElement).toBe(screen.getByTestId('remove-device-present'));
  expect(onclose).not.toHaveBeenCalled();
  backend.deviceRemove = remove;
  await userEvent.click(screen.getByTestId('remove-device-submit'));
  await waitFor(() => expect(onclose).toHaveBeenCalledOnce());
  expect(backend.calls).toContainEqual(['deviceRemove', { id: 'd2', passphrase: { present: 'old words', new: 'kettle orbit violin moss' } }]);
});

test('a computer that was removed is told so, and is not asked for a passphrase', async () => {
  const backend = show(SyncPanel, { onclose: vi.fn() });
  await screen.findByText('Waiting to send');
  const words = 'This computer was removed from the account. Its notes stay here.';
  emit(backend, { state: 'needs_sign_in', waiting: 2, problem: commandError('device_removed', words) });
  await screen.findByText(words);
  expect(screen.getByTestId('sync-panel').textContent).toContain('2 changes were not sent and stay here. Everything here can be read and exported.');
  expect(screen.queryByTestId('sign-in-passphrase')).toBeNull();
  // Unless it asks: it may have been let in again.
  await userEvent.click(screen.getByTestId('sync-ask-again'));
  await userEvent.type(await screen.findByTestId('sign-in-passphrase'), 'kettle orbit{Enter}');
  await waitFor(() => expect(backend.calls).toContainEqual(['accountSignIn', 'kettle orbit']));
  // Where it has not, the answer is what stands there already.
  emit(backend, { state: 'needs_sign_in', waiting: 2, problem: commandError('device_removed', words) });
  backend.sync = { ...backend.sync, state: 'needs_sign_in', problem: commandError('device_removed', words) };
  vi.spyOn(backend, 'accountSignIn').mockRejectedValueOnce(commandError('device_removed', words));
  await userEvent.type(await screen.findByTestId('sign-in-passphrase'), 'kettle orbit{Enter}');
  await waitFor(() => expect(screen.getByText(words).closest('.error')).toBeTruthy());
  emit(backend, { state: 'needs_sign_in', problem: commandError('sign_in_again', 'Sign in again.') });
  await screen.findByTestId('sign-in-passphrase');
});

test('to try is the thing to do only where something is to be done, and no sentence stands twice', async () => {
  const backend = show(SyncPanel, { onclose: vi.fn() });
  const isPrimary = () => screen.getByTestId('sync-now').className.includes('primary');
  await screen.findByText('Waiting to send');
  expect(isPrimary()).toBe(false);
  const message = "Can't reach the server. What you changed is saved and will be sent when it answers.";
  backend.emit({ kind: 'sync', data: { ...syncOf('main'), state: 'unreachable', waiting: 2, problem: { code: 'server_unreachable', message, retryable: true } } });
  await waitFor(() => expect(isPrimary()).toBe(true));
  expect(screen.getAllByText(/Can't reach the server/)).toHaveLength(1);
  backend.emit({ kind: 'sync', data: { ...syncOf('main'), state: 'unreachable', problem: { code: 'disk_full', message: 'The disk is full.', retryable: true } } });
  await screen.findByText('The disk is full.');
});

test('the panel leads to what is set aside', async () => {
  const onaside = vi.fn();
  const backend = show(SyncPanel, { onclose: vi.fn(), onaside });
  await screen.findByText('Waiting to send');
  expect(screen.queryByTestId('sync-aside')).toBeNull();
  emit(backend, { quarantined: 3, set_aside: [{ count: 3, why: 'Late.', action: 'Look at it.' }] });
  await userEvent.click(await screen.findByTestId('sync-aside'));
  expect(onaside).toHaveBeenCalledOnce();
});

test('what is set aside: each is told and shown, taken over, or discarded after a question', async () => {
  const backend = show(AsideDialog, { onclose: vi.fn() });
  const items = () => screen.queryAllByTestId('aside-item');
  const button = (id: string, at: number) => screen.getAllByTestId(id)[at] as HTMLElement;
  await waitFor(() => expect(items().length).toBe(3));
  expect(items()[0]?.textContent).toMatch(/“Pump log”.*from Old phone · came .* · 2\.0 KB/s);
  // What waits for something has nothing to decide.
  expect(items()[2]?.querySelector('button')).toBeNull();
  expect(screen.getAllByTestId('aside-take').map((button) => button.textContent?.trim())).toEqual(['Take over', 'Take over as a new note']);

  const first = button('aside-show', 0);
  expect(first.getAttribute('aria-expanded')).toBe('false');
  await userEvent.click(first);
  expect((await screen.findByTestId('aside-text')).textContent).toContain('Pressure at 14:00 was 3.1 bar.');
  await userEvent.click(first);
  expect(screen.queryByTestId('aside-text')).toBeNull();

  // The safe choice has the focus, and gives it back.
  await userEvent.click(button('aside-discard', 1));
  await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('aside-keep')));
  await userEvent.keyboard('{Enter}');
  await waitFor(() => expect(document.activeElement).toBe(screen.getAllByTestId('aside-discard')[1]));
  expect(backend.count('asideDiscard')).toBe(0);
  await userEvent.keyboard('{Enter}');
  await userEvent.click(await screen.findByTestId('aside-discard-sure'));
  await waitFor(() => expect(items().length).toBe(2));
  expect(backend.calls).toContainEqual(['asideDiscard', 'aside-2']);

  await userEvent.click(screen.getByTestId('aside-take'));
  await waitFor(() => expect(items().length).toBe(1));
  expect(backend.calls).toContainEqual(['asideTake', 'aside-1']);
  await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('aside-close')));
});

test('what cannot be taken over is said, and stays', async () => {
  const backend = show(AsideDialog, { onclose: vi.fn() });
  backend.asideTake = () => Promise.reject(commandError('disk_full', 'The disk is full. Nothing was changed.'));
  const [first] = await screen.findAllByTestId('aside-take');
  await userEvent.click(first as HTMLElement);
  await screen.findByText('The disk is full. Nothing was changed.');
  expect(screen.getAllByTestId('aside-item').length).toBe(3);
});
