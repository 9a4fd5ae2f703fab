// How one note stands with the server, in words: from what the program knows of it, never guessed.

/** What of a note's line says it. */
export interface NoteMark {
  waiting: boolean;
  sent: boolean;
  to_review: number;
}

/** For tests and styles: the one that matters most. Empty without a server. */
export function markOf(mark: NoteMark): 'to_review' | 'waiting' | 'sent' | '' {
  if (mark.to_review > 0) return 'to_review';
  if (mark.waiting) return 'waiting';
  return mark.sent ? 'sent' : '';
}

/** After “Saved on this computer”. `removed`: this computer is no part of the account any more, and sends nothing. */
export function markWords(mark: NoteMark, removed = false): string[] {
  const words: string[] = [];
  if (mark.waiting) words.push(removed ? 'not sent' : 'waiting for the server');
  else if (mark.sent) words.push('the server has it');
  if (mark.to_review > 0) words.push('to review');
  return words;
}
