// Locking and closing: what is typed anywhere is kept first.
import { EditorView } from '@codemirror/view';
import { cleanup, render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import '../../tests/mount';
import { FakeBackend, commandError } from '../../tests/fake-backend';
import { toasts } from '../lib/toast.svelte';
import App from './App.svelte';

const user = userEvent.setup();
const id = (name: string) => screen.findByTestId(name);
let backend: FakeBackend;
/** The person closes the window; answers whether it may. */
let close: () => Promise<boolean>;

beforeEach(() => {
  window.innerWidth = 1280;
  // A listbox that jsdom cannot measure.
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(700);
  backend = new FakeBackend('main');
  render(App, {
    backend,
    host: {
      onCloseRequest: (mayClose) => {
        close = mayClose;
        return Promise.resolve(() => undefined);
      },
    },
  });
});
afterEach(() => {
  cleanup();
  toasts.items = [];
});

/** Into the Result of the open note's review, before all of its text: that is the whole text. */
async function typeInResult(text: string): Promise<void> {
  await user.click(await id('review-banner-open'));
  const content = await id('review-result');
  await waitFor(() => expect(content.textContent).not.toBe(''));
  EditorView.findFromDOM(content)?.dispatch({ changes: { from: 0, insert: text }, userEvent: 'input.type' });
}

test('a Result that was just typed is with the program before the window closes', async () => {
  await typeInResult('Typed. ');
  expect(await close()).toBe(true);
  expect(backend.review.edited_result).toMatch(/^Typed\. /);
});

test('a Result that cannot be kept keeps the window, also where the person asks twice at once, and can be brought back', async () => {
  const edit = vi.spyOn(backend, 'reviewEditResult').mockRejectedValue(commandError('disk_full', 'The disk is full.'));
  await typeInResult('Typed. ');
  expect(await Promise.all([close(), close()])).toEqual([false, false]);
  expect((await id('review-dialog')).textContent).toContain('The disk is full.');
  edit.mockRestore();
  await user.click(await id('result-bring-back'));
  await waitFor(() => expect(screen.getByTestId('review-result').textContent).toMatch(/^Typed\. /));
  expect(await close()).toBe(true);
  expect(backend.review.edited_result).toMatch(/^Typed\. /);
});

test('who has read why it cannot be kept may leave', async () => {
  vi.spyOn(backend, 'reviewEditResult').mockRejectedValue(commandError('disk_full', 'The disk is full.'));
  await typeInResult('Typed. ');
  expect(await close()).toBe(false);
  expect(await close()).toBe(true);
});

test('a tag that still stands in its field is the note\'s, whether the vault is locked or the window closes', async () => {
  await user.click(await id('tag-add'));
  await user.type(await id('tag-input'), 'urgent');
  await user.keyboard('{Control>}l{/Control}');
  await id('unlock-passphrase');
  expect(backend.notes.get('pump4')?.tags).toContain('urgent');
  await user.type(screen.getByTestId('unlock-passphrase'), `${backend.passphrase}{Enter}`);
  await user.click(await id('tag-add'));
  await user.type(await id('tag-input'), 'later');
  expect(await close()).toBe(true);
  expect(backend.notes.get('pump4')?.tags).toContain('later');
});

test('the name of the computer is kept while its field has the cursor, or the window stays', async () => {
  await id('note-title');
  await user.keyboard('{Control>},{/Control}');
  const field = (await id('settings-device')) as HTMLInputElement;
  await waitFor(() => expect(field.value).toBe('This laptop'));
  await user.type(field, '!');
  const save = vi.spyOn(backend, 'settingsSave').mockRejectedValueOnce(commandError('disk_full', 'The disk is full.'));
  expect(await close()).toBe(false);
  expect((await id('settings-dialog')).textContent).toContain('The disk is full.');
  save.mockRestore();
  await user.type(field, '!');
  expect(await close()).toBe(true);
  expect(backend.config.device_name).toBe('This laptop!');
});
