import {
  retryLater,
  classifyWith,
  decide,
  isObject,
  type ErrorRule,
  type HttpResponse,
  type ResponseHandler,
  type RetryDecision,
} from '../../core/api/index.ts';
import { complaintsIn } from './errors.ts';
import type { Unsubscriber } from './mapping.ts';
import { ignoredIn, verdicts } from './verdicts.ts';

/** Parameters of the URL: if they are wrong, every request is. */
const urlParameters: ReadonlySet<string> = new Set(['advertisable_eid', 'apikey']);

const has = (response: HttpResponse, code: string): boolean =>
  complaintsIn(response.body).some((complaint) => complaint.code === code);

function badRequest({ body }: HttpResponse): RetryDecision {
  return complaintsIn(body).some(({ name }) => urlParameters.has(name))
    ? decide('suspend', 'misconfigured', 'AdRoll finds the advertisable or the API key wrong')
    : decide('split', 'vendor_rejected', 'AdRoll refused the request (400)');
}

/** ADEMAIL-12, ADEMAIL-13. */
const unauthorized = (response: HttpResponse): RetryDecision =>
  decide(
    'suspend',
    'unauthorized',
    has(response, 'apiproxy:3')
      ? 'AdRoll misses the API key, or does not know it'
      : 'AdRoll refused the credentials for this advertisable',
  );

/** ADEMAIL-13, ADEMAIL-23. */
const notFound = (response: HttpResponse): RetryDecision =>
  decide(
    'suspend',
    'misconfigured',
    has(response, 'apiproxy:11')
      ? 'AdRoll no longer takes unsubscribers at this address'
      : 'AdRoll Email does not know this advertisable',
  );

/**
 * The quota is daily, and AdRoll does not say when it is renewed (ADEMAIL-15). By default the wait is shorter: the
 * retry policy cuts it to `retryAfterCapMs`, 5 minutes.
 */
const quotaPauseMs = 3_600_000;

export function throttled(response: HttpResponse): RetryDecision {
  const decision = retryLater(response);
  if (decision.kind !== 'retry' || decision.afterMs !== undefined) return decision;
  const reason = { ...decision.reason, message: 'AdRoll takes no more requests for now: it counts them by the day' };
  return { kind: 'retry', reason, afterMs: quotaPauseMs };
}

/** 413, other 4xx and other 5xx are as in the house table (ADEMAIL-19, ADEMAIL-23, ADEMAIL-63). */
const rules: readonly ErrorRule<Unsubscriber>[] = [
  { status: 400, means: badRequest },
  { status: [401, 403], means: unauthorized },
  { status: 404, means: notFound },
  { status: [405, 415], means: decide('suspend', 'misconfigured', 'AdRoll does not take this kind of request') },
  { status: 429, means: throttled },
  { status: 501, means: (response) => retryLater(response) },
];

export const response: ResponseHandler<Unsubscriber> = {
  classifyError: classifyWith(rules),
  /** Only 200 is documented (ADEMAIL-23). */
  readReply: ({ response: { status, body } }, batch) => (status === 200 ? verdicts(body, batch) : undefined),
  /** ADEMAIL-21. */
  success: [{ body: (answer) => isObject(answer) && ignoredIn(answer)?.length === 0 }],
};
