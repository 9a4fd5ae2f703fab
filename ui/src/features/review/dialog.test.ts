import { cleanup, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { commandError, FakeBackend } from '../../../tests/fake-backend';
import { mountWith } from '../../../tests/mount';
import { announcer } from '../../lib/announce.svelte';
import { toasts } from '../../lib/toast.svelte';
import ReviewDialog from './ReviewDialog.svelte';
import ReviewList from './ReviewList.svelte';

afterEach(() => {
  cleanup();
  toasts.items = [];
});

async function open(backend = new FakeBackend('review')) {
  const onclose = vi.fn();
  const user = userEvent.setup();
  mountWith(backend, ReviewDialog, { id: 'pump4', onclose });
  await screen.findAllByTestId('place-item');
  await waitFor(() => expect(document.activeElement?.getAttribute('data-testid')).toBe('place-item'));
  return { backend, onclose, user };
}
const announced = () => announcer.text;
const choices = (backend: FakeBackend) => backend.calls.filter(([name]) => name === 'reviewChoose').map((call) => call.slice(2));
const current = () => screen.getAllByTestId('place-item').findIndex((item) => item.getAttribute('aria-current') === 'step');

test('the dialog, its list, its cards and its count have names', async () => {
  await open();
  expect(screen.getByRole('dialog', { name: 'Review “Site visit: pump 4”' })).toBeTruthy();
  const nav = screen.getByRole('navigation', { name: 'Choices' });
  expect(within(nav).getByText('3 choices')).toBeTruthy();
  expect(within(nav).getByText('Merged for you')).toBeTruthy();
  expect(within(nav).getAllByTestId('place-item').map((item) => item.getAttribute('aria-label'))).toEqual([
    'Due date, current', 'What we saw, still to choose', 'Return visit, still to choose',
  ]);
  expect(screen.getAllByTestId('side-card').map((card) => card.getAttribute('aria-label'))).toEqual(['This laptop', 'Office PC']);
  expect(screen.getByText('0 of 3 chosen')).toBeTruthy();
  const live = screen.getByTestId('review-live');
  expect([live.getAttribute('role'), live.getAttribute('aria-live')]).toEqual(['status', 'polite']);
  expect(live.textContent).toBe('3 of 3 places left. Due date, choice 1 of 3.');
  expect(screen.getByTestId('review-finish').textContent).toContain('3 left');
  expect(document.body.textContent).not.toMatch(/\b(local|remote|ours|mine|incoming)\b/i);
});

test('three places with the keyboard only, to the end, with its undo', async () => {
  const { backend, onclose, user } = await open();
  await user.keyboard('2');
  await screen.findByText('1 of 3 chosen');
  expect(current()).toBe(1);
  await user.keyboard('k');
  await user.keyboard('{Alt>}{ArrowUp}{/Alt}');
  expect(current()).toBe(1);
  await user.keyboard('{Alt>}{ArrowDown}{/Alt}');
  expect(current()).toBe(2);
  await user.keyboard('0');
  await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('review-finish')));
  expect(screen.getByTestId('review-finish').textContent).toContain('Finish');
  await user.keyboard('{Enter}');
  await waitFor(() => expect(onclose).toHaveBeenCalledOnce());
  expect(choices(backend)).toEqual([['due', { kind: 'side', number: 2 }], ['saw', { kind: 'all' }], ['visit', { kind: 'original' }]]);
  expect(backend.count('reviewFinish')).toBe(1);
  expect(toasts.items[0]?.action?.label).toBe('Undo');
  toasts.items[0]?.action?.run();
  await waitFor(() => expect(backend.count('reviewUndo')).toBe(1));
});

test('undecided looks undecided: only what is chosen is filled', async () => {
  const { user } = await open();
  const filled = () => within(screen.getByRole('group', { name: /^Choices for/ })).queryAllByRole('button').filter((one) => one.className.includes('primary')).map((one) => one.dataset['testid']);
  expect(filled()).toEqual([]);
  await user.keyboard('1');
  await user.click(screen.getAllByTestId('place-item')[0] as HTMLElement);
  await waitFor(() => expect(filled()).toEqual(['use-side-1']));
});

test('Ctrl+Enter finishes from wherever one types, and not before all is chosen', async () => {
  const { backend, onclose, user } = await open();
  await user.keyboard('{Control>}{Enter}{/Control}');
  await waitFor(() => expect(announced()).toContain('3 choices left.'));
  expect(backend.count('reviewFinish')).toBe(0);
  await user.keyboard('2');
  await screen.findByText('1 of 3 chosen');
  await user.keyboard('e');
  await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('review-result')));
  await user.keyboard('typed');
  await user.keyboard('{Control>}{Enter}{/Control}');
  await waitFor(() => expect(onclose).toHaveBeenCalledOnce());
  expect(backend.count('reviewFinish')).toBe(1);
});

