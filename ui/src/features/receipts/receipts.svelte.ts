// The automatic merges and their undo.
import type { Backend } from '../../ipc/backend';
import type { Receipt, ReceiptSide } from '../../ipc/types';

export class Receipts {
  list = $state.raw<Receipt[] | null>(null);
  failed = $state<unknown>(null);
  /** The receipt that is shown, with its differences. */
  open = $state.raw<Receipt | null>(null);
  openId = $state<string | null>(null);
  openFailed = $state<unknown>(null);
  /** The revision whose undo is on its way. */
  undoing = $state<string | null>(null);
  problem = $state<unknown>(null);
  #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Reads the list and keeps it current. Returns how to stop. */
  start(): () => void {
    let ended = false;
    let unlisten: (() => void) | null = null;
    this.#backend
      .onEvent((event) => {
        if (!ended && event.kind === 'changed' && (event.data.receipts || event.data.many)) void this.read();
      })
      .then((stop) => {
        if (ended) stop();
        else unlisten = stop;
      })
      .catch((error: unknown) => (this.failed = error));
    void this.read();
    return () => {
      ended = true;
      unlisten?.();
    };
  }

  async read(): Promise<void> {
    try {
      this.list = await this.#backend.receiptsList();
      this.failed = null;
    } catch (error) {
      this.failed = error;
    }
  }

  async show(id: string): Promise<void> {
    this.openId = id;
    this.problem = null;
    try {
      const receipt = await this.#backend.receiptGet(id);
      if (this.openId !== id) return;
      this.open = receipt;
      this.openFailed = null;
      // Read is seen: the mark in the list goes without waiting for the next event.
      this.list = this.list?.map((one) => (one.id === id ? { ...one, seen: true } : one)) ?? null;
    } catch (error) {
      if (this.openId === id) this.openFailed = error;
    }
  }

  /** Takes one side. True once it is done. */
  async undo(side: ReceiptSide): Promise<boolean> {
    const receipt = this.open;
    if (!receipt || this.undoing) return false;
    this.undoing = side.revision;
    this.problem = null;
    try {
      await this.#backend.receiptUndo(receipt.id, side.revision);
      await Promise.all([this.read(), this.show(receipt.id)]);
      return true;
    } catch (error) {
      this.problem = error;
      return false;
    } finally {
      this.undoing = null;
    }
  }
}
