// Lines of Arabic, Hebrew and the like are read from the right: each line by its own first letters.
import { type Range } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view';

/** The letters of scripts that are written from the right. Lines without one cost nothing. */
const FROM_RIGHT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]|[\ud802\ud803\ud83a\ud83b][\udc00-\udfff]/;
const auto = Decoration.line({ attributes: { dir: 'auto' } });

function lines(view: EditorView): DecorationSet {
  const found: Range<Decoration>[] = [];
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to; ) {
      const line = view.state.doc.lineAt(at);
      if (FROM_RIGHT.test(line.text)) found.push(auto.range(line.from));
      at = line.to + 1;
    }
  }
  return Decoration.set(found, true);
}

export const direction = [
  EditorView.perLineTextDirection.of(true),
  ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;
      constructor(view: EditorView) {
        this.decorations = lines(view);
      }
      update(update: ViewUpdate): void {
        if (update.docChanged || update.viewportChanged) this.decorations = lines(update.view);
      }
    },
    { decorations: (plugin) => plugin.decorations },
  ),
];
