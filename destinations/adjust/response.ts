import {
  accept,
  decide,
  errorMessage,
  errorTable,
  isObject,
  type HttpResponse,
  type ResponseHandler,
} from '../../core/api/index.ts';
import type { AdjustEvent } from './mapping.ts';

const written = errorMessage('error', 'message');
const wrapped = /request failed\s*\(([\s\S]*)\)/i;

/** Adjust's message: the text in the outer parentheses of `error`; else `error`, `message`, or the text (ADJUST-52). */
function messageOf(answer: HttpResponse): string {
  const text = written(answer) ?? '';
  return wrapped.exec(text)?.[1] ?? text;
}

const duplicate = accept('Adjust already had this unique event');
const refused = decide('reject', 'vendor_rejected', 'Adjust refused the event');
const unknownApp = decide('suspend', 'misconfigured', 'Adjust does not know this app token');
const badToken = decide('suspend', 'unauthorized', 'Adjust wants a valid S2S token');
const noScope = decide('suspend', 'unauthorized', 'The S2S token lacks the scope Events');
const badParameters = decide('reject', 'vendor_rejected', 'Adjust could not read the parameters', {
  field: 'properties',
});
const badRevenue = decide('reject', 'vendor_rejected', 'Adjust did not take the revenue', {
  field: 'properties.revenue',
});
const badEvent = decide('suspend', 'misconfigured', 'Adjust does not know this event token in this app');
const appOff = decide('suspend', 'misconfigured', 'The app is switched off in Adjust');
const platformOff = decide('suspend', 'misconfigured', 'Tracking is switched off in Adjust for this platform');
const blocked = decide('suspend', 'misconfigured', 'The event token is blocklisted in Adjust');
const noDevice = decide('reject', 'vendor_rejected', 'Adjust has no data of this device', { field: 'context.device' });
const tooLarge = decide('reject', 'payload_too_large', 'Adjust takes requests of up to 1 MB');
const optedOut = decide('skip', 'consent_denied', 'The device is opted out in Adjust');

/**
 * Only a 200 without an error in its body is success: 202 is how Adjust refuses an S2S token (ADJUST-51, ADJUST-69).
 * One status has several meanings (ADJUST-68); the house table does the rest: 408 and 429 pause, 5xx retries
 * (ADJUST-71), timeouts are ambiguous.
 */
export const response: ResponseHandler<AdjustEvent> = {
  ...errorTable<AdjustEvent>({
    messageOf,
    // "Bad event state" has many causes, and the body may have more than the message about it (ADJUST-53).
    detail: 'body',
    rows: [
      { status: 400, says: /^ignoring event, earlier unique event/i, means: duplicate },
      { status: 400, says: /^ignoring event subsequent to/i, means: duplicate },
      { status: 400, says: /^bad event state/i, means: refused },
      { status: 400, says: /^invalid app token/i, means: unknownApp },
      { status: 400, says: /^invalid callback param/i, means: badParameters },
      { status: 400, says: /^invalid event token/i, means: badEvent, scope: 'token:' },
      { status: 400, says: /^invalid revenue/i, means: badRevenue },
      { status: 202, says: /^(?:missing|wrong) authentication token/i, means: badToken },
      { status: 401, says: /^failed to authori[sz]e request/i, means: badToken },
      { status: 401, says: /^session failed/i, means: noScope },
      { status: 403, says: /^app is inactive/i, means: appOff },
      { status: 403, says: /^tracking disabled/i, means: platformOff, scope: 'platform:' },
      { status: 403, says: /^event token bl(?:ack|ock)listed/i, means: blocked, scope: 'token:' },
      { status: 404, says: /^app token not found/i, means: unknownApp },
      // A public report shows it with 401, which would otherwise suspend the whole connection.
      { status: [404, 401], says: /^device not found/i, means: noDevice },
      { status: 500, says: /^internal error/i, means: 'retry' },
      { status: [400, 404], means: refused },
      { status: 413, means: tooLarge },
      { status: 451, means: optedOut },
    ],
  }),
  success: [{ body: 'empty' }, { body: /^ok[.!]?$/i }, { body: isObject }],
};
