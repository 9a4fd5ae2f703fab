// The Result as text: CodeMirror draws what is in view only. It knows which passage fills which place, and keeps
// knowing it while somebody types.
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { EditorState, StateEffect, StateField, Transaction } from '@codemirror/state';
import type { ChangeDesc, Range as MarkRange } from '@codemirror/state';
import { Decoration, EditorView, keymap, WidgetType } from '@codemirror/view';
import type { DecorationSet } from '@codemirror/view';
import type { ResultSpan } from '../../ipc/types';

/** A passage with a source. Positions are UTF-16 units of the text. */
export interface Passage {
  from: number;
  to: number;
  /** The number of the place that it fills. */
  place: number | null;
  open: boolean;
  mine: boolean;
  theirs: boolean;
  /** What the list of choices calls the place, where it is still open. */
  label: string;
}

/** The passages that have a source; neighbours that fill one place are one, drawn by its first part. */
export function passagesOf(spans: ResultSpan[], labelOf: (place: number) => string): Passage[] {
  const passages: Passage[] = [];
  let at = 0;
  for (const span of spans) {
    const from = at;
    at += span.text.length;
    const last = passages[passages.length - 1];
    if (span.place !== null && last?.place === span.place && last.to === from) {
      last.to = at;
      last.mine ||= span.this_device;
      last.theirs ||= span.other_device;
    } else if (span.place !== null || span.this_device || span.other_device) {
      passages.push({
        from,
        to: at,
        place: span.place,
        open: span.open,
        mine: span.this_device,
        theirs: span.other_device,
        label: span.open && span.place !== null ? labelOf(span.place) : '',
      });
    }
  }
  return passages;
}

/** How many lines with words hold nothing from a side. */
export function linesTheSame(spans: ResultSpan[]): number {
  let same = 0;
  let words = false;
  let touched = false;
  const end = (): void => {
    if (words && !touched) same += 1;
    words = touched = false;
  };
  for (const span of spans) {
    span.text.split('\n').forEach((part, at) => {
      if (at > 0) end();
      words ||= part.trim() !== '';
      touched ||= part !== '' && (span.place !== null || span.this_device || span.other_device);
    });
  }
  end();
  return same;
}

/** What is typed at the edge of a passage belongs to it; between two neighbours to the first. */
export function mapPassages(passages: Passage[], changes: ChangeDesc): Passage[] {
  let end = -1;
  return passages.map((passage) => {
    const from = changes.mapPos(passage.from, passage.from === end ? 1 : -1);
    end = passage.to;
    return { ...passage, from, to: Math.max(from, changes.mapPos(passage.to, 1)) };
  });
}

/** The place that all of a change lies in, if it lies in one. Positions before the change. */
export function placeOfChange(passages: Passage[], changes: ChangeDesc): number | null {
  let place: number | null | undefined;
  changes.iterChangedRanges((from, to) => {
    const inside = passages.find((one) => one.place !== null && one.from <= from && to <= one.to);
    const here = inside?.place ?? null;
    place = place === undefined || place === here ? here : null;
  }, true);
  return place ?? null;
}

const setPassages = StateEffect.define<Passage[]>();

const passageField = StateField.define<Passage[]>({
  create: () => [],
  update(passages, transaction) {
    for (const effect of transaction.effects) if (effect.is(setPassages)) return effect.value;
    return transaction.docChanged ? mapPassages(passages, transaction.changes) : passages;
  },
  provide: (field) => EditorView.decorations.from(field, draw),
});

class OpenMark extends WidgetType {
  constructor(readonly label: string) {
    super();
  }
  override eq(other: OpenMark): boolean {
    return other.label === this.label;
  }
  toDOM(): HTMLElement {
    const mark = document.createElement('span');
    mark.className = 'hf-open-mark';
    mark.textContent = `◇ ${this.label}: still to choose `;
    return mark;
  }
}

function draw(passages: Passage[]): DecorationSet {
  const marks: MarkRange<Decoration>[] = [];
  for (const passage of passages) {
    if (passage.open) {
      marks.push(Decoration.widget({ widget: new OpenMark(passage.label), side: -1 }).range(passage.from));
    }
    if (passage.to === passage.from) continue;
    const source = passage.open ? 'hf-from-open' : passage.mine && passage.theirs ? 'hf-from-both' : sourceOf(passage);
    marks.push(Decoration.mark({ class: source, inclusive: true }).range(passage.from, passage.to));
  }
  return Decoration.set(marks, true);
}

function sourceOf(passage: Passage): string {
  if (passage.mine) return 'hf-from-mine';
  return passage.theirs ? 'hf-from-theirs' : 'hf-from-original';
}

export interface ResultEditorOptions {
  parent: HTMLElement;
  /** The person typed: the whole text, and the place and its text where all of it lies in one. */
  ontyped: (text: string, within: { place: number; text: string } | null) => void;
  /** Esc: the keys of the review work again. */
  onleave: () => void;
}

export class ResultEditor {
  readonly view: EditorView;

  constructor(options: ResultEditorOptions) {
    const leave = {
      key: 'Escape',
      run: () => {
        options.onleave();
        return true;
      },
      stopPropagation: true,
    };
    this.view = new EditorView({
      parent: options.parent,
      state: EditorState.create({
        extensions: [
          history(),
          keymap.of([leave, ...defaultKeymap, ...historyKeymap]),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': 'Result', 'data-testid': 'review-result', spellcheck: 'false' }),
          passageField,
          EditorView.updateListener.of((update) => {
            const typed = update.transactions.filter((one) => one.docChanged && !one.annotation(Transaction.remote));
            const first = typed[0];
            if (!first) return;
            const place = typed.length === 1 ? placeOfChange(first.startState.field(passageField), first.changes) : null;
            const passage = update.state.field(passageField).find((one) => place !== null && one.place === place);
            const within =
              place !== null && passage
                ? { place, text: update.state.sliceDoc(passage.from, passage.to) }
                : null;
            options.ontyped(update.state.doc.toString(), within);
          }),
        ],
      }),
    });
  }

  /** Shows the program's text with its passages; the cursor stays where the text around it does. */
  show(text: string, passages: Passage[] | null): void {
    const old = this.view.state.doc.toString();
    const changes = old === text ? undefined : smallestChange(old, text);
    if (!changes && !passages) return;
    this.view.dispatch({
      ...(changes ? { changes } : {}),
      effects: passages ? setPassages.of(passages) : [],
      annotations: [Transaction.remote.of(true), Transaction.addToHistory.of(false)],
    });
  }

  /** Brings the passage of a place into view, unless somebody types. */
  reveal(place: number): void {
    if (this.view.hasFocus) return;
    const passage = this.view.state.field(passageField).find((one) => one.place === place);
    if (passage) this.view.dispatch({ effects: EditorView.scrollIntoView(passage.from, { y: 'center' }) });
  }

  focus(): void {
    this.view.focus();
  }

  destroy(): void {
    this.view.destroy();
  }
}

/** One replacement between what both texts share at their ends. */
export function smallestChange(old: string, text: string): { from: number; to: number; insert: string } {
  const most = Math.min(old.length, text.length);
  let head = 0;
  while (head < most && old.charCodeAt(head) === text.charCodeAt(head)) head += 1;
  let tail = 0;
  while (tail < most - head && old.charCodeAt(old.length - 1 - tail) === text.charCodeAt(text.length - 1 - tail)) tail += 1;
  return { from: head, to: old.length - tail, insert: text.slice(head, text.length - tail) };
}
