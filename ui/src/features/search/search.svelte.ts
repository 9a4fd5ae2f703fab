// Search as one types: one question at a time is shown, and only the newest answer.
import type { Backend } from '../../ipc/backend';
import type { CommandError, SearchHit } from '../../ipc/types';
import { toCommandError } from '../../lib/errors';

export const DEBOUNCE_MS = 80;
const LIMIT = 50;

export class Search {
  query = $state('');
  hits = $state.raw<SearchHit[]>([]);
  /** The question that `hits` answer. */
  answered = $state('');
  error = $state.raw<CommandError | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;
  #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  type(query: string): void {
    this.query = query;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.ask(), DEBOUNCE_MS);
  }

  async ask(): Promise<void> {
    clearTimeout(this.#timer);
    const query = this.query.trim();
    const asked = ++this.#asked;
    if (!query) {
      this.hits = [];
      this.answered = '';
      this.error = null;
      return;
    }
    try {
      const hits = await this.#backend.search(query, LIMIT);
      if (asked !== this.#asked) return;
      this.hits = hits;
      this.error = null;
    } catch (error) {
      if (asked !== this.#asked) return;
      this.hits = [];
      this.error = toCommandError(error);
    }
    this.answered = query;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#asked += 1;
  }
}
