// The Result as text: CodeMirror draws what is in view only. It knows which passage fills which place, and keeps
// knowing it while somebody types.
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { EditorState, StateEffect, StateField, Transaction } from '@codemirror/state';
import type { ChangeDesc, Range as MarkRange } from '@codemirror/state';
import { Decoration, EditorView, keymap, WidgetType } from '@codemirror/view';
import type { DecorationSet } from '@codemirror/view';
import type { ResultSpan } from '../../ipc/types';
import type { Words } from './spans';

/** A passage with a source. Positions are UTF-16 units of the text. */
export interface Passage {
  from: number;
  to: number;
  /** The number of the place that it fills. */
  place: number | null;
  /** Words that merged by themselves: their line in the list. */
  merged: number | null;
  open: boolean;
  mine: boolean;
  theirs: boolean;
  /** What the list of choices calls the place, where it is still open. */
  label: string;
  /** The new words in it, from its start; null: all of it. */
  words: Words | null;
}

/** What a passage itself does not know. */
export interface About {
  labelOf: (place: number) => string;
  wordsOf: (span: ResultSpan) => Words | null;
}

/** Whether a passage has something to be marked by. */
const isPassage = (span: ResultSpan): boolean => span.place !== null || span.this_device || span.other_device;

/** The passages that have a source. A place fills one. */
export function passagesOf(spans: readonly ResultSpan[], about: About): Passage[] {
  const passages: Passage[] = [];
  let at = 0;
  for (const span of spans) {
    const from = at;
    at += span.text.length;
    if (isPassage(span)) passages.push(passageOf(span, from, at, about));
  }
  return passages;
}

function passageOf(span: ResultSpan, from: number, to: number, about: About): Passage {
  return {
    from,
    to,
    place: span.place,
    merged: span.merged,
    open: span.open,
    mine: span.this_device,
    theirs: span.other_device,
    label: span.open && span.place !== null ? about.labelOf(span.place) : '',
    words: span.place === null || span.open ? null : about.wordsOf(span),
  };
}

/** One passage replaced by a text, which the passages after it make room for. */
export function replaced(passages: Passage[], at: number, now: Omit<Passage, 'from' | 'to'>, length: number): Passage[] {
  const old = passages[at];
  if (!old) return passages;
  const moved = length - (old.to - old.from);
  return passages.map((one, n) => {
    if (n < at) return one;
    if (n === at) return { ...now, from: old.from, to: old.from + length };
    return { ...one, from: one.from + moved, to: one.to + moved };
  });
}

/** The one passage that differs, where no more does: the place it fills. */
function onlyChange(before: readonly ResultSpan[], now: readonly ResultSpan[]): ResultSpan[] | null {
  if (before.length !== now.length) return null;
  const changed: ResultSpan[] = [];
  for (const [at, span] of now.entries()) {
    const old = before[at];
    if (old === span) continue;
    if (old === undefined || span.place === null || old.place !== span.place) return null;
    changed.push(span);
  }
  return changed;
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
    // Words that somebody typed in between are not the words that were chosen.
    const words = changes.touchesRange(passage.from, passage.to) ? null : passage.words;
    return { ...passage, words, from, to: Math.max(from, changes.mapPos(passage.to, 1)) };
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
    const words = passage.words ?? [{ from: 0, to: passage.to - passage.from }];
    for (const { from, to } of words) {
      marks.push(Decoration.mark({ class: source, inclusive: true }).range(passage.from + from, passage.from + to));
    }
  }
  return Decoration.set(marks, true);
}

function sourceOf(passage: Passage): string {
  if (passage.mine) return 'hf-from-mine';
  return passage.theirs ? 'hf-from-theirs' : 'hf-from-original';
}

export interface ResultEditorOptions {
  parent: HTMLElement;
  /** The person typed: the whole text, if it is wanted, and the place and its text where all of it lies in one. */
  ontyped: (text: () => string, within: { place: number; text: string } | null) => void;
  /** Esc: the keys of the review work again. */
  onleave: () => void;
}

export class ResultEditor {
  readonly view: EditorView;
  /** What `showSpans` showed last; null once another text stands there. */
  #spans: readonly ResultSpan[] | null = null;

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
          EditorView.contentAttributes.of({ 'aria-label': 'Result', 'data-testid': 'review-result', spellcheck: 'false', tabindex: '0' }),
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
            // Outside of a place nothing says any more which part of the text is whose.
            if (!within) this.#spans = null;
            options.ontyped(() => this.view.state.doc.toString(), within);
          }),
        ],
      }),
    });
  }

  /**
   * Shows the program's passages. Where only places changed, their passages are all that is touched: in a long
   * note that is the difference between a choice that is seen at once and one that is waited for.
   */
  showSpans(spans: readonly ResultSpan[], about: About): void {
    const changed = this.#spans === null ? null : onlyChange(this.#spans, spans);
    if (changed === null || !changed.every((span) => this.#showOne(span, about))) {
      this.show(spans.map((span) => span.text).join(''), passagesOf(spans, about));
    }
    this.#spans = spans;
  }

  #showOne(span: ResultSpan, about: About): boolean {
    const passages = this.view.state.field(passageField);
    const at = passages.findIndex((one) => one.place === span.place);
    const old = passages[at];
    if (!old) return false;
    const same = this.view.state.sliceDoc(old.from, old.to) === span.text;
    const now = replaced(passages, at, passageOf(span, 0, 0, about), span.text.length);
    this.view.dispatch({
      ...(same ? {} : { changes: { from: old.from, to: old.to, insert: span.text } }),
      effects: setPassages.of(now),
      annotations: [Transaction.remote.of(true), Transaction.addToHistory.of(false)],
    });
    return true;
  }

  /** Shows another text; the cursor stays where the text around it does. */
  show(text: string, passages: Passage[]): void {
    this.#spans = null;
    const old = this.view.state.doc.toString();
    const changes = old === text ? undefined : smallestChange(old, text);
    this.view.dispatch({
      ...(changes ? { changes } : {}),
      effects: setPassages.of(passages),
      annotations: [Transaction.remote.of(true), Transaction.addToHistory.of(false)],
    });
  }

  /** Brings the passage of a place into view, unless somebody types. */
  reveal(place: number): void {
    if (!this.view.hasFocus) this.#scrollTo((one) => one.place === place);
  }

  /** Brings words that merged by themselves into view. */
  revealMerged(line: number): void {
    this.#scrollTo((one) => one.merged === line);
  }

  #scrollTo(which: (passage: Passage) => boolean): void {
    const passage = this.view.state.field(passageField).find(which);
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
