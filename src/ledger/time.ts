/** Times: read from what producers send, kept as UTC with milliseconds. */
import { LedgerError } from './error.js';
import type { Instant } from './types.js';

/** The form of an instant, of which a few are no times: see isOnCalendar. */
export const INSTANT_FORM =
  '\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d\\.\\d{3}Z';
const INSTANT = new RegExp(`^${INSTANT_FORM}$`);
const RFC_3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/** 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z */
const FIRST_MS = -62_135_596_800_000;
const LAST_MS = 253_402_300_799_999;

/**
 * Read a timestamp of RFC 3339 with an offset; `T` and `Z` may be lower case (5.6).
 *
 * Digits beyond milliseconds are cut. Only days of the calendar count, and years 0001–9999 after conversion to UTC.
 * A leap second (`:60`) is taken where one can be, at 23:59 UTC on 30 June or 31 December (5.7), and becomes the
 * last millisecond of that day: it stays on its day, and order is kept.
 * @returns null for anything else
 */
export function parseTimestamp(text: string): Instant | null {
  if (isInstant(text)) return text;
  const match = RFC_3339.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const offset = offsetMinutes(match[8], match[9], match[10]);
  if (offset === null || hour > 23 || minute > 59 || second > 60) return null;
  const midnight = utcMidnight(year, month, day);
  if (midnight === null) return null;

  const minuteStart = midnight + (hour * 60 + minute - offset) * 60_000;
  const milliseconds = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  if (second === 60) {
    return isLastMinuteOfHalfYear(minuteStart) ? inRange(minuteStart + 59_999) : null;
  }
  return inRange(minuteStart + second * 1000 + milliseconds);
}

/** Whether a text is a real time in the one form that entries have. */
export function isInstant(text: unknown): text is Instant {
  return typeof text === 'string' && INSTANT.test(text) && isOnCalendar(text);
}

/** Whether a text that has INSTANT_FORM is a real time: its year and its day are there. */
export function isOnCalendar(text: string): text is Instant {
  if (text.startsWith('0000')) return false;
  const day = text.slice(8, 10);
  // every month has 28 days
  return day <= '28' || Number(day) <= daysIn(Number(text.slice(0, 4)), Number(text.slice(5, 7)));
}

/**
 * @param ms whole milliseconds since 1970, years 0001–9999
 * @throws LedgerError `internal` for any other number
 */
export function instantFromMs(ms: number): Instant {
  const instant = Number.isInteger(ms) ? inRange(ms) : null;
  if (instant === null) throw new LedgerError('internal', `${ms} ms is no time of the years 0001–9999`);
  return instant;
}

/** Whole milliseconds since 1970. */
export function instantToMs(instant: Instant): number {
  return Date.parse(instant);
}

function inRange(ms: number): Instant | null {
  return ms >= FIRST_MS && ms <= LAST_MS ? textOf(ms) : null;
}

const DAY_MS = 86_400_000;

const numbers = (count: number, digits: number): readonly string[] =>
  Array.from({ length: count }, (_, number) => String(number).padStart(digits, '0'));
const TWO_DIGITS = numbers(60, 2);
const THREE_DIGITS = numbers(1_000, 3);

let lastMs = NaN;
let lastText = '' as Instant;

/** Times come many of a millisecond, too. */
function textOf(ms: number): Instant {
  if (ms !== lastMs) {
    lastMs = ms;
    lastText = writtenOut(ms);
  }
  return lastText;
}

function writtenOut(ms: number): Instant {
  const day = Math.floor(ms / DAY_MS);
  const time = ms - day * DAY_MS;
  const hours = TWO_DIGITS[Math.floor(time / 3_600_000)] ?? '';
  const minutes = TWO_DIGITS[Math.floor(time / 60_000) % 60] ?? '';
  const seconds = TWO_DIGITS[Math.floor(time / 1_000) % 60] ?? '';
  return `${textOfDay(day)}${hours}:${minutes}:${seconds}.${THREE_DIGITS[time % 1_000] ?? ''}Z` as Instant;
}

/** Times come many of a day: what a Date says of one is asked once. */
const days = new Map<number, string>();
const MAX_DAYS = 1_024;

/** `YYYY-MM-DDT` */
function textOfDay(day: number): string {
  const known = days.get(day);
  if (known !== undefined) return known;
  if (days.size === MAX_DAYS) days.clear();
  const text = new Date(day * DAY_MS).toISOString().slice(0, 'YYYY-MM-DDT'.length);
  days.set(day, text);
  return text;
}

function offsetMinutes(sign?: string, hours = '0', minutes = '0'): number | null {
  if (Number(hours) > 23 || Number(minutes) > 59) return null;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

function utcMidnight(year: number, month: number, day: number): number | null {
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return null;
  // Date.UTC takes the years 0–99 for 1900–1999
  return new Date(0).setUTCFullYear(year, month - 1, day);
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Of the Gregorian calendar, also before it was made (RFC 3339, 1 and appendix C). */
function daysIn(year: number, month: number): number {
  const isLeapYear = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && isLeapYear ? 29 : (DAYS[month - 1] ?? 0);
}

function isLastMinuteOfHalfYear(minuteStart: number): boolean {
  return /-(?:06-30|12-31)T23:59:00/.test(new Date(minuteStart).toISOString());
}
