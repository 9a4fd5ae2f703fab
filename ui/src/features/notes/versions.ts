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
