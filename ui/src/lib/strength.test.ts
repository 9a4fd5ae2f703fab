import { expect, test } from 'vitest';
import { strengthOf } from './strength';

test.each([
  ['password', 1],
  ['aaaaaaaaaaaaaaaa', 1],
  ['abcdefghijkl', 1],
  ['12345678', 1],
  ['Tr0ub4dor', 3],
  ['correct horse', 3],
  ['correct horse battery', 2],
  ['correct horse battery staple lamp', 3],
  ['correct horse battery staple lamp river', 4],
  ['x9$Kq2!vLm7&Zt', 4],
])('%s', (passphrase, atMost) => {
  expect(strengthOf(passphrase).score).toBeLessThanOrEqual(atMost);
});

test('more words are never weaker', () => {
  const words = 'lamp river stone quiet orange basket'.split(' ');
  const scores = [3, 4, 5, 6].map((n) => strengthOf(words.slice(0, n).join(' ')).score);
  expect(scores).toEqual([...scores].sort((a, b) => a - b));
  expect(scores.at(-1)).toBe(4);
});
