import { beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeBackend, commandError } from '../../tests/fake-backend';
import { ChangeSet } from '@codemirror/state';
import { Desk } from './desk.svelte';

let backend: FakeBackend;
let desk: Desk;
beforeEach(async () => {
  backend = new FakeBackend('main');
  desk = new Desk(backend);
  await desk.start();
});

function type(text: string): void {
  const session = desk.session;
  if (!session) throw new Error('no note is open');
  const changes = ChangeSet.of({ from: session.doc.length, insert: text }, session.doc.length);
  const doc = changes.apply(session.doc);
  session.attach({ doc: () => doc, applyRemote: () => undefined });
  session.edited(changes);
}

describe('opening notes', () => {
  test('the note before is saved and left first', async () => {
    await desk.open('night');
    type('more');
    await desk.open('packing');
    const names = backend.calls.map(([name]) => name);
    expect(names.indexOf('noteSave')).toBeGreaterThan(0);
    expect(names.indexOf('noteSave')).toBeLessThan(names.indexOf('noteLeave'));
    expect(backend.notes.get('night')?.body.endsWith('more')).toBe(true);
    expect(desk.openId).toBe('packing');
  });

  test('a note that cannot be saved stays open', async () => {
    await desk.open('night');
    backend.noteSave = () => Promise.reject(commandError('disk_full', 'The disk is full.'));
    type('more');
    await desk.open('packing');
    expect(desk.openId).toBe('night');
    expect(desk.session?.state).toBe('failed');
    expect(await desk.close()).toBe(false);
    desk.session?.dispose();
  });

  test('of two wishes the newest wins', async () => {
    await Promise.all([desk.open('night'), desk.open('packing')]);
    expect(desk.openId).toBe('packing');
  });

  test('a note that cannot be read says so and can be asked for again', async () => {
    const read = vi.spyOn(backend, 'noteGet').mockRejectedValueOnce(commandError('unreadable', 'The note could not be opened.'));
    await desk.open('night');
    expect(desk.failed?.error.code).toBe('unreadable');
    await desk.open('night');
    expect(read).toHaveBeenCalledTimes(2);
    expect(desk.openId).toBe('night');
    expect(desk.failed).toBe(null);
  });
});

describe('places', () => {
  test('a view of the whole width puts the note away', async () => {
    await desk.openFirst();
    await desk.showView('receipts');
    expect(desk.view).toBe('receipts');
    expect(desk.session).toBe(null);
  });

  test('a new note lands in the notebook that is shown', async () => {
    await desk.show({ kind: 'notebook', id: 'home' });
    await desk.create();
    expect(backend.calls).toContainEqual(['noteCreate', 'home']);
    expect(desk.list.scope).toEqual({ kind: 'notebook', id: 'home' });
  });

  test('from a place that would not hold it, the list goes back to all notes', async () => {
    await desk.show({ kind: 'trash' });
    await desk.create();
    expect(desk.list.scope).toEqual({ kind: 'all' });
    expect(desk.list.indexOf(desk.openId ?? '')).toBe(0);
  });
});

test('after a note goes to the trash, the next one opens, and undo brings it back', async () => {
  await desk.open('night');
  await desk.trash('night');
  expect(backend.notes.get('night')?.trashed).toBe(true);
  expect(desk.openId).toBe('packing');
  await desk.restore('night');
  expect(backend.notes.get('night')?.trashed).toBe(false);
});

test('a note that was restored elsewhere in the window, or on another computer, can be written in', async () => {
  vi.useFakeTimers();
  for (const from_sync of [false, true]) {
    await backend.noteTrash(['night']);
    await desk.open('night');
    expect(desk.session?.readOnly).toBe(true);
    await backend.noteRestore(['night']);
    desk.changed({ notes: ['night'], many: false, notebooks: true, tags: true, review: false, receipts: false, settings: false, from_sync });
    await vi.advanceTimersByTimeAsync(400);
    expect(desk.session?.readOnly).toBe(false);
    type(' more');
    expect(await desk.close()).toBe(true);
  }
  expect(backend.notes.get('night')?.body.endsWith(' more more')).toBe(true);
  vi.useRealTimers();
});

test('a review that ended elsewhere in the window is seen in the open note', async () => {
  vi.useFakeTimers();
  await desk.open('pump4');
  await backend.reviewFinish('pump4', []);
  desk.changed({ notes: ['pump4'], many: false, notebooks: false, tags: false, review: true, receipts: false, settings: false, from_sync: false });
  await vi.advanceTimersByTimeAsync(400);
  expect(desk.session?.detail.to_review).toBe(0);
  vi.useRealTimers();
});
