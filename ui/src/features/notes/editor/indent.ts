// Tab in the text. It indents where that means something (items of a list, code), and never leaves the text unasked:
// what is typed next would be lost. Esc and then Tab leaves it, as CodeMirror has it for people who use no mouse.
import { indentLess, indentMore, insertTab } from '@codemirror/commands';
import { syntaxTree } from '@codemirror/language';
import type { ChangeSpec, EditorState, Line } from '@codemirror/state';
import { type EditorView, type KeyBinding } from '@codemirror/view';

const ITEM = /^(\s*)([-*+]|\d+[.)])\s+/;

function selectedLines(state: EditorState): Line[] {
  const lines = new Map<number, Line>();
  for (const { from, to } of state.selection.ranges) {
    for (let at = from; at <= to; ) {
      const line = state.doc.lineAt(at);
      lines.set(line.number, line);
      at = line.to + 1;
    }
  }
  return [...lines.values()];
}

/** How far an item below this one is indented: to where its words begin. Null where the line is no item. */
function stepOf(line: Line): number | null {
  const mark = ITEM.exec(line.text)?.[2];
  return mark === undefined ? null : mark.length + 1;
}

function inCode(state: EditorState): boolean {
  for (let node = syntaxTree(state).resolveInner(state.selection.main.head, -1); ; ) {
    if (node.name === 'FencedCode' || node.name === 'CodeBlock') return true;
    if (!node.parent) return false;
    node = node.parent;
  }
}

function shiftItems(view: EditorView, by: 1 | -1): boolean {
  const changes: ChangeSpec[] = [];
  let items = 0;
  for (const line of selectedLines(view.state)) {
    const step = stepOf(line);
    if (step === null) continue;
    items += 1;
    if (by > 0) changes.push({ from: line.from, insert: ' '.repeat(step) });
    else {
      const there = /^(?:\t| *)/.exec(line.text)?.[0] ?? '';
      const less = there === '\t' ? 1 : Math.min(step, there.length);
      if (less > 0) changes.push({ from: line.from, to: line.from + less });
    }
  }
  if (changes.length > 0) view.dispatch({ changes, userEvent: by > 0 ? 'input.indent' : 'delete.dedent' });
  return items > 0;
}

function tab(view: EditorView): boolean {
  const { state } = view;
  if (state.readOnly) return false;
  if (shiftItems(view, 1)) return true;
  if (inCode(state)) return state.selection.main.empty ? insertTab(view) : indentMore(view);
  const { head, empty } = state.selection.main;
  // At the start of a line it would make code of the paragraph; over a selection it would replace it.
  if (empty && state.sliceDoc(state.doc.lineAt(head).from, head).trim() !== '') insertTab(view);
  return true;
}

function shiftTab(view: EditorView): boolean {
  if (view.state.readOnly) return false;
  if (!shiftItems(view, -1) && inCode(view.state)) indentLess(view);
  return true;
}

export const tabKeys: readonly KeyBinding[] = [{ key: 'Tab', run: tab, shift: shiftTab }];
