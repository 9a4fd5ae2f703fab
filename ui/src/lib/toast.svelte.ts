// Short messages at the foot of the window, or under the title of the dialog that is open: over it they would cover its buttons,
// and Tab would not reach them. With at most one action. They are announced too.
import { announce } from './announce.svelte';
import { errorText } from './errors';

export interface ToastItem {
  id: number;
  tone: 'info' | 'error';
  text: string;
  action?: { label: string; run: () => void } | undefined;
  /** Until somebody dismisses it, over a lock too: what one must not miss. A locked vault does not show it. */
  stays: boolean;
  /** The dialog that was on top when it was said. */
  where: symbol | null;
}

const SHOWN_MS = 6000;
/** Long enough to read an error twice; what is still wrong is said where it is wrong. */
const ERROR_SHOWN_MS = 30_000;
const MOST = 3;

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

  /** What is shown there. An error is no news in a dialog that was opened later, and that it is not about. */
  shownIn(dialog: symbol | null, locked: boolean): ToastItem[] {
    const here = (item: ToastItem) => dialog === null || item.tone === 'info' || item.where === dialog;
    return this.items.filter((item) => here(item) && !(locked && item.stays));
  }

  /** A dialog opened; call the answer when it closes. */
  opened(dialog: symbol): () => void {
    this.#dialogs = [...this.#dialogs, dialog];
    return () => (this.#dialogs = this.#dialogs.filter((one) => one !== dialog));
  }

  /** Answers with what `dismiss` takes. */
  show(text: string, options: { tone?: ToastItem['tone']; action?: ToastItem['action']; stays?: boolean } = {}): number {
    const id = this.#next++;
    const tone = options.tone ?? 'info';
    const item = { id, tone, text, action: options.action, stays: options.stays ?? false, where: this.#dialogs.at(-1) ?? null };
    const going = this.items.filter((one) => !one.stays);
    for (const old of going.slice(0, Math.max(0, this.items.length + 1 - MOST))) this.dismiss(old.id);
    this.items = [...this.items, item];
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

  #start(id: number): void {
    const item = this.items.find((one) => one.id === id);
    if (!item || item.stays) return;
    this.#timers.set(
      id,
      setTimeout(() => this.dismiss(id), item.tone === 'error' ? ERROR_SHOWN_MS : SHOWN_MS),
    );
  }

  error(error: unknown): void {
    this.show(errorText(error), { tone: 'error' });
  }

  /** The vault is locked: what was said of it goes, and with it what can be done about it. */
  clear(): void {
    for (const item of this.items) if (!item.stays) this.dismiss(item.id);
  }

  dismiss(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#held.delete(id);
    this.items = this.items.filter((item) => item.id !== id);
  }
}

export const toasts = new Toasts();
