// The keys of a review. They are off while somebody types.
import type { Review, ReviewPlace } from '../../ipc/types';
import type { ReviewController } from './review.svelte';
import { actionsOf } from './sides';

export type ReviewKey =
  | { kind: 'action'; at: number }
  | { kind: 'step'; by: 1 | -1 }
  | { kind: 'result' };

interface Key {
  key: string;
  code: string;
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
}

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  // jsdom knows no isContentEditable, hence the attribute too.
  return target.isContentEditable || target.closest('input, textarea, select, [contenteditable="true"]') !== null;
}

/** The digit of a key, on keyboards whose digits need Shift as well. */
function digitOf(key: Key): string | null {
  if (/^\d$/.test(key.key)) return key.key;
  return /^(?:Digit|Numpad)(\d)$/.exec(key.code)?.[1] ?? null;
}

export function keyOf(key: Key, review: Review, place: ReviewPlace): ReviewKey | null {
  if (key.ctrlKey || key.metaKey) return null;
  if (key.altKey) {
    if (key.key === 'ArrowDown') return { kind: 'step', by: 1 };
    return key.key === 'ArrowUp' ? { kind: 'step', by: -1 } : null;
  }
  const letter = key.key.toLowerCase();
  if (letter === 'e') return { kind: 'result' };
  const actions = actionsOf(review, place);
  const digit = digitOf(key);
  const kind = letter === 'k' ? 'all' : letter === 's' ? 'suggested' : null;
  const at = actions.findIndex((action) => (kind ? action.choice.kind === kind : action.key === digit));
  return at < 0 ? null : { kind: 'action', at };
}

/** Does what a key says; false where it says nothing here. */
export function act(key: Key, controller: ReviewController, focusResult: () => void): boolean {
  const { review, place } = controller;
  if (!review || !place) return false;
  const what = keyOf(key, review, place);
  if (!what) return false;
  if (what.kind === 'step') controller.step(what.by);
  else if (what.kind === 'result') focusResult();
  else {
    const action = actionsOf(review, place)[what.at];
    if (action) controller.choose(action.choice);
  }
  return true;
}
