import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keepPage } from './web-view';

let stop: () => void;
beforeEach(() => {
  stop = keepPage();
  document.body.innerHTML = `
    <p id="text">Words</p>
    <input id="field" /><input id="read" readonly /><input id="box" type="checkbox" /><textarea id="area"></textarea>
    <div contenteditable="true"><p id="prose">Prose <span id="widget" contenteditable="false">x</span></p></div>
    <div class="cm-content" contenteditable="false"><p id="locked">Locked</p></div>`;
});
afterEach(() => {
  stop();
  document.body.innerHTML = '';
});

function prevented(id: string, event: Event): boolean {
  document.getElementById(id)?.dispatchEvent(event);
  return event.defaultPrevented;
}
const menuAt = (id: string) => !prevented(id, new MouseEvent('contextmenu', { bubbles: true, cancelable: true }));
const key = (init: KeyboardEventInit, id = 'prose') => prevented(id, new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init }));
function drag(kind: 'dragover' | 'drop', id: string, types: string[]): boolean {
  const event = new MouseEvent(kind, { bubbles: true, cancelable: true });
  Object.defineProperty(event, 'dataTransfer', { value: { types, dropEffect: 'copy' } });
  return prevented(id, event);
}

test('the menu of the browser is only where text can be typed', () => {
  expect(['field', 'area', 'prose'].map(menuAt)).toEqual([true, true, true]);
  expect(['text', 'read', 'box', 'widget', 'locked'].map(menuAt)).toEqual([false, false, false, false, false]);
});

describe('no key leaves or reloads the page', () => {
  test.each([
    { key: 'F5' }, { key: 'F5', ctrlKey: true }, { key: 'r', ctrlKey: true }, { key: 'R', ctrlKey: true, shiftKey: true },
    { key: 'ArrowLeft', altKey: true }, { key: 'ArrowRight', altKey: true }, { key: 'Home', altKey: true },
    { key: 'BrowserBack' }, { key: 'BrowserRefresh' },
  ])('%j', (init) => expect([key(init), key(init, 'text'), key(init, 'field')]).toEqual([true, true, true]));

  test('letters, copying and the arrows go on', () => {
    const kept = [{ key: 'r' }, { key: 'c', ctrlKey: true }, { key: 'ArrowLeft' }, { key: 'ArrowLeft', ctrlKey: true }, { key: 'Backspace' }];
    expect(kept.filter((init) => key(init))).toEqual([]);
  });
});

test('the buttons Back and Forward of a mouse do nothing; the others do', () => {
  const press = (button: number) => prevented('text', new MouseEvent('mousedown', { bubbles: true, cancelable: true, button }));
  expect([0, 1, 2, 3, 4].map(press)).toEqual([false, false, false, true, true]);
});

test('what is dropped is never opened in place of the window', () => {
  for (const kind of ['dragover', 'drop'] as const) {
    expect(drag(kind, 'text', ['text/uri-list']), kind).toBe(true);
    expect(drag(kind, 'text', ['Files']), kind).toBe(true);
    expect(drag(kind, 'field', ['Files']), kind).toBe(true);
    expect(drag(kind, 'prose', ['text/plain']), kind).toBe(false);
  }
});

test('Ctrl+A selects a text, never the window', () => {
  const all = { key: 'a', ctrlKey: true };
  expect([key(all, 'text'), key(all, 'box')]).toEqual([true, true]);
  expect(['field', 'read', 'area', 'prose', 'locked'].map((id) => key(all, id))).toEqual([false, false, false, false, false]);
});
