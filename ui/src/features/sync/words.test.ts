import { describe, expect, test } from 'vitest';
import type { SyncState, SyncStatus } from '../../ipc/types';
import { heldSentence, shareSentence, whatGoes, whose } from './tripwire';
import { isFirstSync, panelSentence, statusWords } from './words';

const NOW = new Date(2026, 10, 23, 15, 0, 0).getTime();
const CONFIRMED = new Date(2026, 10, 23, 14, 2, 0).getTime();

function status(over: Partial<SyncStatus> = {}): SyncStatus {
  return {
    state: 'up_to_date', paused: false, waiting: 0, waiting_attachments: 0, waiting_attachment_bytes: 0, to_review: 0, notebooks_to_review: 0,
    sending: { files: 0, done_bytes: 0, total_bytes: 0 }, receiving: { files: 0, done_bytes: 0, total_bytes: 0 }, not_here: { files: 0, bytes: 0 },
    last_confirmed_ms: CONFIRMED, last_changes: 41, last_duration_ms: 600, next_try_ms: null,
    server: 'https://notes.example.org', user: 'ada', problem: null, passphrase: null, devices: [], catch_up: null, quarantined: 0, set_aside: [], tripwire: null,
    ...over,
  };
}

const words = (over: Partial<SyncStatus>) => statusWords(status(over), NOW).text;

test('the lines of the design, word for word', () => {
  expect(words({ state: 'local_only', server: null })).toBe('Saved on this computer');
  expect(words({ to_review: 1, notebooks_to_review: 1 })).toBe('Needs you: 1 notebook');
  expect(words({ to_review: 4, notebooks_to_review: 1 })).toBe('Needs you: 3 notes and 1 notebook');
  expect(words({ state: 'syncing', waiting: 3 })).toBe('Syncing 3');
  expect(words({})).toBe('Up to date, server confirmed 14:02');
  expect(words({ state: 'offline', waiting: 5 })).toBe('Offline, 5 changes waiting');
  expect(words({ state: 'offline', waiting: 5, waiting_attachments: 1 })).toBe('Offline, 5 changes waiting');
  expect(words({ state: 'paused' })).toBe('Paused');
  expect(words({ to_review: 1 })).toBe('Needs you: 1 note');
  expect(words({ state: 'needs_sign_in' })).toBe('Sign in again');
  expect(words({ state: 'unreachable', next_try_ms: NOW + 40_000 })).toBe("Can't reach the server, next try in 40 s");
});

test('a server that answers is not called unreachable: what stopped the sync needs a person', () => {
  for (const code of ['disk_full', 'server_not_trusted', 'pin_mismatch', 'server_refused'] as const) {
    const stopped = status({ state: 'unreachable', waiting: 2, next_try_ms: NOW + 40_000, problem: { code, message: 'Why.', retryable: false } });
    expect(statusWords(stopped, NOW)).toMatchObject({
      text: 'Needs you: sync stopped, next try in 40 s', spoken: 'Needs you: sync stopped', detail: '2 changes waiting. Saved on this computer.', tone: 'problem',
    });
    expect(panelSentence(stopped, NOW)).toBe('Sync stopped. 2 changes are saved here and will be sent once the problem is gone. Next try in 40 s.');
  }
  const away = status({ state: 'unreachable', problem: { code: 'server_unreachable', message: 'Why.', retryable: true } });
  expect(statusWords(away, NOW).text).toBe("Can't reach the server");
  // Where sync goes on by other means, a problem of before changes nothing.
  expect(words({ state: 'syncing', problem: { code: 'disk_full', message: 'Why.', retryable: true } })).toBe('Syncing');
});

test('a computer that was removed is not asked to sign in, and claims nothing', () => {
  const problem = { code: 'device_removed' as const, message: 'Why.', retryable: false };
  const removed = status({ state: 'needs_sign_in', waiting: 3, problem });
  expect(statusWords(removed, NOW)).toMatchObject({ text: 'Removed from the account', tone: 'attention', detail: '3 changes not sent. Saved on this computer.' });
  expect(panelSentence(removed, NOW)).toBe('This computer was removed from the account. 3 changes were not sent and stay here. Everything here can be read and exported.');
  expect(words({ state: 'needs_sign_in', problem })).toBe('Removed from the account');
});

