// One review in progress. Choices show at once and go to the program one after the other; it keeps each of them,
// so that closing the dialog or quitting loses none.
import type { Backend } from '../../ipc/backend';
import type { PlaceChoice, Review, ReviewPlace, SideDevice } from '../../ipc/types';
import { errorText, hasCode } from '../../lib/errors';
import { plural } from '../../lib/time';
import { list, sideOfDevice, suggestedSide } from './sides';

const TYPED_AFTER_MS = 300;

/** What was typed into the Result and has not gone to the program yet. */
type Typed = { kind: 'place'; place: string; text: string } | { kind: 'whole'; text: string };

export class ReviewController {
  readonly id: string;
  /** The program's last word. */
  review = $state.raw<Review | null>(null);
  /** Why it could not be read, as a sentence. */
  failed = $state('');
  /** Nothing is left to decide: somebody else did, or it was done here. */
  gone = $state(false);
  /** The place that is shown. */
  at = $state(0);
  /** About another version that arrived. */
  notice = $state('');
  /** What the last action ran into. */
  problem = $state('');
  finishing = $state(false);
  /** Progress of "for all remaining". */
  bulk = $state<{ done: number; total: number } | null>(null);
  /** A whole text that the person typed and went back from. */
  setAside = $state<string | null>(null);
  /** Calls and typing on their way. */
  pending = $state(0);

  /** Choices that were made here and not yet answered. */
  #made = $state.raw<Record<string, PlaceChoice | null>>({});
  #wholeTyped = $state(false);
  #typed: Typed | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #tail: Promise<void> = Promise.resolve();
  #latest: Review | null = null;
  #broken = false;
  #backend: Backend;

  constructor(backend: Backend, id: string) {
    this.#backend = backend;
    this.id = id;
  }

