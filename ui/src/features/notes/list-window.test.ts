import { expect, test } from 'vitest';
import { rowForKey, scrollToShow, windowOf } from './list-window';

test('ten thousand notes are a few rows in the document', () => {
  const shown = windowOf(500_000, 700, 104, 10_000);
  expect(shown.first).toBeLessThanOrEqual(4807);
  expect(shown.end).toBeGreaterThanOrEqual(4815);
  expect(shown.end - shown.first).toBeLessThan(30);
});

test('the ends are not passed', () => {
  expect(windowOf(0, 700, 104, 3)).toEqual({ first: 0, end: 3 });
  expect(windowOf(9e9, 700, 104, 3)).toEqual({ first: 3, end: 3 });
  expect(windowOf(0, 0, 104, 0)).toEqual({ first: 0, end: 0 });
});

test('a row comes into view by the shortest way', () => {
  expect(scrollToShow(2, 0, 700, 104)).toBe(0);
  expect(scrollToShow(0, 500, 700, 104)).toBe(0);
  expect(scrollToShow(10, 0, 700, 104)).toBe(11 * 104 - 700);
});

test.each([
  ['ArrowDown', -1, 0],
  ['ArrowDown', 9, 9],
  ['ArrowUp', -1, 0],
  ['ArrowUp', 5, 4],
  ['Home', 5, 0],
  ['End', 5, 9],
  ['PageDown', 5, 9],
  ['PageUp', 5, 0],
  ['a', 5, null],
])('%s from %d', (key, from, to) => expect(rowForKey(key, from, 10, 6)).toBe(to));
