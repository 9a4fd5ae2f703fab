// How things stand, in words (design: 'Status, one line'). Pure: the clock is an input.
import type { SyncStatus } from '../../ipc/types';
import type { Unsaved } from '../../lib/unsaved';
import { count, dayOrTime, plural, untilText } from '../../lib/time';

/** What the dot says. Never alone: the words say it too. */
export type Tone = 'ok' | 'busy' | 'waiting' | 'attention' | 'problem' | 'quiet';

export interface StatusWords {
  /** The one line. */
  text: string;
  /** The same without a running countdown, for a screen reader. */
  spoken: string;
  /** The smaller line below; may be empty. */
  detail: string;
  tone: Tone;
}

/** `next try in 40 s`; empty without a time, `trying now` once it has come. */
export function nextTry(status: SyncStatus, now: number): string {
  if (status.next_try_ms === null) return '';
  if (status.next_try_ms <= now) return 'trying now';
  return `next try in ${untilText(status.next_try_ms, now)}`;
}

/** `3 changes`, `1 attachment`, or both with `and`; empty if the server has everything. */
export function waitingParts(status: SyncStatus): string {
  const parts: string[] = [];
  if (status.waiting > 0) parts.push(plural(status.waiting, 'change'));
  if (status.waiting_attachments > 0) parts.push(plural(status.waiting_attachments, 'attachment'));
  return parts.join(' and ');
}

/** The shorter form for the line: attachments are counted only where no change waits. */
function waitingCount(status: SyncStatus): string {
  return status.waiting > 0 ? plural(status.waiting, 'change') : plural(status.waiting_attachments, 'attachment');
}

/** Whether anything here has not been confirmed by the server. */
export function somethingWaits(status: SyncStatus): boolean {
  return status.waiting > 0 || status.waiting_attachments > 0;
}

/** Not for want of the server: the disk is full, or what it answers is not right. The Sync panel has the sentence. */
function isStopped(status: SyncStatus): boolean {
  return status.state === 'unreachable' && status.problem !== null && status.problem.code !== 'server_unreachable';
}

/** Another computer removed this one: signing in does not help, and nothing is sent any more. */
export function isRemoved(status: SyncStatus): boolean {
  return status.state === 'needs_sign_in' && status.problem?.code === 'device_removed';
}

/** A computer that joined and has not seen everything yet: what is in the account is on its way, or comes with the network. */
export function isFirstSync(status: SyncStatus): boolean {
  return status.catch_up?.first === true || (status.server !== null && status.last_confirmed_ms === null && !['local_only', 'locked', 'needs_sign_in'].includes(status.state));
}

/** `1 note`, `2 notebooks`, or both with `and`. */
export function reviewCount(status: Pick<SyncStatus, 'to_review' | 'notebooks_to_review'>): string {
  const notes = status.to_review - status.notebooks_to_review;
  const parts = [notes > 0 ? plural(notes, 'note') : '', status.notebooks_to_review > 0 ? plural(status.notebooks_to_review, 'notebook') : ''];
  return parts.filter(Boolean).join(' and ');
}

const withTail = (head: string, tail: string): string => (tail === '' ? head : `${head}, ${tail}`);

/** Never says that the server has everything while anything waits, whatever `state` claims, nor that a text is saved
 *  while one is not. */
export function statusWords(status: SyncStatus, now: number, unsaved: Unsaved | null = null): StatusWords {
  // Nothing is worse, and nothing else mends it.
  if (unsaved?.failed) return { text: 'A text is not saved', spoken: 'A text is not saved', detail: unsaved.why, tone: 'problem' };
  const words = savedWords(status, now);
  if (!unsaved || status.state === 'locked') return words;
  // What it says of the texts before is true, and what is being typed is not among them.
  const detail = words.detail.replace(SAVED, 'Saving…');
  return words.tone === 'ok' ? { text: 'Saving…', spoken: words.spoken, detail, tone: 'busy' } : { ...words, detail };
}

/** How things stand could not be read: what was read last is not said again. */
export function unknownWords(why: string, unsaved: Unsaved | null = null): StatusWords {
  if (unsaved?.failed) return { text: 'A text is not saved', spoken: 'A text is not saved', detail: unsaved.why, tone: 'problem' };
  return { text: 'Sync status unknown', spoken: 'Sync status unknown', detail: why, tone: 'problem' };
}

/** The paragraph at the top of the Sync panel, where how things stand could not be read. */
export function unknownSentence(unsaved: Unsaved | null): string {
  return unsaved?.failed ? unsavedSentence(unsaved.why) : 'Sync status unknown: it could not be read.';
}

const unsavedSentence = (why: string): string => `A text is not saved on this computer. ${why} What was saved before is safe.`;

/** What is said of texts that are all on disk. */
const SAVED = /(?:Your notes are saved|Saved) on this computer\./;

