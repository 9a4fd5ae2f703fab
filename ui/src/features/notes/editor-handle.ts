/** How the window reaches into the open editor. */
export interface EditorHandle {
  focusTitle(): void;
  focusBody(): void;
  find(): void;
}

const WORD = /[\p{L}\p{N}]+(?:['’\-.:][\p{L}\p{N}]+)*/gu;

/** Words of prose: marks of Markdown are none. */
export function countWords(text: string): number {
  return text.match(WORD)?.length ?? 0;
}
