import { beforeEach, expect, test, vi } from 'vitest';
import type { PlaceChoice, Review } from '../../ipc/types';
import { commandError, FakeBackend } from '../../../tests/fake-backend';
import { deviceForRemaining, ReviewController } from './review.svelte';

let backend: FakeBackend;
let controller: ReviewController;
const side = (number: number): PlaceChoice => ({ kind: 'side', number });

beforeEach(async () => {
  backend = new FakeBackend('review');
  controller = new ReviewController(backend, 'pump4');
  await controller.load();
});

test('a choice shows at once and leads to the next open place', async () => {
  controller.choose(side(1));
  expect([controller.at, controller.left, controller.chosen]).toEqual([1, 2, 1]);
  controller.choose(side(2));
  controller.choose(side(1));
  expect(controller.left).toBe(0);
  expect(await controller.settled()).toBe(true);
  expect(backend.calls.filter(([name]) => name === 'reviewChoose').map((call) => call[2])).toEqual(['due', 'saw', 'visit']);
});

test('a place in the middle first: the next open one may lie before it', () => {
  controller.go(2);
  controller.choose(side(1));
  expect(controller.place?.id).toBe('due');
});

test('quit in the middle: what was chosen is there again, and the first open place is shown', async () => {
  controller.choose(side(2));
  await controller.settled();
  const again = new ReviewController(backend, 'pump4');
  await again.load();
  expect(again.left).toBe(2);
  expect(again.place?.id).toBe('saw');
  expect(again.places[0]?.choice).toEqual(side(2));
});

test('a choice can be taken back', async () => {
  controller.choose(side(1));
  controller.go(0);
  controller.choose(null);
  await controller.settled();
  expect(controller.left).toBe(3);
  expect(backend.review.places[0]?.choice).toBeNull();
});

test('a choice that was not kept is shown as open again, with the reason', async () => {
  backend.reviewChoose = () => Promise.reject(commandError('disk_full', 'The disk is full.'));
  controller.choose(side(1));
  expect(controller.left).toBe(2);
  expect(await controller.settled()).toBe(false);
  expect(controller.left).toBe(3);
  expect(controller.problem).toBe('The disk is full.');
});

test('all remaining takes one device at each open place and leaves the chosen ones', async () => {
  controller.choose(side(1));
  const { place } = controller;
  if (!place) throw new Error('a place is shown');
  const office = place.sides[1]?.devices[0];
  if (!office) throw new Error('Office PC has a side');
  await controller.chooseForRemaining(office);
  expect(backend.review.places.map((one) => one.choice)).toEqual([side(1), side(2), side(2)]);
  expect(controller.left).toBe(0);
  expect(controller.bulk).toBeNull();
});

test('the device that is offered for the rest is the chosen one, else the newest', () => {
  const due = controller.places[0];
  if (!due) throw new Error('a place');
  expect(deviceForRemaining(controller, due)?.name).toBe('This laptop');
  controller.choose(side(2));
  expect(deviceForRemaining(controller, due)?.name).toBe('Office PC');
});

test('finish names the versions it saw', async () => {
  for (const number of [1, 2, 1]) controller.choose(side(number));
  expect(await controller.finish()).toBe(true);
  expect(backend.calls.at(-1)).toEqual(['reviewFinish', 'pump4', ['rev-l', 'rev-o']]);
});

test('finish does nothing while a choice is open', async () => {
  expect(await controller.finish()).toBe(false);
  expect(backend.count('reviewFinish')).toBe(0);
});

test('stale: read again, say from where, keep what fits, and finish with the new versions', async () => {
  for (const number of [1, 2, 1]) controller.choose(side(number));
  await controller.settled();
  const finish = backend.reviewFinish.bind(backend);
  let arrived: Review | null = null;
  backend.reviewFinish = () => {
    const tablet = { name: 'Tablet', this_device: false, at_ms: Date.now(), revision: 'rev-t' };
    const { review } = backend;
    const places = review.places.map((place) => (place.id === 'saw' ? { ...place, choice: null } : place));
    arrived = { ...review, places, left: 1, devices: [...review.devices, tablet], seen_heads: ['rev-l', 'rev-t'], stale_choices: 1 };
    backend.review = arrived;
    return Promise.reject(commandError('stale', 'Another version arrived.'));
  };
  expect(await controller.finish()).toBe(false);
  expect(controller.notice).toContain('Another version arrived from Tablet; your choices that still fit are kept.');
  expect(controller.notice).toContain('1 choice no longer fit');
  expect([controller.left, controller.place?.id]).toEqual([1, 'saw']);
  expect(controller.places[0]?.choice).toEqual(side(1));
  backend.reviewFinish = finish;
  controller.choose(side(2));
  expect(await controller.finish()).toBe(true);
  expect(backend.calls.at(-1)).toEqual(['reviewFinish', 'pump4', ['rev-l', 'rev-t']]);
});

test('another version that arrives meanwhile is announced without a finish', async () => {
  const stop = controller.follow();
  backend.review = { ...backend.review, seen_heads: ['rev-x'] };
  backend.changed({ notes: ['pump4'], from_sync: true });
  await vi.waitFor(() => expect(controller.notice).toContain('Another version arrived from another computer'));
  stop();
});

