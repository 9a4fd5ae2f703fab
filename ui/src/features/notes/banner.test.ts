import { cleanup, screen, waitFor } from '@testing-library/svelte';
import { afterEach, expect, test, vi } from 'vitest';
import { FakeBackend } from '../../../tests/fake-backend';
import { mountWith } from '../../../tests/mount';
import NoteBanner from './NoteBanner.svelte';

afterEach(cleanup);

test('a note in a notebook that is in the Trash says that, and how many choices it has', async () => {
  const backend = new FakeBackend('review');
  const note = { ...(await backend.noteGet('pump4')), to_review: 1, in_trashed_notebook: true };
  mountWith(backend, NoteBanner, { note, onreview: vi.fn(), onrestore: vi.fn() });
  const said = screen.getByTestId('review-banner').textContent.replace(/\s+/g, ' ');
  expect(said).toContain('The notebook that this note was put in is in the Trash. The note is kept; 1 choice is yours.');
  expect(said).not.toContain('versions');
});

test('a note that was put into the Trash elsewhere says so, and where it was changed', async () => {
  const backend = new FakeBackend('review');
  const note = { ...(await backend.noteGet('pump4')), to_review: 1, review_devices: ['Kitchen tablet'] };
  backend.reviewList = () =>
    Promise.resolve([{ id: 'pump4', is_note: true, title: 'Pump 4', choices: 1, devices: ['Laptop'], trashed_by: ['Kitchen tablet'], updated_ms: 0 }]);
  mountWith(backend, NoteBanner, { note, onreview: vi.fn(), onrestore: vi.fn() });
  const said = () => screen.getByTestId('review-banner').textContent.replace(/\s+/g, ' ');
  expect(said()).toContain('This note was also changed on Kitchen tablet. Both');
  await waitFor(() => expect(said()).toContain('This note was moved to the Trash on Kitchen tablet and changed on Laptop. Both versions are kept; 1 choice is yours.'));
});
