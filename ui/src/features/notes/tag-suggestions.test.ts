import { expect, test } from 'vitest';
import { countWords } from './editor-handle';
import { cleanTag, suggestTags, withTag } from './tag-suggestions';

test('tags in use are proposed, those that start alike first, without what is there', () => {
  const known = ['maintenance', 'follow-up', 'mail', 'email'];
  expect(suggestTags('ma', known, ['mail'])).toEqual(['maintenance', 'email']);
  expect(suggestTags('#Fo', known, [])).toEqual(['follow-up']);
  expect(suggestTags('', known, known)).toEqual([]);
});

test('a tag is added once, in the case it has elsewhere', () => {
  expect(withTag(['a'], ' #B ', ['b'])).toEqual(['a', 'b']);
  const tags = ['a'];
  expect(withTag(tags, 'A', [])).toBe(tags);
  expect(withTag(tags, ' # ', [])).toBe(tags);
  expect(cleanTag('##one, two')).toBe('one two');
});

test('words are words, marks are none', () => {
  expect(countWords("## It isn't 4.1 bar\n- [ ] two-part — no")).toBe(6);
  expect(countWords('')).toBe(0);
});
