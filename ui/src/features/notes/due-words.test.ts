import { cleanup, render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { isoDate } from '../../lib/time';
import DuePicker from './DuePicker.svelte';
import { readDue } from './due-words';

afterEach(cleanup);

// A Wednesday.
const TODAY = '2026-12-02';

test.each([
  ['2026-12-24', '2026-12-24'],
  [' Today ', '2026-12-02'],
  ['tomorrow', '2026-12-03'],
  ['friday', '2026-12-04'],
  ['Fri', '2026-12-04'],
  ['monday', '2026-12-07'],
  // Today is one: the next is meant.
  ['wednesday', '2026-12-09'],
  ['next friday', '2026-12-11'],
  ['next monday', '2026-12-07'],
  ['next  sun', '2026-12-13'],
  ['in 3 days', '2026-12-05'],
  ['in 1 day', '2026-12-03'],
  ['in 2 weeks', '2026-12-16'],
  ['in a week', '2026-12-09'],
  ['in 1 month', '2027-01-02'],
])('%s', (typed, date) => {
  expect(readDue(typed, TODAY)).toBe(date);
});

test.each(['', 'soon', 'friyay', 'next', 'next week', 'in 3', 'in 4000 days', '2026-02-30', '2.12.2026', '2026'])('%s is no date', (typed) => {
  expect(readDue(typed, TODAY)).toBeNull();
});

test('a week from a Sunday begins on the day after', () => {
  expect(readDue('next friday', '2026-12-06')).toBe('2026-12-11');
  expect(readDue('friday', '2026-12-06')).toBe('2026-12-11');
});

test('the date that was understood is shown before it is taken', async () => {
  const user = userEvent.setup();
  const onchange = vi.fn();
  render(DuePicker, { due: null, done: false, disabled: false, onchange });
  await user.click(screen.getByTestId('note-due'));
  await user.type(await screen.findByTestId('due-input'), 'in 3 da');
  expect(screen.queryByTestId('due-read')).toBeNull();
  await user.type(screen.getByTestId('due-input'), '{Enter}');
  await waitFor(() => expect(document.querySelector('[role=alert]')?.textContent).toContain('tomorrow'));
  await user.type(screen.getByTestId('due-input'), 'ys');
  const day = isoDate(Date.now() + 3 * 86_400_000);
  expect(screen.getByTestId('due-read').textContent).toContain(String(Number(day.slice(8))));
  expect(onchange).not.toHaveBeenCalled();
  await user.type(screen.getByTestId('due-input'), '{Enter}');
  expect(onchange.mock.calls).toEqual([[day]]);
});
