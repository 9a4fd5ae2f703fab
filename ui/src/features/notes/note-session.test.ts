import { type ChangeSpec, EditorSelection, EditorState, Transaction } from '@codemirror/state';
import { history, undo } from '@codemirror/commands';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeBackend, NO_CHANGES, commandError, emptyNote } from '../../../tests/fake-backend';
import type { NoteDetail, SaveRequest, Saved } from '../../ipc/types';
import { IDLE_MS, LONGEST_MS, NoteSession, rebase } from './note-session.svelte';

/** An editor without a window: state, history and the same wiring as editor/setup.ts. */
class Page {
  state: EditorState;
  constructor(readonly session: NoteSession) {
    this.state = EditorState.create({ doc: session.doc, extensions: [history(), EditorState.lineSeparator.of('\n')] });
    session.attach({
      doc: () => this.state.doc,
      applyRemote: (changes) => {
        this.state = this.state.update({ changes, annotations: [Transaction.addToHistory.of(false), Transaction.remote.of(true)] }).state;
      },
    });
  }
  get text(): string {
    return this.state.doc.toString();
  }
  change(changes: ChangeSpec, cursor?: number): void {
    const transaction = this.state.update({ changes, ...(cursor === undefined ? {} : { selection: EditorSelection.cursor(cursor) }), userEvent: 'input' });
    this.state = transaction.state;
    this.session.edited(transaction.changes);
  }
  type(text: string, at = this.state.doc.length): void {
    this.change({ from: at, insert: text }, at + text.length);
  }
  undo(): void {
    undo({
      state: this.state,
      dispatch: (transaction) => {
        this.state = transaction.state;
        if (!transaction.annotation(Transaction.remote)) this.session.edited(transaction.changes);
      },
    });
  }
}

/** A promise that the test settles. */
function later<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

let backend: FakeBackend;
let note: NoteDetail;
let session: NoteSession;
let page: Page;

function open(body: string, title = 'Title'): void {
  note = { ...emptyNote('n'), title, body };
  backend.notes.set('n', structuredClone(note));
  session = new NoteSession(backend, note);
  page = new Page(session);
}
const saves = () => backend.calls.filter(([name]) => name === 'noteSave').map(([, request]) => request as SaveRequest);
const tick = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
const arrive = () => session.changed({ ...NO_CHANGES, notes: ['n'], from_sync: true });
/** The next refreshes answer with the sent text, changed by `merge`. */
function merging(merge: (body: string, title: string) => Partial<NoteDetail>): void {
  backend.noteRefresh = async (id, seenHeads, title, body) => {
    backend.calls.push(['noteRefresh', id, seenHeads, title, body]);
    return { ...note, title, body, seen_heads: ['joined'], ...merge(body, title) };
  };
}

beforeEach(() => {
  vi.useFakeTimers();
  backend = new FakeBackend('empty');
  open('one\ntwo\nthree\n');
});
afterEach(() => {
  session.dispose();
  vi.useRealTimers();
});

