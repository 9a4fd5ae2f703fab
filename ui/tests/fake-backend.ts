// A Backend in memory, for vitest and for looking at views in a browser. It keeps what it is told and answers at
// once; a test replaces single functions or reads `calls`. It merges nothing: a test says what arrived.
import type { Backend } from '../src/ipc/backend';
import type { ActivityQuery, CommandError, ErrorCode, Event, NoteDetail, NoteListItem, NoteVersion, NoteVersionItem, NotesQuery, OpChanges, PassphraseChange, RecoveryCode, RemoveDeviceRequest, ResultSpan, ReviewListItem, ReviewPlace, SaveRequest, Saved, SessionStatus, Settings, SyncStatus, TrayShown } from '../src/ipc/types';
import { WORDS, sampleActivity, sampleAside, sampleBackups, sampleHealth, sampleHeld, sampleNotebooks, sampleNotes, sampleReceipts, sampleReview, syncOf } from './sample';

export type Scenario = 'first' | 'locked' | 'damaged' | 'elsewhere' | 'empty' | 'main' | 'review' | 'offline' | 'local' | 'joining' | 'many' | 'held';

export function commandError(code: ErrorCode, message: string): CommandError {
  return { code, message, retryable: true };
}

export const NO_CHANGES: OpChanges = { notes: [], many: false, notebooks: false, tags: false, review: false, receipts: false, settings: false, from_sync: false };

export class FakeBackend implements Backend {
  calls: [string, ...unknown[]][] = [];
  notes = new Map<string, NoteDetail>();
  notebooks = sampleNotebooks();
  receipts = sampleReceipts();
  held = sampleHeld();
  aside = sampleAside();
  backups = sampleBackups();
  review = sampleReview();
  versions: NoteVersion[] = [];
  session: SessionStatus;
  sync: SyncStatus;
  config: Settings = { theme: 'system', device_name: 'This laptop', use_keychain: false, keychain_available: true, fetch_all_files: false, history_days: 90 };
  copied = '';
  /** What the next dialogs of the system answer. */
  picks: (string | null)[] = [];
  passphrase = 'correct horse battery staple';
  #code: RecoveryCode | null = null;
  #handlers = new Set<(event: Event) => void>();
  #next = 1;

  constructor(scenario: Scenario = 'main') {
    const vault = scenario === 'first' ? 'absent' : ['locked', 'damaged', 'elsewhere'].includes(scenario) ? 'locked' : 'open';
    this.session = {
      vault,
      path: '/home/ada/.local/share/holdfast',
      recovery_code_unconfirmed: scenario === 'review' || scenario === 'empty',
      host_name: 'this-laptop',
      problem:
        scenario === 'damaged'
          ? commandError('vault_damaged', 'The vault on this computer is damaged and was not opened. Nothing was changed. Restore a backup of the folder, or join from another computer.')
          : scenario === 'elsewhere'
            ? commandError('vault_open_elsewhere', 'The vault is open in another window or terminal. Your notes are safe. Close it there and try again.')
            : null,
      app_version: '0.1.0',
    };
    if (this.session.recovery_code_unconfirmed) this.#code = { words: WORDS };
    this.sync = syncOf(scenario);
    if (!['first', 'empty'].includes(scenario)) for (const note of sampleNotes(scenario)) this.notes.set(note.id, note);
    else {
      this.notebooks = [];
      this.receipts = [];
    }
  }

