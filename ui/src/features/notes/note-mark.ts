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

/** After “Saved on this computer”. */
export function markWords(mark: NoteMark): string[] {
  const words: string[] = [];
  if (mark.waiting) words.push('waiting for the server');
  else if (mark.sent) words.push('the server has it');
  if (mark.to_review > 0) words.push('to review');
  return words;
}