  readonly places = $derived(this.review?.places ?? []);
  readonly place = $derived<ReviewPlace | null>(this.places[this.at] ?? null);
  /** The whole result was typed over: its text decides the text places. */
  readonly edited = $derived(this.#wholeTyped || (this.review !== null && this.review.edited_result !== null));
  readonly left = $derived.by(() => {
    if (!this.review) return 0;
    if (Object.keys(this.#made).length === 0) return this.review.left;
    return this.places.filter((place) => this.isOpen(place)).length;
  });
  readonly chosen = $derived(this.places.length - this.left);
  /** Typing waits or is on its way: the Result's text is the newer one. */
  readonly dirty = $derived(this.pending > 0);
  readonly resultText = $derived(
    this.review ? (this.review.edited_result ?? this.review.result.map((span) => span.text).join('')) : '',
  );

  choiceOf(place: ReviewPlace): PlaceChoice | null {
    const made = this.#made[place.id];
    return made === undefined ? place.choice : made;
  }

  /** A text typed over the whole result decides the text places. */
  decidedByText(place: ReviewPlace): boolean {
    return this.edited && place.field === 'text';
  }

  isOpen(place: ReviewPlace): boolean {
    return this.choiceOf(place) === null && !this.decidedByText(place);
  }

  async load(): Promise<void> {
    try {
      this.#take(await this.#backend.reviewGet(this.id));
      const open = this.places.findIndex((place) => this.isOpen(place));
      this.at = Math.max(0, open);
    } catch (error) {
      if (hasCode(error, 'not_found')) this.gone = true;
      else this.failed = errorText(error);
    }
  }

  /** Follows the versions that arrive meanwhile. Returns how to stop. */
  follow(): () => void {
    let ended = false;
    let unlisten: (() => void) | null = null;
    this.#backend
      .onEvent((event) => {
        if (ended || event.kind !== 'changed' || !event.data.from_sync) return;
        if (event.data.many || event.data.notes.includes(this.id)) void this.reread();
      })
      .then((stop) => {
        if (ended) stop();
        else unlisten = stop;
      })
      .catch((error: unknown) => (this.problem = errorText(error)));
    return () => {
      ended = true;
      unlisten?.();
    };
  }

  go(at: number): void {
    if (at < 0 || at >= this.places.length) return;
    this.at = at;
  }

  step(by: 1 | -1): void {
    this.go(this.at + by);
  }

  /** Chooses at the place shown and goes on to the next open one. */
  choose(choice: PlaceChoice | null): void {
    const place = this.place;
    if (!place || this.finishing || this.bulk || this.decidedByText(place)) return;
    this.#flush();
    void this.#put(place, choice);
    if (choice !== null) this.#toNextOpen();
  }

  /** One device's side wherever nothing is chosen yet. A place that it does not hold, or would trash, stays open. */
  async chooseForRemaining(device: SideDevice): Promise<void> {
    if (this.bulk || this.finishing) return;
    this.#flush();
    const todo = this.places.flatMap((place) => {
      const side = this.isOpen(place) ? sideOfDevice(place, device) : undefined;
      return side ? [{ place, side }] : [];
    });
    this.bulk = { done: 0, total: todo.length };
    await Promise.all(
      todo.map(async ({ place, side }) => {
        await this.#put(place, { kind: 'side', number: side.number });
        if (this.bulk) this.bulk = { ...this.bulk, done: this.bulk.done + 1 };
      }),
    );
    this.bulk = null;
    this.#toNextOpen();
  }

  /** Typing in the Result: within the passage of one place it is that place's choice, else it is the whole text. */
  typed(text: string, within: { place: number; text: string } | null): void {
    const place = within && !this.edited ? this.places.find((one) => one.number === within.place) : undefined;
    const next: Typed = place && within ? { kind: 'place', place: place.id, text: within.text } : { kind: 'whole', text };
    const before = this.#typed;
    if (before?.kind === 'place' && (next.kind === 'whole' || before.place !== next.place)) this.#flush();
    // Once the whole was typed over, later typing belongs to it.
    this.#typed = before?.kind === 'whole' ? { kind: 'whole', text } : next;
    if (this.#typed.kind === 'whole') this.#wholeTyped = true;
    this.#count();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flush(), TYPED_AFTER_MS);
  }

  /** From the typed text back to the choices. The text can be brought back while the dialog is open. */
  async backToChoices(): Promise<void> {
    await this.settled();
    this.setAside = this.review?.edited_result ?? null;
    await this.#send(() => this.#backend.reviewEditResult(this.id, null));
  }

  async bringBack(): Promise<void> {
    const text = this.setAside;
    if (text === null) return;
    this.setAside = null;
    await this.#send(() => this.#backend.reviewEditResult(this.id, text));
  }

  /** Resolves once everything chosen and typed is kept; false if something could not be. */
  async settled(): Promise<boolean> {
    this.#flush();
    await this.#tail;
    return this.problem === '';
  }

  /** True once the note is decided. */
  async finish(): Promise<boolean> {
    if (this.finishing || this.left > 0) return false;
    this.finishing = true;
    try {
      if (!(await this.settled()) || !this.review || this.left > 0) return false;
      await this.#backend.reviewFinish(this.id, this.review.seen_heads);
      return true;
    } catch (error) {
      if (hasCode(error, 'stale')) await this.reread(true);
      else if (hasCode(error, 'not_found')) this.gone = true;
      else this.problem = errorText(error);
      return false;
    } finally {
      this.finishing = false;
    }
  }

  /** Reads again after another version arrived; what was chosen and still fits is in the answer. */
  async reread(certainlyNew = false): Promise<void> {
    await this.settled();
    const before = this.review;
    const shown = this.place?.id;
    try {
      const review = await this.#backend.reviewGet(this.id);
      const isNew = certainlyNew || !before || review.seen_heads.join() !== before.seen_heads.join();
      this.#take(review);
      if (!isNew) return;
      this.notice = noticeOf(before, review);
      const same = this.places.findIndex((place) => place.id === shown);
      const place = this.places[same];
      if (place) this.at = same;
      if (!place || !this.isOpen(place)) this.#toNextOpen();
    } catch (error) {
      if (hasCode(error, 'not_found')) this.gone = true;
      else this.problem = errorText(error);
    }
  }

  #toNextOpen(): void {
    const order = this.places.map((_, i) => (this.at + 1 + i) % this.places.length);
    const next = order.find((i) => {
      const place = this.places[i];
      return place !== undefined && this.isOpen(place);
    });
    if (next !== undefined) this.at = next;
    else this.at = Math.min(this.at, Math.max(0, this.places.length - 1));
  }

  #put(place: ReviewPlace, choice: PlaceChoice | null): Promise<void> {
    this.#made = { ...this.#made, [place.id]: choice };
    return this.#send(() => this.#backend.reviewChoose(this.id, place.id, choice));
  }

  /** Typing counts as pending from its first key until its answer. */
  #counted = false;
  #count(): void {
    if (this.#counted) return;
    this.#counted = true;
    this.pending += 1;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    const typed = this.#typed;
    if (!typed) return;
    this.#typed = null;
    if (typed.kind === 'whole') void this.#send(() => this.#backend.reviewEditResult(this.id, typed.text));
    else void this.#send(() => this.#backend.reviewChoose(this.id, typed.place, { kind: 'text', text: typed.text }));
    if (this.#counted) {
      this.#counted = false;
      this.pending -= 1;
    }
  }

  /** One call after the other; the views are told the last answer only. */
  #send(call: () => Promise<Review>): Promise<void> {
    this.pending += 1;
    this.problem = '';
    this.#tail = this.#tail.then(async () => {
      try {
        this.#latest = await call();
      } catch (error) {
        this.#broken = true;
        this.problem = errorText(error);
      }
      this.pending -= 1;
      // While somebody types on, only their text counts as pending, and answers may be shown.
      const onTheWay = this.pending - (this.#counted ? 1 : 0);
      if (onTheWay === 0) await this.#answered();
    });
    return this.#tail;
  }

  async #answered(): Promise<void> {
    const latest = this.#latest;
    this.#latest = null;
    if (!this.#broken) {
      if (latest) this.#take(latest);
      return;
    }
    this.#broken = false;
    try {
      this.#take(await this.#backend.reviewGet(this.id));
    } catch (error) {
      this.problem = errorText(error);
    }
  }

  #take(review: Review): void {
    this.review = review;
    this.#made = {};
    if (this.#typed?.kind !== 'whole') this.#wholeTyped = false;
    this.failed = '';
    if (review.places.length === 0) this.gone = true;
    this.at = Math.min(this.at, Math.max(0, review.places.length - 1));
  }
}

/** Who brought the other version, and what became of the choices. */
function noticeOf(before: Review | null, now: Review): string {
  const known = new Set(before?.devices.map((device) => device.revision) ?? []);
  const fresh = now.devices.filter((device) => !known.has(device.revision)).map((device) => device.name);
  const from = fresh.length > 0 ? list([...new Set(fresh)]) : 'another computer';
  const lost = now.stale_choices > 0 ? ` ${plural(now.stale_choices, 'choice')} no longer fit and must be made again.` : '';
  return `Another version arrived from ${from}; your choices that still fit are kept.${lost}`;
}

/** Whose side the Result shows at a place, or was chosen there: "for all remaining" offers it. */
export function deviceForRemaining(controller: ReviewController, place: ReviewPlace): SideDevice | null {
  const choice = controller.choiceOf(place);
  const side =
    choice?.kind === 'side' ? place.sides.find((one) => one.number === choice.number) : suggestedSide(place);
  return side?.devices[0] ?? null;
}
