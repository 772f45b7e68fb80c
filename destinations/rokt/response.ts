import {
  retryLater,
  classifyWith,
  decide,
  type ErrorRule,
  type HttpResponse,
  type ResponseHandler,
  type RetryDecision,
} from '../../core/api/index.ts';
import type { RoktBatch } from './mapping.ts';
import { errorMessages, hasNoErrors } from './errors.ts';
import { verdicts } from './verdicts.ts';

/** The limits `X-mp-rate-limit-exceeded` can name (ROKT-64). */
const namedLimits: readonly string[] = ['org', 'account', 'app', 'feed', 'workspace', 'system', 'acceleration'];

/** Rokt documents whole seconds alone for Retry-After (ROKT-56). */
const form = 'seconds';

function throttled(response: HttpResponse): RetryDecision {
  const decision = retryLater(response, form);
  const limit = response.headers['x-mp-rate-limit-exceeded']?.trim().toLowerCase() ?? '';
  if (decision.kind !== 'retry' || !namedLimits.includes(limit)) return decision;
  return { ...decision, reason: { ...decision.reason, message: `Rokt's limit per ${limit} is used up` } };
}

/** ROKT-54 to ROKT-60; 408, 413, other 4xx and 5xx are as in the house table. */
const rules: readonly ErrorRule<RoktBatch>[] = [
  { status: 401, means: decide('suspend', 'unauthorized', 'Rokt found no credentials in the request') },
  { status: 403, means: decide('suspend', 'unauthorized', 'Rokt does not know this API key and secret in this pod') },
  {
    status: [404, 405, 415],
    means: decide('suspend', 'misconfigured', 'Rokt does not take conversions at this address'),
  },
  { status: 429, means: throttled },
  // Any 5xx is an internal error to be retried (ROKT-59), 501 included.
  { status: 501, means: (response) => retryLater(response, form) },
];

export const response: ResponseHandler<RoktBatch> = {
  /** Every event at Rokt has this name, so it reveals nothing. */
  documented: [/\bconversion\b/],
  classifyError: classifyWith(rules, { retryAfter: form }),

  /** The errors of a 202 refuse the items that they name (ROKT-62); a 400 refuses all (ROKT-53, ROKT-63). */
  readReply: ({ request, response: { status, body, cut } }, batch) => {
    if ((status !== 202 && status !== 400) || cut === true) return undefined;
    const messages = errorMessages(body);
    return messages === undefined || messages.length === 0
      ? undefined
      : verdicts(messages, batch, request.body ?? '', status);
  },

  /** An empty 202 (ROKT-52); to a bulk request, which is a list, also one with an empty list of errors (ROKT-62). */
  success: [
    { status: 202, body: 'empty' },
    { status: 202, body: (answer, { request }) => request.body?.startsWith('[') === true && hasNoErrors(answer) },
  ],
};