describe('saving', () => {
  test('300 ms after the last key, once, with only what changed', async () => {
    page.type('a');
    await tick(200);
    page.type('b');
    await tick(IDLE_MS - 1);
    expect(saves()).toHaveLength(0);
    expect(session.state).toBe('saving');
    await tick(1);
    expect(saves()).toHaveLength(1);
    expect(saves()[0]).toMatchObject({ id: 'n', seen_heads: ['n@0'], patch: { title: null, body: 'one\ntwo\nthree\nab', tags: null } });
    expect(session.state).toBe('saved');
  });

  test('at most a second while typing goes on', async () => {
    for (let key = 0; key < 12; key += 1) {
      page.type('x');
      await tick(100);
    }
    expect(saves()).toHaveLength(1);
    expect(saves()[0]?.patch.body?.endsWith('x'.repeat(LONGEST_MS / 100))).toBe(true);
  });

  test('the heads of each answer go with the next save', async () => {
    page.type('a');
    await session.flush();
    page.type('b');
    await session.flush();
    expect(saves()[1]?.seen_heads).toEqual(['n@1']);
  });

  test('one save at a time; what is typed meanwhile follows', async () => {
    const first = later<Saved>();
    const real = backend.noteSave.bind(backend);
    backend.noteSave = async (request) => {
      await real(request);
      return first.promise;
    };
    page.type('a');
    await tick(IDLE_MS);
    page.type('b');
    await tick(LONGEST_MS);
    expect(saves()).toHaveLength(1);
    backend.noteSave = real;
    first.resolve({ seen_heads: ['h1'], stale: false, updated_ms: 1 });
    await tick();
    expect(saves()).toHaveLength(2);
    expect(saves()[1]).toMatchObject({ seen_heads: ['h1'], patch: { body: 'one\ntwo\nthree\nab' } });
    expect(session.state).toBe('saved');
  });

  test('blur and leaving do not wait; an unchanged note is not saved', async () => {
    await session.flush();
    expect(saves()).toHaveLength(0);
    page.type('a');
    expect(await session.leave()).toBe(true);
    expect(saves()).toHaveLength(1);
    expect(backend.calls.at(-1)).toEqual(['noteLeave', 'n']);
  });

  test('what is typed while the note is left is saved too', async () => {
    const left = later<undefined>();
    backend.noteLeave = () => left.promise;
    page.type('a');
    const leaving = session.leave();
    await tick();
    page.type('b');
    left.resolve(undefined);
    expect(await leaving).toBe(true);
    expect(backend.notes.get('n')?.body).toBe('one\ntwo\nthree\nab');
  });

  test('title, tags and due go together', async () => {
    session.titleEdited('New');
    session.setFields({ tags: ['x'] }, { tags: ['x'] });
    session.setFields({ due: { kind: 'on', date: '2026-11-28' } }, { due: '2026-11-28' });
    await tick(IDLE_MS);
    expect(session.detail.tags).toEqual(['x']);
    expect(backend.notes.get('n')).toMatchObject({ title: 'New', tags: ['x'], due: '2026-11-28' });
  });
});

describe('a save that fails', () => {
  const full = commandError('disk_full', 'The disk is full.');

  test('keeps the text, says so, and tries again', async () => {
    const save = vi.spyOn(backend, 'noteSave').mockRejectedValueOnce(full).mockRejectedValueOnce(full);
    page.type('a');
    await tick(IDLE_MS);
    expect(session.state).toBe('failed');
    expect(session.error?.code).toBe('disk_full');
    expect(page.text).toContain('a');
    await tick(2000);
    expect(save).toHaveBeenCalledTimes(2);
    await tick(4000);
    expect(save).toHaveBeenCalledTimes(3);
    expect(session.state).toBe('saved');
    expect(backend.notes.get('n')?.body).toBe('one\ntwo\nthree\na');
  });

  test('leaving answers false and keeps fields for the next try', async () => {
    vi.spyOn(backend, 'noteSave').mockRejectedValueOnce(full);
    session.setFields({ tags: ['x'] }, { tags: ['x'] });
    await tick();
    expect(session.state).toBe('failed');
    vi.spyOn(backend, 'noteSave').mockRejectedValueOnce(full);
    expect(await session.leave()).toBe(false);
    expect(backend.count('noteLeave')).toBe(0);
    vi.restoreAllMocks();
    expect(await session.leave()).toBe(true);
    expect(backend.notes.get('n')?.tags).toEqual(['x']);
  });
});

