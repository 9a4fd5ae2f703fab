import { expect, test } from 'vitest';
import { holdsNoText } from './paste';

const clipboard = (held: Record<string, string>) => ({ getData: (kind: string) => held[kind] ?? '' });

test('a picture is no text, however it was copied', () => {
  expect(holdsNoText(clipboard({}))).toBe(true);
  expect(holdsNoText(clipboard({ Files: '' }))).toBe(true);
  expect(holdsNoText(clipboard({ 'text/html': '<img>' }))).toBe(true);
  expect(holdsNoText(clipboard({ 'text/plain': 'a table', Files: '' }))).toBe(false);
  expect(holdsNoText(clipboard({ 'text/uri-list': 'https://example.org' }))).toBe(false);
  expect(holdsNoText(null)).toBe(false);
});
