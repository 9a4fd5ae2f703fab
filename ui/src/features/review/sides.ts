// Who stands on which side of a review: names, colours, and what can be chosen at a place. Pure.
import type { PlaceChoice, PlaceSide, Review, ReviewListItem, ReviewPlace, SideDevice } from '../../ipc/types';
import { clockTime, dueText, plural } from '../../lib/time';

/** Name of a colour in sides.css. */
export type SideColor = 'mine' | 'theirs' | 'third' | 'fourth' | 'fifth';
const OTHERS: readonly SideColor[] = ['theirs', 'third', 'fourth', 'fifth'];

type Named = Pick<SideDevice, 'name' | 'this_device'>;
const same = (a: Named, b: Named): boolean => a.name === b.name && a.this_device === b.this_device;

/** This computer has its own colour; each other device has one by its place in the review. */
export function colorOf(review: Pick<Review, 'devices'>, device: Named): SideColor {
  if (device.this_device) return 'mine';
  const others = review.devices.filter((other) => !other.this_device);
  const at = Math.max(0, others.findIndex((other) => same(other, device)));
  return OTHERS[at % OTHERS.length] ?? 'theirs';
}

/** A side that this computer holds too has this computer's colour. */
export function sideColor(review: Pick<Review, 'devices'>, side: PlaceSide): SideColor {
  const device = side.devices.find((one) => one.this_device) ?? side.devices[0];
  return device ? colorOf(review, device) : 'theirs';
}

/** A device by its name; two of one name by their times as well. */
export function deviceName(review: Pick<Review, 'devices'>, device: SideDevice): string {
  const twins = review.devices.filter((other) => other.name === device.name).length > 1;
  return twins && device.at_ms !== null ? `${device.name} (${clockTime(device.at_ms)})` : device.name;
}

/** `A`, `A and B`, `A, B and C`. */
export function list(names: string[]): string {
  if (names.length < 2) return names[0] ?? '';
  return `${names.slice(0, -1).join(', ')} and ${names[names.length - 1] ?? ''}`;
}

export function sideName(review: Pick<Review, 'devices'>, side: PlaceSide): string {
  return list(side.devices.map((device) => deviceName(review, device)));
}

const newestMs = (side: PlaceSide): number => Math.max(0, ...side.devices.map((device) => device.at_ms ?? 0));

/** Asks whether the note is kept: it was trashed and edited, or put in a notebook that was trashed. */
export const asksToKeep = (place: ReviewPlace): boolean => place.field === 'trash' || place.field === 'trashed_notebook';

/** A value that can be typed as well, beside the text. */
export const hasOwnValue = (place: ReviewPlace): boolean => place.field === 'title' || place.field === 'due';

/** At a trash place: the side that trashed the note. The others edited it. */
export function trashSide(place: ReviewPlace): PlaceSide | undefined {
  return place.sides.find((side) => side.removed) ?? place.sides.find((side) => /trash/i.test(side.text));
}

/** What the Result shows while nothing is chosen: the newest side; the kept note at a trash place. */
export function shownSide(place: ReviewPlace): PlaceSide | undefined {
  const trash = asksToKeep(place) ? trashSide(place) : undefined;
  const sides = place.sides.filter((side) => side !== trash);
  return sides.reduce<PlaceSide | undefined>(
    (best, side) => (best === undefined || newestMs(side) > newestMs(best) ? side : best),
    undefined,
  );
}

export function sameChoice(a: PlaceChoice | null, b: PlaceChoice): boolean {
  if (a?.kind !== b.kind) return false;
  if (a.kind === 'side' && b.kind === 'side') return a.number === b.number;
  return a.kind !== 'text';
}

/** A button of the row below the cards. */
export interface Action {
  label: string;
  /** The key that does the same: `1` to `9`, `0`, `K`, `S`. */
  key: string;
  choice: PlaceChoice;
  testid: string;
  /** Shown by the Result until something is chosen. */
  shown: boolean;
}

export function actionsOf(review: Review, place: ReviewPlace): Action[] {
  if (place.field === 'trash') return trashActions(review, place);
  if (place.field === 'trashed_notebook') return trashedNotebookActions(place);
  const newest = shownSide(place);
  const actions: Action[] = place.sides.map((side) => ({
    label: `Use ${sideName(review, side)}'s`,
    key: String(side.number),
    choice: { kind: 'side', number: side.number },
    testid: `use-side-${side.number}`,
    shown: side === newest,
  }));
  if (place.can_keep_all) {
    const last = Math.max(0, ...place.sides.map((side) => side.number));
    actions.push({
      label: `${place.sides.length === 2 ? 'Keep both' : 'Keep all'}${orderOf(review, place)}`,
      key: last < 9 ? String(last + 1) : 'K',
      choice: { kind: 'all' },
      testid: 'keep-all',
      shown: false,
    });
  }
  if (place.can_take_original) {
    actions.push({ label: 'Original', key: '0', choice: { kind: 'original' }, testid: 'use-original', shown: false });
  }
  // Likely right, and still a person's to take: it is never what is shown before.
  if (place.suggested) {
    actions.push({ label: 'Suggested', key: 'S', choice: { kind: 'suggested' }, testid: 'use-suggested', shown: false });
  }
  return actions;
}

