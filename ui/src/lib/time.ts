// Times and dates as text. Everything takes `now`, so that tests and views agree on it; the zone is the system's.
// A due date is a calendar date without a zone: it is never put through a clock.

const DAY_MS = 86_400_000;
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `14:02`, always with 24 hours. */
export function clockTime(ms: number): string {
  const at = new Date(ms);
  return `${pad(at.getHours())}:${pad(at.getMinutes())}`;
}

/** For lists: `14:02`, `Yesterday`, `Fri`, `12 Nov`, `12 Nov 2023`. */
export function shortTime(ms: number | null, now: number): string {
  if (ms === null) return '';
  const days = daysBetween(ms, now);
  if (days === 0) return clockTime(ms);
  if (days === 1) return 'Yesterday';
  const at = new Date(ms);
  if (days > 1 && days < 7) return WEEKDAYS[at.getDay()] ?? '';
  return dayMonth(at.getFullYear(), at.getMonth(), at.getDate(), new Date(now).getFullYear());
}

/** For sentences: `today 14:02`, `yesterday 14:02`, `12 Nov 14:02`. */
export function longTime(ms: number | null, now: number): string {
  if (ms === null) return 'never';
  const days = daysBetween(ms, now);
  if (days === 0) return `today ${clockTime(ms)}`;
  if (days === 1) return `yesterday ${clockTime(ms)}`;
  const at = new Date(ms);
  const day = dayMonth(at.getFullYear(), at.getMonth(), at.getDate(), new Date(now).getFullYear());
  return `${day} ${clockTime(ms)}`;
}

/** `14:02` today, else the date: after "seen", "added", "confirmed". */
export function dayOrTime(ms: number | null, now: number): string {
  if (ms === null) return 'never';
  return daysBetween(ms, now) === 0 ? clockTime(ms) : longTime(ms, now);
}

/** A due date `YYYY-MM-DD` as `28 Nov`, with the year where it is not this one. */
export function dueText(due: string, now: number): string {
  const [year, month, day] = due.split('-').map(Number);
  if (!year || !month || !day) return due;
  return dayMonth(year, month - 1, day, new Date(now).getFullYear());
}

/** The same with its weekday: `Sat 28 Nov`. */
export function dueDayText(due: string, now: number): string {
  const [year, month, day] = due.split('-').map(Number);
  if (!year || !month || !day) return due;
  return `${WEEKDAYS[new Date(Date.UTC(year, month - 1, day)).getUTCDay()] ?? ''} ${dueText(due, now)}`;
}

/** True from the day after. */
export function isOverdue(due: string, now: number): boolean {
  return due < isoDate(now);
}

/** The calendar date in the system's zone, `YYYY-MM-DD`. */
export function isoDate(ms: number): string {
  const at = new Date(ms);
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
}

/** `40 s`, `3 min`, `2 h`: until the next try. Never less than 1 s. */
export function untilText(ms: number, now: number): string {
  const seconds = Math.max(1, Math.ceil((ms - now) / 1000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

/** `0.6 s`, `12 s`, `3 min`. */
export function durationText(ms: number): string {
  if (ms < 50) return 'under 0.1 s';
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 100_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
}

/** `512 B`, `24 KB`, `2.4 MB`. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 || size >= 10 ? Math.round(size) : size.toFixed(1)} ${units[unit] ?? ''}`;
}

/** `1,284`. */
export function count(n: number): string {
  return n.toLocaleString('en-GB');
}

/** `1 change`, `3 changes`. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

function dayMonth(year: number, month: number, day: number, thisYear: number): string {
  const text = `${day} ${MONTHS[month] ?? ''}`;
  return year === thisYear ? text : `${text} ${year}`;
}

/** Whole calendar days from `ms` to `now`; negative for the future. */
function daysBetween(ms: number, now: number): number {
  const midnight = (value: number) => {
    const at = new Date(value);
    return Date.UTC(at.getFullYear(), at.getMonth(), at.getDate());
  };
  return Math.round((midnight(now) - midnight(ms)) / DAY_MS);
}

function pad(n: number): string {
  return String(n).padStart(2, '0');
}
