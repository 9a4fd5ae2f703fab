/** A picture or a file on the clipboard, and no text that could be put in its place. */
export function holdsOnlyPicture(data: Pick<DataTransfer, 'types' | 'getData'> | null): boolean {
  if (!data || data.getData('text/plain') || data.getData('text/uri-list')) return false;
  return [...data.types].some((kind) => kind === 'Files' || kind.startsWith('image/'));
}
