// The proof that the recovery code is written down: two of its words, asked for at random places.
import type { Backend } from '../../ipc/backend';
import { toCommandError } from '../../lib/errors';
import { toasts } from '../../lib/toast.svelte';

export class CodeCheck {
  asked: [number, number];
  typed = $state<[string, string]>(['', '']);
  wrong = $state(false);
  busy = $state(false);

  #backend: Backend;
  constructor(backend: Backend, length: number, random: () => number = Math.random) {
    this.#backend = backend;
    // One of each half, so that both columns of a sheet are looked at.
    const half = Math.floor(length / 2);
    this.asked = [Math.floor(random() * half), half + Math.floor(random() * (length - half))];
  }

  /** True if both words were right. */
  async confirm(): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    try {
      const words = this.asked.map((index, at) => ({ index, word: (this.typed[at] ?? '').trim().toLowerCase() }));
      this.wrong = !(await this.#backend.recoveryConfirm(words));
      return !this.wrong;
    } catch (error) {
      toasts.error(toCommandError(error));
      return false;
    } finally {
      this.busy = false;
    }
  }
}
