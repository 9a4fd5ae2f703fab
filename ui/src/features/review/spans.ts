// What the cards of a place and its result show of a difference. Pure.
import type { DiffSpan, PlaceSide } from '../../ipc/types';

/** A removal is shown only where nothing stands in its place: else the words in its place say it. New words that
 *  only white space parts are one run. */
export function shownSpans(diff: DiffSpan[]): DiffSpan[] {
  const shown = diff.filter((span, at) => {
    if (span.kind !== 'removed') return span.text !== '';
    return diff[at - 1]?.kind !== 'added' && diff[at + 1]?.kind !== 'added';
  });
  const joined: DiffSpan[] = [];
  shown.forEach((span, at) => {
    const last = joined[joined.length - 1];
    const gap = span.kind === 'same' && span.text.trim() === '' && shown[at + 1]?.kind === 'added';
    if (last?.kind === 'added' && (gap || span.kind === 'added')) last.text += span.text;
    else joined.push({ ...span });
  });
  return joined;
}

/** Positions in a text, in UTF-16 units. */
export type Words = { from: number; to: number }[];

/** Where the new words of a version stand in it. */
export function addedWords(diff: DiffSpan[]): Words {
  const words: Words = [];
  let at = 0;
  for (const span of shownSpans(diff)) {
    if (span.kind === 'removed') continue;
    const to = at + span.text.length;
    if (span.kind === 'added') words.push({ from: at, to: at + span.text.trimEnd().length });
    at = to;
  }
  return words.filter(({ from, to }) => to > from);
}

/** A side as its card shows it. */
export function cardSpans(side: PlaceSide, original: string): DiffSpan[] {
  if (side.diff.length > 0) return shownSpans(side.diff);
  return [{ kind: side.text === original ? 'same' : 'added', text: side.text }];
}

/** The original, cut where any side changed it, so that the same runs fold in all cards. */
export function originalSpans(original: string, sides: PlaceSide[]): DiffSpan[] {
  const cuts = new Set<number>([0, original.length]);
  const touched: [number, number][] = [];
  for (const side of sides) {
    let at = 0;
    for (const span of side.diff) {
      if (span.kind === 'same') at += span.text.length;
      else {
        const end = span.kind === 'removed' ? at + span.text.length : at;
        touched.push([at, end]);
        cuts.add(at).add(end);
        at = end;
      }
    }
    // A difference of something else than this text says nothing about where to cut it.
    if (at !== original.length) return [{ kind: 'same', text: original }];
  }
  const points = [...cuts].sort((a, b) => a - b);
  const spans: DiffSpan[] = [];
  for (let i = 0; i + 1 < points.length; i += 1) {
    const from = points[i] ?? 0;
    const to = points[i + 1] ?? 0;
    const kind = touched.some(([a, b]) => a <= from && to <= b) ? 'removed' : 'same';
    spans.push({ kind, text: original.slice(from, to) });
  }
  return spans;
}
