// Which rows of a long list are in the document. All rows have one height, so this is arithmetic.

export interface ListWindow {
  /** The first row in the document, and one past the last. */
  first: number;
  end: number;
}

/** Rows beyond the edges, so that a quick scroll shows no gap. */
const BEYOND = 8;

export function windowOf(scrollTop: number, height: number, rowHeight: number, total: number): ListWindow {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - BEYOND);
  const end = Math.min(total, Math.ceil((scrollTop + Math.max(height, rowHeight)) / rowHeight) + BEYOND);
  return { first: Math.min(first, end), end };
}

/** Where to scroll so that the row is whole in view; the same place if it is already. */
export function scrollToShow(index: number, scrollTop: number, height: number, rowHeight: number): number {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  if (top + rowHeight > scrollTop + height) return Math.max(0, top + rowHeight - height);
  return scrollTop;
}

/** The row that a key goes to from `index` (−1: none), or null if the key is not for the list. */
export function rowForKey(key: string, index: number, total: number, perPage: number): number | null {
  if (total === 0) return null;
  const clamp = (to: number) => Math.min(total - 1, Math.max(0, to));
  switch (key) {
    case 'ArrowDown':
      return clamp(index + 1);
    case 'ArrowUp':
      return clamp(index < 0 ? 0 : index - 1);
    case 'Home':
      return 0;
    case 'End':
      return total - 1;
    case 'PageDown':
      return clamp(index + perPage);
    case 'PageUp':
      return clamp(index - perPage);
    default:
      return null;
  }
}
