import { expect, test } from 'vitest';
import type { PlaceSide, ReviewPlace, SideDevice } from '../../ipc/types';
import { actionsOf, colorOf, deviceName, happened, headline, list, placeSaid, said, sideName, sideOfDevice, sameChoice, shownSide, valueText } from './sides';
import { sampleReview } from '../../../tests/sample';

const FORBIDDEN = /\b(local|remote|ours|theirs|mine|base|current|incoming)\b/i;

function device(name: string, this_device: boolean, at_ms: number): SideDevice {
  return { name, this_device, at_ms, revision: `rev-${name}-${at_ms}` };
}
const laptop = device('This laptop', true, 2000);
const office = device('Office PC', false, 1000);
const phone = device('Phone', false, 3000);

function side(number: number, devices: SideDevice[], over: Partial<PlaceSide> = {}): PlaceSide {
  return { number, devices, text: `text ${number}`, diff: [], removed: false, hides_changes: 0, ...over };
}
function place(sides: PlaceSide[], over: Partial<ReviewPlace> = {}): ReviewPlace {
  return { id: 'p', number: 1, field: 'text', label: 'Heading', original: '', has_original: true, sides, can_keep_all: true, all_begins_with: 1, can_take_original: true, suggested: null, choice: null, before: '', after: '', ...over };
}
const review = { ...sampleReview(), devices: [laptop, office, phone] };
const labels = (of: ReviewPlace) => actionsOf(review, of).map((action) => `${action.label} ${action.key}`);

test('two sides: the row of the design', () => {
  expect(labels(place([side(1, [laptop]), side(2, [office])]))).toEqual([
    "Use This laptop's 1", "Use Office PC's 2", 'Keep both 3', 'Original 0',
  ]);
});

test('keeping both says whose words stand first, where the cards say otherwise', () => {
  expect(labels(place([side(1, [laptop]), side(2, [office])], { all_begins_with: 2 }))).toContain("Keep both, Office PC's first 3");
});

test('a row of the list says what happened where', () => {
  expect(happened({ devices: ['Office PC', 'Phone'], trashed_by: [] })).toBe('Changed on Office PC and Phone');
  expect(happened({ devices: ['Pump laptop'], trashed_by: ['Ward PC'] })).toBe('Moved to the Trash on Ward PC, changed on Pump laptop');
});

test('more sides: grouped names, keep all, and K where the digits are used up', () => {
  expect(labels(place([side(1, [laptop]), side(2, [office, phone]), side(3, [phone])]))).toEqual([
    "Use This laptop's 1", "Use Office PC and Phone's 2", "Use Phone's 3", 'Keep all 4', 'Original 0',
  ]);
  const nine = place(Array.from({ length: 9 }, (_, i) => side(i + 1, [office])));
  expect(labels(nine)).toContain('Keep all K');
});

test('a field that holds one value has no keep both', () => {
  expect(labels(place([side(1, [laptop]), side(2, [office])], { field: 'due', can_keep_all: false })).join()).not.toContain('Keep');
});

test('trash against edit names the loss, and the safe one is shown first', () => {
  const trash = place([side(1, [laptop], { removed: true, hides_changes: 2 }), side(2, [office])], { field: 'trash' });
  const actions = actionsOf(review, trash);
  expect(actions.map((action) => action.label)).toEqual([
    "Keep the note with Office PC's 2 changes", 'Move to Trash (hides 2 changes; can be restored)',
  ]);
  expect(actions.map((action) => action.shown)).toEqual([true, false]);
  expect(actions[1]?.choice).toEqual({ kind: 'side', number: 1 });
  // "All remaining" never trashes a note by the way.
  expect(sideOfDevice(trash, laptop)).toBeUndefined();
  expect(sideOfDevice(trash, office)?.number).toBe(2);
});

test('a note in a trashed notebook: kept where it shows, its notebook restored, or moved to Trash last', () => {
  const sides = [side(1, [laptop], { text: 'In the trash', removed: true }), side(2, [office], { text: 'Top' })];
  const asked = place(sides, { field: 'trashed_notebook', can_keep_all: false, original: 'Top/Box (in the trash)' });
  const actions = actionsOf(review, asked);
  expect(labels(asked)).toEqual(['Keep it here 2', 'Restore the notebook 0', 'Move to Trash (can be restored) 1']);
  expect(actions.map((action) => action.shown)).toEqual([true, false, false]);
  expect(shownSide(asked)?.number).toBe(2);
  expect(sideOfDevice(asked, laptop)).toBeUndefined();
});

test('the newest side is shown: it is what the Result shows', () => {
  expect(shownSide(place([side(1, [laptop]), side(2, [office])]))?.number).toBe(1);
  expect(shownSide(place([side(1, [office]), side(2, [phone, office])]))?.number).toBe(2);
});

test('a suggestion is a choice of its own, and never the one that is shown', () => {
  const suggested = { text: 'text 1 and 2', diff: [] };
  const asked = place([side(1, [laptop]), side(2, [office])], { suggested });
  expect(labels(asked)).toEqual(["Use This laptop's 1", "Use Office PC's 2", 'Keep both 3', 'Original 0', 'Suggested S']);
  expect(actionsOf(review, asked).filter((action) => action.shown).map((action) => action.testid)).toEqual(['use-side-1']);
  expect(sameChoice({ kind: 'suggested' }, { kind: 'suggested' })).toBe(true);
});

test('where there were several originals none can be taken', () => {
  expect(labels(place([side(1, [laptop]), side(2, [office])], { can_take_original: false })).join()).not.toContain('Original');
});

test('a field in words, by its choice', () => {
  const due = place([side(1, [laptop]), side(2, [office])], { original: 'before' });
  expect([null, { kind: 'side', number: 2 } as const, { kind: 'original' } as const, { kind: 'text', text: 'typed' } as const].map((choice) => valueText(due, choice)))
    .toEqual(['text 1', 'text 2', 'before', 'typed']);
});

test('a due date is said as it is everywhere else, and only a due date', () => {
  const now = new Date(2026, 10, 26).getTime();
  const due = place([{ ...side(1, [laptop]), text: '2026-12-04', diff: [{ kind: 'added', text: '2026-12-04' }] }], { field: 'due', original: '2027-01-02', has_original: true });
  expect([placeSaid(due, now).original, placeSaid(due, now).sides[0]?.text, placeSaid(due, now).sides[0]?.diff]).toEqual(['2 Jan 2027', '4 Dec', []]);
  expect([said(due, '2026-12-04', now), said(due, '', now), said(due, 'No due date', now)]).toEqual(['4 Dec', 'No due date', 'No due date']);
  expect(placeSaid({ ...due, field: 'title' }, now)).toEqual({ ...due, field: 'title' });
});

test('names: each device by its own, twins with their times', () => {
  expect(sideName(review, side(1, [office, phone, laptop]))).toBe('Office PC, Phone and This laptop');
  const twins = { devices: [laptop, device('This laptop', false, 60_000)] };
  expect(deviceName(twins, laptop)).toMatch(/^This laptop \(\d\d:\d\d\)$/);
  expect(list(['A'])).toBe('A');
});

test('a colour a device, and this computer always has its own', () => {
  expect([laptop, office, phone].map((one) => colorOf(review, one))).toEqual(['mine', 'theirs', 'third']);
});

test('no word of other programs', () => {
  const said = [headline(review), ...labels(place([side(1, [laptop]), side(2, [office])]))].join(' ');
  expect(said).not.toMatch(FORBIDDEN);
});
