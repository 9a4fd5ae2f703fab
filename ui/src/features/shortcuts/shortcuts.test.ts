import { expect, test } from 'vitest';
import { type KeyPress, SHORTCUTS, matchShortcut, takesText } from './shortcuts';

const press = (key: string, held: Partial<KeyPress> = {}): KeyPress => ({
  key, code: '', ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held,
});

test.each([
  [press('n', { ctrlKey: true }), 'new'],
  [press('k', { ctrlKey: true }), 'palette'],
  [press('f', { ctrlKey: true }), 'find'],
  [press('F', { ctrlKey: true, shiftKey: true }), 'search'],
  [press(',', { ctrlKey: true }), 'settings'],
  [press('l', { ctrlKey: true }), 'lock'],
  [press('F1'), 'help'],
  [press('F6'), 'paneNext'],
  [press('F6', { shiftKey: true }), 'panePrevious'],
  // The layout may put another sign on the key.
  [press('¡', { altKey: true, code: 'Digit1' }), 'pane1'],
  [press('n'), null],
  [press('n', { ctrlKey: true, altKey: true }), null],
  [press('z', { ctrlKey: true }), null],
])('%j', (key, id) => expect(matchShortcut(key, true)).toBe(id));

test('? asks for help only where it is not a letter', () => {
  expect(matchShortcut(press('?', { shiftKey: true }), false)).toBe('help');
  expect(matchShortcut(press('?', { shiftKey: true }), true)).toBe(null);
});

test('every key means one thing', () => {
  const keys = SHORTCUTS.map((one) => one.keys);
  expect(new Set(keys).size).toBe(keys.length);
});

test('what takes letters', () => {
  const input = document.createElement('input');
  const box = document.createElement('input');
  box.type = 'checkbox';
  expect(takesText(input)).toBe(true);
  expect(takesText(box)).toBe(false);
  expect(takesText(document.body)).toBe(false);
});
