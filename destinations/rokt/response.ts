import {
  accept,
  decide,
  errorTable,
  jsonValue,
  retryLater,
  verdictsByIndex,
  type Batch,
  type Delivery,
  type Exchange,
  type HttpResponse,
  type ResponseHandler,
  type RetryDecision,
} from '../../core/api/index.ts';
import { attributeNamedBy, errorsIn, isWithoutErrors, itemNamedBy, messageIn } from './errors.ts';
import type { RoktBatch } from './mapping.ts';

const noCredentials = decide('suspend', 'unauthorized', 'Rokt found no credentials in the request');
const badCredentials = decide('suspend', 'unauthorized', 'Rokt does not know this API key and secret in this pod');
const noSuchAddress = decide('suspend', 'misconfigured', 'Rokt does not take conversions at this address');

/** Rokt documents whole seconds alone for Retry-After (ROKT-56). */
const retryAfter = 'seconds';

/** The limits `X-mp-rate-limit-exceeded` can name (ROKT-64). */
const namedLimits: readonly string[] = ['org', 'account', 'app', 'feed', 'workspace', 'system', 'acceleration'];

function throttled(answer: HttpResponse): RetryDecision {
  const limit = answer.headers['x-mp-rate-limit-exceeded']?.trim().toLowerCase() ?? '';
  const message = namedLimits.includes(limit) ? `Rokt's limit per ${limit} is used up` : undefined;
  return retryLater(answer, retryAfter, { message });
}

/**
 * One decision per item from the errors of a 202 or 400. A named item is refused. After a 202 the others are accepted
 * if every error names its item; otherwise the unnamed items are sent once more, alone (ROKT-62, ROKT-63), and whatever
 * the result, Rokt may have them from the 202.
 */
function readReply({ request, response: { status, body, cut } }: Exchange, batch: Batch<RoktBatch>) {
  const errors = (status === 202 || status === 400) && cut !== true ? errorsIn(jsonValue(body)) : undefined;
  if (errors === undefined || errors.length === 0) return undefined;
  const alone = decide('isolate', 'vendor_rejected', unnamed, { status });
  const perhapsIn = ({ payload }: Delivery<RoktBatch>): RetryDecision =>
    isRecognised(payload)
      ? decide('isolate', 'vendor_rejected', unnamed, { status, ambiguous: true })
      : decide('ambiguous', 'ambiguous_delivery', unnamed, { status });
  const refusals = errors.map(messageIn).map((message) => {
    const index = itemNamedBy(message, batch, request.body ?? '');
    return [index, ({ payload }: Delivery<RoktBatch>) => refusal(attributeNamedBy(message, payload), status)] as const;
  });
  return verdictsByIndex(batch, refusals, status === 400 ? alone : accept(), perhapsIn);
}

function refusal(name: string | undefined, status: number): RetryDecision {
  const because = name === undefined ? '' : ` because of "${name}"`;
  return decide('reject', 'vendor_rejected', `Rokt refused the conversion${because}`, { status });
}

const unnamed = 'Rokt refused a part of the request without saying which';

/** Rokt recognises a duplicate by the confirmation reference alone (ROKT-34). */
const isRecognised = ({ events: [{ data }] }: RoktBatch): boolean =>
  data.custom_attributes.confirmationref !== undefined;

export const response: ResponseHandler<RoktBatch> = {
  /** ROKT-54 to ROKT-60; 408, 413, other 4xx and 5xx are as in the house table. */
  ...errorTable<RoktBatch>({
    retryAfter,
    // Every event at Rokt has this name, so it reveals nothing.
    documented: [/\bconversion\b/],
    rows: [
      { status: 401, means: noCredentials },
      { status: 403, means: badCredentials },
      { status: [404, 405, 415], means: noSuchAddress },
      { status: 429, means: throttled },
    ],
  }),
  readReply,
  /** An empty 202 (ROKT-52); to a bulk request, which is a list, also one with an empty list of errors (ROKT-62). */
  success: [
    { status: 202, body: 'empty' },
    {
      status: 202,
      body: (answer, { request }) => request.body?.startsWith('[') === true && isWithoutErrors(answer),
    },
  ],
};
