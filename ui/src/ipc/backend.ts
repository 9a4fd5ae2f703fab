// The one interface between the views and Rust. `tauri.ts` implements it over Tauri; nothing else in the UI
// knows what carries a call. Every function may throw a `CommandError`.
import type {
  AccountLink, ActivityItem, ActivityQuery, AsideItem, AsideTaken, AsideText, BackupContent, BackupItem, CommandError, ConfirmWord, CreateAccountRequest, Event,
  ExportReport, Health, HeldNote, ImportReport, JoinRequest, LinkInfo, NoteDetail, NoteListItem, NoteVersion, NoteVersionItem, NotesPage, NotesQuery, PassphraseChange, PlaceChoice, Receipt, RecoveryCode, RemoveDeviceRequest, Review, ReviewListItem,
  ReviewStep, SaveRequest, Saved, SearchHit, SessionStatus, Settings, Sidebar, SyncStatus, TrayShown,
} from './types';

export interface Backend {
  // Session
  sessionStatus(): Promise<SessionStatus>;
  vaultCreate(passphrase: string): Promise<RecoveryCode>;
  vaultUnlock(passphrase: string): Promise<void>;
  vaultUnlockWithCode(code: string, newPassphrase: string): Promise<void>;
  vaultLock(): Promise<void>;
  /** The other computers take it over with their next sync. */
  passphraseChange(change: PassphraseChange): Promise<void>;
  /** The code while it is still unconfirmed, else null. */
  recoveryCode(): Promise<RecoveryCode | null>;
  /** True if the words are right; the reminder ends. */
  recoveryConfirm(words: ConfirmWord[]): Promise<boolean>;
  /** Writes the code to a file that the person chose. */
  recoverySave(path: string): Promise<void>;
  settings(): Promise<Settings>;
  settingsSave(settings: Settings): Promise<void>;

  // Account
  /** How another computer joins this account. */
  accountLink(): Promise<AccountLink>;
  linkRead(link: string): Promise<LinkInfo>;
  accountCreate(request: CreateAccountRequest): Promise<void>;
  accountJoin(request: JoinRequest): Promise<void>;
  /** After `needs_sign_in`. */
  accountSignIn(passphrase: string): Promise<void>;

  // Notes
  sidebar(): Promise<Sidebar>;
  notesList(query: NotesQuery): Promise<NotesPage>;
  noteGet(id: string): Promise<NoteDetail>;
  /** The line of one note: how it stands with the server, and what is to review. */
  noteMark(id: string): Promise<NoteListItem>;
  /** A new empty note, in a notebook or at the root. */
  noteCreate(notebook: string | null): Promise<NoteDetail>;
  /** On disk when it returns. */
  noteSave(request: SaveRequest): Promise<Saved>;
  /** Saves the buffer on what it was made from, joins the versions that arrived, and returns the note with both. */
  noteRefresh(id: string, seenHeads: string[], title: string, body: string): Promise<NoteDetail>;
  /** The person left the note: what was typed becomes a revision. */
  noteLeave(id: string): Promise<void>;
  noteTrash(ids: string[]): Promise<void>;
  noteRestore(ids: string[]): Promise<void>;
  /** Every version of a note, the newest first. */
  noteVersions(id: string): Promise<NoteVersionItem[]>;
  noteVersion(id: string, revision: string): Promise<NoteVersion>;
  /** Gets the text of a version from the server that is not on this computer any more. */
  noteVersionFetch(id: string, revision: string): Promise<void>;
  /** The title and the text of that version become the newest one. */
  noteVersionRestore(id: string, revision: string): Promise<NoteDetail>;
  /** Copies a file into the note; returns the note with the link at the end of its attachments. */
  noteAttach(id: string, path: string): Promise<NoteDetail>;
  /** Takes a file out of the note; the text stays as it is. */
  attachmentRemove(note: string, attachment: string): Promise<NoteDetail>;
  attachmentSave(note: string, attachment: string, path: string): Promise<void>;
  /** Brings a file to this computer; it is here when this returns. Throws `not_here` where it cannot be had now. */
  attachmentFetch(note: string, attachment: string): Promise<void>;
  search(query: string, limit: number): Promise<SearchHit[]>;

