// How a change that is set aside is called.
import type { AsideItem } from '../../ipc/types';
import { bytesText, longTime } from './rows';

/** `“Pump log”`, `A note without a title`, or that it does not open. */
export function asideName(item: AsideItem): string {
  if (item.kind === null) return 'A change that does not open';
  if (!item.title) return `A ${item.kind} without a title`;
  return item.kind === 'note' ? `“${item.title}”` : `The ${item.kind} “${item.title}”`;
}

/** `from Phone · came today 14:02 · 2 KB`. */
export function asideWhen(item: AsideItem, now: number): string {
  const came = item.arrived_ms === null ? [] : [`came ${longTime(item.arrived_ms, now)}`];
  return [`from ${item.who}`, ...came, bytesText(item.bytes ?? 0)].join(' · ');
}
