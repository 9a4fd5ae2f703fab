import { expect, test } from 'vitest';
import type { DiffSpan, PlaceSide } from '../../ipc/types';
import { addedWords, cardSpans, originalSpans, shownSpans } from './spans';

const side = (text: string, diff: DiffSpan[]): PlaceSide => ({ number: 1, devices: [], text, diff, removed: false, hides_changes: 0 });

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
