// One note in the editor: what was typed goes to disk, what other computers wrote comes into the buffer, and no
// key is ever lost.
//
// Invariants:
// - One call that carries the text is under way at a time (`#pump`), so saves arrive in the order of typing.
// - `#seenHeads` always names the versions that buffer *plus* `#remote` was made from.
// - `#remote` applies to the buffer as it is now: each edit maps it on. It waits only for an input method to finish.
import type { ChangeSet} from '@codemirror/state';
import { type Text } from '@codemirror/state';
import type { Backend } from '../../ipc/backend';
import type { CommandError, NoteDetail, NotePatch, OpChanges } from '../../ipc/types';
import { announce } from '../../lib/announce.svelte';
import { hasCode, toCommandError } from '../../lib/errors';
import type { Unsaved } from '../../lib/unsaved';
import type { NoteMark } from './note-mark';
import { type LineEnding, changeBetween, fromDoc, lineEndingOf, toDoc } from './text-change';

/** On disk this long after the last key… */
export const IDLE_MS = 300;
/** …and at most this long after the first one. */
export const LONGEST_MS = 1000;
/** A save that failed is tried again after 2, 4, 8, then every 10 seconds. */
const RETRY_MS = [2000, 4000, 8000, 10_000];

/** What the controller needs of the editor. */
export interface BodyView {
  doc(): Text;
  /** Applies a change that the person did not type: no undo step, cursor and scroll stay. */
  applyRemote(changes: ChangeSet): void;
}

/** The fields besides the text. */
export type FieldPatch = Partial<Pick<NotePatch, 'tags' | 'due' | 'done' | 'notebook'>>;
export type SaveState = 'saved' | 'saving' | 'failed';

const NOTHING: NotePatch = { title: null, body: null, tags: null, due: null, done: null, notebook: null };

export class NoteSession {
  readonly id: string;
  /** The note as last read, without title and body, which live in the buffers. */
  detail = $state.raw() as NoteDetail;
  title = $state('');
  state = $state<SaveState>('saved');
  /** How the note stands with the server, as the program last said. */
  mark = $state.raw() as NoteMark;
  error = $state.raw<CommandError | null>(null);
  readonly readOnly = $derived.by(() => this.detail.read_only || this.detail.trashed);

  #backend: Backend;
  #view: BodyView | null = null;
  /** The body while no editor is attached. */
  #doc: Text;
  #ending: LineEnding;
  #seenHeads: string[];
  #savedDoc: Text;
  #savedTitle: string;
  #fields: FieldPatch = {};
  #remote: ChangeSet | null = null;
  /** A title that arrived while an input method was at work. */
  #remoteTitle: { sent: string; arrived: string } | null = null;
  /** What was typed since the text of the call under way was taken. */
  #typedSince: ChangeSet | null = null;
  #composing = false;
  #saveNow = false;
  #refreshWanted = false;
  /** After a failed refresh: not again before the next save or retry. */
  #refreshBlocked = false;
  #disposed = false;
  #failures = 0;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #longest: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | null = null;

  constructor(backend: Backend, note: NoteDetail) {
    this.#backend = backend;
    this.id = note.id;
    this.detail = note;
    this.#marked(note);
    this.title = note.title;
    this.#ending = lineEndingOf(note.body);
    this.#doc = toDoc(note.body, this.#ending);
    this.#savedDoc = this.#doc;
    this.#savedTitle = note.title;
    this.#seenHeads = note.seen_heads;
  }

  /** The buffer as it is, for the editor's start. */
  get doc(): Text {
    return this.#view?.doc() ?? this.#doc;
  }