test('a notebook says that it is one, and nothing is offered to type where nothing can be typed', async () => {
  const backend = new FakeBackend('review');
  const [name] = backend.review.places;
  if (!name) throw new Error('no place');
  backend.review = { ...backend.review, is_note: false, title: 'Field A', merged: [], result: [], left: 1, places: [{ ...name, field: 'title', label: 'Name' }] };
  const { user } = await open(backend);
  expect(screen.getByRole('dialog', { name: 'Review notebook “Field A”' })).toBeTruthy();
  expect(screen.queryByText(/type to change it/)).toBeNull();
  expect(screen.getByTestId('review-result').closest('[hidden]')).not.toBeNull();
  await user.keyboard('e');
  expect(document.activeElement).not.toBe(screen.getByTestId('review-result'));
  expect(screen.getByText('Or another name')).toBeTruthy();
});

test('keys are off while typing, Esc leaves the Result first and then decides later', async () => {
  const { backend, onclose, user } = await open();
  await user.keyboard('e');
  const result = screen.getByTestId('review-result');
  await waitFor(() => expect(document.activeElement).toBe(result));
  await user.keyboard('1k0');
  expect(choices(backend).filter(([, choice]) => (choice as { kind: string }).kind !== 'text')).toEqual([]);
  await user.keyboard('{Escape}');
  expect(onclose).not.toHaveBeenCalled();
  expect(document.activeElement).not.toBe(result);
  await user.keyboard('{Escape}');
  await waitFor(() => expect(onclose).toHaveBeenCalledOnce());
  expect(backend.count('reviewFinish')).toBe(0);
});

test('quit in the middle and open again: the choices are there', async () => {
  const { backend, user } = await open();
  await user.keyboard('1');
  await user.keyboard('{Escape}');
  cleanup();
  await open(backend);
  expect(screen.getByText('1 of 3 chosen')).toBeTruthy();
  expect(current()).toBe(1);
  expect(screen.getByTestId('review-finish').textContent).toContain('2 left');
});

test('another version at the finish: said, and nothing chosen is lost', async () => {
  const { backend, onclose, user } = await open();
  backend.reviewFinish = () => {
    backend.review = { ...backend.review, seen_heads: ['new'], devices: [...backend.review.devices, { name: 'Tablet', this_device: false, at_ms: 1, revision: 'rev-t' }] };
    return Promise.reject(commandError('stale', 'x'));
  };
  await user.keyboard('1');
  await user.keyboard('1');
  await user.keyboard('1');
  await user.click(screen.getByTestId('review-finish'));
  const notice = await screen.findByTestId('review-notice');
  expect(notice.textContent).toContain('Another version arrived from Tablet; your choices that still fit are kept.');
  expect(screen.getByText('3 of 3 chosen')).toBeTruthy();
  expect(onclose).not.toHaveBeenCalled();
});

test('clicks do what the keys do; the chosen side says so', async () => {
  const { user } = await open();
  await user.click(screen.getByTestId('use-side-1'));
  await user.click(screen.getAllByTestId('place-item')[0] ?? document.body);
  expect(screen.getByTestId('use-side-1').getAttribute('aria-pressed')).toBe('true');
  expect(screen.getAllByTestId('side-card')[0]?.textContent).toContain('✓ chosen');
  await user.click(screen.getByTestId('choice-back'));
  await screen.findByText('0 of 3 chosen');
});

test('a removed passage says so', async () => {
  const { user } = await open();
  await user.keyboard('{Alt>}{ArrowDown}{ArrowDown}{/Alt}');
  expect(screen.getAllByTestId('side-card')[1]?.textContent).toContain('Removed here');
});

test('200 places in a megabyte: one place is drawn, and a choice is quick', async () => {
  const backend = new FakeBackend('review');
  const saw = backend.review.places[1];
  if (!saw) throw new Error('a place');
  const filler = 'A line that stays the same on every computer.\n'.repeat(110);
  const places = Array.from({ length: 200 }, (_, i) => ({ ...saw, id: `p${i}`, number: i + 1, label: `Place ${i + 1}` }));
  const result = places.flatMap((place) => [
    { text: filler, place: null, merged: null, open: false, this_device: false, other_device: false },
    { text: 'choice\n', place: place.number, merged: null, open: true, this_device: false, other_device: true },
  ]);
  backend.review = { ...backend.review, places, result, left: 200 };
  const { user } = await open(backend);
  expect(screen.getAllByTestId('side-card')).toHaveLength(2);
  await user.keyboard('1');
  await screen.findByText('1 of 200 chosen');
  expect(document.querySelectorAll('*').length).toBeLessThan(4000);
});

