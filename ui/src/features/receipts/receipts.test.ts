import { cleanup, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { commandError, FakeBackend, type Scenario } from '../../../tests/fake-backend';
import { mountWith } from '../../../tests/mount';
import { toasts } from '../../lib/toast.svelte';
import ReceiptsView from './ReceiptsView.svelte';

afterEach(() => {
  cleanup();
  toasts.items = [];
});

function show(scenario: Scenario = 'main') {
  const backend = new FakeBackend(scenario);
  const props = { onopennote: vi.fn(), onback: vi.fn() };
  mountWith(backend, ReceiptsView, props);
  return { backend, props, user: userEvent.setup() };
}

test('a receipt shows what each computer brought', async () => {
  const { props, user } = show();
  const item = await screen.findByTestId('receipt-item');
  expect(item.textContent).toContain('new');
  await user.click(item);
  const detail = await screen.findByTestId('receipt-detail');
  const office = within(detail).getByRole('region', { name: 'Office PC' });
  expect(office.querySelector('ins')?.textContent).toBe('it');
  expect(office.textContent).toContain('Changed: Tags');
  await waitFor(() => expect(screen.getByTestId('receipt-item').textContent).not.toContain('new'));
  await user.click(screen.getByTestId('receipt-open-note'));
  expect(props.onopennote).toHaveBeenCalledWith('night');
});

test('one click takes one side', async () => {
  const { backend, user } = show();
  await user.click(await screen.findByTestId('receipt-item'));
  const [, office] = await screen.findAllByTestId('receipt-undo');
  if (!office) throw new Error('two sides');
  expect(office.textContent).toContain("Use Office PC's only");
  await user.click(office);
  await screen.findByText('This merge was undone.');
  expect(backend.calls).toContainEqual(['receiptUndo', 'r1', 'rev-b']);
  expect(toasts.items[0]?.text).toContain("Office PC's version");
});

test('an undo that failed says why and can be tried again', async () => {
  const { backend, user } = show();
  backend.receiptUndo = () => Promise.reject(commandError('io', 'Not undone: the vault could not be written.'));
  await user.click(await screen.findByTestId('receipt-item'));
  const [first] = await screen.findAllByTestId('receipt-undo');
  if (!first) throw new Error('two sides');
  await user.click(first);
  await screen.findByText('Not undone: the vault could not be written.');
  expect((screen.getAllByTestId('receipt-undo')[0] as HTMLButtonElement).disabled).toBe(false);
});

test('notebooks moved into each other: which one shows at the top and why, and whose move to take', async () => {
  const { backend, user } = show();
  const why = 'Computers moved notebooks into each other: “X” into “Y”, “Y” into “X”. “Y” shows at the top level.';
  const moved = (text: string) => ({ fields: [text], diff: [] });
  backend.receipts = backend.receipts.map((one) => ({
    ...one, title: 'Y', is_note: false, why,
    sides: one.sides.map((side, at) => ({ ...side, ...moved(at === 0 ? 'Moved “X” into “Y”' : 'Moved “Y” into “X”') })),
  }));
  await user.click(await screen.findByTestId('receipt-item'));
  const detail = await screen.findByTestId('receipt-detail');
  expect(screen.getByTestId('receipt-why').textContent).toBe(why);
  expect(detail.textContent).not.toContain('Both versions are kept');
  expect(screen.queryByTestId('receipt-open-note')).toBeNull();
  expect(within(detail).getByRole('region', { name: 'Office PC' }).textContent).toContain('Moved “Y” into “X”');
  const [, office] = screen.getAllByTestId('receipt-undo');
  if (!office) throw new Error('two moves');
  expect(office.textContent).toContain("Use Office PC's move");
  await user.click(office);
  await screen.findByText('This merge was undone.');
  expect(toasts.items[0]?.text).toBe('The notebooks are as Office PC moved them.');
});

test('nothing merged: one sentence, one action', async () => {
  const { props, user } = show('empty');
  await screen.findByTestId('receipts-empty');
  await user.click(screen.getByRole('button', { name: 'Show all notes' }));
  expect(props.onback).toHaveBeenCalledOnce();
});
