import { expect, test } from 'vitest';
import type { DiffSpan, PlaceSide } from '../ipc/types';
import { addedWords, cardSpans, fold, originalSpans, shownSpans } from './fold';

const lines = (n: number) => Array.from({ length: n }, (_, i) => `line ${i + 1}\n`).join('');
const none: ReadonlySet<number> = new Set<number>();
const joined = (pieces: { text: string }[]) => pieces.map((piece) => piece.text).join('');
const side = (text: string, diff: DiffSpan[]): PlaceSide => ({ number: 1, devices: [], text, diff, removed: false, hides_changes: 0 });

test('a long unchanged run folds but for two lines beside the change', () => {
  const spans: DiffSpan[] = [{ kind: 'same', text: lines(20) }, { kind: 'added', text: 'new' }, { kind: 'same', text: lines(20) }];
  const pieces = fold(spans, none);
  expect(pieces.map((piece) => piece.kind)).toEqual(['fold', 'same', 'added', 'same', 'fold']);
  expect(pieces[0]).toMatchObject({ lines: 18 });
  expect(pieces[1]?.text).toBe('line 19\nline 20\n');
  expect(pieces[3]?.text).toBe('line 1\nline 2\n');
});

test('folding loses no letter, whatever the run', () => {
  for (const text of [lines(5), lines(6), lines(200), 'word '.repeat(300), 'x'.repeat(2000), `${'y'.repeat(900)}\nend`]) {
    for (const at of [0, 1, 2]) {
      const spans: DiffSpan[] = [{ kind: 'added', text: 'a' }, { kind: 'added', text: 'b' }];
      spans.splice(at, 0, { kind: 'same', text });
      const all = spans.map((span) => span.text).join('');
      expect(joined(fold(spans, none))).toBe(all);
      expect(joined(fold(spans, new Set([at])))).toBe(all);
      expect(fold(spans, new Set([at])).some((piece) => piece.kind === 'fold')).toBe(false);
    }
  }
});

test('short runs stay', () => {
  expect(fold([{ kind: 'same', text: lines(3) }], none)).toEqual([{ kind: 'same', text: lines(3) }]);
});

test('a removal shows only where nothing stands in its place', () => {
  const kinds = (diff: DiffSpan[]) => shownSpans(diff).map((span) => span.kind);
  expect(kinds([{ kind: 'removed', text: 'fine' }, { kind: 'added', text: 'hot' }])).toEqual(['added']);
  expect(kinds([{ kind: 'same', text: 'a ' }, { kind: 'removed', text: 'b' }])).toEqual(['same', 'removed']);
});

test('a value without a difference is marked whole where it is another than before', () => {
  expect(cardSpans(side('30 Nov', []), '20 Nov')).toEqual([{ kind: 'added', text: '30 Nov' }]);
  expect(cardSpans(side('20 Nov', []), '20 Nov')).toEqual([{ kind: 'same', text: '20 Nov' }]);
});

test('the original is cut where any side changed it', () => {
  const spans = originalSpans('The bearing is fine.', [
    side('The bearing is hot.', [{ kind: 'same', text: 'The bearing is ' }, { kind: 'removed', text: 'fine' }, { kind: 'added', text: 'hot' }, { kind: 'same', text: '.' }]),
  ]);
  expect(spans).toEqual([{ kind: 'same', text: 'The bearing is ' }, { kind: 'removed', text: 'fine' }, { kind: 'same', text: '.' }]);
  expect(originalSpans('abc', [side('x', [{ kind: 'added', text: 'x' }])])).toEqual([{ kind: 'same', text: 'abc' }]);
});

test('new words that only white space parts are one run, and stand where they stand', () => {
  const diff: DiffSpan[] = [
    { kind: 'same', text: 'Shut down ' }, { kind: 'removed', text: 'both' }, { kind: 'added', text: 'pump' }, { kind: 'same', text: ' ' },
    { kind: 'removed', text: 'pumps' }, { kind: 'added', text: '1, then pump 2' }, { kind: 'same', text: ' now.' }, { kind: 'added', text: '\n' },
  ];
  expect(shownSpans(diff).map((span) => `${span.kind}:${span.text}`)).toEqual(['same:Shut down ', 'added:pump 1, then pump 2', 'same: now.', 'added:\n']);
  const text = 'Shut down pump 1, then pump 2 now.\n';
  expect(addedWords(diff).map(({ from, to }) => text.slice(from, to))).toEqual(['pump 1, then pump 2']);
});
