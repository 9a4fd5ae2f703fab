// Unchanged runs of a text, folded so that what changed is in view. Pure.
import type { DiffSpan } from '../ipc/types';

export type Piece =
  | { kind: 'same' | 'added' | 'removed'; text: string }
  | { kind: 'fold'; text: string; lines: number; at: number };

/** A run of at least this much is folded … */
const FOLD_LINES = 6;
const FOLD_CHARS = 480;
/** … but for this much beside a change. */
const KEEP_LINES = 2;
const KEEP_CHARS = 120;

const linesIn = (text: string): number => text.split('\n').length - 1;

/** The end of the first lines to keep. */
function headEnd(text: string): number {
  let end = 0;
  for (let line = 0; line < KEEP_LINES; line += 1) {
    const next = text.indexOf('\n', end);
    if (next < 0) break;
    end = next + 1;
  }
  if (end === 0 || end > KEEP_CHARS * 3) return wordEnd(text, KEEP_CHARS);
  return end;
}

/** The start of the last lines to keep. */
function tailStart(text: string): number {
  let start = text.length;
  for (let line = 0; line < KEEP_LINES; line += 1) {
    const before = text.lastIndexOf('\n', start - 2);
    if (before < 0) break;
    start = before + 1;
  }
  if (start === text.length || text.length - start > KEEP_CHARS * 3) {
    const space = text.indexOf(' ', text.length - KEEP_CHARS);
    return space < 0 ? text.length - KEEP_CHARS : space + 1;
  }
  return start;
}

function wordEnd(text: string, at: number): number {
  const space = text.lastIndexOf(' ', at);
  return space <= 0 ? at : space;
}

/** `unfolded` holds the `at` of runs that the person opened. */
export function fold(spans: DiffSpan[], unfolded: ReadonlySet<number>): Piece[] {
  const pieces: Piece[] = [];
  spans.forEach((span, at) => {
    const long = linesIn(span.text) >= FOLD_LINES || span.text.length >= FOLD_CHARS;
    if (span.kind !== 'same' || !long || unfolded.has(at)) {
      pieces.push({ kind: span.kind, text: span.text });
      return;
    }
    const first = at === 0;
    const last = at === spans.length - 1;
    const from = first && !last ? 0 : headEnd(span.text);
    const to = last ? span.text.length : tailStart(span.text);
    if (to - from < KEEP_CHARS) {
      pieces.push({ kind: 'same', text: span.text });
      return;
    }
    const hidden = span.text.slice(from, to);
    if (from > 0) pieces.push({ kind: 'same', text: span.text.slice(0, from) });
    pieces.push({ kind: 'fold', text: hidden, lines: linesIn(hidden), at });
    if (to < span.text.length) pieces.push({ kind: 'same', text: span.text.slice(to) });
  });
  return pieces;
}

/** Without the line breaks at the end, which would be an empty line in the box. */
export function withoutEnd(spans: DiffSpan[]): DiffSpan[] {
  const last = spans.findLastIndex((span) => span.text.trim() !== '');
  return spans.slice(0, last + 1).map((span, at) => (at === last ? { ...span, text: span.text.trimEnd() } : span));
}
