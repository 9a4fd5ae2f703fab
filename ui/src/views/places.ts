// Where one can go, and what one can do, as the palette offers it.
import type { Place } from '../features/search/palette';
import type { NoteScope, Sidebar } from '../ipc/types';

export interface Doers {
  show: (scope: NoteScope) => void;
  showReview: () => void;
  create: () => void;
  settings: () => void;
  sync: () => void;
  importNotes: () => void;
  exportNotes: () => void;
  shortcuts: () => void;
  lock: () => void;
}

export function placesOf(sidebar: Sidebar | null, to: Doers): Place[] {
  const command = (id: string, label: string, run: () => void, hint?: string): Place => ({ id, kind: 'command', label, run, hint });
  const place = (id: string, label: string, run: () => void): Place => ({ id, kind: 'place', label, run });
  return [
    command('new', 'New note', to.create, 'Ctrl N'),
    place('all', 'All notes', () => to.show({ kind: 'all' })),
    place('tasks', 'Tasks', () => to.show({ kind: 'tasks' })),
    place('review', 'To review', to.showReview),
    place('trash', 'Trash', () => to.show({ kind: 'trash' })),
    command('sync', 'Sync', to.sync),
    command('settings', 'Settings', to.settings, 'Ctrl ,'),
    command('import', 'Import a folder', to.importNotes),
    command('export', 'Export to a folder', to.exportNotes),
    command('lock', 'Lock the vault', to.lock, 'Ctrl L'),
    command('shortcuts', 'Keyboard shortcuts', to.shortcuts, 'F1'),
    ...(sidebar?.notebooks ?? []).map(
      (one): Place => ({ id: one.id, kind: 'notebook', label: one.path.replaceAll('/', ' / '), run: () => to.show({ kind: 'notebook', id: one.id }) }),
    ),
    ...(sidebar?.tags ?? []).map((one): Place => ({ id: one.name, kind: 'tag', label: one.name, run: () => to.show({ kind: 'tag', name: one.name }) })),
  ];
}

/** What the list's header says. */
export function scopeName(scope: NoteScope, sidebar: Sidebar | null): string {
  switch (scope.kind) {
    case 'all':
      return 'All notes';
    case 'tasks':
      return 'Tasks';
    case 'review':
      return 'To review';
    case 'trash':
      return 'Trash';
    case 'notebook':
      return sidebar?.notebooks.find((one) => one.id === scope.id)?.name ?? 'Notebook';
    case 'tag':
      return `#${scope.name}`;
  }
}

/** An empty list: one sentence and one action. `coming`: this computer joined, and its notes are not all here. */
export function emptyWords(scope: NoteScope, coming = false): { text: string; action: 'new' | 'all' } {
  switch (scope.kind) {
    case 'all':
      if (coming) return { text: 'Your notes are on their way to this computer. You can write meanwhile.', action: 'new' };
      return { text: 'No notes yet. The first one is a click away.', action: 'new' };
    case 'tasks':
      return { text: 'Nothing is due: no open note has a due date.', action: 'all' };
    case 'review':
      return { text: 'Nothing to review. Every version is merged.', action: 'all' };
    case 'trash':
      return { text: 'The Trash is empty.', action: 'all' };
    case 'notebook':
      return { text: 'This notebook is empty.', action: 'new' };
    case 'tag':
      return { text: 'No note has this tag any more.', action: 'all' };
  }
}