  // Notebooks
  notebookAdd(name: string, parent: string | null): Promise<string>;
  notebookRename(id: string, name: string): Promise<void>;
  notebookMove(id: string, parent: string | null): Promise<void>;
  /** Whether all files in it come to this computer. */
  notebookKeepOffline(id: string, kept: boolean): Promise<void>;
  /** With the notes in it and below it. */
  notebookTrash(id: string): Promise<void>;

  // Reviews and receipts
  reviewList(): Promise<ReviewListItem[]>;
  reviewGet(id: string): Promise<Review>;
  /** Keeps one choice (null takes it back) and returns what it changed. Nothing is resolved yet. */
  reviewChoose(id: string, place: string, choice: PlaceChoice | null): Promise<ReviewStep>;
  /** Keeps a text typed over the whole result of these versions (null goes back to the choices). */
  reviewEditResult(id: string, seenHeads: string[], text: string | null): Promise<ReviewStep>;
  /** Throws `stale` if another version arrived since `seenHeads`: read again. */
  reviewFinish(id: string, seenHeads: string[]): Promise<void>;
  /** Takes back the resolution just made. */
  reviewUndo(id: string): Promise<void>;
  receiptsList(): Promise<Receipt[]>;
  receiptGet(id: string): Promise<Receipt>;
  /** Takes one side (a revision of it) of an automatic merge; may itself ask. */
  receiptUndo(id: string, revision: string): Promise<void>;

  // Sync
  syncStatus(): Promise<SyncStatus>;
  syncNow(): Promise<void>;
  syncPause(paused: boolean): Promise<void>;
  /** What the icon in the desktop's tray shows from now on, where there is one. */
  trayShow(shown: TrayShown): Promise<void>;
  /** The newest first. */
  activity(query: ActivityQuery): Promise<ActivityItem[]>;
  /** Into a new file, without titles, texts, names and addresses; answers with the number of lines. */
  activityExport(path: string): Promise<number>;
  /** The notes that the sync that is held back would take away. */
  tripwireNotes(): Promise<HeldNote[]>;
  /** Decides about what was looked at; throws `stale` if it changed since. Answers with the number of notes. */
  tripwireDecide(number: number, keep: boolean): Promise<number>;
  /** Removes another computer for good, with a new passphrase where somebody else may know the one that there is. */
  deviceRemove(request: RemoveDeviceRequest): Promise<void>;
  /** What is set aside, the newest arrival first. */
  asideList(): Promise<AsideItem[]>;
  asideText(id: string): Promise<AsideText>;
  /** Takes over what a removed computer sent late, as a change of this one. */
  asideTake(id: string): Promise<AsideTaken>;
  asideDiscard(id: string): Promise<void>;
  checkHealth(): Promise<Health>;

  // Backups
  /** The newest first. */
  backupList(): Promise<BackupItem[]>;
  backupNow(): Promise<BackupItem>;
  /** Opens one, reads all of it, and counts. */
  backupTest(path: string): Promise<BackupContent>;
  /** Puts one in the place of a vault that is damaged, and opens it. */
  backupRestore(path: string, passphrase: string): Promise<void>;

  // Transfer
  importFolder(path: string, dryRun: boolean): Promise<ImportReport>;
  exportFolder(path: string): Promise<ExportReport>;

  // The window
  /** Null where the person cancelled. */
  pickFolder(title: string): Promise<string | null>;
  pickFile(title: string): Promise<string | null>;
  pickSavePath(title: string, fileName: string): Promise<string | null>;
  print(): Promise<void>;
  copyText(text: string): Promise<void>;
  /** As `copyText`, and gone from the clipboard after a minute. */
  copySecret(text: string): Promise<void>;
  /** Opens a web or mail address outside. */
  openLink(url: string): Promise<void>;
  onEvent(handler: (event: Event) => void): Promise<() => void>;
}

export function isCommandError(error: unknown): error is CommandError {
  return typeof error === 'object' && error !== null && 'code' in error && 'message' in error;
}
