// Text between the program (strings with any line ending) and CodeMirror (lines), and the difference of two texts
// as a change that others can be mapped over.
import { diff } from '@codemirror/merge';
import { ChangeSet, Text } from '@codemirror/state';

/** How a body's lines end. `\r\n` only where every line does, so that nothing is normalised unseen. */
export type LineEnding = '\n' | '\r\n';

/** Beyond this many steps the difference gets coarse instead of slow. */
const SCAN_LIMIT = 2000;

export function lineEndingOf(body: string): LineEnding {
  return body.includes('\r\n') && !/(^|[^\r])\n/.test(body) ? '\r\n' : '\n';
}

/** A lone `\r` of a mixed text stays a character of its line. */
export function toDoc(body: string, ending: LineEnding): Text {
  return Text.of(body.split(ending));
}

export function fromDoc(doc: Text, ending: LineEnding): string {
  const text = doc.toString();
  return ending === '\n' ? text : text.replaceAll('\n', ending);
}

/** The small changes that make `to` out of `from`. */
export function changeBetween(from: Text, to: Text): ChangeSet {
  const a = from.toString();
  const b = to.toString();
  if (a === b) return ChangeSet.empty(a.length);
  const changes = diff(a, b, { scanLimit: SCAN_LIMIT }).map((part) => ({
    from: part.fromA,
    to: part.toA,
    insert: b.slice(part.fromB, part.toB),
  }));
  return ChangeSet.of(changes, a.length, '\n');
}