test('nothing to review, and an error, each say one thing to do', async () => {
  const backend = new FakeBackend('review');
  backend.reviewGet = () => Promise.reject(commandError('io', 'The vault could not be read. Your notes are safe. Try again.'));
  mountWith(backend, ReviewDialog, { id: 'pump4', onclose: vi.fn() });
  await screen.findByText(/could not be read/);
  expect(screen.getByRole('button', { name: 'Try again' })).toBeTruthy();
  cleanup();
  backend.reviewGet = () => Promise.reject(commandError('not_found', 'x'));
  mountWith(backend, ReviewDialog, { id: 'pump4', onclose: vi.fn() });
  await screen.findByText('Nothing is left to review here.');
});

test('the list of notes to review: opens one, follows changes, and has an empty state', async () => {
  const backend = new FakeBackend('review');
  const onopen = vi.fn();
  mountWith(backend, ReviewList, { onopen });
  const item = await screen.findByTestId('review-list-item');
  expect(item.textContent).toContain('3 choices');
  await userEvent.click(item);
  expect(onopen).toHaveBeenCalledWith('pump4');
  await backend.reviewFinish('pump4', []);
  await screen.findByText(/^Nothing to review/);
});

test('the count is said at each choice, and the focus goes to the next place', async () => {
  const { user } = await open();
  await user.keyboard('2');
  await waitFor(() => expect(screen.getByTestId('review-live').textContent).toBe('2 of 3 places left. What we saw, choice 2 of 3.'));
  await waitFor(() => expect(document.activeElement).toBe(screen.getAllByTestId('place-item')[1]));
});

test('a suggestion has a card and a key of its own, is not chosen before, and can be taken', async () => {
  const backend = new FakeBackend('review');
  const suggested = { text: 'In May, or in spring.', diff: [{ kind: 'added' as const, text: 'In May, or in spring.' }] };
  backend.review = { ...backend.review, places: backend.review.places.map((place) => (place.id === 'visit' ? { ...place, suggested } : place)) };
  const { user } = await open(backend);
  expect(screen.queryByTestId('suggested-card')).toBeNull();
  await user.keyboard('{Alt>}{ArrowDown}{ArrowDown}{/Alt}');
  const card = screen.getByRole('region', { name: 'Suggested' });
  expect(card.textContent).toContain('In May, or in spring.');
  expect(card.textContent).not.toContain('chosen');
  const button = screen.getByTestId('use-suggested');
  expect([button.getAttribute('aria-pressed'), button.className.includes('primary')]).toEqual(['false', false]);
  await user.keyboard('s');
  await screen.findByText('1 of 3 chosen');
  expect(choices(backend)).toEqual([['visit', { kind: 'suggested' }]]);
});

test('a field takes a value of one\'s own, and the Result shows the fields as they will be', async () => {
  const { backend, user } = await open();
  const texts = [...screen.getAllByTestId('side-card'), screen.getByRole('region', { name: 'Original' })].map((card) => card.textContent);
  expect(texts.map((text) => /\d+ Nov/.exec(text)?.[0])).toEqual(['28 Nov', '30 Nov', '20 Nov']);
  expect(texts.join()).not.toContain('-11-');
  expect(screen.getByTestId('result-field').textContent).toContain('28 Nov');
  expect(screen.getByTestId('result-field').textContent).toContain('still to choose');
  const input = screen.getByRole('textbox', { name: 'Or another date' });
  expect((input as HTMLInputElement).value).toMatch(/^\d{4}-11-28$/);
  await user.clear(input);
  await user.type(input, '2031-12-01{Enter}');
  await screen.findByText('1 of 3 chosen');
  expect(choices(backend)).toEqual([['due', { kind: 'text', text: '2031-12-01' }]]);
  expect(screen.getByTestId('result-field').textContent).toContain('1 Dec 2031');
  expect(screen.queryByTestId('own-value')).toBeNull();
});

test('what was merged leads to its words in the Result', async () => {
  const { user } = await open();
  const [words, field] = screen.getAllByTestId('merged-item');
  expect([words?.tagName, field?.tagName]).toEqual(['BUTTON', 'DIV']);
  await user.click(words ?? document.body);
  expect(document.querySelector('.hf-from-mine')?.textContent).toBe('about two centimetres');
});

test('typed before another version arrived: said when the review opens, and can be brought back', async () => {
  const backend = new FakeBackend('review');
  backend.review = { ...backend.review, set_aside: '# my text', stale_choices: 2 };
  const { user } = await open(backend);
  const notice = screen.getByTestId('review-notice').textContent;
  expect(notice).toContain('Another version arrived since you were here. 2 choices no longer fit and must be made again.');
  expect(notice).toContain('set aside');
  await user.click(screen.getByTestId('result-bring-back'));
  await waitFor(() => expect(screen.getByTestId('review-result').textContent).toBe('# my text'));
  expect(screen.getByText('2 of 3 chosen')).toBeTruthy();
});