/** Whose words stand first where all are kept, if that is not the first card. */
function orderOf(review: Review, place: ReviewPlace): string {
  const first = place.sides.find((side) => side.number === place.all_begins_with);
  return !first || first === place.sides[0] ? '' : `, ${sideName(review, first)}'s first`;
}

function trashActions(review: Review, place: ReviewPlace): Action[] {
  const trash = trashSide(place);
  const hidden = Math.max(0, ...place.sides.map((side) => side.hides_changes));
  const keep: Action[] = place.sides
    .filter((side) => side !== trash)
    .map((side) => ({
      label: `Keep the note with ${sideName(review, side)}'s ${hidden > 0 ? plural(hidden, 'change') : 'changes'}`,
      key: String(side.number),
      choice: { kind: 'side', number: side.number },
      testid: `use-side-${side.number}`,
      shown: side === shownSide(place),
    }));
  if (!trash) return keep;
  const loss = hidden > 0 ? `hides ${plural(hidden, 'change')}; can be restored` : 'can be restored';
  const away: Action = {
    label: `Move to Trash (${loss})`,
    key: String(trash.number),
    choice: { kind: 'side', number: trash.number },
    testid: `use-side-${trash.number}`,
    shown: false,
  };
  return [...keep, away];
}

/** A note that one computer put in a notebook which another moved to the trash. */
function trashedNotebookActions(place: ReviewPlace): Action[] {
  const trash = trashSide(place);
  const sides: Action[] = place.sides.map((side) => ({
    label: side === trash ? 'Move to Trash (can be restored)' : 'Keep it here',
    key: String(side.number),
    choice: { kind: 'side', number: side.number },
    testid: `use-side-${side.number}`,
    shown: side !== trash,
  }));
  // The safe one stands first, and the one that destroys last.
  sides.sort((a, b) => Number(b.shown) - Number(a.shown));
  sides.splice(1, 0, { label: 'Restore the notebook', key: '0', choice: { kind: 'original' }, testid: 'use-original', shown: false });
  return sides;
}

/** The side of `place` that one device holds, for "all remaining". Never one that trashes the note. */
export function sideOfDevice(place: ReviewPlace, device: Named): PlaceSide | undefined {
  const side = place.sides.find((one) => one.devices.some((other) => same(other, device)));
  return asksToKeep(place) && side === trashSide(place) ? undefined : side;
}

/** A value of this place in the words that people read: a date as it stands elsewhere, not as the program writes it. */
export function said(place: ReviewPlace, value: string, now: number): string {
  if (place.field !== 'due') return value;
  return value.split('\n').map((day) => dueText(day, now) || 'No due date').join('\n');
}

/** The place as its cards show it. A date has no words to compare: each card shows all of it. */
export function placeSaid(place: ReviewPlace, now: number): ReviewPlace {
  if (place.field !== 'due') return place;
  const sides = place.sides.map((side) => ({ ...side, text: said(place, side.text, now), diff: [] }));
  return { ...place, original: place.has_original ? said(place, place.original, now) : '', sides };
}

/** What a field will be, with the choice made for it (or without one), as the program reads it. */
export function valueText(place: ReviewPlace, choice: PlaceChoice | null): string {
  if (choice?.kind === 'side') return place.sides.find((side) => side.number === choice.number)?.text ?? '';
  if (choice?.kind === 'original') return place.original;
  if (choice?.kind === 'suggested') return place.suggested?.text ?? '';
  if (choice?.kind === 'text') return choice.text;
  return shownSide(place)?.text ?? '';
}

const NUMBERS = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

/** What happened to a note or a notebook that waits for a choice, and where. */
export function happened(item: Pick<ReviewListItem, 'devices' | 'trashed_by'>): string {
  const changed = item.devices.length > 0 ? `changed on ${list(item.devices)}` : '';
  const away = item.trashed_by.length > 0 ? `moved to the Trash on ${list(item.trashed_by)}` : '';
  const said = [away, changed].filter(Boolean).join(', ');
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}`;
}

/** The first sentence of the dialog. */
export function headline(review: Review): string {
  const n = review.devices.length;
  const where = n === 1 ? 'one computer' : `${NUMBERS[n] ?? String(n)} computers`;
  return `Changed on ${where} while apart. Nothing is deleted; every version is kept.`;
}
