// The picture of sync that the status line and the panel draw from: asked for once, then told by events.
import { onMount, untrack } from 'svelte';
import type { Backend } from '../../ipc/backend';
import type { ActivityItem, SyncStatus } from '../../ipc/types';
import { getBackend } from '../../lib/backend';
import { errorText } from '../../lib/errors';
import { toasts } from '../../lib/toast.svelte';
import type { Unsaved } from '../../lib/unsaved';
import { statusWords } from './words';

const ACTIVITY_SHOWN = 100;
/** Short states (a poll every few seconds) are not read out; only what stays is. */
const SPOKEN_AFTER_MS = 1500;
/** A status that could not be read is read again. */
const READ_AGAIN_MS = 5000;

export class SyncController {
  status = $state<SyncStatus | null>(null);
  /** Why the status could not be read, as a sentence: then the last one may not hold any more. */
  failed = $state('');
  activity = $state<ActivityItem[] | null>(null);
  activityFailed = $state('');
  /** Which lines of the log are shown. */
  activitySearch = $state('');
  activityFailedOnly = $state(false);
  /** A button of the panel that waits for its answer. */
  busy = $state<'now' | 'pause' | 'signIn' | null>(null);
  /** What the last button press ran into. */
  problem = $state('');
  /** What a screen reader hears: the words once they have stayed for a moment, without the countdown. */
  spoken = $state('');

