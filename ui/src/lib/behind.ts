// What lies behind a dialog takes no key, no click and no focus while one is open. The view that lies there marks itself with
// `data-behind`.

let open = 0;
let from: Element | null = null;

const behind = () => document.querySelectorAll<HTMLElement>('[data-behind]');

/** A dialog opened; `focus` is what had the focus before it. Call the answer before the dialog goes. */
export function cover(focus: Element | null): () => void {
  open += 1;
  for (const part of behind()) {
    if (part.contains(focus)) from ??= focus;
    part.inert = true;
  }
  let ended = false;
  return () => {
    if (ended) return;
    ended = true;
    open -= 1;
    if (open > 0) return;
    for (const part of behind()) part.inert = false;
    giveBack();
  };
}

/** The dialog gives the focus back itself, unless another one came between: then it knows only that one. */
function giveBack(): void {
  const target = from;
  void Promise.resolve().then(() => {
    if (open > 0) return;
    from = null;
    if (nothingHasFocus() && target instanceof HTMLElement && target.isConnected) target.focus({ preventScroll: true });
  });
}

/** WebKit leaves the focus nowhere when a control goes or is disabled, and no event tells. */
export function nothingHasFocus(): boolean {
  const { activeElement } = document;
  return activeElement === null || activeElement === document.body || activeElement.closest('[inert]') !== null;
}
