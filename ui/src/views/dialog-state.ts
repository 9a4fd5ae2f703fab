import type { DeviceItem } from '../ipc/types';
import type { NotebookTask } from '../features/notebooks/task';

/** The one dialog that is open. */
export type DialogState =
  | { kind: 'palette'; mode: 'all' | 'notes' }
  | { kind: 'history' }
  | { kind: 'shortcuts' }
  | { kind: 'settings' }
  | { kind: 'sync' }
  | { kind: 'tripwire' }
  | { kind: 'aside' }
  | { kind: 'addComputer' }
  | { kind: 'removeDevice'; device: DeviceItem }
  | { kind: 'passphrase' }
  | { kind: 'backups' }
  | { kind: 'addServer' }
  | { kind: 'import' }
  | { kind: 'export' }
  | { kind: 'recovery' }
  | { kind: 'unsaved'; then: 'lock' | 'close'; decide: (discard: boolean) => void }
  | { kind: 'review'; id: string }
  | { kind: 'notebook'; task: NotebookTask };
