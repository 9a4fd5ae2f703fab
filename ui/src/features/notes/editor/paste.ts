/** Nothing on the clipboard that could be put into a text: a picture, as a rule. WebKitGTK names no kind of a picture. */
export function holdsNoText(data: Pick<DataTransfer, 'getData'> | null): boolean {
  return data !== null && !data.getData('text/plain') && !data.getData('text/uri-list');
}
