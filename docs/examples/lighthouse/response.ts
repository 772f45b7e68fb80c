import {
  accept,
  decide,
  errorMessage,
  errorTable,
  isObject,
  jsonBody,
  usualRefusal,
  verdictsByPosition,
  type Batch,
  type Delivery,
  type ErrorRow,
  type Exchange,
  type JsonValue,
  type ResponseHandler,
  type RetryDecision,
} from '../../../core/api/index.ts';
import type { LighthouseOrder } from './mapping.ts';

const campaignClosed = decide('suspend', 'misconfigured', 'The campaign is closed');
const busy = decide('retry', 'vendor_unavailable', 'Lighthouse asks for this event again', { status: 200 });
const unclear = decide('ambiguous', 'ambiguous_delivery', 'Lighthouse says nothing of this event that we know');

/** What differs from the house table. The first row that fits counts. */
const rows: readonly ErrorRow<LighthouseOrder>[] = [
  { status: 404, means: decide('suspend', 'misconfigured', 'Lighthouse does not know this account') },
  // Takes nothing of the request. The customer has to name another campaign.
  { status: 409, code: 'campaign_closed', means: campaignClosed, scope: 'campaign:' },
];

/**
 * `{"results":[{"id":"...","result":"taken"}]}`: an entry for each event, in the order of the request. If an entry has
 * another id, nothing is accepted. Core reads what is not of this kind.
 */
function readReply({ response }: Exchange, batch: Batch<LighthouseOrder>): readonly RetryDecision[] | undefined {
  const answer = response.status === 200 ? jsonBody(response.body) : undefined;
  if (!isObject(answer) || usualRefusal(answer) !== undefined) return undefined;
  const { results } = answer;
  if (!Array.isArray(results)) return undefined;
  return verdictsByPosition(batch, results as readonly JsonValue[], verdict);
}

function verdict(entry: JsonValue, { key }: Delivery<LighthouseOrder>): RetryDecision | undefined {
  if (!isObject(entry) || entry['id'] !== key) return undefined;
  const { result, message } = entry;
  if (result === 'taken') return accept();
  if (result === 'busy') return busy;
  if (result !== 'refused') return unclear;
  return decide('reject', 'vendor_rejected', 'Lighthouse refuses this event', {
    status: 200,
    ...(typeof message === 'string' ? { vendorMessage: message } : {}),
  });
}

export const response: ResponseHandler<LighthouseOrder> = {
  ...errorTable({ rows, messageOf: errorMessage() }),
  readReply,
};
