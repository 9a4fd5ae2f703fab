import { ensureSyntaxTree } from '@codemirror/language';
import { markdown, markdownLanguage } from '@codemirror/lang-markdown';
import { EditorState } from '@codemirror/state';
import { expect, test } from 'vitest';
import { addressAt } from './links';

function at(doc: string, needle: string): string | null {
  const state = EditorState.create({ doc, extensions: markdown({ base: markdownLanguage }) });
  ensureSyntaxTree(state, doc.length, 1000);
  return addressAt(state, doc.indexOf(needle) + 1);
}

test('a link, an address in angle brackets and a bare one are found', () => {
  expect(at('see [the map](https://example.org/map) now', 'the map')).toBe('https://example.org/map');
  expect(at('see <https://example.org> now', 'example')).toBe('https://example.org');
  expect(at('see https://example.org/a now', 'example')).toBe('https://example.org/a');
});

test('text, files and other schemes are not opened', () => {
  expect(at('plain words', 'words')).toBeNull();
  expect(at('[a file](notes/a.md)', 'a file')).toBeNull();
  expect(at('[run](javascript:alert(1))', 'run')).toBeNull();
  expect(at('[disk](file:///etc/passwd)', 'disk')).toBeNull();
});
