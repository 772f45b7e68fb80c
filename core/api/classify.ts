import { accept, decide, type RetryDecision } from './decision.ts';
import type { Batch } from './delivery.ts';
import type { Failure, HttpResponse } from './failure.ts';
import { retryAfterMs, type RetryAfterForm } from './retry-after.ts';

/** One row of a vendor's error table: which answer, and what then. The first row that matches wins. */
export interface ErrorRule<P = unknown> {
  readonly status: number | readonly number[];
  /** Must match the body, too. Vendors often give one status several meanings. */
  readonly body?: RegExp;
  readonly means: RetryDecision | ((response: HttpResponse, batch: Batch<P>) => RetryDecision);
}

/**
 * classifyError for a vendor: its own rows first, then the house table. Total: every failure gets a decision.
 *
 * House table: 401, 403, 3xx suspend; 408, 425, 429 and 5xx except 501 retry and honour Retry-After; 501 reject; other 4xx
 * split a batch and reject a lone item; never left retry; timeout or reset after it began to leave ambiguous; a 2xx nobody
 * documents is ambiguous; a crash before the request left splits, after it is ambiguous.
 */
export function classifyWith<P>(
  rules: readonly ErrorRule<P>[],
  options: { readonly retryAfter?: RetryAfterForm } = {},
) {
  return (failure: Failure, batch: Batch<P>): RetryDecision => {
    if (failure.kind !== 'http') return withoutAnswer(failure);
    const { response } = failure;
    const rule = rules.find(
      ({ status, body }) => hasStatus(status, response.status) && (body?.test(response.body) ?? true),
    );
    if (rule === undefined) return houseTable(response, options.retryAfter);
    return withStatus(typeof rule.means === 'function' ? rule.means(response, batch) : rule.means, response.status);
  };
}

const hasStatus = (wanted: number | readonly number[], status: number): boolean =>
  typeof wanted === 'number' ? wanted === status : wanted.includes(status);

/** Rows are written once; the status the vendor answered with is added to their reason here. */
const withStatus = (decision: RetryDecision, status: number): RetryDecision =>
  decision.kind === 'accept' ? decision : { ...decision, reason: { ...decision.reason, status } };

function withoutAnswer(failure: Exclude<Failure, { kind: 'http' }>): RetryDecision {
  switch (failure.kind) {
    case 'network':
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

const transient: readonly number[] = [408, 425, 429];

function houseTable(response: HttpResponse, form: RetryAfterForm | undefined): RetryDecision {
  const { status } = response;
  if (status >= 200 && status < 300) {
    return decide('ambiguous', 'ambiguous_delivery', `The vendor answered ${status}, which it does not document`, {
      status,
    });
  }
  if (status < 400) return decide('suspend', 'misconfigured', `The vendor redirects (${status})`, { status });
  if (status === 401 || status === 403) {
    return decide('suspend', 'unauthorized', `The vendor refused the credentials (${status})`, { status });
  }
  if (transient.includes(status) || (status >= 500 && status !== 501)) return again(response, form);
  if (status === 501) return decide('reject', 'vendor_rejected', 'The vendor cannot do this (501)', { status });
  return status === 413
    ? decide('split', 'payload_too_large', 'The vendor finds the request too large (413)', { status })
    : decide('split', 'vendor_rejected', `The vendor refused the request (${status})`, { status });
}

/** A transient answer: later, and not before the vendor says so. */
export function again(response: HttpResponse, form?: RetryAfterForm): RetryDecision {
  const { status } = response;
  const afterMs = retryAfterMs(response, form);
  const throttled = status === 429 || afterMs !== undefined;
  return decide(
    'retry',
    throttled ? 'rate_limited' : 'vendor_unavailable',
    throttled ? `The vendor asks for a pause (${status})` : `The vendor cannot take it now (${status})`,
    { status, ...(afterMs === undefined ? {} : { afterMs }) },
  );
}

/** The same decision for every item. */
export const all = <P>(batch: Batch<P>, decision: RetryDecision): readonly RetryDecision[] =>
  batch.items.map(() => decision);

/** A yes for every item. */
export const acceptAll = <P>(batch: Batch<P>): readonly RetryDecision[] => all(batch, accept());