  /** The text in the editor, while it is not on disk. */
  #unsaved = $state.raw<Unsaved | null>(null);
  /** It is on disk, and the status is still that of before. */
  #behind = $state(false);
  #backend: Backend;
  #activityWish = 0;
  /** Events so far. */
  #told = 0;
  /** Questions for the status so far, and the newest that has its answer. */
  #asked = 0;
  #answered = 0;
  /** Saves so far: an answer knows of those before its question. */
  #saves = 0;
  #following = 0;
  /** When the server had last confirmed as "Try now" failed: a later time is news that it works. */
  #failedSince: number | null = null;
  #speakLater: ReturnType<typeof setTimeout> | undefined;
  #readAgain: ReturnType<typeof setTimeout> | undefined;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  get unsaved(): Unsaved | null {
    return this.#unsaved ?? (this.#behind ? { failed: false, why: '' } : null);
  }

  /** What was saved waits for the server from then on: nothing else is said until the status says so itself. */
  set unsaved(unsaved: Unsaved | null) {
    const saved = untrack(() => this.#unsaved) !== null && unsaved === null;
    this.#unsaved = unsaved;
    if (!saved) return;
    this.#saves += 1;
    this.#behind = true;
    void untrack(() => this.refresh());
  }

  /** Reads the status and follows it. Returns how to stop. */
  start(): () => void {
    let ended = false;
    let unlisten: (() => void) | null = null;
    this.#following += 1;
    this.failed = '';
    this.#backend
      .onEvent((event) => {
        if (ended) return;
        if (event.kind === 'sync_failed') this.#fail(event.data);
        if (event.kind !== 'sync') return;
        this.#told += 1;
        this.#take(event.data);
      })
      .then((stop) => {
        if (ended) return stop();
        unlisten = stop;
        // What changed before anybody listened is told by no event.
        void this.refresh();
      })
      .catch((error: unknown) => this.#fail(error));
    void this.refresh();
    return () => {
      ended = true;
      this.#following -= 1;
      clearTimeout(this.#speakLater);
      clearTimeout(this.#readAgain);
      unlisten?.();
    };
  }

  async refresh(): Promise<void> {
    const [ask, told, saves] = [++this.#asked, this.#told, this.#saves];
    let status: SyncStatus | null = null;
    let why: unknown = null;
    try {
      status = await this.#backend.syncStatus();
    } catch (error) {
      why = error;
    }
    if (ask < this.#answered) return;
    this.#answered = ask;
    if (told !== this.#told) {
      // What came meanwhile may be newer than this answer, and whatever is newer still is told too; of a save it may not know.
      if (this.#behind) await this.refresh();
      return;
    }
    if (saves === this.#saves) this.#behind = false;
    if (status) this.#take(status);
    else this.#fail(why);
  }

  #fail(error: unknown): void {
    this.failed = errorText(error);
    clearTimeout(this.#readAgain);
    // A vault that was locked is not asked.
    if (this.#following > 0) this.#readAgain = setTimeout(() => void this.refresh(), READ_AGAIN_MS);
  }

  async now(): Promise<void> {
    await this.#press('now', () => this.#backend.syncNow());
  }

  async pause(paused: boolean): Promise<void> {
    await this.#press('pause', () => this.#backend.syncPause(paused));
  }

  /** True once the server took the passphrase. */
  async signIn(passphrase: string): Promise<boolean> {
    return this.#press('signIn', () => this.#backend.accountSignIn(passphrase));
  }

  async readActivity(): Promise<void> {
    const wish = ++this.#activityWish;
    try {
      const query = { search: this.activitySearch, failed_only: this.activityFailedOnly, limit: ACTIVITY_SHOWN };
      const found = await this.#backend.activity(query);
      // The newest wish wins, however fast somebody types.
      if (wish !== this.#activityWish) return;
      this.activity = found;
      this.activityFailed = '';
    } catch (error) {
      if (wish === this.#activityWish) this.activityFailed = errorText(error);
    }
  }

  async #press(which: 'now' | 'pause' | 'signIn', act: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = which;
    this.forgetProblem();
    try {
      await act();
      await this.refresh();
      return true;
    } catch (error) {
      this.problem = errorText(error);
      if (which === 'now') this.#failedSince = this.status?.last_confirmed_ms ?? 0;
      await this.refresh();
      return false;
    } finally {
      this.busy = null;
    }
  }

  forgetProblem(): void {
    this.problem = '';
    this.#failedSince = null;
  }

  #take(status: SyncStatus): void {
    if (this.#failedSince !== null && (status.last_confirmed_ms ?? 0) > this.#failedSince) this.forgetProblem();
    const first = this.status === null;
    if (this.status) for (const name of joined(this.status, status)) toasts.show(`${name} joined. If that was not you, remove it under Sync.`, { stays: true });
    this.status = status;
    this.failed = '';
    clearTimeout(this.#readAgain);
    if (this.activity) void this.readActivity();
    const { spoken } = statusWords(status, Date.now());
    clearTimeout(this.#speakLater);
    if (first) this.spoken = spoken;
    else if (spoken !== this.spoken) {
      this.#speakLater = setTimeout(() => (this.spoken = spoken), SPOKEN_AFTER_MS);
    }
  }
}

/** The computers that told their names since, where this one had told its own. */
function joined(before: SyncStatus, now: SyncStatus): string[] {
  const named = (status: SyncStatus) => status.devices.filter((device) => device.added_ms);
  const known = new Set(named(before).map((device) => device.id));
  if (!named(before).some((device) => device.this_device)) return [];
  return named(now)
    .filter((device) => !known.has(device.id))
    .map((device) => device.name);
}

interface Shared {
  controller: SyncController;
  users: number;
  stop: () => void;
}
const shared = new WeakMap<Backend, Shared>();

/** One controller for all that show sync over one backend; it follows the events while any of them is mounted. */
export function useSync(): SyncController {
  const backend = getBackend();
  let entry = shared.get(backend);
  if (!entry) {
    entry = { controller: new SyncController(backend), users: 0, stop: () => undefined };
    shared.set(backend, entry);
  }
  const used = entry;
  onMount(() => {
    used.users += 1;
    if (used.users === 1) used.stop = used.controller.start();
    return () => {
      used.users -= 1;
      if (used.users === 0) used.stop();
    };
  });
  return used.controller;
}