describe('changes from another computer', () => {
  test('come in around the cursor; undo takes back only what was typed here', async () => {
    page.type('!', 7);
    await session.flush();
    merging((body) => ({ body: `zero\n${body}four\n` }));
    arrive();
    await tick();
    expect(page.text).toBe('zero\none\ntwo!\nthree\nfour\n');
    expect(page.state.selection.main.head).toBe(13);
    page.undo();
    expect(page.text).toBe('zero\none\ntwo\nthree\nfour\n');
  });

  test('a stale answer asks for them', async () => {
    merging((body) => ({ body: `zero\n${body}` }));
    backend.noteSave = async () => ({ seen_heads: ['mine'], stale: true, updated_ms: 1 });
    page.type('a');
    await session.flush();
    expect(backend.calls.find(([name]) => name === 'noteRefresh')).toEqual(['noteRefresh', 'n', ['mine'], 'Title', 'one\ntwo\nthree\na']);
    expect(page.text).toBe('zero\none\ntwo\nthree\na');
  });

  test('typing during the refresh stays, in the same and in other places, and is saved on the joined heads', async () => {
    const answer = later<NoteDetail>();
    backend.noteRefresh = () => answer.promise;
    arrive();
    await tick();
    page.type('AAA', 3);
    page.type('BBB');
    answer.resolve({ ...note, body: 'zero\none\nTWO\nthree\n', seen_heads: ['joined'] });
    await tick();
    expect(page.text).toBe('zero\noneAAA\nTWO\nthree\nBBB');
    await tick(IDLE_MS);
    expect(saves()).toHaveLength(1);
    expect(saves()[0]).toMatchObject({ seen_heads: ['joined'], patch: { body: 'zero\noneAAA\nTWO\nthree\nBBB' } });
  });

  test('no key is lost at any moment of a long exchange', async () => {
    // Seeded, so that a failure can be repeated.
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    let typed = 0;
    let came = 0;
    merging((body) => {
      came += 1;
      const at = random(body.length + 1);
      return { body: `${body.slice(0, at)}<${came}>${body.slice(at)}`, seen_heads: [`r${came}`] };
    });
    const answer = backend.noteRefresh.bind(backend);
    backend.noteRefresh = async (...sent) => {
      const result = await answer(...sent);
      await new Promise((done) => setTimeout(done, random(90)));
      return result;
    };
    for (let step = 0; step < 200; step += 1) {
      if (random(3) > 0) page.type(`[${typed++}]`);
      if (random(4) === 0) arrive();
      await tick(random(60));
    }
    await tick(5000);
    expect(came).toBeGreaterThan(10);
    // A mark may have been split by a later one, a key never disappears.
    const signs = [...page.text].sort().join('');
    const expected = [...`one\ntwo\nthree\n${keys(typed, '[', ']')}${keys(came + 1, '<', '>', 1)}`].sort().join('');
    expect(signs).toBe(expected);
    expect(backend.notes.get('n')?.body).toBe(page.text);
  });

  test('nothing comes in while an input method composes, but the text is saved with it', async () => {
    const answer = later<NoteDetail>();
    backend.noteRefresh = () => answer.promise;
    arrive();
    await tick();
    session.compositionStarted();
    page.type('に');
    answer.resolve({ ...note, body: 'zero\none\ntwo\nthree\n', seen_heads: ['joined'] });
    await tick();
    expect(page.text).toBe('one\ntwo\nthree\nに');
    await tick(IDLE_MS);
    expect(saves()[0]).toMatchObject({ seen_heads: ['joined'], patch: { body: 'zero\none\ntwo\nthree\nに' } });
    page.change({ from: page.text.length - 1, to: page.text.length, insert: '日' });
    session.compositionEnded();
    expect(page.text).toBe('zero\none\ntwo\nthree\n日');
    await tick(IDLE_MS);
    expect(backend.notes.get('n')?.body).toBe('zero\none\ntwo\nthree\n日');
  });

  test('no refresh begins while an input method composes', async () => {
    merging((body) => ({ body: `zero\n${body}` }));
    session.compositionStarted();
    arrive();
    await tick(1000);
    expect(backend.count('noteRefresh')).toBe(0);
    session.compositionEnded();
    await tick();
    expect(page.text).toBe('zero\none\ntwo\nthree\n');
  });

  test('a title that arrives joins what is typed into it', async () => {
    const answer = later<NoteDetail>();
    backend.noteRefresh = () => answer.promise;
    arrive();
    await tick();
    session.titleEdited('Title, typed');
    answer.resolve({ ...note, title: 'New Title', seen_heads: ['joined'] });
    await tick();
    expect(session.title).toBe('New Title, typed');
    await tick(IDLE_MS);
    expect(saves()[0]?.patch.title).toBe('New Title, typed');
  });

  test('a field chosen during the refresh stays', async () => {
    const answer = later<NoteDetail>();
    backend.noteRefresh = () => answer.promise;
    arrive();
    await tick();
    session.setFields({ done: true }, { done: true });
    answer.resolve({ ...note, tags: ['arrived'], seen_heads: ['joined'] });
    await tick();
    expect(session.detail).toMatchObject({ done: true, tags: ['arrived'] });
    expect(saves()[0]).toMatchObject({ seen_heads: ['joined'], patch: { done: true } });
  });

  test('a refresh that fails puts no text at risk and is tried again', async () => {
    const good = backend.noteRefresh.bind(backend);
    const refresh = vi.spyOn(backend, 'noteRefresh').mockRejectedValueOnce(commandError('io', 'No.')).mockImplementation(good);
    arrive();
    await tick();
    expect(session.state).toBe('saved');
    expect(refresh).toHaveBeenCalledTimes(1);
    await tick(2000);
    expect(refresh).toHaveBeenCalledTimes(2);
  });

  test('changes of other notes, and of this window, ask for nothing', async () => {
    session.changed({ ...NO_CHANGES, notes: ['other'], from_sync: true });
    session.changed({ ...NO_CHANGES, notes: ['n'] });
    await tick(1000);
    expect(backend.count('noteRefresh')).toBe(0);
  });
});

