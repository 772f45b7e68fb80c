import { decide, type RetryDecision } from '../decision.ts';
import type { Failure, HttpResponse } from '../failure.ts';
import type { Reason } from '../outcome.ts';
import { retryAfterMs, type RetryAfterForm } from './retry-after.ts';

/**
 * What a failure means where a vendor's own rows say nothing. Total: every failure gets a decision.
 *
 * Without an answer: a request that was never sent is retried; a timeout or reset after it began to be sent is
 * ambiguous; a crash splits before the request is sent, and is ambiguous after. By status:
 *
 * | Status                          | Decision                                                                |
 * | ------------------------------- | ----------------------------------------------------------------------- |
 * | 2xx that is not documented      | ambiguous                                                               |
 * | 502, 504, 520 to 524; 499       | ambiguous: a gateway gave up on a vendor that may have it; Retry-After kept |
 * | 401                             | suspend (unauthorized)                                                  |
 * | 403                             | the same, once it is proven not to be about one event                   |
 * | 3xx, 402, 407, 426, 428, 511    | suspend (misconfigured)                                                 |
 * | 408, 421, 423, 424, 425, 429, other 5xx | retry; Retry-After kept                                         |
 * | other 4xx, 413 and 431 among them | split; final for a lone item                                          |
 */
export const houseDecision = (failure: Failure, form?: RetryAfterForm): RetryDecision =>
  house(failure.kind === 'http' ? byStatus(failure.response, form) : withoutAnswer(failure));

const houseReasons = new WeakSet<Reason>();

/** Marks a reason whose sentence consists only of our own words, a status and a failure code. */
function house(decision: RetryDecision): RetryDecision {
  if (decision.kind !== 'accept') houseReasons.add(decision.reason);
  return decision;
}

/** For core: whether nothing in this reason's sentence comes from outside. A copy that a folder makes is not marked. */
export const isHouse = (reason: Reason): boolean => houseReasons.has(reason);

/** Whether a status is the wanted one, or one of the wanted ones. */
export const hasStatus = (wanted: number | readonly number[], status: number): boolean =>
  typeof wanted === 'number' ? wanted === status : wanted.includes(status);

/**
 * A firewall, too, answers 403 to a single event whose text it dislikes: without a matching body, the 403 is unproven.
 */
export const unproven = (decision: RetryDecision, status: number): RetryDecision =>
  status === 403 && decision.kind === 'suspend' && decision.scope === undefined
    ? { ...decision, unproven: true }
    : decision;

/** Adds the status of the answer to the reason of a row, which is written once for all statuses. */
export function withStatus(decision: RetryDecision, status: number): RetryDecision {
  if (decision.kind === 'accept') return decision;
  const complete: RetryDecision = { ...decision, reason: { ...decision.reason, status } };
  return isHouse(decision.reason) ? house(complete) : complete;
}

function withoutAnswer(failure: Exclude<Failure, { kind: 'http' }>): RetryDecision {
  switch (failure.kind) {
    case 'network':
      if (failure.code === 'interim_response') return interim;
      return failure.received === 'no'
        ? decide('retry', 'network', `The request could not leave (${failure.code})`)
        : decide('ambiguous', 'ambiguous_delivery', `The connection broke before the answer (${failure.code})`);
    case 'timeout':
      return decide('ambiguous', 'ambiguous_delivery', `No answer within ${failure.afterMs} ms`);
    case 'crash':
      return failure.left
        ? decide('ambiguous', 'ambiguous_delivery', 'A defect in the connector hid the answer')
        : decide('split', 'internal_error', 'A defect in the connector stopped the request');
  }
}

/** Whatever answers like this answers every request like this, so a resend would only deliver another copy. */
const interim = decide(
  'ambiguous',
  'interim_response',
  'Something between here and the vendor answers with an interim response (100 or 101) that nobody asked for: the vendor may have the event',
  { resend: false },
);

/** From a gateway that got no usable answer from a vendor, which may have the request. */
export const gatewayStatuses: readonly number[] = [499, 502, 504, 520, 521, 522, 523, 524];
const transient: readonly number[] = [408, 421, 423, 424, 425, 429];

/** Nothing gets through until a person acts. */
const closed: Readonly<Record<number, string>> = {
  402: 'The vendor wants a payment first (402)',
  407: 'A proxy on the way to the vendor wants credentials (407)',
  426: 'The vendor wants another version of HTTP (426)',
  428: 'The vendor wants conditional requests (428)',
  511: 'The network wants a login before it lets requests out (511)',
};

function byStatus(response: HttpResponse, form: RetryAfterForm | undefined): RetryDecision {
  const { status } = response;
  if (status >= 200 && status < 300) {
    return decide('ambiguous', 'ambiguous_delivery', `The vendor answered ${status}, which it does not document`, {
      status,
    });
  }
  if (status < 400) return decide('suspend', 'misconfigured', `The vendor redirects (${status})`, { status });
  if (status === 401 || status === 403) {
    const refused = decide('suspend', 'unauthorized', `The vendor refused the credentials (${status})`, { status });
    return unproven(refused, status);
  }
  if (gatewayStatuses.includes(status)) {
    const afterMs = retryAfterMs(response, form);
    return decide('ambiguous', 'ambiguous_delivery', `A gateway gave up waiting for the vendor's answer (${status})`, {
      status,
      ...(afterMs === undefined ? {} : { afterMs }),
    });
  }
  const why = closed[status];
  if (why !== undefined) return decide('suspend', 'misconfigured', why, { status });
  if (transient.includes(status) || status >= 500) return retryLater(response, form);
  if (status === 413)
    return decide('split', 'payload_too_large', 'The vendor finds the request too large (413)', { status });
  // 431 is no exception: the headers stay the same in a smaller request, and a lone event is refused.
  return decide('split', 'vendor_rejected', `The vendor refused the request (${status})`, { status });
}

/** Where a transient answer means more than the status says. */
export interface TransientDetails {
  /** The wait in milliseconds if the answer asks for none. */
  readonly afterMs?: number | undefined;
  /** Instead of the house's sentence. */
  readonly message?: string | undefined;
}

/**
 * The decision for a transient answer: retry, not before Retry-After. An unreadable Retry-After still means
 * rate_limited.
 */
export function retryLater(
  response: HttpResponse,
  form?: RetryAfterForm,
  { afterMs: usualMs, message }: TransientDetails = {},
): RetryDecision {
  const { status } = response;
  const afterMs = retryAfterMs(response, form) ?? usualMs;
  const throttled = status === 429 || asksToWait(response);
  const decision = decide(
    'retry',
    throttled ? 'rate_limited' : 'vendor_unavailable',
    message ?? (throttled ? `The vendor asks for a pause (${status})` : `The vendor cannot take it now (${status})`),
    { status, ...(afterMs === undefined ? {} : { afterMs }) },
  );
  return message === undefined ? house(decision) : decision;
}

const asksToWait = ({ headers }: HttpResponse): boolean => (headers['retry-after'] ?? '').trim() !== '';
