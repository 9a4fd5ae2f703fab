// One review in progress. It is read once; after that each choice shows at once and goes to the program by itself,
// one after the other, and only what it changed comes back. The program keeps each, so that quitting loses none.
import type { Backend } from '../../ipc/backend';
import type { PlaceChoice, ResultSpan, Review, ReviewPlace, ReviewStep, SideDevice } from '../../ipc/types';
import { errorText, hasCode } from '../../lib/errors';
import { plural } from '../../lib/time';
import { list, shownSide, sideOfDevice } from './sides';

const TYPED_AFTER_MS = 300;
/** Of typing without a pause no more than this is only on the screen. */
const TYPED_AT_MOST_MS = 1000;

/** What was typed into the Result and has not gone to the program yet. */
type Typed = { kind: 'place'; place: string; text: string; whole: () => string } | { kind: 'whole'; text: () => string };

export class ReviewController {
  readonly id: string;
  /** As it was read; what was chosen since is beside it. */
  review = $state.raw<Review | null>(null);
  /** The Result as the program has it. A passage that changed is another object, the others stay. */
  result = $state.raw<ResultSpan[]>([]);
  /** A text that the person typed over the whole Result. */
  editedText = $state.raw<string | null>(null);
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
  /** A whole text that the person typed and that is not used: they went back from it, another version arrived, or it
   *  could not be kept. */
  setAside = $state<string | null>(null);
  /** Typing waits or is on its way: the text on the screen is newer than `result`. */
  dirty = $state(false);

  /** Choices that were made since the review was read. */
  #made = $state.raw<Record<string, PlaceChoice | null>>({});
  #wholeTyped = $state(false);
  #typed: Typed | null = null;
  /** Counts what was typed, so that an answer knows whether it is the last one. */
  #keys = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #longest: ReturnType<typeof setTimeout> | undefined;
  #tail: Promise<void> = Promise.resolve();
  /** Calls on their way. */
  #calls = 0;
  /** A call could not keep what it carried. */
  #broken = false;
  /** A call found that another version arrived. */
  #otherVersion = false;
  #rereading: Promise<void> | null = null;
  #backend: Backend;

  constructor(backend: Backend, id: string) {
    this.#backend = backend;
    this.id = id;
  }

  readonly places = $derived(this.review?.places ?? []);
  readonly place = $derived<ReviewPlace | null>(this.places[this.at] ?? null);
  /** The whole result was typed over: its text decides the text places. */
  readonly edited = $derived(this.#wholeTyped || this.editedText !== null);
  readonly left = $derived(this.places.filter((place) => this.isOpen(place)).length);
  readonly chosen = $derived(this.places.length - this.left);
  readonly resultText = $derived(this.editedText ?? this.result.map((span) => span.text).join(''));
  /** For who does not see the list: how much is left, and where one is. */
  readonly said = $derived(
    `${this.left} of ${plural(this.places.length, 'place')} left.` +
      (this.place ? ` ${this.place.label}, choice ${this.at + 1} of ${this.places.length}.` : ''),
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
      const review = await this.#backend.reviewGet(this.id);
      this.#take(review);
      const open = this.places.findIndex((place) => this.isOpen(place));
      this.at = Math.max(0, open);
      const lost = lostSince(review);
      if (lost) this.notice = `Another version arrived since you were here.${lost}`;
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
  typed(text: () => string, within: { place: number; text: string } | null): void {
    const place = within && !this.edited ? this.places.find((one) => one.number === within.place) : undefined;
    const next: Typed = place && within ? { kind: 'place', place: place.id, text: within.text, whole: text } : { kind: 'whole', text };
    const before = this.#typed;
    if (before?.kind === 'place' && (next.kind === 'whole' || before.place !== next.place)) this.#flush();
    // Once the whole was typed over, later typing belongs to it.
    this.#typed = before?.kind === 'whole' ? { kind: 'whole', text } : next;
    if (this.#typed.kind === 'whole') this.#wholeTyped = true;
    this.#keys += 1;
    this.dirty = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flush(), TYPED_AFTER_MS);
    this.#longest ??= setTimeout(() => this.#flush(), TYPED_AT_MOST_MS);
  }

  /** From the typed text back to the choices. The text can be brought back while the dialog is open. */
  async backToChoices(): Promise<void> {
    await this.settled();
    const text = this.editedText;
    if (await this.#edit(null)) this.setAside = text;
  }

  async bringBack(): Promise<void> {
    const text = this.setAside;
    if (text !== null && (await this.#edit(text))) this.setAside = null;
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
      if (this.#rereading) {
        await this.#rereading;
        return false;
      }
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
  reread(certainlyNew = false): Promise<void> {
    this.#rereading ??= this.#reread(certainlyNew).finally(() => (this.#rereading = null));
    return this.#rereading;
  }

  async #reread(certainlyNew: boolean): Promise<void> {
    await this.settled();
    const before = this.review;
    const shown = this.place?.id;
    try {
      const review = await this.#backend.reviewGet(this.id);
      this.#otherVersion = false;
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

  /** True once it is kept. */
  async #put(place: ReviewPlace, choice: PlaceChoice | null): Promise<boolean> {
    let kept = false;
    this.#made = { ...this.#made, [place.id]: choice };
    const keys = this.#keys;
    await this.#send(async () => {
      const step = await this.#backend.reviewChoose(this.id, place.id, choice);
      kept = true;
      // A later choice for the same place is on its way: its answer is the one to show.
      if (this.#made[place.id] === choice) this.#step(place, step);
      if (keys === this.#keys && !this.#typed) this.dirty = false;
      return step;
    });
    return kept;
  }

  #step(place: ReviewPlace, step: ReviewStep): void {
    const { passage } = step;
    if (passage === null) return;
    this.result = this.result.map((span) => (span.place === place.number ? passage : span));
  }

  /** A text over the whole Result, or none. True once it is kept. */
  async #edit(text: string | null): Promise<boolean> {
    const keys = this.#keys;
    let kept = false;
    await this.#send(async () => {
      const step = await this.#backend.reviewEditResult(this.id, this.review?.seen_heads ?? [], text);
      kept = true;
      if (keys === this.#keys) {
        this.editedText = text;
        this.#wholeTyped = false;
        this.dirty = false;
      }
      return step;
    });
    if (!kept && text !== null) this.setAside = text;
    return kept;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#longest);
    this.#longest = undefined;
    const typed = this.#typed;
    if (!typed) return;
    this.#typed = null;
    if (typed.kind === 'whole') {
      void this.#edit(typed.text());
      return;
    }
    const place = this.places.find((one) => one.id === typed.place);
    if (!place) return;
    const whole = typed.whole();
    void this.#put(place, { kind: 'text', text: typed.text }).then((kept) => {
      // The screen shows what the program has, which is without it.
      if (!kept) this.setAside = whole;
    });
  }

