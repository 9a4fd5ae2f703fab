// What the palette offers besides notes: places and commands whose name holds what is typed.

export interface Place {
  id: string;
  kind: 'notebook' | 'tag' | 'place' | 'command';
  label: string;
  /** Beside the label, e.g. keys. */
  hint?: string | undefined;
  run: () => void;
}

const SHOWN = 6;

/** Every typed word must be in the label; those that start with it come first. */
export function matchPlaces(places: Place[], typed: string): Place[] {
  const words = typed.toLowerCase().replace(/^#/, '').split(/\s+/).filter(Boolean);
  const text = words.join(' ');
  const rank = (place: Place) => (place.label.toLowerCase().startsWith(text) ? 0 : 1);
  return places
    .filter((place) => words.every((word) => place.label.toLowerCase().includes(word)))
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, SHOWN);
}

export interface Run {
  text: string;
  marked: boolean;
}

/** A snippet cut at its marks, which are [from, to) in UTF-16 units. Marks that do not fit are left out. */
export function runsOf(text: string, marks: [number, number][]): Run[] {
  const runs: Run[] = [];
  let at = 0;
  for (const [from, to] of [...marks].sort((a, b) => a[0] - b[0])) {
    if (from < at || to <= from || to > text.length) continue;
    if (from > at) runs.push({ text: text.slice(at, from), marked: false });
    runs.push({ text: text.slice(from, to), marked: true });
    at = to;
  }
  if (at < text.length) runs.push({ text: text.slice(at), marked: false });
  return runs;
}
