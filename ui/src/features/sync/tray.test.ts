import { describe, expect, test } from 'vitest';
import type { CommandError, SyncState, SyncStatus } from '../../ipc/types';
import { syncOf } from '../../../tests/sample';
import { trayClosed, trayOf } from './tray';
import { statusWords } from './words';

const NOW = new Date(2026, 10, 23, 15, 0, 0).getTime();
const status = (over: Partial<SyncStatus>): SyncStatus => ({ ...syncOf('ready'), to_review: 0, last_confirmed_ms: NOW, ...over });
const icon = (over: Partial<SyncStatus>) => trayOf(status(over), NOW).icon;

const STATES: Record<SyncState, string> = {
  local_only: 'normal', up_to_date: 'normal', waiting: 'waiting', syncing: 'waiting', offline: 'offline',
  unreachable: 'offline', paused: 'waiting', needs_sign_in: 'attention', locked: 'normal',
};

describe.each(Object.entries(STATES) as [SyncState, string][])('%s', (state, picture) => {
  test('has its picture, and the words of the sidebar', () => {
    expect(icon({ state })).toBe(picture);
    for (const waiting of [0, 3]) {
      for (const to_review of [0, 2]) {
        for (const next_try_ms of [null, NOW + 40_000]) {
          const given = status({ state, waiting, to_review, next_try_ms });
          expect(trayOf(given, NOW).text).toBe(statusWords(given, NOW).text);
        }
      }
    }
  });
});

test('a person who is needed comes first, and what stopped the sync is no want of a network', () => {
  expect(icon({ state: 'up_to_date', to_review: 1 })).toBe('attention');
  expect(icon({ state: 'syncing', to_review: 1 })).toBe('attention');
  const problem: CommandError = { code: 'disk_full', message: 'Why.', retryable: true };
  expect(icon({ state: 'unreachable', problem })).toBe('attention');
  expect(icon({ state: 'unreachable', problem: { ...problem, code: 'server_unreachable' } })).toBe('offline');
});

test('nothing is offered that cannot be done', () => {
  const can = (over: Partial<SyncStatus>) => trayOf(status(over), NOW).can_sync;
  expect([can({}), can({ state: 'offline' }), can({ state: 'waiting' })]).toEqual([true, true, true]);
  expect([can({ state: 'local_only' }), can({ state: 'needs_sign_in' }), can({ state: 'paused', paused: true })]).toEqual([false, false, false]);
  expect(trayClosed(true)).toEqual({ icon: 'normal', text: 'Locked', can_sync: false, can_lock: false });
  expect(trayClosed(false).text).toBe('Holdfast');
  expect(trayOf(null, NOW)).toMatchObject({ can_sync: false, can_lock: true });
});

test('a status that cannot be read is not the one that was read last', () => {
  expect(trayOf(status({ state: 'up_to_date' }), NOW, null, 'The disk failed.')).toMatchObject({ icon: 'attention', text: 'Sync status unknown' });
  expect([status({ state: 'local_only' }), null, status({})].map((last) => trayOf(last, NOW, null, 'Why.').can_sync)).toEqual([false, false, true]);
  expect(trayOf(status({}), NOW, { failed: true, why: 'Full.' }, 'The disk failed.').text).toBe('A text is not saved');
});
