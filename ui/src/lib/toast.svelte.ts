// Short messages at the foot of the window, or under the title of the dialog that is open: over it they would cover its buttons,
// and Tab would not reach them. With at most one action. They are announced too.
import { announce } from './announce.svelte';
import { errorText } from './errors';

export interface ToastItem {
  id: number;
  tone: 'info' | 'error';
  text: string;
  action?: { label: string; run: () => void } | undefined;
}

const SHOWN_MS = 6000;

class Toasts {
  items = $state<ToastItem[]>([]);
  /** The dialogs that are open, the topmost last. */
  #dialogs = $state.raw<symbol[]>([]);
  #next = 1;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();
  #held = new Set<number>();

  get inDialog(): boolean {
    return this.#dialogs.length > 0;
  }

  /** True where the messages belong in this dialog. */
  isTop(dialog: symbol): boolean {
    return this.#dialogs.at(-1) === dialog;
  }

  /** A dialog opened; call the answer when it closes. */
  opened(dialog: symbol): () => void {
    this.#dialogs = [...this.#dialogs, dialog];
    return () => (this.#dialogs = this.#dialogs.filter((one) => one !== dialog));
  }

  /** Answers with what `dismiss` takes. */
  show(text: string, options: { tone?: ToastItem['tone']; action?: ToastItem['action'] } = {}): number {
    const id = this.#next++;
    const tone = options.tone ?? 'info';
    this.items = [...this.items.slice(-2), { id, tone, text, action: options.action }];
    announce(text);
    this.#start(id);
    return id;
  }

  /** It stays while the pointer or the focus is on it: nothing goes away under a hand. */
  hold(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#held.add(id);
  }

  /** The time of one that was held begins anew. */
  release(id: number): void {
    if (this.#held.delete(id)) this.#start(id);
  }

  /** An error stays until it was read. */
  #start(id: number): void {
    if (this.items.some((item) => item.id === id && item.tone === 'info')) {
      this.#timers.set(
        id,
        setTimeout(() => this.dismiss(id), SHOWN_MS),
      );
    }
  }

  error(error: unknown): void {
    this.show(errorText(error), { tone: 'error' });
  }

  dismiss(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#held.delete(id);
    this.items = this.items.filter((item) => item.id !== id);
  }
}

export const toasts = new Toasts();
