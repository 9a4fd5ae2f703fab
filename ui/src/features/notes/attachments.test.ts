import { cleanup, render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { FakeBackend, NO_CHANGES } from '../../../tests/fake-backend';
import type { NoteAttachment } from '../../ipc/types';
import Attachments from './Attachments.svelte';
import { NoteSession } from './note-session.svelte';

afterEach(cleanup);

const film = (more: Partial<NoteAttachment> = {}): NoteAttachment => ({
  id: 'f', path: 'film.mp4', name: 'film.mp4', media_type: 'video/mp4', size: 60_000_000, here: false, here_bytes: 0, wanted: false, ...more,
});

function show(one: NoteAttachment, fetching: string[] = []) {
  const asked = { onsave: vi.fn(), onfetch: vi.fn() };
  render(Attachments, { attachments: [one], fetching: new Set(fetching), ...asked });
  return asked;
}
const button = () => screen.getByTestId<HTMLButtonElement>('attachment');

test.each([
  ['here', film({ here: true, here_bytes: 60_000_000 }), [], '60 MB'],
  ['elsewhere', film(), [], 'not here yet, 60 MB'],
  ['asked for without a network', film({ wanted: true }), [], 'comes when there is a network'],
  ['on its way', film({ here_bytes: 12_000_000, wanted: true }), ['f'], '12 MB of 60 MB'],
  ['at its beginning', film({ wanted: true }), ['f'], '0 B of 60 MB'],
  ['stopped in the middle', film({ here_bytes: 12_000_000, wanted: true }), [], '12 MB of 60 MB'],
])('a file that is %s says so', (_, one, fetching, words) => {
  show(one, fetching);
  expect(screen.getByTestId('attachment-standing').textContent).toBe(words);
  expect(button().getAttribute('aria-disabled')).toBe(fetching.length > 0 ? 'true' : null);
});

test('a click saves a copy of what is here, and fetches what is not', async () => {
  const here = show(film({ here: true }));
  await userEvent.click(button());
  expect([here.onsave.mock.calls.length, here.onfetch.mock.calls.length]).toEqual([1, 0]);
  cleanup();
  const elsewhere = show(film());
  await userEvent.click(button());
  expect([elsewhere.onsave.mock.calls.length, elsewhere.onfetch.mock.calls.length]).toEqual([0, 1]);
});

test('a file is taken out of the note by its own button, where the note can be changed', async () => {
  show(film());
  expect(screen.queryByTestId('attachment-remove')).toBeNull();
  cleanup();
  const onremove = vi.fn();
  const one = film();
  render(Attachments, { attachments: [one], fetching: new Set<string>(), onsave: vi.fn(), onfetch: vi.fn(), onremove });
  await userEvent.click(screen.getByRole('button', { name: 'Take film.mp4 out of the note' }));
  expect(onremove.mock.calls).toEqual([[one]]);
});

test('parts of a file that come change its line and nothing else of the open note', async () => {
  const backend = new FakeBackend('main');
  const note = { ...(await backend.noteGet('night')), attachments: [film()] };
  backend.notes.set(note.id, note);
  const session = new NoteSession(backend, note);
  session.titleEdited('typed');
  backend.notes.set(note.id, { ...note, title: 'as it was', attachments: [film({ here_bytes: 4_000_000, wanted: true })] });
  session.changed({ ...NO_CHANGES, notes: [note.id] });
  await vi.waitFor(() => expect(session.detail.attachments[0]?.here_bytes).toBe(4_000_000));
  expect(session.title).toBe('typed');
  expect(backend.count('noteRefresh')).toBe(0);
  session.dispose();
});
