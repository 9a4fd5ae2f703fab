import { ChangeSet } from '@codemirror/state';
import { expect, test, vi } from 'vitest';
import type { ResultSpan } from '../../ipc/types';
import { linesTheSame, mapPassages, passagesOf, placeOfChange, ResultEditor, smallestChange } from './result-editor';

const span = (text: string, place: number | null = null, over: Partial<ResultSpan> = {}): ResultSpan => ({
  text, place, merged: null, open: false, this_device: false, other_device: false, ...over,
});
const label = { labelOf: (place: number) => `Place ${place}`, wordsOf: () => null };
const spans = [span('## A\n'), span('one', 1, { open: true }), span(' and '), span('two', 2, { this_device: true }), span('.\nlast\n')];
const text = spans.map((one) => one.text).join('');

test('passages name their place and source', () => {
  expect(passagesOf(spans, label)).toMatchObject([
    { from: 5, to: 8, place: 1, open: true, label: 'Place 1' },
    { from: 13, to: 16, place: 2, mine: true },
  ]);
});

test('what is typed in a passage or at its edge belongs to its place; across or outside to none', () => {
  const passages = passagesOf(spans, label);
  const place = (from: number, to: number, insert: string) =>
    placeOfChange(passages, ChangeSet.of({ from, to, insert }, text.length));
  expect(place(6, 7, 'x')).toBe(1);
  expect(place(8, 8, 'x')).toBe(1);
  expect(place(13, 13, 'x')).toBe(2);
  expect(place(10, 10, 'x')).toBeNull();
  expect(place(7, 14, '')).toBeNull();
  expect(place(0, 0, 'x')).toBeNull();
});

test('passages follow typing', () => {
  const typed = mapPassages(passagesOf(spans, label), ChangeSet.of({ from: 8, insert: '!!' }, text.length));
  expect(typed).toMatchObject([{ from: 5, to: 10 }, { from: 15, to: 18 }]);
});

test('lines the same are whole lines with words', () => {
  expect(linesTheSame(spans)).toBe(2);
  expect(linesTheSame([span('a\n\n  \nb\n')])).toBe(2);
});

test('the smallest change between two texts makes one of the other', () => {
  for (const [a, b] of [['abc', 'abxc'], ['aaa', 'aa'], ['', 'x'], ['same', 'same'], ['abab', 'ab']] as const) {
    const change = smallestChange(a, b);
    expect(a.slice(0, change.from) + change.insert + a.slice(change.to)).toBe(b);
  }
});

test("the program's text is not reported as typed; the person's is, with its place", () => {
  const seen: unknown[] = [];
  const editor = new ResultEditor({ parent: document.body, ontyped: (all, within) => seen.push([all(), within]), onleave: () => undefined });
  editor.show(text, passagesOf(spans, label));
  expect(seen).toEqual([]);
  editor.view.dispatch({ changes: { from: 8, insert: '!' } });
  expect(seen).toEqual([[text.replace('one', 'one!'), { place: 1, text: 'one!' }]]);
  editor.view.dispatch({ changes: { from: 0, insert: '#' } });
  expect(seen[1]).toEqual([`#${text.replace('one', 'one!')}`, null]);
  editor.destroy();
});

test('a megabyte with 200 places is in view without drawing it all', () => {
  const filler = 'A line that stays the same on every computer.\n'.repeat(110);
  const many = Array.from({ length: 200 }, (_, i) => [span(filler), span('choice\n', i + 1, { open: true })]).flat();
  const editor = new ResultEditor({ parent: document.body, ontyped: () => undefined, onleave: () => undefined });
  const all = many.map((one) => one.text).join('');
  expect(all.length).toBeGreaterThan(1_000_000);
  editor.show(all, passagesOf(many, label));
  expect(editor.view.state.doc.length).toBe(all.length);
  expect(editor.view.contentDOM.childElementCount).toBeLessThan(500);
  editor.destroy();
});

function editorOf(shown: ResultSpan[]): ResultEditor {
  const editor = new ResultEditor({ parent: document.body, ontyped: () => undefined, onleave: () => undefined });
  editor.showSpans(shown, label);
  return editor;
}
const marks = (editor: ResultEditor) =>
  [...editor.view.contentDOM.querySelectorAll('[class^="hf-from"]')].map((mark) => `${mark.className}: ${mark.textContent ?? ''}`);

test('a choice replaces its own passage; the text around it, its marks and the cursor stay', () => {
  const shown = [...spans.slice(0, 4), span('gone', 3, { merged: 0, place: null, other_device: true }), ...spans.slice(4)];
  const editor = editorOf(shown);
  const dispatch = vi.spyOn(editor.view, 'dispatch');
  editor.view.dispatch({ selection: { anchor: 20 } });
  const chosen = span('chosen', 1, { this_device: true });
  editor.showSpans(shown.map((one) => (one.place === 1 ? chosen : one)), label);
  expect(dispatch).toHaveBeenLastCalledWith(expect.objectContaining({ changes: { from: 5, to: 8, insert: 'chosen' } }));
  expect(editor.view.state.doc.toString()).toBe('## A\nchosen and twogone.\nlast\n');
  expect(editor.view.state.selection.main.anchor).toBe(23);
  expect(marks(editor)).toEqual(['hf-from-mine: chosen', 'hf-from-mine: two', 'hf-from-theirs: gone']);
  editor.destroy();
});

test('a passage that is emptied and filled again does not swallow its neighbours', () => {
  const shown = [span('a', null, { merged: 0, this_device: true }), span('x', 1, { open: true }), span('b', 2, { other_device: true })];
  const editor = editorOf(shown);
  const empty = shown.with(1, span('', 1));
  editor.showSpans(empty, label);
  expect(editor.view.state.doc.toString()).toBe('ab');
  editor.showSpans(empty.with(1, span('yy', 1, { other_device: true })), label);
  expect(marks(editor)).toEqual(['hf-from-mine: a', 'hf-from-theirs: yy', 'hf-from-theirs: b']);
  editor.destroy();
});

test('of a chosen version the new words are marked, until somebody types among them', () => {
  const words = [{ from: 0, to: 1 }, { from: 2, to: 3 }];
  const editor = new ResultEditor({ parent: document.body, ontyped: () => undefined, onleave: () => undefined });
  editor.showSpans([span('x y z', 1, { this_device: true })], { ...label, wordsOf: () => words });
  expect(marks(editor)).toEqual(['hf-from-mine: x', 'hf-from-mine: y']);
  editor.view.dispatch({ changes: { from: 3, insert: '!' } });
  expect(marks(editor)).toEqual(['hf-from-mine: x y! z']);
  editor.destroy();
});

test('after typing outside of the places the whole text is compared again', () => {
  const editor = editorOf(spans);
  editor.view.dispatch({ changes: { from: 0, insert: 'typed ' } });
  editor.showSpans(spans, label);
  expect(editor.view.state.doc.toString()).toBe(text);
  editor.destroy();
});
