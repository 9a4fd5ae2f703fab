import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { createRawSnippet, tick } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import Button from './Button.svelte';
import Dialog from './Dialog.svelte';

let note: HTMLTextAreaElement;
let page: HTMLElement;
beforeEach(() => {
  page = document.createElement('div');
  page.dataset['behind'] = '';
  note = document.createElement('textarea');
  page.append(note);
  document.body.append(page);
});
afterEach(() => {
  cleanup();
  page.remove();
});

const children = createRawSnippet(() => ({ render: () => '<button>Inside</button>' }));
const words = createRawSnippet(() => ({ render: () => '<span>Try now</span>' }));

test('a button that waits keeps the focus and takes no click', async () => {
  const onclick = vi.fn();
  const { rerender } = render(Button, { children: words, onclick, testid: 'try' });
  const button = screen.getByTestId<HTMLButtonElement>('try');
  button.focus();
  await rerender({ busy: true, disabled: true });
  expect([button.disabled, button.getAttribute('aria-disabled'), button.getAttribute('aria-busy')]).toEqual([false, 'true', 'true']);
  expect(document.activeElement).toBe(button);
  await userEvent.click(button);
  await userEvent.keyboard('{Enter}');
  expect(onclick).not.toHaveBeenCalled();
  await rerender({ busy: false, disabled: false });
  await userEvent.click(button);
  expect(onclick).toHaveBeenCalledOnce();
});

test('a form is not sent while its button waits', async () => {
  const form = document.createElement('form');
  const sent = vi.fn((event: Event) => event.preventDefault());
  form.addEventListener('submit', sent);
  page.append(form);
  const { rerender } = render(Button, { target: form, props: { children: words, type: 'submit', busy: true, testid: 'send' } });
  await fireEvent.click(screen.getByTestId('send'));
  expect(sent).not.toHaveBeenCalled();
  await rerender({ busy: false });
  await fireEvent.click(screen.getByTestId('send'));
  expect(sent).toHaveBeenCalledOnce();
});

test('what lies behind a dialog takes nothing while one is open, and has the focus again after the last', async () => {
  note.focus();
  const first = render(Dialog, { title: 'First', testid: 'first', onclose: vi.fn(), children });
  await waitFor(() => expect(document.activeElement?.textContent).toBe('Inside'));
  expect(page.inert).toBe(true);
  // One dialog in the place of another, as the Settings open the Backups.
  const second = render(Dialog, { title: 'Second', testid: 'second', onclose: vi.fn(), children });
  first.unmount();
  await waitFor(() => expect(screen.getByTestId('second').contains(document.activeElement)).toBe(true));
  expect(page.inert).toBe(true);
  second.unmount();
  await waitFor(() => expect(document.activeElement).toBe(note));
  expect(page.inert).toBe(false);
});

test('the focus that WebKit leaves nowhere goes back into the dialog, with an event or without', async () => {
  note.focus();
  render(Dialog, { title: 'First', testid: 'first', onclose: vi.fn(), children });
  const inside = await screen.findByRole('button', { name: 'Inside' });
  inside.focus();
  inside.blur();
  await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('first')));
  const nowhere = vi.spyOn(document, 'activeElement', 'get').mockReturnValue(document.body);
  const focus = vi.spyOn(screen.getByTestId('first'), 'focus');
  await fireEvent.keyDown(document.body, { key: 'x' });
  expect(focus).toHaveBeenCalledOnce();
  nowhere.mockRestore();
  await tick();
});