test('the countdown falls with the clock and is not read out', () => {
  const away = status({ state: 'unreachable', next_try_ms: NOW + 40_000 });
  expect(statusWords(away, NOW + 39_500).text).toBe("Can't reach the server, next try in 1 s");
  expect(statusWords(away, NOW + 41_000).text).toBe("Can't reach the server, trying now");
  expect(statusWords(away, NOW).spoken).toBe(statusWords(away, NOW + 7_000).spoken);
});

const STATES: SyncState[] = [
  'local_only', 'up_to_date', 'waiting', 'syncing', 'offline', 'unreachable', 'paused', 'needs_sign_in', 'locked',
];
const CLAIMS = /up to date|synced|has every change|reached the server\./i;

describe.each(STATES)('%s', (state) => {
  for (const waiting of [0, 1, 5, 1204]) {
    for (const waiting_attachments of [0, 2]) {
      for (const to_review of [0, 1, 7]) {
        for (const last_confirmed_ms of [null, CONFIRMED]) {
          const given = status({ state, waiting, waiting_attachments, to_review, last_confirmed_ms });
          const name = `${waiting} waiting, ${waiting_attachments} attachments, ${to_review} to review, ${last_confirmed_ms}`;
          test(name, () => {
            const got = statusWords(given, NOW);
            const all = `${got.text} ${got.detail} ${got.spoken} ${panelSentence(given, NOW)}`;
            expect(got.text).not.toBe('');
            expect(panelSentence(given, NOW)).not.toBe('');
            expect(all).not.toMatch(/synced|undefined|NaN|null/i);
            if (waiting + waiting_attachments > 0) {
              expect(all).not.toMatch(CLAIMS);
              if (state !== 'local_only') {
                const n = waiting > 0 ? waiting.toLocaleString('en-GB') : '2';
                expect(all).toContain(n);
              }
            }
            const quiet = ['needs_sign_in', 'locked'].includes(state);
            if (to_review > 0 && !quiet) expect(all).toMatch(/note/);
            if (state !== 'up_to_date') expect(got.text).not.toMatch(/^Up to date/);
            expect(got.text.length).toBeLessThan(60);
          });
        }
      }
    }
  }
});

test('the first sync says how far it is, how long it still takes, and that one can read', () => {
  const first = { first: true, done: 312, total: 1204, left: null };
  const got = statusWords(status({ state: 'syncing', catch_up: first }), NOW);
  expect(got.text).toBe('Syncing 312 of 1,204');
  expect(got.detail).toBe('You can read now, edits are safe.');
  const known = statusWords(status({ state: 'syncing', catch_up: { ...first, left: 'About 2 minutes left' } }), NOW);
  expect(known.detail).toBe('About 2 minutes left. You can read now, edits are safe.');
  // What changes all the time is not read out.
  expect(known.spoken).toBe('Syncing');
});

test('a long catch-up says the same, and what waits here', () => {
  const catch_up = { first: false, done: 1000, total: 44_000, left: 'About 1 hour left' };
  const got = statusWords(status({ state: 'syncing', waiting: 2, catch_up }), NOW);
  expect(got.text).toBe('Syncing 1,000 of 44,000');
  expect(got.detail).toBe('About 1 hour left. 2 changes waiting. Saved on this computer.');
});

const held = { number: 1, since_ms: NOW, trashed: 24, emptied: 3, notebooks: 1, of: 120, devices: ['Office PC'], backup: null };

describe.each(STATES)('%s with a sync held back', (state) => {
  for (const paused of [false, true]) {
    for (const waiting of [0, 3]) {
      test(`${waiting} waiting, paused by a person: ${paused}`, () => {
        const given = status({ state, paused, waiting, tripwire: held });
        const got = statusWords(given, NOW);
        const all = `${got.text} ${got.detail} ${got.spoken} ${panelSentence(given, NOW)}`;
        expect(all).not.toMatch(/up to date/i);
        // Without a server nothing can be held; a locked vault says nothing.
        if (!['local_only', 'locked'].includes(state)) expect(`${got.text} ${got.detail}`).toMatch(/held back/);
        if (state === 'paused') expect(got.text).toBe(paused ? 'Paused' : 'Needs you: a sync is held back');
        expect(got.text.length).toBeLessThan(60);
      });
    }
  }
});

