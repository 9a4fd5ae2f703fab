// Short messages at the foot of the window, with at most one action. They are announced too.
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
  #next = 1;

  show(text: string, options: { tone?: ToastItem['tone']; action?: ToastItem['action'] } = {}): void {
    const id = this.#next++;
    const tone = options.tone ?? 'info';
    this.items = [...this.items.slice(-2), { id, tone, text, action: options.action }];
    announce(text);
    // An error stays until it was read.
    if (tone === 'info') setTimeout(() => this.dismiss(id), SHOWN_MS);
  }

  error(error: unknown): void {
    this.show(errorText(error), { tone: 'error' });
  }

  dismiss(id: number): void {
    this.items = this.items.filter((item) => item.id !== id);
  }
}

export const toasts = new Toasts();
