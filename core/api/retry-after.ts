import type { HttpResponse } from './failure.ts';

/** Which forms of Retry-After a vendor documents: integer seconds alone (Rokt, ROKT-56), or the HTTP date as well (ALL-05). */
export type RetryAfterForm = 'seconds' | 'seconds-or-date';

const wholeSeconds = /^\d{1,9}$/;
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * The wait a vendor asks for, in milliseconds; `undefined` when it asks for none or in a form it does not document.
 * A date is measured against the answer's own arrival, and one in the past means now. Clamping is the retry policy's.
 */
export function retryAfterMs(response: HttpResponse, form: RetryAfterForm = 'seconds-or-date'): number | undefined {
  const written = response.headers['retry-after']?.trim();
  if (written === undefined) return undefined;
  if (wholeSeconds.test(written)) return Number(written) * 1000;
  if (form === 'seconds' || !httpDate.test(written)) return undefined;
  const at = Date.parse(written);
  return Number.isNaN(at) ? undefined : Math.max(0, at - response.receivedAt);
}