test('what a held sync would do, in numbers', () => {
  expect(heldSentence(held)).toBe('A sync from Office PC would move 24 notes to the Trash, with 1 notebook, and take most of the text of 3 notes away.');
  expect(shareSentence(held)).toBe('That is 27 of your 120 notes.');
  expect(heldSentence({ ...held, emptied: 0, notebooks: 2 })).toBe('A sync from Office PC would move 24 notes to the Trash, with 2 notebooks.');
  expect(heldSentence({ ...held, trashed: 0 })).toBe('A sync from Office PC would move 1 notebook to the Trash and take most of the text of 3 notes away.');
  expect(heldSentence({ ...held, trashed: 0, notebooks: 0, devices: [] })).toBe('A sync from another computer would take most of the text of 3 notes away.');
  expect(shareSentence({ ...held, of: 27, notebooks: 0 })).toBe('That is all of your 27 notes.');
  const notebooks = { ...held, trashed: 0, emptied: 0, notebooks: 2 };
  expect([heldSentence(notebooks), shareSentence(notebooks)]).toEqual(['A sync from Office PC would move 2 notebooks to the Trash.', '']);
  expect([whatGoes(held), whatGoes(notebooks)]).toEqual(['27 notes and 1 notebook', '2 notebooks']);
  expect(whose({ ...held, devices: ['A', 'B', 'C'] })).toBe('A, B and C');
});

test('what is sent soon has no time of a next try, unless a try failed', () => {
  const soon = status({ state: 'waiting', waiting: 1, next_try_ms: NOW + 900_000 });
  expect(panelSentence(soon, NOW)).toBe('1 change is saved here and will be sent soon.');
  const problem = { code: 'server_unreachable' as const, message: 'Why.', retryable: true };
  expect(panelSentence({ ...soon, problem }, NOW)).toBe('1 change is saved here and will be sent soon. Next try in 15 min.');
});

test('a computer that has just joined knows that its notes are on their way', () => {
  expect(isFirstSync(status({ state: 'syncing', last_confirmed_ms: null }))).toBe(true);
  expect(isFirstSync(status({ state: 'syncing', catch_up: { first: true, done: 1, total: 9, left: null } }))).toBe(true);
  expect(isFirstSync(status({ state: 'local_only', server: null, last_confirmed_ms: null }))).toBe(false);
  expect(isFirstSync(status({ state: 'needs_sign_in', last_confirmed_ms: null }))).toBe(false);
  expect(isFirstSync(status())).toBe(false);
});

test('while a passphrase waits nothing says that the server has everything', () => {
  const passphrase = { code: 'server_refused' as const, message: 'Why.', retryable: true };
  for (const state of STATES) {
    expect(panelSentence(status({ state, passphrase }), NOW)).not.toMatch(/Everything you changed|Nothing waits/);
  }
});

test("the panel's sentence", () => {
  expect(panelSentence(status({ state: 'offline', waiting: 3, next_try_ms: NOW + 24_000 }), NOW)).toBe(
    'Offline. 3 changes are saved here and will be sent when the server answers. Next try in 24 s.',
  );
});

test('while a text is not on disk nothing says that it is, in any state', () => {
  const removed = { code: 'device_removed', message: 'Removed.', retryable: false } as const;
  for (const state of STATES) {
    for (const over of [{}, { waiting: 3 }, { to_review: 2 }, { waiting: 3, to_review: 2 }, { problem: removed }]) {
      const given = status({ state, ...over });
      const saving = statusWords(given, NOW, { failed: false, why: '' });
      const failed = statusWords(given, NOW, { failed: true, why: 'The disk is full.' });
      if (state !== 'locked') expect(`${saving.text} ${saving.detail}`).not.toMatch(/saved on this computer|up to date/i);
      expect(failed).toMatchObject({ text: 'A text is not saved', detail: 'The disk is full.', tone: 'problem' });
      expect(panelSentence(given, NOW, { failed: true, why: 'The disk is full.' })).toMatch(/^A text is not saved on this computer\. The disk is full\./);
    }
  }
  expect(statusWords(status({ state: 'local_only' }), NOW, { failed: false, why: '' })).toMatchObject({ text: 'Saving…', tone: 'busy' });
});
