// Going from part to part of the window by key (Alt+1…3, F6).

const FOCUSABLE = 'button:not(:disabled), [href], input:not(:disabled), select, textarea, [tabindex="0"], [contenteditable="true"]';
/** What a part is entered at, the best first: the open place, the list, the text. */
const ENTRIES = ['[aria-current="page"]', '[role="treeitem"][aria-selected="true"]', '[role="listbox"]', '.cm-content'];

/** Focuses the part, itself while it has nothing in it. False if the window has none of that number now. */
export function focusPane(number: number): boolean {
  const pane = document.querySelector<HTMLElement>(`[data-pane="${number}"]`);
  if (!pane) return false;
  const entry = ENTRIES.map((selector) => pane.querySelector<HTMLElement>(selector)).find((found) => found !== null);
  const target = entry ?? pane.querySelector<HTMLElement>(FOCUSABLE) ?? pane;
  target.focus();
  return true;
}

/** True for the last thing that Tab comes to: behind it the focus would be nowhere. */
export function isLastStop(element: Element): boolean {
  const stops = [...document.querySelectorAll<HTMLElement>(FOCUSABLE)].filter((one) => one.tabIndex >= 0 && !one.closest('[inert], [hidden]'));
  return stops.at(-1) === element;
}

/** The next part (1) or the one before (−1) from where the focus is. */
export function focusNextPane(step: 1 | -1): void {
  const panes = [...document.querySelectorAll<HTMLElement>('[data-pane]')];
  const at = panes.findIndex((pane) => pane.contains(document.activeElement));
  const next = panes.at((at + step + panes.length) % panes.length);
  if (next) focusPane(Number(next.dataset['pane']));
}
