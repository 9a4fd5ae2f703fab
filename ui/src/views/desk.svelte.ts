// What lies open in the window: the place that the list shows, and the one note in the editor.
import type { Backend } from '../ipc/backend';
import type { CommandError, NoteDetail, NoteScope, OpChanges } from '../ipc/types';
import type { EditorHandle } from '../features/notes/editor-handle';
import { NoteSession } from '../features/notes/note-session.svelte';
import { NotesList } from '../features/notes/notes-list.svelte';
import { SidebarData } from '../features/notebooks/sidebar-data.svelte';
import { toCommandError } from '../lib/errors';
import { plural } from '../lib/time';
import { toasts } from '../lib/toast.svelte';

/** What fills the window beside the sidebar. */
export type DeskView = 'notes' | 'review' | 'receipts';
export type FocusWish = 'title' | 'body' | 'none';

/** A review or an undo elsewhere in the window changed the open note: looked at once things have settled. */
const LOOK_AGAIN_MS = 250;

export class Desk {
  readonly list: NotesList;
  readonly sidebar: SidebarData;
  view = $state<DeskView>('notes');
  /** Whether anything was ever merged by itself: only then the sidebar has a line for it. */
  hasReceipts = $state(false);
  session = $state.raw<NoteSession | null>(null);
  /** Another note was asked for and is not there yet: no key may land in the one that is going. */
  opening = $state(false);
  /** The note that was asked for and could not be read. */
  failed = $state.raw<{ id: string; error: CommandError } | null>(null);
  /** Set by the editor while one is mounted. */
  editor: EditorHandle | null = null;

