import { markdown, markdownLanguage } from '@codemirror/lang-markdown';
import { EditorState } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { afterEach, expect, test } from 'vitest';
import { tabKeys } from './indent';

const views: EditorView[] = [];
afterEach(() => {
  for (const view of views.splice(0)) view.destroy();
});

/** `|` is the cursor; two of them, a selection. */
function open(marked: string, readOnly = false): EditorView {
  const [anchor = 0, head = anchor] = [...marked.matchAll(/\|/g)].map((found, at) => found.index - at);
  const state = EditorState.create({
    doc: marked.replaceAll('|', ''),
    selection: { anchor, head },
    extensions: [markdown({ base: markdownLanguage }), keymap.of([...tabKeys]), EditorState.readOnly.of(readOnly)],
  });
  const view = new EditorView({ state, parent: document.body });
  views.push(view);
  return view;
}
/** Whether Tab stays in the text. */
function tab(view: EditorView, shiftKey = false): boolean {
  const event = new KeyboardEvent('keydown', { key: 'Tab', keyCode: 9, shiftKey, bubbles: true, cancelable: true });
  view.contentDOM.dispatchEvent(event);
  return event.defaultPrevented;
}
function escape(view: EditorView): void {
  view.contentDOM.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', keyCode: 27, bubbles: true, cancelable: true }));
}

test.each([
  ['- one\n- tw|o', '- one\n  - two', '- one\n- two'],
  ['1. one\n2. tw|o', '1. one\n   2. two', '1. one\n2. two'],
  ['- [ ] |one\n- [x] t|wo', '  - [ ] one\n  - [x] two', '- [ ] one\n- [x] two'],
])('Tab indents the items of %j, and Shift+Tab brings them back', (marked, indented, back) => {
  const view = open(marked);
  expect([tab(view), view.state.doc.toString()]).toEqual([true, indented]);
  expect([tab(view, true), view.state.doc.toString()]).toEqual([true, back]);
  expect([tab(view, true), view.state.doc.toString()]).toEqual([true, back]);
});

test('elsewhere it is a tab after words, and nothing where it would make code or take a selection away', () => {
  for (const [marked, after] of [['name|', 'name\t'], ['|name', 'name'], ['|', ''], ['a |long| word', 'a long word'], ['```\n|x\n```', '```\n\tx\n```']]) {
    const view = open(marked ?? '');
    expect([tab(view), view.state.doc.toString()]).toEqual([true, after]);
  }
});

test('Esc and then Tab leaves the text; so does Tab where nothing can be typed', () => {
  const view = open('- one|');
  escape(view);
  expect([tab(view), view.state.doc.toString()]).toEqual([false, '- one']);
  expect(tab(open('- one|', true))).toBe(false);
});
