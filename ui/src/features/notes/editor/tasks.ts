// Checklist items in the text: `- [ ]` and `- [x]`.
import type { EditorView } from '@codemirror/view';

const TASK = /^(\s*(?:[-*+]|\d+[.)])\s+\[)([ xX])\]/;

/** Ticks or unticks the item in the line of `position`. False if there is none. */
export function toggleTaskAt(view: EditorView, position: number): boolean {
  const line = view.state.doc.lineAt(position);
  const match = TASK.exec(line.text);
  if (!match) return false;
  const at = line.from + (match[1]?.length ?? 0);
  const insert = match[2] === ' ' ? 'x' : ' ';
  view.dispatch({ changes: { from: at, to: at + 1, insert }, userEvent: 'input.task' });
  return true;
}

/** For a key: the line with the cursor. */
export function toggleTask(view: EditorView): boolean {
  return !view.state.readOnly && toggleTaskAt(view, view.state.selection.main.head);
}
