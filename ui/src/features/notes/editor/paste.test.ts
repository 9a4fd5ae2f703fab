import { expect, test } from 'vitest';
import { holdsOnlyPicture } from './paste';

const clipboard = (held: Record<string, string>) => ({ types: Object.keys(held), getData: (kind: string) => held[kind] ?? '' });

test('a picture without a text is what cannot be pasted', () => {
  expect(holdsOnlyPicture(clipboard({ Files: '' }))).toBe(true);
  expect(holdsOnlyPicture(clipboard({ 'image/png': '' }))).toBe(true);
  // As a browser copies one.
  expect(holdsOnlyPicture(clipboard({ 'text/html': '<img>', Files: '' }))).toBe(true);
  expect(holdsOnlyPicture(clipboard({ 'text/plain': 'a table', Files: '' }))).toBe(false);
  expect(holdsOnlyPicture(clipboard({ 'text/plain': 'words' }))).toBe(false);
  expect(holdsOnlyPicture(clipboard({}))).toBe(false);
  expect(holdsOnlyPicture(null)).toBe(false);
});