function savedWords(status: SyncStatus, now: number): StatusWords {
  const waits = somethingWaits(status);
  const waiting = waits ? `${waitingCount(status)} waiting` : '';
  const confirmed = status.last_confirmed_ms === null ? '' : `Server confirmed ${dayOrTime(status.last_confirmed_ms, now)}.`;
  const here = waits ? 'Saved on this computer.' : '';
  const lines = (...parts: string[]): string => parts.filter((part) => part !== '').join(' ');
  const says = (text: string, tone: Tone, detail = '', spoken = text): StatusWords => ({ text, tone, detail, spoken });
  const sentence = (part: string): string => (part === '' ? '' : `${part}.`);
  const held = status.tripwire !== null;
  // One line has room for one thing to do: the held sync comes before the notes to review.
  const review = held
    ? 'Needs you: a sync is held back'
    : status.to_review > 0
      ? `Needs you: ${reviewCount(status)}`
      : '';

  switch (status.state) {
    case 'needs_sign_in':
      if (isRemoved(status)) return says('Removed from the account', 'attention', waits ? `${waitingCount(status)} not sent. Saved on this computer.` : 'Your notes are saved on this computer.');
      return says('Sign in again', 'attention', lines(sentence(waiting), here, held ? 'A sync is held back.' : ''));
    case 'locked':
      return says('Locked', 'quiet', lines(sentence(waiting), here));
    case 'paused':
      // Nobody pressed Pause: part of what the server has waits for the decision.
      if (held && !status.paused) return says(review, 'attention', lines(sentence(waiting), here || confirmed));
      return says('Paused', 'waiting', lines(sentence(waiting), here || confirmed, sentence(review)));
    case 'offline':
      return says(withTail('Offline', waiting), 'waiting', lines(confirmed, here, sentence(review)));
    case 'unreachable': {
      const head = isStopped(status) ? 'Needs you: sync stopped' : "Can't reach the server";
      return says(withTail(head, nextTry(status, now)), 'problem', lines(sentence(waiting), here, sentence(review)), head);
    }
    case 'local_only':
      return review === '' ? says('Saved on this computer', 'ok') : says(review, 'attention', 'Saved on this computer.');
    case 'syncing': {
      if (review !== '') return says(review, 'attention', lines(sentence(waiting), here || confirmed));
      if (status.catch_up) {
        const { first, done, total, left } = status.catch_up;
        const rest = first ? 'You can read now, edits are safe.' : lines(sentence(waiting), here || confirmed);
        return says(`Syncing ${count(done)} of ${count(total)}`, 'busy', lines(sentence(left ?? ''), rest), 'Syncing');
      }
      const n = status.waiting + status.waiting_attachments;
      return says(n > 0 ? `Syncing ${count(n)}` : 'Syncing', 'busy', here || confirmed, 'Syncing');
    }
    case 'up_to_date':
    case 'waiting':
      if (review !== '') return says(review, 'attention', lines(sentence(waiting), here || confirmed));
      if (waits || status.state === 'waiting') {
        const text = waits ? waiting : 'Waiting for the server';
        return says(text, 'waiting', lines(confirmed, here));
      }
      if (status.last_confirmed_ms === null) return says('Up to date', 'ok');
      return says(`Up to date, server confirmed ${dayOrTime(status.last_confirmed_ms, now)}`, 'ok');
  }
}

/** The problem is what the paragraph at the top of the panel says already. */
export function isSaidAbove({ state, problem }: SyncStatus): boolean {
  return problem?.code === 'server_unreachable' && (state === 'offline' || problem.message.startsWith("Can't reach the server."));
}

/** The paragraph at the top of the Sync panel. */
export function panelSentence(status: SyncStatus, now: number, unsaved: Unsaved | null = null): string {
  if (unsaved?.failed) return unsavedSentence(unsaved.why);
  if (unsaved) return 'Saving what you typed.';
  const waits = somethingWaits(status);
  const parts = waitingParts(status);
  const one = status.waiting + status.waiting_attachments === 1;
  const saved = waits ? `${parts} ${one ? 'is' : 'are'} saved here and will be sent` : '';
  const when = nextTry(status, now);
  const next = when === '' ? '' : ` ${when.charAt(0).toUpperCase()}${when.slice(1)}.`;
  const asks = status.to_review > 0 ? ` ${reviewCount(status)} ${status.to_review === 1 ? 'needs' : 'need'} you.` : '';
  const held = status.tripwire ? ' A sync that would take many notes away is held back until you decide.' : '';
  const review = `${held}${asks}`;
  switch (status.state) {
    case 'local_only':
      return 'Your notes are saved on this computer. No server was added.';
    case 'offline':
      return `Offline. ${waits ? `${saved} when the server answers.` : status.passphrase ? 'Your notes reached the server.' : 'Everything you changed reached the server.'}${next}${review}`;
    case 'unreachable':
      if (isStopped(status)) return `Sync stopped. ${waits ? `${saved} once the problem is gone.` : 'Your notes are saved here.'}${next}${review}`;
      return `Can't reach the server. ${waits ? `${saved} when it answers.` : 'Your notes are saved here.'}${next}${review}`;
    case 'paused':
      if (status.tripwire && !status.paused) return `${waits ? `${saved} soon.` : 'Your own changes reached the server.'}${review}`;
      return `Paused. ${waits ? `${saved} when you resume.` : status.passphrase ? 'No change waits to be sent.' : 'Nothing waits to be sent.'}${review}`;
    case 'needs_sign_in':
      if (isRemoved(status)) return `This computer was removed from the account. ${waits ? `${parts} ${one ? 'was' : 'were'} not sent and ${one ? 'stays' : 'stay'} here. ` : ''}Everything here can be read and exported.`;
      return `The server asks you to sign in again. ${waits ? `${saved} after that.` : 'Your notes are saved here.'}${held}`;
    case 'locked':
      return 'Locked: a locked vault does not sync.';
    case 'syncing':
      return `${waits ? `Sending ${parts}.` : 'Asking the server for changes.'}${review}`;
    case 'up_to_date':
    case 'waiting':
      // A time of the next try is news only where the last one failed.
      if (waits) return `${saved} soon.${status.problem ? next : ''}${review}`;
      if (status.state === 'waiting') return `Waiting for the server.${status.problem ? next : ''}${review}`;
      return `The server has every change that you made here.${review}`;
  }
}
