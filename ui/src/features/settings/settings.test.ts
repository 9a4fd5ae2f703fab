import { cleanup, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { commandError, FakeBackend, type Scenario } from '../../../tests/fake-backend';
import { mountWith } from '../../../tests/mount';
import BackupsDialog from './BackupsDialog.svelte';
import PassphraseDialog from './PassphraseDialog.svelte';
import SettingsDialog from './SettingsDialog.svelte';

afterEach(cleanup);

async function open(scenario: Scenario = 'main', prepare: (backend: FakeBackend) => void = () => undefined) {
  const backend = new FakeBackend(scenario);
  prepare(backend);
  const asked = {
    onclose: vi.fn(), onaddserver: vi.fn(), onsignin: vi.fn(), onimport: vi.fn(), onexport: vi.fn(), onbackups: vi.fn(), onrecovery: vi.fn(), onpassphrase: vi.fn(), ontheme: vi.fn(),
  };
  mountWith(backend, SettingsDialog, asked);
  await screen.findByTestId('settings-device');
  return { backend, asked, user: userEvent.setup() };
}

test('a theme is saved and shown at once', async () => {
  const { backend, asked, user } = await open();
  await user.click(screen.getByTestId('theme-dark'));
  await waitFor(() => expect(asked.ontheme).toHaveBeenCalledWith('dark'));
  expect(backend.config.theme).toBe('dark');
});

test('all attachments can be fetched at once', async () => {
  const { backend, user } = await open();
  await user.click(screen.getByTestId('settings-fetch-all'));
  await waitFor(() => expect(backend.config.fetch_all_files).toBe(true));
});

test('how long old versions stay is chosen', async () => {
  const { backend, user } = await open();
  const select = screen.getByTestId<HTMLSelectElement>('settings-history');
  expect(select.selectedOptions[0]?.textContent).toBe('Keep all for 90 days');
  await user.selectOptions(select, 'Keep all for ever');
  await waitFor(() => expect(backend.config.history_days).toBe(0));
});

test("this computer's name is saved on leaving the field and on closing; never empty", async () => {
  const { backend, asked, user } = await open();
  const field = screen.getByTestId('settings-device');
  await user.clear(field);
  expect(screen.getByText('A name is needed.')).toBeTruthy();
  await user.tab();
  expect(backend.count('settingsSave')).toBe(0);
  await user.type(field, 'Kitchen');
  await user.keyboard('{Escape}');
  await waitFor(() => expect(asked.onclose).toHaveBeenCalledOnce());
  expect(backend.config.device_name).toBe('Kitchen');
});

test('what could not be saved shows the old value and why', async () => {
  const { backend, user } = await open();
  backend.settingsSave = () => Promise.reject(commandError('disk_full', 'Not saved: the disk is full.'));
  const box = screen.getByTestId('settings-keychain') as HTMLInputElement;
  await user.click(box);
  await screen.findByText('Not saved: the disk is full.');
});

test('without a keychain the switch is off and says why', async () => {
  await open('main', (backend) => (backend.config = { ...backend.config, keychain_available: false }));
  expect((screen.getByTestId('settings-keychain') as HTMLInputElement).disabled).toBe(true);
  expect(screen.getByText(/no keychain that can be used/)).toBeTruthy();
});

test('the server row follows its state; import, export and the code lead on', async () => {
  const { asked, user } = await open('empty');
  await user.click(screen.getByTestId('settings-add-server'));
  await user.click(screen.getByTestId('settings-recovery'));
  await user.click(screen.getByTestId('settings-import'));
  await user.click(screen.getByTestId('settings-export'));
  for (const ask of [asked.onaddserver, asked.onrecovery, asked.onimport, asked.onexport]) expect(ask).toHaveBeenCalledOnce();
});

test('sign in again is offered where it is needed', async () => {
  const { backend, asked, user } = await open();
  backend.emit({ kind: 'sync', data: { ...backend.sync, state: 'needs_sign_in' } });
  await user.click(await screen.findByTestId('settings-sign-in'));
  expect(asked.onsignin).toHaveBeenCalledOnce();
});

test('backups: listed with date, reason and size; one is made, one is tested', async () => {
  const backend = new FakeBackend('main');
  mountWith(backend, BackupsDialog, { onclose: vi.fn() });
  await waitFor(() => expect(screen.getAllByTestId('backup-item').length).toBe(3));
  expect(screen.getAllByTestId('backup-item')[1]?.textContent).toMatch(/Before a decision about many notes · 15 MB/);
  await userEvent.click(screen.getByTestId('backup-now'));
  await waitFor(() => expect(screen.getAllByTestId('backup-item').length).toBe(4));
  await userEvent.click(screen.getAllByTestId('backup-test')[0] as HTMLElement);
  await screen.findByText(/It opens with the passphrase of that day, or the recovery code: 1,204 notes, 12 in the Trash, 14 notebooks/);
  backend.backupTest = () => Promise.reject(commandError('vault_damaged', 'The vault is damaged (a page).'));
  await userEvent.click(screen.getAllByTestId('backup-test')[1] as HTMLElement);
  await screen.findByText('The vault is damaged (a page).');
  expect(screen.getByTestId('backups-dialog').textContent).not.toContain('Your passphrase opens');
});

test('the passphrase is changed by who knows it', async () => {
  const { asked, user } = await open();
  await user.click(screen.getByTestId('settings-passphrase'));
  expect(asked.onpassphrase).toHaveBeenCalledOnce();
  cleanup();
  const backend = new FakeBackend('main');
  const onclose = vi.fn();
  mountWith(backend, PassphraseDialog, { onclose });
  await user.type(await screen.findByTestId('passphrase-present'), 'old words');
  expect((screen.getByTestId('passphrase-submit') as HTMLButtonElement).disabled).toBe(true);
  await user.type(screen.getByTestId('passphrase-new'), 'kettle orbit violin moss');
  await user.type(screen.getByTestId('passphrase-new-again'), 'kettle orbit violin mos');
  await user.click(screen.getByTestId('passphrase-submit'));
  await screen.findByText('The two passphrases differ.');
  expect([document.activeElement, backend.count('passphraseChange')]).toEqual([screen.getByTestId('passphrase-new-again'), 0]);
  await user.clear(screen.getByTestId('passphrase-new-again'));
  await user.type(screen.getByTestId('passphrase-new-again'), 'kettle orbit violin moss');
  const change = backend.passphraseChange.bind(backend);
  backend.passphraseChange = () => Promise.reject(commandError('wrong_passphrase', 'The passphrase is wrong.'));
  await user.click(screen.getByTestId('passphrase-submit'));
  await screen.findByText('The passphrase is wrong.');
  expect(document.activeElement).toBe(screen.getByTestId('passphrase-present'));
  backend.passphraseChange = change;
  await user.click(screen.getByTestId('passphrase-submit'));
  await waitFor(() => expect(onclose).toHaveBeenCalledOnce());
  expect(backend.calls).toContainEqual(['passphraseChange', { present: 'old words', new: 'kettle orbit violin moss' }]);
});
