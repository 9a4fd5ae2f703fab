// The list of notes: pages of it as far as they are looked at, read again when something changed.
import type { Backend } from '../../ipc/backend';
import type { CommandError, NoteListItem, NoteOrder, NoteScope } from '../../ipc/types';
import { toCommandError } from '../../lib/errors';

export const PAGE = 100;
/** Beyond so many pages a note is not looked for. */
const FIND_PAGES = 100;
/** Several changes in a row are one reading. */
const SETTLE_MS = 60;

export class NotesList {
  scope = $state.raw<NoteScope>({ kind: 'all' });
  order = $state<NoteOrder>('updated');
  total = $state(0);
  state = $state<'loading' | 'ready' | 'failed'>('loading');
  error = $state.raw<CommandError | null>(null);

  /** By page number; undefined where it was not looked at yet. */
  #pages = $state.raw<readonly (NoteListItem[] | undefined)[]>([]);
  #asked: number[] = [];
  /** Answers to older questions are dropped. */
  #epoch = 0;
  #first = 0;
  #last = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Undefined while its page is on the way. */
  item(index: number): NoteListItem | undefined {
    return this.#pages[Math.floor(index / PAGE)]?.[index % PAGE];
  }

  indexOf(id: string): number {
    for (const [page, items] of this.#pages.entries()) {
      const at = items?.findIndex((item) => item.id === id) ?? -1;
      if (at >= 0) return page * PAGE + at;
    }
    return -1;
  }

  /** Looks for a note as far as the list is read, and then on, page by page. Its row, or −1. */
  async find(id: string): Promise<number> {
    const epoch = this.#epoch;
    for (let page = 0; page * PAGE < this.total && page < FIND_PAGES; page += 1) {
      if (!this.#pages[page] && !this.#asked.includes(page)) await this.#fetch([page], epoch, false);
      if (epoch !== this.#epoch) return -1;
      if (this.indexOf(id) >= 0) break;
    }
    return this.indexOf(id);
  }

  async show(scope: NoteScope, order: NoteOrder = defaultOrder(scope)): Promise<void> {
    this.scope = scope;
    this.order = order;
    this.state = 'loading';
    this.#pages = [];
    this.#first = this.#last = 0;
    await this.load();
  }

  async setOrder(order: NoteOrder): Promise<void> {
    await this.show(this.scope, order);
  }

  /** The rows that are looked at: their pages are fetched. */
  look(first: number, last: number): void {
    this.#first = Math.floor(first / PAGE);
    this.#last = Math.floor(Math.max(first, last) / PAGE);
    const epoch = this.#epoch;
    for (let page = this.#first; page <= this.#last; page += 1) {
      if (!this.#pages[page] && !this.#asked.includes(page) && page * PAGE < this.total) {
        void this.#fetch([page], epoch, false);
      }
    }
  }

  /** Reads again what is looked at; the rest when it comes into view. */
  async load(): Promise<void> {
    clearTimeout(this.#timer);
    this.#epoch += 1;
    this.#asked = [];
    const pages = [];
    for (let page = this.#first; page <= this.#last; page += 1) pages.push(page);
    await this.#fetch(pages, this.#epoch, true);
  }

  changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.load(), SETTLE_MS);
  }

  async #fetch(pages: number[], epoch: number, fresh: boolean): Promise<void> {
    const { scope, order } = this;
    this.#asked.push(...pages);
    try {
      const read = await Promise.all(
        pages.map((page) => this.#backend.notesList({ scope, order, limit: PAGE, offset: page * PAGE })),
      );
      if (epoch !== this.#epoch) return;
      const next = fresh ? [] : [...this.#pages];
      read.forEach((answer, at) => (next[pages[at] ?? 0] = answer.items));
      this.#pages = next;
      this.total = read[0]?.total ?? 0;
      this.error = null;
      this.state = 'ready';
    } catch (error) {
      if (epoch !== this.#epoch) return;
      this.#asked = this.#asked.filter((page) => !pages.includes(page));
      this.error = toCommandError(error);
      this.state = 'failed';
    }
  }
}

export function defaultOrder(scope: NoteScope): NoteOrder {
  return scope.kind === 'tasks' ? 'due' : 'updated';
}
