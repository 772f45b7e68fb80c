import { trimInvisible } from '../fields/trim-invisible.ts';

/** Longer than any time, with the name of a zone behind it. */
const longest = 100;

/** `Z`, `+01:00`, ` GMT+0100`, `+0000 UTC`; with an offset, a name or a comment behind it says no more. */
const zone = String.raw`\s*(?:(z|utc?|gmt)?\s*(?:([+-])(\d\d)(?::?(\d\d))?(?:\s+([a-z]{2,5}))?)?)(?:\s*\[[^\]]*\]|\s*\([^)]*\))?`;

/** `2026-01-15T12:00:00,5+01`, `20260115T120000Z`. */
const iso = new RegExp(
  String.raw`^(?<year>\d{4})(?<dash>-?)(?<month>\d\d)\k<dash>(?<day>\d\d)(?:t|\s+)` +
    String.raw`(?<hour>\d\d)(?<colon>:?)(?<minute>\d\d)(?:\k<colon>(?<second>\d\d)(?:[.,](?<fraction>\d+))?)?${zone}$`,
  'i',
);

/** `Thu, 15 Jan 2026 12:00:00 GMT`, `Thu Jan 15 2026 13:00:00 GMT+0100 (CET)`. */
const named = new RegExp(
  String.raw`^(?:[a-z]{3,9},?\s+)?(?:(?<day>\d{1,2})\s+(?<name>[a-z]{3})|(?<name2>[a-z]{3})\s+(?<day2>\d{1,2}))\s+` +
    String.raw`(?<year>\d{4})\s+(?<hour>\d\d):(?<minute>\d\d)(?::(?<second>\d\d))?${zone}$`,
  'i',
);

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const day = 86_400_000;
/** Seconds, milliseconds, microseconds and nanoseconds have so many digits before the point. */
const epochDigits: ReadonlySet<number> = new Set([10, 13, 16, 19]);

/** The spellings that parseTime() names, but for the usual ones, which it reads faster. */
export function parseRareTime(value: string): number | undefined {
  const text = trimInvisible(value).replaceAll('\u2212', '-');
  if (text.length > longest) return undefined;
  const epoch = /^(\d+)(?:\.(\d+))?$/.exec(text);
  if (epoch !== null) return epochTime(epoch[1] as string, epoch[2]);
  const parts = iso.exec(text) ?? named.exec(text);
  return parts === null ? undefined : timeOf(parts);
}

/** Reads digits: a double has too few for nanoseconds, and its product with 1e-6 may lie below the millisecond. */
const epochTime = (whole: string, fraction = ''): number | undefined =>
  epochDigits.has(whole.length) ? Number(`${whole}${fraction}`.slice(0, 13).padEnd(13, '0')) : undefined;

function timeOf(parts: RegExpExecArray): number | undefined {
  const { groups = {} } = parts;
  const month = groups['month'] === undefined ? monthNamed(groups['name'] ?? groups['name2']) : Number(groups['month']);
  const [name, sign, zoneHours, zoneMinutes = '0', nameBehind = ''] = parts.slice(-5);
  if (name === undefined && sign === undefined) return undefined;
  if (isTwelveHours.test(nameBehind)) return undefined;
  const offset = sign === undefined ? 0 : Number(zoneHours) * 60 + Number(zoneMinutes);
  if (Number(zoneHours ?? 0) > 23 || Number(zoneMinutes) > 59) return undefined;
  if (offset !== 0 && (/^z$/i.test(name ?? '') || isUtc.test(nameBehind))) return undefined;
  const midnight = dayStart(Number(groups['year']), month, Number(groups['day'] ?? groups['day2']));
  const inDay = timeInDay(groups);
  if (midnight === undefined || inDay === undefined) return undefined;
  const time = midnight + inDay - (sign === '-' ? -offset : offset) * 60_000;
  // A leap second is the last of a day in UTC, whatever the zone.
  return groups['second'] === '60' && ((time % day) + day) % day >= 1_000 ? undefined : time;
}

const isUtc = /^(?:utc?|gmt)$/i;
const isTwelveHours = /^[ap]m$/i;

const monthNamed = (name = ''): number => months.indexOf(name.toLowerCase()) + 1;

function dayStart(year: number, month: number, dayOfMonth: number): number | undefined {
  // Date.UTC takes the years 0 to 99 for those of the twentieth century.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, dayOfMonth);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === dayOfMonth ? date.getTime() : undefined;
}

function timeInDay({ hour, minute, second = '0', fraction = '' }: Readonly<Record<string, string | undefined>>) {
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const time = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1_000 + milliseconds;
  return Number(hour) > 24 || Number(minute) > 59 || Number(second) > 60 || (hour === '24' && time > day)
    ? undefined
    : time;
}
