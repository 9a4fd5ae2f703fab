import type { NotebookItem } from '../../ipc/types';

/** What the notebook dialog is open for. */
export type NotebookTask =
  | { kind: 'add'; parent: NotebookItem | null }
  | { kind: 'rename'; notebook: NotebookItem }
  | { kind: 'move'; notebook: NotebookItem }
  | { kind: 'trash'; notebook: NotebookItem };