  emit(event: Event): void {
    for (const handler of this.#handlers) handler(event);
  }
  changed(changes: Partial<OpChanges>): void {
    this.emit({ kind: 'changed', data: { ...NO_CHANGES, ...changes } });
  }
  count(name: string): number {
    return this.calls.filter(([called]) => called === name).length;
  }
  /** As the program has it: versions that are in the Trash take no change. */
  #refuseTrashed(seenHeads: string[]): void {
    if (seenHeads.some((head) => head.includes('@trash'))) throw commandError('invalid_input', 'the note is in the trash; restore it to change it');
  }
  #note(id: string): NoteDetail {
    const note = this.notes.get(id);
    if (!note) throw commandError('not_found', 'The note is not there any more.');
    return note;
  }
  #put(note: NoteDetail): NoteDetail {
    this.notes.set(note.id, { ...note, preview: note.body.replace(/[#*\n]+/g, ' ').slice(0, 160) });
    return structuredClone(this.#note(note.id));
  }
  #log(...call: [string, ...unknown[]]): void {
    this.calls.push(call);
  }
  #open(vault: SessionStatus['vault']): void {
    this.session = { ...this.session, vault };
    this.emit({ kind: 'session', data: this.session });
  }

  async sessionStatus() {
    return structuredClone(this.session);
  }
  async vaultCreate(passphrase: string) {
    this.#log('vaultCreate', passphrase);
    this.#code = { words: WORDS };
    this.session = { ...this.session, recovery_code_unconfirmed: true };
    this.#open('open');
    return this.#code;
  }
  async vaultUnlock(passphrase: string) {
    this.#log('vaultUnlock', passphrase);
    if (passphrase !== this.passphrase) throw commandError('wrong_passphrase', 'That passphrase does not open this vault. Nothing was changed.');
    this.#open('open');
  }
  async vaultUnlockWithCode(code: string, newPassphrase: string) {
    this.#log('vaultUnlockWithCode', code, newPassphrase);
    if (code !== WORDS.join(' ')) throw commandError('wrong_code', 'That code does not open this vault. Check each word.');
    this.#open('open');
  }
  async vaultLock() {
    this.#log('vaultLock');
    this.#open('locked');
  }
  async recoveryCode() {
    return this.#code;
  }
  async recoveryConfirm(words: { index: number; word: string }[]) {
    this.#log('recoveryConfirm', words);
    if (!words.every(({ index, word }) => WORDS[index] === word)) return false;
    this.#code = null;
    this.session = { ...this.session, recovery_code_unconfirmed: false };
    this.emit({ kind: 'session', data: this.session });
    return true;
  }
  async recoverySave(path: string) {
    this.#log('recoverySave', path);
  }
  async settings() {
    return structuredClone(this.config);
  }
  async settingsSave(settings: Settings) {
    this.#log('settingsSave', settings);
    this.config = settings;
    this.changed({ settings: true });
  }

  async accountLink() {
    return { link: 'holdfast://join/1/AbCdEf', url: 'https://notes.example.org', fingerprint: '4F2A 91C0 77DE 03B8', user: 'ada' };
  }
  async linkRead(link: string) {
    this.#log('linkRead', link);
    if (!link.startsWith('holdfast:')) throw commandError('link_invalid', 'That is not a join link. Copy it again from the server.');
    return { url: 'https://notes.example.org', fingerprint: '4F2A 91C0 77DE 03B8', expires_ms: null, expired: false, can_create: true };
  }
  async accountCreate(request: unknown) {
    this.#log('accountCreate', request);
    this.#setSync({ ...syncOf('main'), server: 'https://notes.example.org', user: 'ada' });
  }
  async accountJoin(request: unknown) {
    this.#log('accountJoin', request);
    for (const note of sampleNotes('main')) this.notes.set(note.id, note);
    this.notebooks = sampleNotebooks();
    this.#open('open');
    this.#setSync(syncOf('joining'));
  }
  async passphraseChange(change: PassphraseChange) {
    this.#log('passphraseChange', change);
  }
  async accountSignIn(passphrase: string) {
    this.#log('accountSignIn', passphrase);
    this.#setSync(syncOf('main'));
  }

  async sidebar() {
    const live = [...this.notes.values()].filter((note) => !note.trashed);
    const tags = new Map<string, number>();
    for (const note of live) for (const tag of note.tags) tags.set(tag, (tags.get(tag) ?? 0) + 1);
    return {
      all: live.length,
      tasks: live.filter((note) => note.due !== null && !note.done).length,
      review: live.filter((note) => note.to_review > 0).length,
      trash: this.notes.size - live.length,
      receipts_unseen: this.receipts.filter((receipt) => !receipt.seen).length,
      notebooks: this.notebooks.map((notebook) => ({ ...notebook, notes: live.filter((note) => `${note.notebook}/`.startsWith(`${notebook.path}/`)).length })),
      tags: [...tags].map(([name, notes]) => ({ name, notes })),
    };
  }
  async notesList(query: NotesQuery) {
    this.#log('notesList', query);
    const { scope, order } = query;
    const found = [...this.notes.values()].filter((note) => {
      if (scope.kind === 'trash') return note.trashed;
      if (note.trashed) return false;
      if (scope.kind === 'tasks') return note.due !== null && !note.done;
      if (scope.kind === 'review') return note.to_review > 0;
      if (scope.kind === 'tag') return note.tags.includes(scope.name);
      if (scope.kind === 'notebook') return `${note.notebook}/`.startsWith(`${this.notebooks.find((one) => one.id === scope.id)?.path ?? '?'}/`);
      return true;
    });
    const by: Record<typeof order, (a: NoteListItem, b: NoteListItem) => number> = {
      updated: (a, b) => (b.updated_ms ?? 0) - (a.updated_ms ?? 0),
      created: (a, b) => (b.created_ms ?? 0) - (a.created_ms ?? 0),
      title: (a, b) => a.title.localeCompare(b.title),
      due: (a, b) => (a.due ?? '9').localeCompare(b.due ?? '9'),
    };
    found.sort(by[order]);
    return { items: structuredClone(found.slice(query.offset, query.offset + query.limit)), total: found.length };
  }
  async noteGet(id: string) {
    this.#log('noteGet', id);
    return structuredClone(this.#note(id));
  }
  async noteMark(id: string) {
    return structuredClone(this.#note(id));
  }
  async noteCreate(notebook: string | null) {
    this.#log('noteCreate', notebook);
    const path = this.notebooks.find((one) => one.id === notebook)?.path ?? '';
    const id = `new-${this.#next++}`;
    const now = Date.now();
    const note: NoteDetail = { ...emptyNote(id), notebook: path, notebook_id: notebook, created_ms: now, updated_ms: now };
    this.#put(note);
    this.changed({ notes: [id] });
    return structuredClone(note);
  }
  async noteSave(request: SaveRequest): Promise<Saved> {
    this.#log('noteSave', structuredClone(request));
    const { patch } = request;
    this.#refuseTrashed(request.seen_heads);
    const note = this.#note(request.id);
    const heads = [`${request.id}@${this.#next++}`];
    const notebook = patch.notebook;
    const place = notebook?.kind === 'in' ? { notebook: this.notebooks.find((one) => one.id === notebook.id)?.path ?? '', notebook_id: notebook.id } : notebook ? { notebook: '', notebook_id: null } : {};
    this.#put({
      ...note,
      title: patch.title ?? note.title,
      body: patch.body ?? note.body,
      tags: patch.tags ?? note.tags,
      done: patch.done ?? note.done,
      due: patch.due ? (patch.due.kind === 'on' ? patch.due.date : null) : note.due,
      ...place,
      seen_heads: heads,
      updated_ms: Date.now(),
    });
    this.changed({ notes: [request.id], notebooks: notebook !== null, tags: patch.tags !== null });
    return { seen_heads: heads, stale: false, updated_ms: Date.now() };
  }
  async noteRefresh(id: string, seenHeads: string[], title: string, body: string) {
    this.#log('noteRefresh', id, seenHeads, title, body);
    this.#refuseTrashed(seenHeads);
    return this.#put({ ...this.#note(id), title, body, seen_heads: [`${id}@${this.#next++}`] });
  }
  async noteLeave(id: string) {
    this.#log('noteLeave', id);
  }
  async noteTrash(ids: string[]) {
    this.#log('noteTrash', ids);
    for (const id of ids) this.notes.set(id, { ...this.#note(id), trashed: true, seen_heads: [`${id}@trash${this.#next++}`] });
    this.changed({ notes: ids, notebooks: true, tags: true });
  }
  async noteVersions(id: string): Promise<NoteVersionItem[]> {
    this.#log('noteVersions', id);
    return this.versions.map((version) => version.item);
  }
  async noteVersion(id: string, revision: string): Promise<NoteVersion> {
    this.#log('noteVersion', id, revision);
    const found = this.versions.find((version) => version.item.revision === revision);
    if (!found) throw commandError('not_found', 'There is no such version.');
    if (found.item.content !== 'here') throw commandError('not_here', 'This old version is not on this computer any more.');
    return { ...found, is_shown: found.body === this.#note(id).body };
  }
  async noteVersionFetch(id: string, revision: string) {
    this.#log('noteVersionFetch', id, revision);
    for (const { item } of this.versions) if (item.revision === revision) item.content = 'here';
  }
  async noteVersionRestore(id: string, revision: string): Promise<NoteDetail> {
    this.#log('noteVersionRestore', id, revision);
    const { title, body } = await this.noteVersion(id, revision);
    return this.#put({ ...this.#note(id), title, body, seen_heads: [`${id}@${this.#next++}`] });
  }
  async noteRestore(ids: string[]) {
    this.#log('noteRestore', ids);
    for (const id of ids) this.notes.set(id, { ...this.#note(id), trashed: false, seen_heads: [`${id}@${this.#next++}`] });
    this.changed({ notes: ids, notebooks: true, tags: true });
  }
  async noteAttach(id: string, path: string) {
    this.#log('noteAttach', id, path);
    const name = path.split('/').at(-1) ?? path;
    const note = this.#note(id);
    return this.#put({ ...note, attachments: [...note.attachments, { id: `a${this.#next++}`, path: `files/${name}`, name, media_type: 'image/jpeg', size: 240_000, here: true, here_bytes: 240_000, wanted: false }] });
  }
  async attachmentRemove(note: string, attachment: string) {
    this.#log('attachmentRemove', note, attachment);
    const there = this.#note(note);
    return this.#put({ ...there, attachments: there.attachments.filter((one) => one.id !== attachment) });
  }
  async attachmentSave(note: string, attachment: string, path: string) {
    this.#log('attachmentSave', note, attachment, path);
  }
  async attachmentFetch(note: string, attachment: string) {
    this.#log('attachmentFetch', note, attachment);
    const there = this.notes.get(note);
    if (!there) return;
    const attachments = there.attachments.map((one) => (one.id === attachment ? { ...one, here: true, here_bytes: one.size, wanted: false } : one));
    this.#put({ ...there, attachments });
  }
  async search(query: string, limit: number) {
    this.#log('search', query, limit);
    const words = query.toLowerCase();
    return [...this.notes.values()]
      .filter((note) => `${note.title}\n${note.body}`.toLowerCase().includes(words))
      .slice(0, limit)
      .map((note) => {
        const from = note.body.toLowerCase().indexOf(words);
        const start = Math.max(0, from - 40);
        const snippet = note.body.slice(start, start + 140).replaceAll('\n', ' ');
        const marks: [number, number][] = from < 0 ? [] : [[from - start, from - start + query.length]];
        return { id: note.id, title: note.title, notebook: note.notebook, snippet, marks, trashed: note.trashed, to_review: note.to_review, updated_ms: note.updated_ms };
      });
  }

  async notebookAdd(name: string, parent: string | null) {
    this.#log('notebookAdd', name, parent);
    const above = this.notebooks.find((one) => one.id === parent);
    const id = `nb-${this.#next++}`;
    const at = above ? this.notebooks.indexOf(above) + 1 : this.notebooks.length;
    this.notebooks = this.notebooks.toSpliced(at, 0, { id, name, path: above ? `${above.path}/${name}` : name, parent, depth: above ? above.depth + 1 : 0, notes: 0, kept_offline: false });
    this.changed({ notebooks: true });
    return id;
  }
  async notebookRename(id: string, name: string) {
    this.#log('notebookRename', id, name);
    this.notebooks = this.notebooks.map((one) => (one.id === id ? { ...one, name } : one));
    this.changed({ notebooks: true, many: true });
  }
  async notebookMove(id: string, parent: string | null) {
    this.#log('notebookMove', id, parent);
    this.changed({ notebooks: true, many: true });
  }
  async notebookKeepOffline(id: string, kept: boolean) {
    this.#log('notebookKeepOffline', id, kept);
    this.notebooks = this.notebooks.map((one) => (one.id === id ? { ...one, kept_offline: kept } : one));
    this.changed({ notebooks: true });
  }
  async notebookTrash(id: string) {
    this.#log('notebookTrash', id);
    this.notebooks = this.notebooks.filter((one) => one.id !== id && one.parent !== id);
    this.changed({ notebooks: true, many: true });
  }

  async reviewList(): Promise<ReviewListItem[]> {
    return [...this.notes.values()].filter((note) => note.to_review > 0).map((note) => ({ id: note.id, is_note: true, title: note.title, choices: note.to_review, devices: note.review_devices, trashed_by: [], updated_ms: note.updated_ms }));
  }
  async reviewGet(id: string) {
    this.#log('reviewGet', id);
    return structuredClone(this.review);
  }
  async reviewChoose(id: string, place: string, choice: Parameters<Backend['reviewChoose']>[2]) {
    this.#log('reviewChoose', id, place, choice);
    const places = this.review.places.map((one) => (one.id === place ? { ...one, choice } : one));
    const chosen = places.find((one) => one.id === place);
    const result = this.review.result.map((span) => (chosen && span.place === chosen.number ? chosenSpan(span, chosen) : span));
    this.review = { ...this.review, places, result, left: places.filter((one) => one.choice === null).length };
    return this.#step(choice, result.find((span) => chosen && span.place === chosen.number) ?? null);
  }
  async reviewEditResult(id: string, seenHeads: string[], text: string | null) {
    this.#log('reviewEditResult', id, seenHeads, text);
    this.review = { ...this.review, edited_result: text };
    return this.#step(null, null);
  }
  #step(choice: Parameters<Backend['reviewChoose']>[2], passage: ResultSpan | null) {
    return structuredClone({ choice, passage, left: this.review.left, seen_heads: this.review.seen_heads });
  }
  async reviewFinish(id: string, seenHeads: string[]) {
    this.#log('reviewFinish', id, seenHeads);
    this.notes.set(id, { ...this.#note(id), to_review: 0, review_devices: [] });
    this.changed({ notes: [id], review: true });
  }
  async reviewUndo(id: string) {
    this.#log('reviewUndo', id);
    this.changed({ notes: [id], review: true });
  }
  async receiptsList() {
    return this.receipts.map((receipt) => ({ ...receipt, sides: [] }));
  }
  async receiptGet(id: string) {
    this.#log('receiptGet', id);
    const receipt = this.receipts.find((one) => one.id === id);
    if (!receipt) throw commandError('not_found', 'The receipt is not there any more.');
    return structuredClone(receipt);
  }
  async receiptUndo(id: string, revision: string) {
    this.#log('receiptUndo', id, revision);
    this.receipts = this.receipts.map((one) => (one.id === id ? { ...one, undone: true } : one));
    this.changed({ receipts: true });
  }

  async syncStatus() {
    return structuredClone(this.sync);
  }
  #setSync(sync: SyncStatus): void {
    this.sync = sync;
    this.emit({ kind: 'sync', data: sync });
  }
  /** What the tray shows. */
  tray: TrayShown | null = null;
  async trayShow(shown: TrayShown) {
    this.tray = shown;
  }
  async syncNow() {
    this.#log('syncNow');
  }
  async syncPause(paused: boolean) {
    this.#log('syncPause', paused);
    this.#setSync({ ...this.sync, paused, state: paused ? 'paused' : 'up_to_date' });
  }
  async activity(query: ActivityQuery) {
    const words = query.search.toLowerCase();
    return sampleActivity().filter((line) => !(query.failed_only && line.ok) && `${line.what} ${line.message}`.toLowerCase().includes(words)).slice(0, query.limit);
  }
  async activityExport(path: string) {
    this.#log('activityExport', path);
    return sampleActivity().length;
  }
  async tripwireNotes() {
    return structuredClone(this.held);
  }
  async tripwireDecide(number: number, keep: boolean) {
    this.#log('tripwireDecide', number, keep);
    const { length } = this.held;
    this.held = [];
    this.#setSync({ ...this.sync, state: 'up_to_date', tripwire: null });
    return length;
  }
  async deviceRemove(request: RemoveDeviceRequest) {
    this.#log('deviceRemove', request);
    this.#setSync({ ...this.sync, devices: this.sync.devices.filter((device) => device.id !== request.id) });
  }
  async asideList() {
    return structuredClone(this.aside.map(({ item }) => item));
  }
  async asideText(id: string) {
    this.#log('asideText', id);
    const found = this.aside.find(({ item }) => item.id === id);
    if (!found) throw commandError('not_found', 'It is not set aside any more.');
    return structuredClone(found);
  }
  async asideTake(id: string) {
    this.#log('asideTake', id);
    const new_note = this.aside.find(({ item }) => item.id === id)?.item.choice === 'take_as_new';
    this.#decided(id);
    return { id, new_note };
  }
  async asideDiscard(id: string) {
    this.#log('asideDiscard', id);
    this.#decided(id);
  }
  #decided(id: string): void {
    this.aside = this.aside.filter(({ item }) => item.id !== id);
    this.#setSync({ ...this.sync, quarantined: this.aside.length });
  }
  async checkHealth() {
    this.#log('checkHealth');
    return sampleHealth();
  }
  async backupList() {
    return structuredClone(this.backups);
  }
  async backupNow() {
    this.#log('backupNow');
    const made = { path: `${this.session.path}/backups/new`, at_ms: Date.now(), reason: 'You asked for it', bytes: 15_400_000 };
    this.backups = [made, ...this.backups];
    return made;
  }
  async backupRestore(path: string, passphrase: string) {
    this.#log('backupRestore', path);
    if (passphrase !== this.passphrase) throw commandError('wrong_passphrase', 'That passphrase does not open this vault. Nothing was changed.');
    this.session = { ...this.session, problem: null };
    this.#open('open');
  }
  async backupTest(path: string) {
    this.#log('backupTest', path);
    return { notes: 1204, trashed: 12, notebooks: 14, files_not_here: { files: 0, bytes: 0 } };
  }

  async importFolder(path: string, dryRun: boolean) {
    this.#log('importFolder', path, dryRun);
    return { notes: 128, notebooks: 12, tags: 31, attachments: 9, skipped: [{ path: 'old/latin1.md', reason: 'is not UTF-8' }], elapsed_ms: 820 };
  }
  async exportFolder(path: string) {
    this.#log('exportFolder', path);
    return { notes: this.notes.size, attachments: 4, to_review: 0, skipped: [], elapsed_ms: 400 };
  }

  async pickFolder(title: string) {
    this.#log('pickFolder', title);
    return this.picks.shift() ?? null;
  }
  async pickFile(title: string) {
    this.#log('pickFile', title);
    return this.picks.shift() ?? null;
  }
  async pickSavePath(title: string, fileName: string) {
    this.#log('pickSavePath', title, fileName);
    return this.picks.shift() ?? null;
  }
  async print() {
    this.#log('print');
  }
  async copyText(text: string) {
    this.copied = text;
  }
  async copySecret(text: string) {
    this.copied = text;
  }
  async openLink(url: string) {
    this.#log('openLink', url);
  }
  async onEvent(handler: (event: Event) => void) {
    this.#handlers.add(handler);
    return () => void this.#handlers.delete(handler);
  }
}

export function emptyNote(id: string): NoteDetail {
  return {
    id, title: '', preview: '', notebook: '', notebook_id: null, tags: [], due: null, done: false, trashed: false, to_review: 0,
    waiting: false, sent: false, created_ms: 0, updated_ms: 0, body: '', attachments: [], seen_heads: [`${id}@0`], review_devices: [], in_trashed_notebook: false, read_only: false,
  };
}

/** The passage of a place with its choice, as the program makes it. */
function chosenSpan(span: ResultSpan, place: ReviewPlace): ResultSpan {
  const { choice } = place;
  if (choice === null) return { ...span, open: true };
  const all = place.sides.map((side) => side.text).join('\n');
  const text =
    choice.kind === 'side' ? (place.sides[choice.number - 1]?.text ?? '')
    : choice.kind === 'text' ? choice.text
    : choice.kind === 'original' ? place.original
    : choice.kind === 'suggested' ? (place.suggested?.text ?? '')
    : all;
  return { ...span, text, open: false };
}
