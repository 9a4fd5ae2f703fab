import { cleanup, render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { createRawSnippet, tick } from 'svelte';
import { afterEach, expect, test, vi } from 'vitest';
import { toasts } from '../lib/toast.svelte';
import Dialog from './Dialog.svelte';
import Toasts from './Toasts.svelte';

afterEach(() => {
  cleanup();
  toasts.items = [];
});

const children = createRawSnippet(() => ({ render: () => '<button>Inside</button>' }));
const shown = () => screen.getAllByTestId('toast').map((toast) => toast.closest('[role=dialog]')?.getAttribute('data-testid') ?? 'window');

test('a message is in the topmost dialog, where Tab reaches it and it covers nothing, else in the window', async () => {
  render(Toasts);
  const undo = vi.fn();
  toasts.show('The note is in the Trash.', { action: { label: 'Undo', run: undo } });
  await waitFor(() => expect(shown()).toEqual(['window']));

  const first = render(Dialog, { title: 'First', testid: 'first', onclose: vi.fn(), children });
  await waitFor(() => expect(shown()).toEqual(['first']));
  const second = render(Dialog, { title: 'Second', testid: 'second', onclose: vi.fn(), children });
  await waitFor(() => expect(shown()).toEqual(['second']));
  const toast = within(screen.getByTestId('second')).getByTestId('toast');
  within(toast).getByRole('button', { name: 'Undo' }).focus();
  await userEvent.keyboard('{Enter}');
  expect(undo).toHaveBeenCalledOnce();
  await tick();
  expect(screen.queryByTestId('toast')).toBeNull();

  toasts.show('Saved.');
  second.unmount();
  await waitFor(() => expect(shown()).toEqual(['first']));
  first.unmount();
  await waitFor(() => expect(shown()).toEqual(['window']));
});

test('a dialog stays as tall as it was when a message in it goes: its buttons stay under the pointer', async () => {
  const height = vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockImplementation(() => (toasts.items.length > 0 ? 240 : 200));
  try {
    render(Dialog, { title: 'First', testid: 'first', onclose: vi.fn(), children });
    const dialog = screen.getByTestId('first');
    await tick();
    expect(dialog.style.minHeight).toBe('');
    toasts.show('Saved.');
    await waitFor(() => expect(dialog.style.minHeight).toContain('240px'));
    toasts.items = [];
    await tick();
    expect(dialog.style.minHeight).toContain('240px');
  } finally {
    height.mockRestore();
  }
});

test('a message goes after a time, but not from under the pointer or the focus', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: false });
  try {
    render(Toasts);
    const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);
    toasts.show('The note is in the Trash.', { action: { label: 'Undo', run: vi.fn() } });
    await wait(5000);
    screen.getByRole('button', { name: 'Undo' }).focus();
    await wait(60_000);
    screen.getByRole('button', { name: 'Dismiss' }).focus();
    await wait(60_000);
    screen.getByRole('button', { name: 'Dismiss' }).blur();
    await wait(5000);
    screen.getByTestId('toast').dispatchEvent(new Event('pointerenter'));
    await wait(60_000);
    expect(shown()).toEqual(['window']);
    // A dialog takes the list away from under the pointer.
    const dialog = render(Dialog, { title: 'First', testid: 'first', onclose: vi.fn(), children });
    await wait(0);
    expect(shown()).toEqual(['first']);
    await wait(6000);
    expect(screen.queryByTestId('toast')).toBeNull();
    dialog.unmount();

    // A dialog that opens gives nobody more time.
    toasts.show('Saved.');
    await wait(5000);
    const another = render(Dialog, { title: 'First', testid: 'first', onclose: vi.fn(), children });
    await wait(0);
    expect(shown()).toEqual(['first']);
    await wait(1000);
    expect(screen.queryByTestId('toast')).toBeNull();
    another.unmount();

    toasts.error(new Error('No.'));
    await wait(0);
    screen.getByRole('button', { name: 'Dismiss' }).focus();
    screen.getByRole('button', { name: 'Dismiss' }).blur();
    await wait(20_000);
    expect(shown()).toEqual(['window']);
    await wait(15_000);
    expect(screen.queryByTestId('toast')).toBeNull();
  } finally {
    vi.useRealTimers();
  }
});

test('an error is not shown in a dialog that was opened later', async () => {
  render(Toasts);
  toasts.error(new Error('No.'));
  const first = render(Dialog, { title: 'First', testid: 'first', onclose: vi.fn(), children });
  await tick();
  expect(screen.queryByTestId('toast')).toBeNull();
  toasts.error(new Error('No.'));
  await waitFor(() => expect(shown()).toEqual(['first']));
  first.unmount();
  await waitFor(() => expect(shown()).toEqual(['window', 'window']));
});

test('a lock takes the messages with it, but for one that must be seen, which waits for the vault to be open', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: false });
  try {
    const { rerender } = render(Toasts);
    toasts.show('Ward PC joined.', { stays: true });
    for (let n = 0; n < 4; n += 1) toasts.error(new Error('No.'));
    await vi.advanceTimersByTimeAsync(0);
    expect(toasts.items.map((item) => item.stays)).toEqual([true, false, false]);
    toasts.clear();
    await rerender({ locked: true });
    expect(screen.queryByTestId('toast')).toBeNull();
    await vi.advanceTimersByTimeAsync(600_000);
    await rerender({ locked: false });
    expect(screen.getByTestId('toast').textContent).toContain('Ward PC joined.');
  } finally {
    vi.useRealTimers();
  }
});
