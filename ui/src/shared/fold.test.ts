import { expect, test } from 'vitest';
import type { DiffSpan } from '../ipc/types';
import { fold, withoutEnd } from './fold';

const lines = (n: number) => Array.from({ length: n }, (_, i) => `line ${i + 1}\n`).join('');
const none: ReadonlySet<number> = new Set<number>();
const joined = (pieces: { text: string }[]) => pieces.map((piece) => piece.text).join('');

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

test('line breaks at the end go, and nothing else', () => {
  const spans: DiffSpan[] = [{ kind: 'same', text: 'a\n' }, { kind: 'added', text: ' b\n' }, { kind: 'same', text: '\n' }];
  expect(withoutEnd(spans)).toEqual([{ kind: 'same', text: 'a\n' }, { kind: 'added', text: ' b' }]);
  expect(withoutEnd([{ kind: 'same', text: '\n' }])).toEqual([]);
});