test('decided elsewhere: nothing is left', async () => {
  backend.reviewGet = () => Promise.reject(commandError('not_found', 'There is nothing to review.'));
  await controller.reread();
  expect(controller.gone).toBe(true);
});

test('typing in a place is its choice; typing elsewhere is the whole text', async () => {
  controller.typed(() => 'whole text one', { place: 2, text: 'my words' });
  controller.typed(() => 'whole text two', { place: 2, text: 'my own words' });
  await controller.settled();
  expect(backend.calls.filter(([name]) => name === 'reviewChoose')).toEqual([
    ['reviewChoose', 'pump4', 'saw', { kind: 'text', text: 'my own words' }],
  ]);
  controller.typed(() => '# whole', null);
  expect(controller.edited).toBe(true);
  await controller.settled();
  expect(backend.calls.at(-1)).toEqual(['reviewEditResult', 'pump4', ['rev-l', 'rev-o'], '# whole']);
  expect(controller.places.filter((place) => controller.decidedByText(place)).map((place) => place.id)).toEqual(['saw', 'visit']);
});

test('typing goes out by itself after a moment, once', async () => {
  vi.useFakeTimers();
  try {
    controller.typed(() => 'a', null);
    controller.typed(() => 'ab', null);
    await vi.advanceTimersByTimeAsync(1000);
  } finally {
    vi.useRealTimers();
  }
  expect(backend.calls.filter(([name]) => name === 'reviewEditResult')).toEqual([['reviewEditResult', 'pump4', ['rev-l', 'rev-o'], 'ab']]);
});

test('what was typed and could not be kept can be brought back, in a place too', async () => {
  const choose = vi.spyOn(backend, 'reviewChoose').mockRejectedValue(commandError('disk_full', 'The disk is full.'));
  controller.typed(() => 'all with my words', { place: 2, text: 'my words' });
  expect(await controller.settled()).toBe(false);
  await vi.waitFor(() => expect(controller.setAside).toBe('all with my words'));
  choose.mockRestore();
  await controller.bringBack();
  expect([controller.editedText, controller.setAside, controller.problem]).toEqual(['all with my words', null, '']);
});

test('who types without a pause has it kept each second', async () => {
  vi.useFakeTimers();
  try {
    for (let n = 1; n <= 12; n += 1) {
      controller.typed(() => 'x'.repeat(n), null);
      await vi.advanceTimersByTimeAsync(100);
    }
  } finally {
    vi.useRealTimers();
  }
  expect(backend.calls.filter(([name]) => name === 'reviewEditResult')).toEqual([['reviewEditResult', 'pump4', ['rev-l', 'rev-o'], 'x'.repeat(10)]]);
});

test('back to the choices keeps the typed text at hand', async () => {
  controller.typed(() => 'mine', null);
  await controller.backToChoices();
  expect([controller.edited, controller.setAside]).toEqual([false, 'mine']);
  await controller.bringBack();
  expect(controller.resultText).toBe('mine');
});

test('answers that come late do not undo what was typed since', async () => {
  const answers: (() => void)[] = [];
  const edit = backend.reviewEditResult.bind(backend);
  backend.reviewEditResult = (id, seen, text) => new Promise((done) => answers.push(() => void edit(id, seen, text).then(done)));
  vi.useFakeTimers();
  controller.typed(() => 'first', null);
  await vi.advanceTimersByTimeAsync(400);
  controller.typed(() => 'first and more', null);
  answers[0]?.();
  await vi.advanceTimersByTimeAsync(1);
  vi.useRealTimers();
  expect(controller.dirty).toBe(true);
  const settled = controller.settled();
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  answers[1]?.();
  await settled;
  expect([controller.dirty, controller.resultText]).toEqual([false, 'first and more']);
});

test('a choice brings back its own passage only; the rest of the Result stays the same object', async () => {
  const before = controller.result;
  controller.go(1);
  controller.choose(side(1));
  await controller.settled();
  expect(controller.result.map((span, at) => span === before[at])).toEqual([true, false, true, true, true]);
  expect(controller.result[1]).toMatchObject({ text: controller.places[1]?.sides[0]?.text, open: false });
  expect(backend.count('reviewGet')).toBe(1);
});

test('a choice that finds another version there reads again, once, and says so', async () => {
  controller.go(1);
  backend.review = { ...backend.review, seen_heads: ['rev-l', 'rev-x'] };
  controller.choose(side(1));
  controller.choose(side(1));
  await vi.waitFor(() => expect(controller.notice).toContain('Another version arrived'));
  await controller.settled();
  expect(backend.count('reviewGet')).toBe(2);
  expect(controller.left).toBe(1);
});

test('a choice for a place that is gone reads again instead of failing', async () => {
  backend.reviewChoose = () => {
    backend.review = { ...backend.review, seen_heads: ['new'], places: backend.review.places.slice(1) };
    return Promise.reject(commandError('stale', 'x'));
  };
  controller.choose(side(1));
  await vi.waitFor(() => expect(controller.places.map((place) => place.id)).toEqual(['saw', 'visit']));
  expect([controller.problem, controller.left]).toEqual(['', 2]);
});
