// What the sidebar counts and names, read again when something changed.
import type { Backend } from '../../ipc/backend';
import type { CommandError, Sidebar } from '../../ipc/types';
import { toCommandError } from '../../lib/errors';

const SETTLE_MS = 60;

export class SidebarData {
  data = $state.raw<Sidebar | null>(null);
  error = $state.raw<CommandError | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;
  #shown = 0;
  #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async load(): Promise<void> {
    clearTimeout(this.#timer);
    this.#asked += 1;
    const asked = this.#asked;
    try {
      const data = await this.#backend.sidebar();
      // An answer that was asked for later is newer.
      if (asked < this.#shown) return;
      this.#shown = asked;
      this.data = data;
      this.error = null;
    } catch (error) {
      this.error = toCommandError(error);
    }
  }

  changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.load(), SETTLE_MS);
  }
}