  #backend: Backend;
  /** The newest wish wins where notes are opened faster than they are read. */
  #wish = 0;
  #focus: FocusWish = 'none';
  /** The message that a note went to the Trash: of which note, and what dismisses it. */
  #told: { note: string; toast: number } | null = null;
  #look: ReturnType<typeof setTimeout> | undefined;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.list = new NotesList(backend);
    this.sidebar = new SidebarData(backend);
  }

  async start(): Promise<void> {
    await Promise.all([this.sidebar.load(), this.list.show({ kind: 'all' }), this.#readReceipts()]);
  }

  /** The newest note, so that the window does not open on nothing. */
  async openFirst(): Promise<void> {
    const first = this.list.item(0);
    // Not if the person was quicker.
    if (first && this.#wish === 0 && this.view === 'notes') await this.open(first.id);
  }

  async #readReceipts(): Promise<void> {
    try {
      this.hasReceipts = (await this.#backend.receiptsList()).length > 0;
    } catch {
      // The view of receipts itself says what is wrong; the sidebar still shows what is not seen yet.
    }
  }

  get openId(): string | null {
    return this.session?.id ?? null;
  }

  // Places

  async show(scope: NoteScope): Promise<void> {
    this.view = 'notes';
    await this.list.show(scope);
  }

  /** Reviews and receipts need the whole width: the note is put away first. */
  async showView(view: 'review' | 'receipts'): Promise<void> {
    if (await this.close()) this.view = view;
  }

  // The note

  async open(id: string, focus: FocusWish = 'none'): Promise<void> {
    const wish = ++this.#wish;
    if (this.session?.id === id) {
      this.view = 'notes';
      this.#focusNow(focus);
      return;
    }
    this.opening = true;
    try {
      if (!(await this.#leave()) || wish !== this.#wish) return;
      try {
        const note = await this.#backend.noteGet(id);
        if (!(await this.#settled()) || wish !== this.#wish) return;
        this.#put(note, focus);
      } catch (error) {
        if (!(await this.#settled()) || wish !== this.#wish) return;
        this.#put(null, 'none');
        this.failed = { id, error: toCommandError(error) };
      }
    } finally {
      if (wish === this.#wish) this.opening = false;
    }
  }

  /** Opens a note that was found elsewhere (a search, a merge), and shows it in the list: in all notes, where the place
   *  that is shown does not have it. */
  async goTo(id: string, focus: FocusWish = 'none'): Promise<void> {
    await this.open(id, focus);
    const { session, list } = this;
    if (session?.id !== id || (await list.find(id)) >= 0) return;
    await list.show({ kind: session.detail.trashed ? 'trash' : 'all' });
    await list.find(id);
  }

  async create(): Promise<void> {
    // A new note that nobody has written in yet is the new note.
    if (this.view === 'notes' && this.session?.blank) {
      this.#focusNow('title');
      return;
    }
    const wish = ++this.#wish;
    this.opening = true;
    try {
      await this.#create(wish);
    } finally {
      if (wish === this.#wish) this.opening = false;
    }
  }

  async #create(wish: number): Promise<void> {
    if (!(await this.#leave())) return;
    const scope = this.list.scope;
    const notebook = this.view === 'notes' && scope.kind === 'notebook' ? scope.id : null;
    try {
      const note = await this.#backend.noteCreate(notebook);
      if (!(await this.#settled()) || wish !== this.#wish) return;
      this.#put(note, 'title');
      // A list that would not hold the new note gives way to one that does.
      if (notebook === null && scope.kind !== 'all') await this.list.show({ kind: 'all' });
      else await this.list.load();
    } catch (error) {
      toasts.error(error);
    }
  }

  async trash(id: string): Promise<void> {
    const at = this.list.indexOf(id);
    const next = this.list.item(at + 1)?.id ?? this.list.item(at - 1)?.id ?? null;
    if (this.session?.id === id && !(await this.close())) return;
    try {
      await this.#backend.noteTrash([id]);
    } catch (error) {
      toasts.error(error);
      return;
    }
    const toast = toasts.show('The note was moved to the Trash.', { action: { label: 'Undo', run: () => void this.restore(id) } });
    this.#told = { note: id, toast };
    await this.list.load();
    if (next !== null && this.session === null) await this.open(next);
  }

  async restore(id: string): Promise<void> {
    try {
      await this.#backend.noteRestore([id]);
      // What it says is over, and so is its Undo.
      if (this.#told?.note === id) toasts.dismiss(this.#told.toast);
      toasts.show(`${plural(1, 'note')} restored from the Trash.`);
      await this.list.load();
      if (this.session?.id === id) await this.session.refresh();
    } catch (error) {
      toasts.error(error);
    }
  }

  /** Puts the note away without what is not saved of it. */
  discard(): void {
    this.#wish += 1;
    this.#put(null, 'none');
  }

  /** Puts the note away. False if its text could not be saved: then it stays. `tell`: the person hears so here. */
  async close(tell = true): Promise<boolean> {
    this.#wish += 1;
    this.opening = false;
    if (!(await this.#leave(tell))) return false;
    this.#put(null, 'none');
    return true;
  }

  /** Asks for the note in the editor again, after a review or an undo. */
  refreshOpen(): void {
    void this.session?.refresh();
  }

  changed(changes: OpChanges): void {
    this.sidebar.changed();
    if (changes.many || changes.notes.length > 0 || changes.notebooks) this.list.changed();
    if (changes.receipts) void this.#readReceipts();
    const { session } = this;
    if (!session) return;
    session.changed(changes);
    const touched = changes.many || changes.notes.includes(session.id);
    // A note that cannot be typed in changes only by what is done elsewhere in the window.
    if (touched && !changes.from_sync && (changes.many || changes.review || changes.receipts || session.readOnly)) {
      clearTimeout(this.#look);
      this.#look = setTimeout(() => void session.lookAgain(), LOOK_AGAIN_MS);
    }
  }

  // Focus

  setEditor(editor: EditorHandle | null): void {
    this.editor = editor;
    if (!editor) return;
    const focus = this.#focus;
    this.#focus = 'none';
    this.#focusNow(focus);
  }

  #focusNow(focus: FocusWish): void {
    if (focus === 'title') this.editor?.focusTitle();
    if (focus === 'body') this.editor?.focusBody();
  }

  #put(note: NoteDetail | null, focus: FocusWish): void {
    this.session?.dispose();
    // Before the new editor takes the focus: what cannot be typed into cannot have it.
    this.opening = false;
    this.failed = null;
    this.#focus = focus;
    this.session = note && new NoteSession(this.#backend, note);
    if (note) this.view = 'notes';
  }

  async #leave(tell = true): Promise<boolean> {
    if (!this.session || (await this.session.leave())) return true;
    if (tell) toasts.show('The note stays open: its last changes are not saved yet.', { tone: 'error' });
    return false;
  }

  /** What was typed into the old note while the new one was read is on disk too. */
  async #settled(): Promise<boolean> {
    return !this.session?.dirty || this.session.flush();
  }
}
