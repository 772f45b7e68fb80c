import type { HttpResponse } from '../failure.ts';

/**
 * Which forms of Retry-After a vendor documents: integer seconds alone (Rokt, ROKT-56), or the HTTP date as well
 * (ALL-05).
 */
export type RetryAfterForm = 'seconds' | 'seconds-or-date';

/**
 * Longest wait in milliseconds, so that a date can be computed from it. The retry policy clamps it to a sensible one.
 */
const longestMs = 999_999_999_000;

/**
 * The wait that a vendor asks for, in milliseconds; `undefined` without a Retry-After, or if its form is not
 * documented. Of several headers, which arrive joined by commas, the longest readable wait counts. Dates have HTTP's
 * three forms (RFC 9110, 5.6.7) and are measured against the arrival of the answer; one in the past means now.
 */
export function retryAfterMs(response: HttpResponse, form: RetryAfterForm = 'seconds-or-date'): number | undefined {
  const written = response.headers['retry-after'];
  if (written === undefined) return undefined;
  let longest: number | undefined;
  for (const [part] of written.matchAll(parts)) {
    const ms = form === 'seconds' ? wholeSeconds(part.trim()) : wait(part.trim(), response.receivedAt);
    if (ms !== undefined && !(ms < (longest ?? 0))) longest = Math.min(ms, longestMs);
  }
  return longest;
}

/** Separated by commas, except the one after the weekday of a date. */
const parts = /\s*(?:[A-Za-z]{3,9},(?=\s*\d{2}[ -]))?[^,]+/g;

const wholeSeconds = (written: string): number | undefined =>
  /^\d+$/.test(written) ? Number(written) * 1000 : undefined;

function wait(written: string, receivedAt: number): number | undefined {
  if (/^\d+(?:\.\d+)?$/.test(written)) return Math.ceil(Number(written) * 1000);
  const at = httpDate(written, receivedAt);
  return at === undefined ? undefined : Math.max(0, at - receivedAt);
}

const time = '(?<hour>\\d{2}):(?<minute>\\d{2}):(?<second>\\d{2})';
const dateForms: readonly RegExp[] = [
  // Thu, 15 Jan 2026 12:00:30 GMT
  new RegExp(`^[A-Z][a-z]{2}, (?<day>\\d{2}) (?<month>[A-Z][a-z]{2}) (?<year>\\d{4}) ${time} GMT$`),
  // Thursday, 15-Jan-26 12:00:30 GMT (RFC 850)
  new RegExp(`^[A-Z][a-z]+day, (?<day>\\d{2})-(?<month>[A-Z][a-z]{2})-(?<year>\\d{2}) ${time} GMT$`),
  // Thu Jan 15 12:00:30 2026 (asctime)
  new RegExp(`^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`),
];
const months = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/** Epoch ms; `undefined` if the text has none of the three forms, or names a day that does not exist. */
function httpDate(written: string, now: number): number | undefined {
  for (const form of dateForms) {
    const found = form.exec(written)?.groups;
    if (found === undefined) continue;
    const { day = '', month = '', year = '', hour, minute, second } = found;
    const months3 = months.indexOf(month);
    if (months3 % 3 !== 0) return undefined;
    const at = new Date(Date.UTC(fullYear(year, now), months3 / 3, Number(day), Number(hour), Number(minute)));
    if (at.getUTCDate() !== Number(day) || at.getUTCMinutes() !== Number(minute)) return undefined;
    // A leap second counts as the first second of the next minute.
    return Number(second) > 60 ? undefined : at.getTime() + Number(second) * 1000;
  }
  return undefined;
}

/** A two-digit year more than 50 years ahead belongs to the previous century (RFC 9110, 5.6.7). */
function fullYear(written: string, now: number): number {
  if (written.length === 4) return Number(written);
  const year = new Date(now).getUTCFullYear();
  const guess = year - (year % 100) + Number(written);
  return guess > year + 50 ? guess - 100 : guess;
}
