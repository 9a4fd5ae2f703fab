// Which page stands before the notes: create, the code, join, unlock, or none.
import type { Backend } from '../../ipc/backend';
import type { CommandError, RecoveryCode, SessionStatus } from '../../ipc/types';
import { toCommandError } from '../../lib/errors';

export type Page = 'loading' | 'failed' | 'problem' | 'create' | 'join' | 'unlock' | 'code' | 'open';

export class SessionController {
  status = $state.raw<SessionStatus | null>(null);
  error = $state.raw<CommandError | null>(null);
  /** The code of a vault that was just made, until the person is done with its page. */
  newCode = $state.raw<RecoveryCode | null>(null);
  joining = $state(false);
  /** True once after the first start: the window opens with the cursor in a new note. */
  startWithNote = $state(false);

  readonly page: Page = $derived.by(() => {
    if (this.error) return 'failed';
    if (!this.status) return 'loading';
    if (this.newCode) return 'code';
    if (this.status.vault === 'open') return 'open';
    if (this.status.problem) return 'problem';
    if (this.status.vault === 'locked') return 'unlock';
    return this.joining ? 'join' : 'create';
  });

  #backend: Backend;
  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async load(): Promise<void> {
    try {
      this.take(await this.#backend.sessionStatus());
      this.error = null;
    } catch (error) {
      this.error = toCommandError(error);
    }
  }

  take(status: SessionStatus): void {
    this.status = status;
    if (status.vault !== 'absent') this.joining = false;
    // Only the first start: not after a lock.
    if (status.vault === 'locked') this.startWithNote = false;
  }

  /** Throws what the backend throws: the page shows it at its fields. */
  async create(passphrase: string): Promise<void> {
    // The event that says "open" may arrive before the answer with the code: the page must not change meanwhile.
    this.newCode = { words: [] };
    try {
      this.newCode = await this.#backend.vaultCreate(passphrase);
    } catch (error) {
      this.newCode = null;
      throw error;
    }
    await this.load();
  }

  codeDone(): void {
    this.newCode = null;
    this.startWithNote = true;
  }
}
