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
  if (typeof value === 'string' && usual.test(value)) return usualTime(value) ?? parsedTime(value);
  if (typeof value !== 'string') return typeof value === 'number' ? parseRareTime(String(value)) : undefined;
  return zoned.test(value) ? parsedTime(value) : parseRareTime(value);
}

/** How nearly all sources write a time: `2026-01-15T11:59:00.123Z`. */
const usual = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Of a year that is no leap year. */
const lastDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Three times as fast as Date.parse, which `undefined` leaves it to: odd years, 29 February, hour 24, and no times. */
function usualTime(text: string): number | undefined {
  const year = digitsOf(text, 0, 4);
  const month = digitsOf(text, 5, 7);
  const day = digitsOf(text, 8, 10);
  const hour = digitsOf(text, 11, 13);
  const minute = digitsOf(text, 14, 16);
  const second = digitsOf(text, 17, 19);
  // Date.UTC takes the years 0 to 99 for those of the twentieth century.
  if (year < 100 || day < 1 || day > (lastDays[month - 1] ?? 0)) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second, digitsOf(text, 20, 23));
}

function digitsOf(text: string, from: number, to: number): number {
  let number = 0;
  for (let index = from; index < to; index += 1) number = number * 10 + text.charCodeAt(index) - 48;
  return number;
}

function parsedTime(text: string): number | undefined {
  const time = Date.parse(text);
  if (Number.isNaN(time)) return parseRareTime(text);
  return isNoDay(text) ? undefined : time;
}

/** Date.parse accepts 30 February as 2 March. */
const isNoDay = (text: string): boolean =>
  text.slice(8, 10) > '28' && new Date(`${text.slice(0, 10)}T00:00Z`).getUTCDate() !== Number(text.slice(8, 10));
