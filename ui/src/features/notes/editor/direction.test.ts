import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { expect, test } from 'vitest';
import { direction } from './direction';

test('a line goes by its own direction, also once it was typed', () => {
  const view = new EditorView({ state: EditorState.create({ doc: 'pump\nمضخة\nמשאבה 4', extensions: direction }), parent: document.body });
  const dirs = () => [...view.contentDOM.querySelectorAll('.cm-line')].map((line) => line.getAttribute('dir'));
  expect(dirs()).toEqual([null, 'auto', 'auto']);
  view.dispatch({ changes: { from: 0, to: 4, insert: 'שלום' } });
  expect(dirs()).toEqual(['auto', 'auto', 'auto']);
  view.destroy();
});
