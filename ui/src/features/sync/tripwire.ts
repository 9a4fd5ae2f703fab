// What a held sync would do, in numbers. Pure.
import type { Tripwire } from '../../ipc/types';
import { count, plural } from '../../lib/time';

/** `Office PC`, `Office PC and Tablet`; never nothing. */
export function whose(tripwire: Tripwire): string {
  const names = tripwire.devices;
  if (names.length === 0) return 'another computer';
  return names.length === 1 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}

/** Each as a part of "would …". */
function parts(tripwire: Tripwire): string[] {
  const out: string[] = [];
  if (tripwire.trashed > 0) out.push(`move ${plural(tripwire.trashed, 'note')} to the Trash`);
  if (tripwire.emptied > 0) out.push(`take most of the text of ${plural(tripwire.emptied, 'note')} away`);
  // Beside notes they are told with the share.
  if (out.length === 0) out.push(`move ${plural(tripwire.notebooks, 'notebook')} to the Trash`);
  return out;
}

const lost = (tripwire: Tripwire): number => tripwire.trashed + tripwire.emptied;

/** What goes where it is accepted: `24 notes`, or the notebooks where no note is left. */
export function whatGoes(tripwire: Tripwire): string {
  return lost(tripwire) > 0 ? plural(lost(tripwire), 'note') : plural(tripwire.notebooks, 'notebook');
}

/** `A sync from Office PC would move 24 notes to the Trash.` */
export function heldSentence(tripwire: Tripwire): string {
  return `A sync from ${whose(tripwire)} would ${parts(tripwire).join(' and ')}.`;
}

/** How much of everything that is, with the notebooks; empty where no note goes. */
export function shareSentence(tripwire: Tripwire): string {
  if (lost(tripwire) === 0) return '';
  const notebooks = tripwire.notebooks > 0 ? `, with ${plural(tripwire.notebooks, 'notebook')}` : '';
  const all = lost(tripwire) >= tripwire.of;
  return `That is ${all ? 'all' : count(lost(tripwire))} of your ${plural(tripwire.of, 'note')}${notebooks}.`;
}
