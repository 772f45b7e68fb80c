import {
  accept,
  retryLater,
  decide,
  type Batch,
  type HttpResponse,
  type ReasonCode,
  type RetryDecision,
} from '../../core/api/index.ts';
import type { AdjustEvent } from './mapping.ts';
import { messageOf } from './errors.ts';

type Decide = (answer: HttpResponse, batch: Batch<AdjustEvent>) => RetryDecision;

/**
 * The meaning of an answer by its status and its message: at Adjust one status has several meanings (ADJUST-68). The
 * first matching row wins; the house table does the rest: 408 and 429 pause, 5xx retries (ADJUST-71), timeouts are
 * ambiguous.
 */
interface Row {
  readonly status: readonly number[];
  /** Without it, the status alone is enough. */
  readonly says?: RegExp;
  readonly means: Decide;
}

const reject =
  (code: ReasonCode, message: string, field?: string): Decide =>
  ({ status }) =>
    decide('reject', code, message, { status, ...(field === undefined ? {} : { field }) });

/** `prefix` names the scope to stop, when the rest of the connection may go on. */
const suspend =
  (code: ReasonCode, message: string, prefix?: 'token:' | 'platform:'): Decide =>
  ({ status }, batch) => {
    const scope = prefix && batch.items[0].scopes?.find((name) => name.startsWith(prefix));
    return decide('suspend', code, message, { status, ...(scope === undefined ? {} : { scope }) });
  };

const duplicate: Decide = () => accept('Adjust already had this unique event');

/** "Bad event state" has many causes; core adds Adjust's own words to the reason (ADJUST-53). */
export const refused = reject('vendor_rejected', 'Adjust refused the event');

const unknownApp = suspend('misconfigured', 'Adjust does not know this app token');
const badToken = suspend('unauthorized', 'Adjust wants a valid S2S token');

const rows: readonly Row[] = [
  { status: [400], says: /^ignoring event, earlier unique event/i, means: duplicate },
  { status: [400], says: /^ignoring event subsequent to/i, means: duplicate },
  { status: [400], says: /^bad event state/i, means: refused },
  { status: [400], says: /^invalid app token/i, means: unknownApp },
  {
    status: [400],
    says: /^invalid callback param/i,
    means: reject('vendor_rejected', 'Adjust could not read the parameters', 'properties'),
  },
  {
    status: [400],
    says: /^invalid event token/i,
    means: suspend('misconfigured', 'Adjust does not know this event token in this app', 'token:'),
  },
  {
    status: [400],
    says: /^invalid revenue/i,
    means: reject('vendor_rejected', 'Adjust did not take the revenue', 'properties.revenue'),
  },
  { status: [202], says: /^(?:missing|wrong) authentication token/i, means: badToken },
  { status: [401], says: /^failed to authori[sz]e request/i, means: badToken },
  { status: [401], says: /^session failed/i, means: suspend('unauthorized', 'The S2S token lacks the scope Events') },
  { status: [403], says: /^app is inactive/i, means: suspend('misconfigured', 'The app is switched off in Adjust') },
  {
    status: [403],
    says: /^tracking disabled/i,
    means: suspend('misconfigured', 'Tracking is switched off in Adjust for this platform', 'platform:'),
  },
  {
    status: [403],
    says: /^event token bl(?:ack|ock)listed/i,
    means: suspend('misconfigured', 'The event token is blocklisted in Adjust', 'token:'),
  },
  { status: [404], says: /^app token not found/i, means: unknownApp },
  {
    // A public report shows it with 401, which would otherwise suspend the whole connection.
    status: [404, 401],
    says: /^device not found/i,
    means: reject('vendor_rejected', 'Adjust has no data of this device', 'context.device'),
  },
  { status: [500], says: /^internal error/i, means: (answer) => retryLater(answer) },
  { status: [400, 404], means: refused },
  { status: [413], means: reject('payload_too_large', 'Adjust takes requests of up to 1 MB') },
  {
    status: [451],
    means: ({ status }) => decide('skip', 'consent_denied', 'The device is opted out in Adjust', { status }),
  },
  { status: [501], means: (answer) => retryLater(answer) },
];

/** The messages of Adjust's documentation, verbatim. */
export const documented: readonly RegExp[] = rows.flatMap(({ says }) => says ?? []);

/** The decision of the first matching row, if any. An error with status 200 is recognised by its message alone. */
export function judge(answer: HttpResponse, batch: Batch<AdjustEvent>): RetryDecision | undefined {
  const message = messageOf(answer.body);
  const row = rows.find(({ status, says }) =>
    answer.status === 200
      ? says?.test(message) === true
      : status.includes(answer.status) && (says?.test(message) ?? true),
  );
  return row?.means(answer, batch);
}