  /** The body as the program stores it. */
  get body(): string {
    return fromDoc(this.doc, this.#ending);
  }

  /** Nobody has written anything in it, in any field. */
  get blank(): boolean {
    const { tags, due, attachments, trashed } = this.detail;
    return this.title === '' && this.doc.length === 0 && tags.length === 0 && due === null && attachments.length === 0 && !trashed;
  }

  /** How this text stands with the disk; null where all of it is there. */
  get unsaved(): Unsaved | null {
    if (this.state === 'saved') return null;
    return { failed: this.state === 'failed', why: this.state === 'failed' ? (this.error?.message ?? '') : '' };
  }

  /** The body that is on disk. */
  get savedBody(): string {
    return fromDoc(this.#savedDoc, this.#ending);
  }

  get dirty(): boolean {
    return !this.#docToSave().eq(this.#savedDoc) || this.#titleToSave() !== this.#savedTitle || !isEmpty(this.#fields);
  }

  attach(view: BodyView): () => void {
    this.#view = view;
    return () => {
      this.#doc = view.doc();
      if (this.#view === view) this.#view = null;
    };
  }

  // What the person does

  /** The editor's text changed by typing. `changes` start in the buffer before it. */
  edited(changes: ChangeSet): void {
    this.#remote = this.#remote?.map(changes) ?? null;
    this.#typedSince = this.#typedSince?.compose(changes) ?? null;
    this.#schedule();
  }

  titleEdited(title: string): void {
    this.title = title;
    this.#schedule();
  }

  /** A tag, the due date, done, the notebook: shown at once, saved at once. */
  setFields(patch: FieldPatch, shown: Partial<NoteDetail>): void {
    this.detail = { ...this.detail, ...shown };
    this.#fields = { ...this.#fields, ...patch };
    this.#markDirty();
    void this.flush();
  }

  compositionStarted(): void {
    this.#composing = true;
  }

  compositionEnded(): void {
    this.#composing = false;
    this.#applyRemote();
    void this.#pump();
  }

  /** Saves what is not saved yet. True if all of it is on disk. */
  async flush(): Promise<boolean> {
    this.#clearTimers();
    this.#saveNow = true;
    await this.#pump();
    // What was typed while the save was under way.
    if (this.dirty && this.state !== 'failed' && !this.#disposed) return this.flush();
    return !this.dirty;
  }

  /** The person goes elsewhere. False if the text could not be saved: then the note stays open. */
  async leave(): Promise<boolean> {
    do {
      if (!(await this.flush())) return false;
      try {
        await this.#backend.noteLeave(this.id);
      } catch (error) {
        // The text is on disk; only the revision waits for the next time.
        if (!hasCode(error, 'not_found', 'not_open')) this.error = toCommandError(error);
      }
      // What was typed meanwhile is not left behind.
    } while (this.dirty && !this.#disposed);
    return true;
  }

  /** No more timers or answers. Call after `leave`. */
  dispose(): void {
    this.#disposed = true;
    this.#clearTimers();
    clearTimeout(this.#retry);
  }

  // What comes from elsewhere

  changed(changes: OpChanges): void {
    const touched = changes.many || changes.notes.includes(this.id);
    if (changes.from_sync && touched) void this.refresh();
    else if (touched) {
      void this.#readMark();
      if (this.detail.attachments.some((one) => !one.here)) void this.readFiles();
    }
  }

  /** A file of the note came, or a part of one: the text is as it was. */
  async readFiles(): Promise<void> {
    if (this.#disposed) return;
    try {
      const { attachments } = await this.#backend.noteGet(this.id);
      // Those that the note has; which these are, a refresh says.
      const shown = this.detail.attachments.map((one) => attachments.find((read) => read.id === one.id && read.path === one.path) ?? one);
      this.detail = { ...this.detail, attachments: shown };
    } catch (error) {
      this.error = toCommandError(error);
    }
  }

  /** Takes in what other computers, a review or an undo made of the note. */
  async refresh(): Promise<void> {
    this.#refreshWanted = true;
    this.#refreshBlocked = false;
    await this.#pump();
  }

  /** After a change that this window made elsewhere (a review, an undo): reads the note, and refreshes if it moved. */
  async lookAgain(): Promise<void> {
    if (this.#disposed || this.#running) return;
    try {
      const note = await this.#backend.noteGet(this.id);
      const same = [...note.seen_heads].sort().join() === [...this.#seenHeads].sort().join();
      if (!same || note.to_review !== this.detail.to_review || note.trashed !== this.detail.trashed) await this.refresh();
    } catch (error) {
      this.error = toCommandError(error);
    }
  }

  /** Runs a call that answers with the note (attaching a file), on saved text and alone. */
  async takeFrom(call: () => Promise<NoteDetail>): Promise<NoteDetail | null> {
    if (!(await this.flush())) return null;
    while (this.#running) await this.#running;
    const running = this.#carry(this.#savedDoc, this.#savedTitle, call);
    this.#running = running.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await running;
    } finally {
      this.#running = null;
      void this.#pump();
    }
  }

  // The lane

  /** Saves and refreshes, one after the other, until nothing is due. */
  #pump(): Promise<void> {
    this.#running ??= this.#work().finally(() => {
      this.#running = null;
      if (this.#isDue()) void this.#pump();
    });
    return this.#running;
  }

  async #work(): Promise<void> {
    while (this.#isDue()) {
      const saving = this.#saveNow;
      this.#saveNow = false;
      try {
        if (saving) {
          if (this.dirty) await this.#save();
        } else {
          await this.#refresh();
        }
        this.#succeeded();
      } catch (error) {
        this.#failed(error);
        return;
      }
    }
  }

  #isDue(): boolean {
    if (this.#disposed) return false;
    return this.#saveNow || (this.#refreshWanted && !this.#refreshBlocked && !this.#composing);
  }

  async #save(): Promise<void> {
    const doc = this.#docToSave();
    const title = this.#titleToSave();
    const fields = this.#fields;
    this.#fields = {};
    // A save that failed is not over before one succeeds.
    if (this.state !== 'failed') this.state = 'saving';
    const patch: NotePatch = {
      ...NOTHING,
      ...fields,
      title: title === this.#savedTitle ? null : title,
      body: doc.eq(this.#savedDoc) ? null : fromDoc(doc, this.#ending),
    };
    try {
      const saved = await this.#backend.noteSave({ id: this.id, seen_heads: this.#seenHeads, patch });
      this.#seenHeads = saved.seen_heads;
      this.#savedDoc = doc;
      this.#savedTitle = title;
      this.detail = { ...this.detail, updated_ms: saved.updated_ms };
      if (saved.stale) this.#refreshWanted = true;
    } catch (error) {
      // What was chosen meanwhile wins over what is tried again.
      this.#fields = { ...fields, ...this.#fields };
      throw error;
    }
  }

  async #refresh(): Promise<void> {
    this.#refreshWanted = false;
    // A note in the Trash takes no text; what became of it is only read.
    if (this.readOnly) return this.#read();
    const sent = this.doc;
    const title = this.title;
    const body = fromDoc(sent, this.#ending);
    try {
      await this.#carry(sent, title, () => this.#backend.noteRefresh(this.id, this.#seenHeads, title, body));
    } catch (error) {
      this.#refreshWanted = true;
      this.#refreshBlocked = true;
      throw error;
    }
  }

  async #read(): Promise<void> {
    try {
      await this.#carry(this.#savedDoc, this.#savedTitle, () => this.#backend.noteGet(this.id));
      // Typed just as it went to the Trash, and it is back: now it can be saved.
      if (this.dirty && !this.readOnly) this.#saveNow = true;
    } catch (error) {
      this.#refreshWanted = true;
      this.#refreshBlocked = true;
      throw error;
    }
  }

  /** Makes a call that answers with what became of `sent`, and brings that into the buffer as it is by then. */
  async #carry(sent: Text, sentTitle: string, call: () => Promise<NoteDetail>): Promise<NoteDetail> {
    this.#typedSince = changeBetween(sent, this.doc);
    try {
      const note = await call();
      this.#ending = lineEndingOf(note.body);
      const arrived = toDoc(note.body, this.#ending);
      this.#remote = changeBetween(sent, arrived).map(this.#typedSince);
      this.#remoteTitle = { sent: sentTitle, arrived: note.title };
      this.#seenHeads = note.seen_heads;
      this.#savedDoc = arrived;
      this.#savedTitle = note.title;
      this.detail = { ...note, ...this.#shownFields() };
      this.#marked(note);
      return note;
    } finally {
      this.#typedSince = null;
      this.#applyRemote();
    }
  }

  /** Chosen since the call and not saved yet: stays as the person sees it. */
  #shownFields(): Partial<NoteDetail> {
    const { tags, due, done, notebook, notebook_id } = this.detail;
    return {
      ...('tags' in this.#fields && { tags }),
      ...('due' in this.#fields && { due }),
      ...('done' in this.#fields && { done }),
      ...('notebook' in this.#fields && { notebook, notebook_id }),
    };
  }

  #applyRemote(): void {
    if (this.#composing) return;
    this.title = this.#titleToSave();
    this.#remoteTitle = null;
    const changes = this.#remote;
    this.#remote = null;
    if (!changes || changes.empty) return;
    if (this.#view) this.#view.applyRemote(changes);
    else this.#doc = changes.apply(this.#doc);
  }

  /** The buffer with what waits to come into it. */
  #docToSave(): Text {
    return this.#remote ? this.#remote.apply(this.doc) : this.doc;
  }

  #titleToSave(): string {
    const waiting = this.#remoteTitle;
    return waiting ? rebase(waiting.sent, waiting.arrived, this.title) : this.title;
  }

  #schedule(): void {
    this.#markDirty();
    clearTimeout(this.#idle);
    const due = () => {
      this.#clearTimers();
      this.#saveNow = true;
      void this.#pump();
    };
    this.#idle = setTimeout(due, IDLE_MS);
    this.#longest ??= setTimeout(due, LONGEST_MS);
  }

  #markDirty(): void {
    if (this.state === 'saved') this.state = 'saving';
    // The server cannot have what is being typed; what it has is asked after the save.
    if (this.mark.sent) this.mark = { ...this.mark, waiting: true, sent: false };
  }

  #marked({ waiting, sent, to_review }: NoteMark): void {
    this.mark = { waiting, sent, to_review };
  }

  async #readMark(): Promise<void> {
    try {
      const line = await this.#backend.noteMark(this.id);
      // It says nothing about what was typed since it was asked: the next save asks again.
      if (!this.#disposed && this.state === 'saved' && !this.dirty) this.#marked(line);
    } catch {
      // The note or the vault is going; the mark that stands never promised too much.
      if (this.mark.sent) this.mark = { ...this.mark, sent: false };
    }
  }

  #clearTimers(): void {
    clearTimeout(this.#idle);
    clearTimeout(this.#longest);
    this.#idle = this.#longest = undefined;
  }

  #succeeded(): void {
    if (this.state === 'failed') announce('Saved on this computer');
    this.#failures = 0;
    this.#refreshBlocked = false;
    clearTimeout(this.#retry);
    this.error = null;
    this.state = this.dirty ? 'saving' : 'saved';
    void this.#readMark();
  }

  #failed(error: unknown): void {
    if (this.#disposed) return;
    this.error = toCommandError(error);
    // A refresh that failed with nothing typed has put no text at risk.
    if (this.dirty) {
      if (this.state !== 'failed') announce(`Not saved. ${this.error.message}`);
      this.state = 'failed';
    }
    clearTimeout(this.#retry);
    const wait = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)];
    this.#failures += 1;
    this.#retry = setTimeout(() => {
      this.#refreshBlocked = false;
      this.#saveNow = true;
      void this.#pump();
    }, wait);
  }
}

/** What `now` becomes where it went on from `sent` while `sent` became `arrived`. */
export function rebase(sent: string, arrived: string, now: string): string {
  if (now === sent) return arrived;
  if (arrived === sent) return now;
  const [from, to, typed] = [sent, arrived, now].map((text) => toDoc(text, '\n')) as [Text, Text, Text];
  return changeBetween(from, to).map(changeBetween(from, typed)).apply(typed).toString();
}

function isEmpty(fields: FieldPatch): boolean {
  return Object.keys(fields).length === 0;
}
