// The keys of the window, in one table: the handler and the list that F1 shows both read it.

export type ShortcutId =
  | 'new' | 'palette' | 'find' | 'search' | 'history' | 'help' | 'settings' | 'lock' | 'pane1' | 'pane2' | 'pane3' | 'paneNext' | 'panePrevious';

interface Shortcut {
  id: ShortcutId;
  keys: string;
  what: string;
  ctrl?: boolean;
  alt?: boolean;
  shift?: boolean;
  /** `KeyboardEvent.key`, lower case; or its code, where the layout would change the key. */
  key?: string;
  code?: string;
}

export const SHORTCUTS: readonly Shortcut[] = [
  { id: 'new', keys: 'Ctrl N', what: 'New note', ctrl: true, key: 'n' },
  { id: 'palette', keys: 'Ctrl K', what: 'Search and go to', ctrl: true, key: 'k' },
  { id: 'find', keys: 'Ctrl F', what: 'Find in the note', ctrl: true, key: 'f' },
  { id: 'search', keys: 'Ctrl Shift F', what: 'Search everything', ctrl: true, shift: true, key: 'f' },
  { id: 'history', keys: 'Ctrl H', what: 'History of the note', ctrl: true, key: 'h' },
  { id: 'settings', keys: 'Ctrl ,', what: 'Settings', ctrl: true, key: ',' },
  { id: 'lock', keys: 'Ctrl L', what: 'Lock the vault', ctrl: true, key: 'l' },
  { id: 'pane1', keys: 'Alt 1', what: 'To the sidebar', alt: true, code: 'Digit1' },
  { id: 'pane2', keys: 'Alt 2', what: 'To the list', alt: true, code: 'Digit2' },
  { id: 'pane3', keys: 'Alt 3', what: 'To the note', alt: true, code: 'Digit3' },
  { id: 'paneNext', keys: 'F6', what: 'To the next part of the window', key: 'f6' },
  { id: 'panePrevious', keys: 'Shift F6', what: 'To the part before', shift: true, key: 'f6' },
  { id: 'help', keys: 'F1', what: 'This list (also ? outside of text)', key: 'f1' },
];

/** Keys that belong to a view and are handled there; listed for the reader. */
export const LOCAL_KEYS: readonly { group: string; keys: string; what: string }[] = [
  { group: 'In the note', keys: 'Ctrl Enter', what: 'Tick or untick the item' },
  { group: 'In the note', keys: 'Tab, Shift Tab', what: 'Indent the item, and back' },
  { group: 'In the note', keys: 'Esc, then Tab', what: 'On to what follows the text' },
  { group: 'In the note', keys: 'Ctrl Z', what: 'Undo' },
  { group: 'In the note', keys: 'Ctrl Shift Z', what: 'Do again' },
  { group: 'In the list', keys: '↑ ↓', what: 'Note before or after' },
  { group: 'In the list', keys: 'Enter', what: 'On to the text' },
  { group: 'In the list', keys: 'Delete', what: 'Move to Trash' },
  { group: 'In a review', keys: '1 … 9', what: "Use that side's version" },
  { group: 'In a review', keys: '0', what: 'Use the original' },
  { group: 'In a review', keys: 'K', what: 'Keep both, or all' },
  { group: 'In a review', keys: 'E', what: 'Edit the result' },
  { group: 'In a review', keys: 'Alt ↑ ↓', what: 'Choice before or after' },
  { group: 'In a review', keys: 'Ctrl Enter', what: 'Finish, once all is chosen' },
  { group: 'In a review', keys: 'Esc', what: 'Decide later' },
];

export type KeyPress = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

/** The shortcut that was pressed. `inText`: the focus is where letters are typed. */
export function matchShortcut(press: KeyPress, inText: boolean): ShortcutId | null {
  if (press.key === '?' && !inText && !press.ctrlKey && !press.altKey && !press.metaKey) return 'help';
  const ctrl = press.ctrlKey || press.metaKey;
  const found = SHORTCUTS.find(
    (one) =>
      ctrl === (one.ctrl ?? false) &&
      press.altKey === (one.alt ?? false) &&
      press.shiftKey === (one.shift ?? false) &&
      (one.code ? one.code === press.code : one.key === press.key.toLowerCase()),
  );
  return found?.id ?? null;
}

/** Whether the element takes letters. */
export function takesText(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLTextAreaElement || target.closest('[contenteditable="true"]')) return true;
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'range'].includes(target.type);
}