  /** One call after the other. What went wrong is looked at when the last one has its answer. */
  #send(call: () => Promise<ReviewStep>): Promise<void> {
    this.#calls += 1;
    this.problem = '';
    this.#tail = this.#tail.then(async () => {
      try {
        const step = await call();
        if (step.seen_heads.join() !== this.review?.seen_heads.join()) this.#otherVersion = true;
      } catch (error) {
        if (hasCode(error, 'stale')) this.#otherVersion = true;
        else [this.#broken, this.problem] = [true, errorText(error)];
      }
      this.#calls -= 1;
      if (this.#calls > 0) return;
      if (this.#broken) await this.#showKept();
      if (this.#otherVersion) void this.reread(true);
    });
    return this.#tail;
  }

  /** Something could not be kept: the screen shows again what the program has. */
  async #showKept(): Promise<void> {
    this.#broken = false;
    this.dirty = this.#typed !== null;
    try {
      this.#take(await this.#backend.reviewGet(this.id));
    } catch (error) {
      this.problem = errorText(error);
    }
  }

  #take(review: Review): void {
    this.review = review;
    this.result = review.result;
    this.editedText = review.edited_result;
    this.setAside = review.set_aside ?? this.setAside;
    this.#made = {};
    if (this.#typed?.kind !== 'whole') this.#wholeTyped = false;
    this.failed = '';
    if (review.places.length === 0) this.gone = true;
    this.at = Math.min(this.at, Math.max(0, review.places.length - 1));
  }
}

/** What of the choices and the typing does not fit the versions of now. */
function lostSince(review: Review): string {
  const choices = review.stale_choices > 0 ? ` ${plural(review.stale_choices, 'choice')} no longer fit and must be made again.` : '';
  const typed = review.set_aside !== null ? ' What you typed over the Result does not hold it, so it is set aside; you can bring it back.' : '';
  return choices + typed;
}

/** Who brought the other version, and what became of the choices. */
function noticeOf(before: Review | null, now: Review): string {
  const known = new Set(before?.devices.map((device) => device.revision) ?? []);
  const fresh = now.devices.filter((device) => !known.has(device.revision)).map((device) => device.name);
  const from = fresh.length > 0 ? list([...new Set(fresh)]) : 'another computer';
  return `Another version arrived from ${from}; your choices that still fit are kept.${lostSince(now)}`;
}

/** Whose side the Result shows at a place, or was chosen there: "for all remaining" offers it. */
export function deviceForRemaining(controller: ReviewController, place: ReviewPlace): SideDevice | null {
  const choice = controller.choiceOf(place);
  const side =
    choice?.kind === 'side' ? place.sides.find((one) => one.number === choice.number) : shownSide(place);
  return side?.devices[0] ?? null;
}
