// What the history of a note says.
import type { NoteVersionItem, VersionKind } from '../../ipc/types';
import { longTime } from '../../lib/time';

const KINDS: Record<VersionKind, string> = {
  edit: 'Edited',
  decision: 'Decided in a review',
  undo: 'Taken back',
  import: 'Imported',
  restore: 'Brought back',
  other: 'By a newer version of Holdfast',
};

export const kindText = (kind: VersionKind): string => KINDS[kind];

export const versionTime = (item: NoteVersionItem, now: number): string => longTime(item.at_ms, now);

/** The next line for an arrow key, Home or End; null for other keys. */
export function moved(key: string, at: number, count: number): number | null {
  const last = count - 1;
  switch (key) {
    case 'ArrowDown':
      return Math.min(at + 1, last);
    case 'ArrowUp':
      return Math.max(at - 1, 0);
    case 'PageDown':
      return Math.min(at + 10, last);
    case 'PageUp':
      return Math.max(at - 10, 0);
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return null;
  }
}
