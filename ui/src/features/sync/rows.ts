// How the rows of the Sync panel write times and sizes.
import { dueText, isoDate } from '../../lib/time';

export { bytesText, dayOrTime, durationText, longTime, plural } from '../../lib/time';

/** `3 Nov`, with the year where it is not this one. */
export function shortDate(ms: number, now: number): string {
  return dueText(isoDate(ms), now);
}
