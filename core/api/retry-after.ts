import type { HttpResponse } from './failure.ts';

/** Which forms of Retry-After a vendor documents: integer seconds alone (Rokt, ROKT-56), or the HTTP date as well (ALL-05). */
export type RetryAfterForm = 'seconds' | 'seconds-or-date';

/** Waits are no longer than this, in milliseconds: what comes of them must still be a date. Clamping to sense is the policy's. */
const longestMs = 999_999_999_000;

/**
 * The wait a vendor asks for, in milliseconds; `undefined` when it asks for none or in a form it does not document. Of several
 * headers, which arrive as one text with commas, the longest wait that can be read. Dates are HTTP's three forms (RFC 9110,
 * 5.6.7), measured against the answer's own arrival; one in the past means now.
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

/** Between commas, but for the one behind the day of a date. */
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

/** Epoch ms; `undefined` for what is none of the three forms, or a day that does not exist. */
function httpDate(written: string, now: number): number | undefined {
  for (const form of dateForms) {
    const found = form.exec(written)?.groups;
    if (found === undefined) continue;
    const { day = '', month = '', year = '', hour, minute, second } = found;
    const months3 = months.indexOf(month);
    if (months3 % 3 !== 0) return undefined;
    const at = new Date(Date.UTC(fullYear(year, now), months3 / 3, Number(day), Number(hour), Number(minute)));
    if (at.getUTCDate() !== Number(day) || at.getUTCMinutes() !== Number(minute)) return undefined;
    // A leap second is the next minute's first.
    return Number(second) > 60 ? undefined : at.getTime() + Number(second) * 1000;
  }
  return undefined;
}

/** Two digits that seem more than 50 years ahead are of the century before (RFC 9110, 5.6.7). */
function fullYear(written: string, now: number): number {
  if (written.length === 4) return Number(written);
  const year = new Date(now).getUTCFullYear();
  const guess = year - (year % 100) + Number(written);
  return guess > year + 50 ? guess - 100 : guess;
}
