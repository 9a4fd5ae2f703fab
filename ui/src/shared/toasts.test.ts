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
