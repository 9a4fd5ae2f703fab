// What a held sync would do, in numbers. Pure.
import type { Tripwire } from '../../ipc/types';
import { count, plural } from '../../lib/time';

/** `Office PC`, `Office PC and Tablet`; never nothing. */
export function whose(tripwire: Tripwire): string {
  const names = tripwire.devices;
  if (names.length === 0) return 'another computer';
  return names.length === 1 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}

/** `24 notes`, `1 notebook`, or both with `and`. */
function both(notes: number, notebooks: number): string {
  const parts = [notes > 0 ? plural(notes, 'note') : '', notebooks > 0 ? plural(notebooks, 'notebook') : ''];
  return parts.filter(Boolean).join(' and ');
}

/** What stands behind "would". */
function would({ trashed, emptied, notebooks }: Tripwire): string {
  const along = trashed > 0 && notebooks > 0 ? `, with ${plural(notebooks, 'notebook')}` : '';
  const moved = trashed > 0 ? plural(trashed, 'note') : notebooks > 0 ? plural(notebooks, 'notebook') : '';
  const trash = moved && `move ${moved} to the Trash${along}`;
  const text = emptied > 0 ? `take most of the text of ${plural(emptied, 'note')} away` : '';
  return [trash, text].filter(Boolean).join(along ? ', and ' : ' and ');
}

const lost = (tripwire: Tripwire): number => tripwire.trashed + tripwire.emptied;

/** What goes where it is accepted: `27 notes and 1 notebook`. */
export function whatGoes(tripwire: Tripwire): string {
  return both(lost(tripwire), tripwire.notebooks);
}

/** What the decision is about, in one word. */
export function whatKind(tripwire: Tripwire): 'notes' | 'notebooks' {
  return lost(tripwire) > 0 ? 'notes' : 'notebooks';
}

/** `A sync from Office PC would move 24 notes to the Trash.` */
export function heldSentence(tripwire: Tripwire): string {
  return `A sync from ${whose(tripwire)} would ${would(tripwire)}.`;
}

/** How much of everything that is; empty where no note goes. */
export function shareSentence(tripwire: Tripwire): string {
  if (lost(tripwire) === 0) return '';
  const all = lost(tripwire) >= tripwire.of;
  return `That is ${all ? 'all' : count(lost(tripwire))} of your ${plural(tripwire.of, 'note')}.`;
}
