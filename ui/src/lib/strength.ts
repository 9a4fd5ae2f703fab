// How strong a passphrase is, as a hint while it is made; nothing is refused for it, but the weakest are asked about. A rough count of guesses:
// words and characters add up, repeats and runs count once, and well-known passwords count for nothing.

export interface Strength {
  /** 1 weak … 4 strong. */
  score: 1 | 2 | 3 | 4;
  text: string;
}

const KNOWN = /pass(word|phrase|wort)?|qwert[yz]?|asdf|letmein|welcome|admin|iloveyou|dragon|monkey|holdfast|secret/gi;
const TEXTS = {
  1: 'Weak: easy to guess. Four words that do not belong together are strong.',
  2: 'Fair: add a word or two.',
  3: 'Good.',
  4: 'Strong.',
} as const;

export function strengthOf(passphrase: string): Strength {
  const bits = estimateBits(passphrase);
  const score = bits < 32 ? 1 : bits < 50 ? 2 : bits < 68 ? 3 : 4;
  return { score, text: TEXTS[score] };
}

/** True for one that is asked about before it is used. */
export function isWeak(passphrase: string): boolean {
  return strengthOf(passphrase).score === 1;
}

function estimateBits(passphrase: string): number {
  const text = passphrase.replace(KNOWN, '•');
  const words = text.split(/[\s\-_.,]+/).filter(Boolean);
  // A word of a list of some 8,000 is worth 13 bits, whatever its length.
  const byWords = new Set(words.map((word) => word.toLowerCase())).size * 13;
  const byCharacters = distinctRuns(text) * bitsPerCharacter(text);
  return words.length >= 3 ? Math.min(byWords, byCharacters) : byCharacters * (words.length === 1 && /^\p{L}+$/u.test(text) ? 0.7 : 1);
}

/** Characters that neither repeat the last one nor go on from it (aaa, abc, 123). */
function distinctRuns(text: string): number {
  let runs = 0;
  let last = Number.NaN;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (Math.abs(code - last) > 1) runs += 1;
    last = code;
  }
  return runs;
}

function bitsPerCharacter(text: string): number {
  let alphabet = 0;
  if (/[a-z]/.test(text)) alphabet += 26;
  if (/[A-Z]/.test(text)) alphabet += 26;
  if (/\d/.test(text)) alphabet += 10;
  if (/[^a-zA-Z\d]/.test(text)) alphabet += 24;
  return Math.log2(Math.max(alphabet, 10));
}
