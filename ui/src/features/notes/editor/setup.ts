// CodeMirror as Holdfast's body editor.
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { markdown, markdownKeymap, markdownLanguage } from '@codemirror/lang-markdown';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, type Extension, type Text, Transaction } from '@codemirror/state';
import { EditorView, drawSelection, keymap, placeholder } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { NoteSession } from '../note-session.svelte';
import { direction } from './direction';
import { tabKeys } from './indent';
import { links } from './links';
import { holdsNoText } from './paste';
import { livePreview } from './live-preview';
import { toggleTask } from './tasks';

/** CodeMirror writes a composed text back a moment after its event. */
const AFTER_COMPOSITION_MS = 80;

const prose = HighlightStyle.define([
  { tag: tags.heading, fontWeight: '650' },
  { tag: tags.strong, fontWeight: '650' },
  { tag: tags.emphasis, fontStyle: 'italic' },
  { tag: tags.strikethrough, textDecoration: 'line-through' },
  { tag: tags.link, color: 'var(--accent)', textDecoration: 'underline', textUnderlineOffset: '3px' },
  { tag: tags.url, color: 'var(--ink-2)' },
  { tag: tags.monospace, fontFamily: 'var(--mono)', fontSize: '0.9em' },
  { tag: tags.quote, color: 'var(--ink-2)' },
  { tag: [tags.processingInstruction, tags.contentSeparator, tags.labelName], color: 'var(--ink-3)' },
]);

const locked = new Compartment();

function lock(readOnly: boolean): Extension {
  return [
    EditorState.readOnly.of(readOnly),
    EditorView.editable.of(!readOnly),
    readOnly ? EditorView.contentAttributes.of({ 'aria-readonly': 'true' }) : [],
  ];
}

export function setReadOnly(view: EditorView, readOnly: boolean): void {
  view.dispatch({ effects: locked.reconfigure(lock(readOnly)) });
}

export function createEditor(
  parent: HTMLElement,
  session: NoteSession,
  onDoc: (doc: Text) => void,
  onLink: (address: string) => void,
  onNoText: () => void,
): EditorView {
  const extensions: Extension[] = [
    history(),
    drawSelection(),
    search({ top: true }),
    markdown({ base: markdownLanguage, addKeymap: false }),
    syntaxHighlighting(prose),
    livePreview,
    links(onLink),
    placeholder('Write…'),
    EditorView.lineWrapping,
    direction,
    // A lone carriage return is part of its line: what came in goes out unchanged (see text-change.ts).
    EditorState.lineSeparator.of('\n'),
    EditorView.clipboardInputFilter.of((text) => text.replace(/\r\n?/g, '\n')),
    EditorView.contentAttributes.of({
      'aria-label': 'Text of the note',
      'data-testid': 'note-body',
      // So that it can be read and scrolled by key even where nothing may be typed.
      tabindex: '0',
      spellcheck: 'false',
      autocorrect: 'off',
      autocapitalize: 'off',
    }),
    locked.of(lock(session.readOnly)),
    keymap.of([{ key: 'Mod-Enter', run: toggleTask }, ...tabKeys, ...markdownKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap]),
    EditorView.domEventHandlers({
      compositionstart: () => session.compositionStarted(),
      compositionend: (_event, view) => {
        setTimeout(() => {
          if (!view.composing) session.compositionEnded();
        }, AFTER_COMPOSITION_MS);
      },
      paste: (event, view) => {
        if (!view.state.readOnly && holdsNoText(event.clipboardData)) onNoText();
      },
      blur: () => void session.flush(),
    }),
    EditorView.updateListener.of((update) => {
      if (!update.docChanged) return;
      for (const transaction of update.transactions) {
        if (transaction.docChanged && !transaction.annotation(Transaction.remote)) session.edited(transaction.changes);
      }
      onDoc(update.state.doc);
    }),
  ];
  return new EditorView({ parent, state: EditorState.create({ doc: session.doc, extensions }) });
}

/** How the session reads and changes the text. */
export function bodyViewOf(view: EditorView): Parameters<NoteSession['attach']>[0] {
  return {
    doc: () => view.state.doc,
    applyRemote: (changes) =>
      view.dispatch({ changes, annotations: [Transaction.addToHistory.of(false), Transaction.remote.of(true)] }),
  };
}
