import { expect, test } from 'vitest';
import { bytesText, count, dueText, durationText, isOverdue, longTime, plural, shortTime, untilText } from './time';

// A Thursday, in whatever zone the test runs.
const now = new Date(2026, 10, 26, 14, 30).getTime();
const at = (month: number, day: number, hour = 14, minute = 2, year = 2026) => new Date(year, month, day, hour, minute).getTime();

test.each([
  [at(10, 26), '14:02'],
  [at(10, 26, 0, 0), '00:00'],
  [at(10, 25, 23, 59), 'Yesterday'],
  [at(10, 20), 'Fri'],
  [at(10, 19), '19 Nov'],
  [at(10, 12, 1, 1, 2023), '12 Nov 2023'],
  [at(10, 28), '28 Nov'],
])('in a list: %s → %s', (ms, text) => expect(shortTime(ms, now)).toBe(text));

test('in a sentence', () => {
  expect(longTime(at(10, 26), now)).toBe('today 14:02');
  expect(longTime(at(10, 25), now)).toBe('yesterday 14:02');
  expect(longTime(at(9, 3), now)).toBe('3 Oct 14:02');
  expect(longTime(null, now)).toBe('never');
});

test('a due date has no zone and is over only from the day after', () => {
  expect(dueText('2026-11-28', now)).toBe('28 Nov');
  expect(dueText('2027-01-02', now)).toBe('2 Jan 2027');
  expect(dueText('no date', now)).toBe('no date');
  expect(isOverdue('2026-11-26', now)).toBe(false);
  expect(isOverdue('2026-11-25', now)).toBe(true);
});

test('spans, sizes and numbers', () => {
  expect(untilText(now + 39_200, now)).toBe('40 s');
  expect(untilText(now - 5, now)).toBe('1 s');
  expect(untilText(now + 180_000, now)).toBe('3 min');
  expect(untilText(now + 7_200_000, now)).toBe('2 h');
  expect(durationText(600)).toBe('0.6 s');
  expect(bytesText(512)).toBe('512 B');
  expect(bytesText(2_400_000)).toBe('2.4 MB');
  expect(count(1284)).toBe('1,284');
  expect(plural(1, 'change')).toBe('1 change');
  expect(plural(3, 'change')).toBe('3 changes');
});
