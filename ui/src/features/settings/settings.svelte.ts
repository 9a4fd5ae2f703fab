// The settings as the dialog shows them. Each change is saved at once; one that fails shows the old value again.
import type { Backend } from '../../ipc/backend';
import type { SessionStatus, Settings, SyncStatus } from '../../ipc/types';

export class SettingsController {
  settings = $state<Settings | null>(null);
  session = $state.raw<SessionStatus | null>(null);
  sync = $state.raw<SyncStatus | null>(null);
  /** Why they could not be read. */
  failed = $state<unknown>(null);
  /** Why the last change was not saved. */
  problem = $state<unknown>(null);
  #backend: Backend;
  #tail: Promise<void> = Promise.resolve();

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async read(): Promise<void> {
    try {
      const [settings, session, sync] = await Promise.all([
        this.#backend.settings(),
        this.#backend.sessionStatus(),
        this.#backend.syncStatus(),
      ]);
      this.settings = settings;
      this.session = session;
      this.sync = sync;
      this.failed = null;
    } catch (error) {
      this.failed = error;
    }
  }

  /** Follows sync and session while the dialog is open. Returns how to stop. */
  follow(): () => void {
    let ended = false;
    let unlisten: (() => void) | null = null;
    this.#backend
      .onEvent((event) => {
        if (ended) return;
        if (event.kind === 'sync') this.sync = event.data;
        if (event.kind === 'session') this.session = event.data;
      })
      .then((stop) => {
        if (ended) stop();
        else unlisten = stop;
      })
      .catch((error: unknown) => (this.problem = error));
    return () => {
      ended = true;
      unlisten?.();
    };
  }

  /** Saves one change on top of the others, in the order of the clicks. */
  change(patch: Partial<Settings>): Promise<void> {
    this.#tail = this.#tail.then(async () => {
      const before = this.settings;
      if (!before) return;
      const after = { ...$state.snapshot(before), ...patch };
      this.settings = after;
      try {
        await this.#backend.settingsSave(after);
        this.problem = null;
      } catch (error) {
        this.settings = before;
        this.problem = error;
      }
    });
    return this.#tail;
  }
}
