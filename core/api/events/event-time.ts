import type { CdpEvent, JsonValue } from '../event.ts';
import { parseRareTime } from './rare-time.ts';

/**
 * What Date.parse reads right. In other spellings the year 50 is 1950, a zone may be `+24:00`, and of more than nine
 * decimals those behind zeros count more than they say.
 */
const zoned = /^(?!00)\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)$/i;

/** The name of the time that eventTime() uses: the first one present. For preview. */
export function eventClock(event: CdpEvent): 'timestamp' | 'originalTimestamp' | 'sentAt' | 'receivedAt' | undefined {
  if (event.timestamp) return 'timestamp';
  if (event.originalTimestamp) return 'originalTimestamp';
  return event.sentAt ? 'sentAt' : event.receivedAt ? 'receivedAt' : undefined;
}

/**
 * When the event happened, in epoch milliseconds: `timestamp`, else `originalTimestamp`, else `sentAt`, else
 * `receivedAt`. The first one present decides. `undefined` if it is not a date with a zone: a guessed zone would shift
 * the event by hours (ADJUST-30).
 */
export const eventTime = (event: CdpEvent): number | undefined =>
  parseTime(event.timestamp || event.originalTimestamp || event.sentAt || event.receivedAt);

/**
 * A time in epoch milliseconds, `undefined` where it names no zone or is none. The one reader of times, also for
 * settings and flags. It takes
 * - ISO 8601 in its long and its short form, with `T` or a space, a point or a comma, and a zone: `Z`, `UTC`, `GMT`,
 *   `+01`, `+0100`, `+01:00`; a name such as `CET` or `[Europe/Berlin]` behind it says no more, and is not read, but
 *   `Z+02:00` and `+02:00 UTC` name two zones, and so none. The leap second 23:59:60 is the first of the next day, as
 *   in POSIX. Hours go to 24: none with AM or PM is read;
 * - what e-mail and HTTP write (RFC 1123), and JavaScript's own `Thu Jan 15 2026 12:00:00 GMT+0100`;
 * - seconds, milliseconds, microseconds and nanoseconds since 1970, told by their 10, 13, 16 or 19 digits.
 *
 * What is finer than a millisecond is cut off.
 *
 * @example
 * parseTime('2026-01-15 12:00:00,5 +01'); // 1768474800500
 * parseTime('2026-01-15T12:00:00'); // undefined: nobody says where
 */
export function parseTime(value: JsonValue | undefined): number | undefined {
  if (typeof value !== 'string') return typeof value === 'number' ? epochTime(value) : undefined;
  if (value === latestText) return latestTime;
  const time = usualTime(value);
  if (time !== undefined) {
    latestText = value;
    latestTime = time;
    return time;
  }
  return zoned.test(value) ? parsedTime(value) : parseRareTime(value);
}

/** The one read last, because a folder and core ask for the time of the same event. */
let latestText = '';
let latestTime: number | undefined;

/** Whole seconds and milliseconds, as nearly all numbers are, without the way over text. */
function epochTime(value: number): number | undefined {
  if (Number.isInteger(value)) {
    if (value >= 1e12 && value < 1e13) return value;
    if (value >= 1e9 && value < 1e10) return value * 1000;
  }
  return parseRareTime(String(value));
}

/** Of a year that is no leap year. */
const lastDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** How many days of such a year are before a month. */
const daysBefore = lastDays.map((_, month) => lastDays.slice(0, month).reduce((days, last) => days + last, 0));

/**
 * Of what nearly all sources write, `2026-01-15T11:59:00.123Z`, and six times as fast as Date.parse. The rest is
 * `undefined`: other years than 1970 to 2099, of which every fourth is a leap year; 29 February; hour 24; and no times.
 */
function usualTime(text: string): number | undefined {
  if (text.length !== 24 || !hasUsualSigns(text)) return undefined;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  const millisecond = twoDigits(text, 20) * 10 + (twoDigits(text, 21) % 10);
  // NaN, which stands for what is no digit, is in no range.
  if (!(year >= 1970 && year < 2100 && day >= 1 && day <= (lastDays[month - 1] ?? 0))) return undefined;
  if (!(hour < 24 && minute < 60 && second < 60 && millisecond >= 0)) return undefined;
  const leapDays = ((year - 1969) >> 2) + (month > 2 && year % 4 === 0 ? 1 : 0);
  const days = (year - 1970) * 365 + leapDays + (daysBefore[month - 1] as number) + day - 1;
  return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + millisecond;
}

const hasUsualSigns = (text: string): boolean =>
  text[4] === '-' &&
  text[7] === '-' &&
  text[10] === 'T' &&
  text[13] === ':' &&
  text[16] === ':' &&
  text[19] === '.' &&
  text[23] === 'Z';

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 0x30;
  const ones = text.charCodeAt(at + 1) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function parsedTime(text: string): number | undefined {
  const time = Date.parse(text);
  if (Number.isNaN(time)) return parseRareTime(text);
  return isNoDay(text) ? undefined : time;
}

/** Date.parse accepts 30 February as 2 March. */
const isNoDay = (text: string): boolean =>
  text.slice(8, 10) > '28' && new Date(`${text.slice(0, 10)}T00:00Z`).getUTCDate() !== Number(text.slice(8, 10));
