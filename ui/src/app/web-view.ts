// The window is a web view, and a web view is a browser: it has a menu with Reload, keys for it and for the history,
// and opens what is dropped on it. Each of these would throw the page away, with text that may not be saved yet.

const NO_TEXT = ['checkbox', 'radio', 'button', 'submit', 'range', 'file'];

function isField(target: EventTarget | null): target is HTMLInputElement | HTMLTextAreaElement {
  return target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && !NO_TEXT.includes(target.type));
}

/** Where letters can be typed: there the menu has cut, copy and paste, and no Reload. */
function isEditable(target: EventTarget | null): boolean {
  if (isField(target)) return !target.readOnly && !target.disabled;
  // A part of the text that cannot be typed into (a checkbox) says so itself.
  return target instanceof Element && target.closest('[contenteditable]')?.getAttribute('contenteditable') === 'true';
}

/** Keys that leave or reload the page. */
function leavesPage({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  if (key === 'F5' || key.startsWith('Browser') || key === 'GoBack' || key === 'GoForward') return true;
  if (altKey) return key === 'ArrowLeft' || key === 'ArrowRight' || key === 'Home';
  return (ctrlKey || metaKey) && key.toLowerCase() === 'r';
}

/** A link or a file would be opened in place of the window; a text goes where text goes. */
function opensPage(event: DragEvent): boolean {
  const kinds = event.dataTransfer?.types ?? [];
  return !isEditable(event.target) || kinds.includes('Files');
}

/** Keeps the page. Whoever has a use for one of these events comes first: this listens last. Returns how to stop. */
export function keepPage(): () => void {
  const stops: (() => void)[] = [];
  function on<K extends keyof WindowEventMap>(kind: K, prevents: (event: WindowEventMap[K]) => boolean): void {
    const handler = (event: WindowEventMap[K]) => {
      if (prevents(event)) event.preventDefault();
    };
    window.addEventListener(kind, handler);
    stops.push(() => window.removeEventListener(kind, handler));
  }
  on('contextmenu', (event) => !isEditable(event.target));
  on('keydown', (event) => leavesPage(event) || selectsWindow(event));
  // 3 and 4 are a mouse's Back and Forward.
  for (const kind of ['mousedown', 'mouseup', 'auxclick'] as const) on(kind, ({ button }) => button >= 3);
  on('dragover', (event) => {
    const opens = opensPage(event);
    if (opens && event.dataTransfer) event.dataTransfer.dropEffect = 'none';
    return opens;
  });
  on('drop', opensPage);
  return () => {
    for (const stop of stops) stop();
  };
}

/** Ctrl+A outside of text would colour all of the window. */
function selectsWindow(event: KeyboardEvent): boolean {
  return (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'a' && !takesSelection(event.target);
}

/** A text that is only read can be selected as a whole too, and copied. */
function takesSelection(target: EventTarget | null): boolean {
  return isField(target) || (target instanceof Element && target.closest('[contenteditable]') !== null);
}
