// Which tags are proposed while one is typed.
const SHOWN = 6;

/** Tags are compared without case; one starts with no `#` and holds no comma. */
export function cleanTag(typed: string): string {
  return typed.trim().replace(/^#+/, '').replaceAll(',', ' ').replace(/\s+/g, ' ').trim();
}

export function suggestTags(typed: string, known: string[], chosen: string[]): string[] {
  const wanted = cleanTag(typed).toLowerCase();
  const taken = new Set(chosen.map((tag) => tag.toLowerCase()));
  const free = known.filter((tag) => !taken.has(tag.toLowerCase()));
  const starts = free.filter((tag) => tag.toLowerCase().startsWith(wanted));
  const holds = free.filter((tag) => !starts.includes(tag) && tag.toLowerCase().includes(wanted));
  return [...starts, ...holds].slice(0, SHOWN);
}

/** The set with the new tag, or the same set if it is there in any case or empty. */
export function withTag(tags: string[], typed: string, known: string[]): string[] {
  const tag = cleanTag(typed);
  if (!tag || tags.some((one) => one.toLowerCase() === tag.toLowerCase())) return tags;
  return [...tags, known.find((one) => one.toLowerCase() === tag.toLowerCase()) ?? tag];
}
