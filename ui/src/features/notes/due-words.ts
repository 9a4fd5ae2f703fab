// A due date as a person types it: a calendar date, or a few words. Pure: today is an input.
import { type CalendarDate, parseDate } from '@internationalized/date';

const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const UNITS = { day: 'days', week: 'weeks', month: 'months' } as const;
const LARGEST = 999;

/** `YYYY-MM-DD`, or null for what is no date. A weekday is the next one after today; `next friday` is that of the next week,
 *  which begins on Monday. */
export function readDue(text: string, today: string): string | null {
  const words = text.trim().toLowerCase().replace(/\s+/g, ' ');
  const now = parseDate(today);
  if (words === 'today') return today;
  if (words === 'tomorrow') return now.add({ days: 1 }).toString();
  const weekday = /^(next )?([a-z]{3,})$/.exec(words);
  if (weekday) {
    const to = WEEKDAYS.findIndex((name) => name === weekday[2] || name.slice(0, 3) === weekday[2]);
    return to < 0 ? null : onWeekday(now, to, weekday[1] !== undefined).toString();
  }
  const later = /^in (\d+|an?|one) (day|week|month)s?$/.exec(words);
  if (later) {
    const n = /^\d/.test(later[1] ?? '') ? Number(later[1]) : 1;
    return n > LARGEST ? null : now.add({ [UNITS[later[2] as keyof typeof UNITS]]: n }).toString();
  }
  try {
    return parseDate(words).toString();
  } catch {
    return null;
  }
}

/** `to`: from 0, Monday. */
function onWeekday(now: CalendarDate, to: number, nextWeek: boolean): CalendarDate {
  const { year, month, day } = now;
  const from = (new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 6) % 7;
  if (nextWeek) return now.add({ days: 7 - from + to });
  return now.add({ days: (to - from + 7) % 7 || 7 });
}
