// The Backend over Tauri, and the only file that imports it. A command is named like its function here, in
// snake_case; its arguments have the names of the parameters.
import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import { getCurrentWindow } from '@tauri-apps/api/window';
import { open, save } from '@tauri-apps/plugin-dialog';
import type { Backend } from './backend';
import type { WindowHost } from './host';
import type { Event } from './types';

/** The name under which Rust emits every `Event`. */
const EVENT_NAME = 'holdfast';

export const tauriBackend: Backend = {
  sessionStatus: () => invoke('session_status'),
  vaultCreate: (passphrase) => invoke('vault_create', { passphrase }),
  vaultUnlock: (passphrase) => invoke('vault_unlock', { passphrase }),
  vaultUnlockWithCode: (code, newPassphrase) => invoke('vault_unlock_with_code', { code, newPassphrase }),
  vaultLock: () => invoke('vault_lock'),
  recoveryCode: () => invoke('recovery_code'),
  recoveryConfirm: (words) => invoke('recovery_confirm', { words }),
  recoverySave: (path) => invoke('recovery_save', { path }),
  settings: () => invoke('settings'),
  settingsSave: (settings) => invoke('settings_save', { settings }),

  linkRead: (link) => invoke('link_read', { link }),
  accountCreate: (request) => invoke('account_create', { request }),
  accountJoin: (request) => invoke('account_join', { request }),
  accountSignIn: (passphrase) => invoke('account_sign_in', { passphrase }),

  sidebar: () => invoke('sidebar'),
  notesList: (query) => invoke('notes_list', { query }),
  noteGet: (id) => invoke('note_get', { id }),
  noteCreate: (notebook) => invoke('note_create', { notebook }),
  noteSave: (request) => invoke('note_save', { request }),
  noteRefresh: (id, seenHeads, title, body) => invoke('note_refresh', { id, seenHeads, title, body }),
  noteLeave: (id) => invoke('note_leave', { id }),
  noteTrash: (ids) => invoke('note_trash', { ids }),
  noteRestore: (ids) => invoke('note_restore', { ids }),
  noteAttach: (id, path) => invoke('note_attach', { id, path }),
  attachmentSave: (note, attachment, path) => invoke('attachment_save', { note, attachment, path }),
  search: (query, limit) => invoke('search', { query, limit }),

  notebookAdd: (name, parent) => invoke('notebook_add', { name, parent }),
  notebookRename: (id, name) => invoke('notebook_rename', { id, name }),
  notebookMove: (id, parent) => invoke('notebook_move', { id, parent }),
  notebookTrash: (id) => invoke('notebook_trash', { id }),

  reviewList: () => invoke('review_list'),
  reviewGet: (id) => invoke('review_get', { id }),
  reviewChoose: (id, place, choice) => invoke('review_choose', { id, place, choice }),
  reviewEditResult: (id, text) => invoke('review_edit_result', { id, text }),
  reviewFinish: (id, seenHeads) => invoke('review_finish', { id, seenHeads }),
  reviewUndo: (id) => invoke('review_undo', { id }),
  receiptsList: () => invoke('receipts_list'),
  receiptGet: (id) => invoke('receipt_get', { id }),
  receiptUndo: (id, revision) => invoke('receipt_undo', { id, revision }),

  syncStatus: () => invoke('sync_status'),
  syncNow: () => invoke('sync_now'),
  syncPause: (paused) => invoke('sync_pause', { paused }),
  activity: (limit) => invoke('activity', { limit }),

  importFolder: (path, dryRun) => invoke('import_folder', { path, dryRun }),
  exportFolder: (path) => invoke('export_folder', { path }),

  pickFolder: (title) => open({ title, directory: true }),
  pickFile: (title) => open({ title, directory: false, multiple: false }),
  pickSavePath: (title, fileName) => save({ title, defaultPath: fileName }),
  print: async () => {
    window.print();
  },
  copyText: (text) => navigator.clipboard.writeText(text),
  onEvent: (handler) => listen<Event>(EVENT_NAME, (event) => handler(event.payload)),
};

export const tauriHost: WindowHost = {
  onCloseRequest: (mayClose) =>
    getCurrentWindow().onCloseRequested(async (event) => {
      if (!(await mayClose())) event.preventDefault();
    }),
};
