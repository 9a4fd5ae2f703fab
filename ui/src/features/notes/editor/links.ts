// Opening the web addresses in a text: Ctrl+click (Cmd on a Mac), or Alt+Enter with the cursor in the link. A plain
// click edits, as everywhere in the text.
import { syntaxTree } from '@codemirror/language';
import type { EditorState, Extension } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';

const ADDRESS = /^(?:https?:\/\/|mailto:)\S+$/i;

/** The web address at a position, if there is one. */
export function addressAt(state: EditorState, position: number): string | null {
  for (let node = syntaxTree(state).resolveInner(position, -1); ; ) {
    const url = node.name === 'URL' ? node : node.getChild('URL');
    if (url && ['URL', 'Link', 'Image', 'Autolink'].includes(node.name)) {
      const text = state.sliceDoc(url.from, url.to).replace(/^<|>$/g, '');
      return ADDRESS.test(text) ? text : null;
    }
    const parent = node.parent;
    if (!parent) return null;
    node = parent;
  }
}

export function links(open: (address: string) => void): Extension {
  const openAt = (state: EditorState, position: number): boolean => {
    const address = addressAt(state, position);
    if (address) open(address);
    return address !== null;
  };
  return [
    EditorView.domEventHandlers({
      mousedown: (event, view) => {
        if (!event.ctrlKey && !event.metaKey) return false;
        const position = view.posAtCoords({ x: event.clientX, y: event.clientY });
        return position !== null && openAt(view.state, position);
      },
    }),
    keymap.of([{ key: 'Alt-Enter', run: (view) => openAt(view.state, view.state.selection.main.head) }]),
  ];
}