test('an attached file comes in without losing what is typed meanwhile', async () => {
  const answer = later<NoteDetail>();
  page.type('a');
  const taking = session.takeFrom(() => answer.promise);
  await tick();
  page.type('b');
  answer.resolve({ ...note, body: 'one\ntwo\nthree\na', seen_heads: ['attached'], attachments: [{ id: 'f', path: 'files/f', name: 'f', media_type: 'text/plain', size: 1, here: true, here_bytes: 1, wanted: false }] });
  await taking;
  await tick(IDLE_MS);
  expect(session.detail.attachments).toHaveLength(1);
  expect(saves().at(-1)).toMatchObject({ seen_heads: ['attached'], patch: { body: 'one\ntwo\nthree\nab' } });
});

describe('line endings', () => {
  test.each([
    ['a\r\nb\r\n', 'a\r\nb\r\n!'],
    ['a\nb\n', 'a\nb\n!'],
    ['a\r\nb\nc\r', 'a\r\nb\nc\r!'],
  ])('%j is kept', async (body, after) => {
    open(body);
    expect(session.body).toBe(body);
    expect(session.dirty).toBe(false);
    page.type('!');
    await session.flush();
    expect(backend.notes.get('n')?.body).toBe(after);
  });

  test('a mixed text that arrives in a text of CRLF is taken as it is', async () => {
    open('a\r\nb\r\n');
    merging(() => ({ body: 'a\r\nb\nc\r\n' }));
    arrive();
    await tick();
    expect(session.body).toBe('a\r\nb\nc\r\n');
  });
});

test('rebase keeps both sides', () => {
  expect(rebase('ab', 'aXb', 'abY')).toBe('aXbY');
  expect(rebase('ab', 'ab', 'c')).toBe('c');
  expect(rebase('ab', 'c', 'ab')).toBe('c');
});

test('a closed session makes no more calls', async () => {
  page.type('a');
  session.dispose();
  await tick(5000);
  expect(saves()).toHaveLength(0);
  expect(await session.flush()).toBe(false);
});

function keys(n: number, open: string, close: string, from = 0): string {
  let all = '';
  for (let key = from; key < n; key += 1) all += `${open}${key}${close}`;
  return all;
}

describe('the mark of the note', () => {
  const mark = (over: Partial<NoteDetail>) => backend.notes.set('n', { ...(backend.notes.get('n') ?? emptyNote('n')), ...over });
  const told = () => session.changed({ ...NO_CHANGES, notes: ['n'] });

  test('what is typed is never called sent, and is once the program says so', async () => {
    open('one');
    mark({ sent: true });
    told();
    await vi.advanceTimersByTimeAsync(0);
    expect(session.mark).toEqual({ waiting: false, sent: true, to_review: 0 });
    page.type(' two');
    expect(session.mark).toEqual({ waiting: true, sent: false, to_review: 0 });
    // An answer from before the key says nothing about it.
    told();
    await vi.advanceTimersByTimeAsync(0);
    expect(session.mark.sent).toBe(false);
    mark({ waiting: true, sent: false });
    await vi.advanceTimersByTimeAsync(IDLE_MS + 10);
    expect(session.mark).toEqual({ waiting: true, sent: false, to_review: 0 });
    mark({ waiting: false, sent: true });
    told();
    await vi.advanceTimersByTimeAsync(0);
    expect(session.mark.sent).toBe(true);
  });

  test('where the program cannot say, nothing is promised', async () => {
    open('one');
    mark({ sent: true });
    told();
    await vi.advanceTimersByTimeAsync(0);
    backend.noteMark = () => Promise.reject(commandError('not_open', 'The vault is locked.'));
    told();
    await vi.advanceTimersByTimeAsync(0);
    expect(session.mark.sent).toBe(false);
  });
});
