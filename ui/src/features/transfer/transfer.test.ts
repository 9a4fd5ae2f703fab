import { cleanup, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import type { Component } from 'svelte';
import { afterEach, expect, test, vi } from 'vitest';
import { commandError, FakeBackend } from '../../../tests/fake-backend';
import { mountWith } from '../../../tests/mount';
import ExportDialog from './ExportDialog.svelte';
import ImportDialog from './ImportDialog.svelte';

afterEach(cleanup);

function show(component: Component<{ onclose: () => void }>, picks: (string | null)[] = []) {
  const backend = new FakeBackend('main');
  backend.picks = picks;
  const onclose = vi.fn();
  mountWith(backend, component, { onclose });
  return { backend, onclose, user: userEvent.setup() };
}

test('import: choose, look, run; what is skipped says why', async () => {
  const { backend, onclose, user } = show(ImportDialog, ['/home/ada/notes']);
  await user.click(await screen.findByRole('button', { name: 'Choose…' }));
  expect((await screen.findByTestId('import-preview')).textContent).toContain('128 notes, 12 notebooks, 31 tags, 9 attachments');
  expect(screen.getByTestId('skipped').textContent).toMatch(/old\/latin1\.md.*is not UTF-8/);
  expect(backend.calls.filter(([name]) => name === 'importFolder')).toEqual([['importFolder', '/home/ada/notes', true]]);
  await user.click(screen.getByTestId('import-run'));
  expect((await screen.findByTestId('import-result')).textContent).toContain('Imported 128 notes');
  expect(backend.calls.at(-1)).toEqual(['importFolder', '/home/ada/notes', false]);
  await user.click(screen.getByTestId('import-done'));
  expect(onclose).toHaveBeenCalledOnce();
});

test('import: the keyboard is enough, and another path is looked at again', async () => {
  const { backend, user } = show(ImportDialog);
  await user.type(await screen.findByTestId('import-path'), '/a{Enter}');
  await screen.findByTestId('import-preview');
  await user.type(screen.getByTestId('import-path'), 'b');
  expect(screen.queryByTestId('import-preview')).toBeNull();
  await user.keyboard('{Enter}');
  await screen.findByTestId('import-preview');
  await user.keyboard('{Enter}');
  await screen.findByTestId('import-result');
  expect(backend.calls.filter(([name]) => name === 'importFolder').map((call) => call.slice(1))).toEqual([['/a', true], ['/ab', true], ['/ab', false]]);
});

test('import: a folder that cannot be read says so and can be chosen again', async () => {
  const { backend, user } = show(ImportDialog);
  backend.importFolder = () => Promise.reject(commandError('unreadable', 'The folder cannot be read. Nothing was imported.'));
  await user.type(await screen.findByTestId('import-path'), '/a{Enter}');
  await screen.findByText('The folder cannot be read. Nothing was imported.');
  expect((screen.getByTestId('import-path') as HTMLInputElement).disabled).toBe(false);
});

test('import: a folder without notes offers nothing to run', async () => {
  const { backend, user } = show(ImportDialog);
  backend.importFolder = () => Promise.resolve({ notes: 0, notebooks: 0, tags: 0, attachments: 0, skipped: [], elapsed_ms: 1 });
  await user.type(await screen.findByTestId('import-path'), '/a{Enter}');
  expect((await screen.findByTestId('import-preview')).textContent).toContain('No Markdown file');
  expect(screen.queryByTestId('import-run')).toBeNull();
});

test('export: says that the files are not encrypted, and what was written', async () => {
  const { backend, user } = show(ExportDialog, ['/home/ada/out']);
  await screen.findByText(/not encrypted/);
  await user.click(screen.getByRole('button', { name: 'Choose…' }));
  await user.click(screen.getByTestId('export-run'));
  expect((await screen.findByTestId('export-result')).textContent).toMatch(/Exported 7 notes and 4 attachments/);
  expect(backend.calls.at(-1)).toEqual(['exportFolder', '/home/ada/out']);
});
