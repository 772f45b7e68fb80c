import {
  accept,
  decide,
  errorMessage,
  errorTable,
  isObject,
  jsonBody,
  usualRefusal,
  verdictsByCount,
  verdictsByIndex,
  verdictsByKey,
  type Batch,
  type ErrorRow,
  type Exchange,
  type JsonObject,
  type JsonValue,
  type ResponseHandler,
  type RetryDecision,
} from '../../../../api/index.ts';
import type { VendorEvent } from './mapping.ts';

// <all>
// A 400 names no event, and nothing of its request was taken: the house table sends the events in halves (`split`)
// until the refused one is alone. That answer is final: it is rejected.
// </all>
/** Where the vendor's refusals differ from the house table. The first row that fits wins. */
const rows: readonly ErrorRow<VendorEvent>[] = [
  { status: 404, means: decide('suspend', 'misconfigured', 'The vendor does not know this account') },
];
// <index>

/**
 * `{"received": 2, "refused": [{"index": 1, "message": "..."}]}`: the vendor names the events that it refused by their
 * index in the request, from 0, and took the others. An answer that is none of this kind has no verdicts.
 */
function readReply$index({ response }: Exchange, batch: Batch<VendorEvent>): readonly RetryDecision[] | undefined {
  const answer = answerOf(response);
  const refused = entriesOf(answer?.['refused']);
  if (answer?.['received'] !== batch.items.length || refused === undefined) return undefined;
  const verdicts = refused.map(({ index, message }) => [asIndex(index), refusal(message)] as const);
  return verdictsByIndex(batch, verdicts, accept());
}

/** An entry without an index may be about any event: then none is accepted. */
const asIndex = (index: JsonValue | undefined): number | undefined => (typeof index === 'number' ? index : undefined);
// </index>
// <id>

/**
 * `{"results": [{"id": "...", "accepted": true}]}`: one entry for each event, by its id. What no entry names may or may
 * not have been taken. An answer that is none of this kind has no verdicts.
 */
function readReply$id({ response }: Exchange, batch: Batch<VendorEvent>): readonly RetryDecision[] | undefined {
  const results = entriesOf(answerOf(response)?.['results']);
  if (results === undefined) return undefined;
  const verdicts = results.map(
    ({ id, accepted, message }) => [asId(id), accepted === true ? accept() : refusal(message)] as const,
  );
  return verdictsByKey(batch, verdicts);
}

/** An entry without an id may be about any event: then none is accepted. */
const asId = (id: JsonValue | undefined): string | undefined => (typeof id === 'string' ? id : undefined);
// </id>
// <count>

/**
 * `{"accepted": 2}`: the vendor counts the events that it took. A count that is lower than that of the events sent does
 * not say which: core sends the events in smaller requests. An answer that is none of this kind has no verdicts.
 */
function readReply$count({ response }: Exchange, batch: Batch<VendorEvent>): readonly RetryDecision[] | undefined {
  const accepted = answerOf(response)?.['accepted'];
  return accepted === undefined ? undefined : verdictsByCount(batch, { accepted });
}
// </count>
// <index|id|count>

/** The JSON object of a 200. Core reads one with a usual form of refusal in it. */
function answerOf({ status, body, cut }: Exchange['response']): JsonObject | undefined {
  const answer = status === 200 && cut !== true ? jsonBody(body) : undefined;
  return isObject(answer) && usualRefusal(answer) === undefined ? answer : undefined;
}
// </index|id|count>
// <index|id>

const entriesOf = (list: JsonValue | undefined): readonly JsonObject[] | undefined =>
  Array.isArray(list) && list.every(isObject) ? list : undefined;

/** The vendor's own words go to core, which masks what they repeat of the event. */
const refusal = (message: JsonValue | undefined): RetryDecision =>
  decide('reject', 'vendor_rejected', 'The vendor refuses this event', {
    status: 200,
    ...(typeof message === 'string' ? { vendorMessage: message } : {}),
  });
// </index|id>

// <allOrNone>
/**
 * `success` has the forms in which the vendor confirms a whole request: for now, 200 with an empty body. A body is
 * matched by a pattern for its text, or by a test of its JSON:
 * `{ body: (answer) => isObject(answer) && answer['status'] === 'ok' }`.
 * Anything else does not count as success.
 */
// </allOrNone>
export const response: ResponseHandler<VendorEvent> = {
  ...errorTable({ rows, messageOf: errorMessage() }),
  // <allOrNone>
  success: [{ status: 200, body: 'empty' }],
  // </allOrNone>
  // <index|id|count>
  readReply: readReply$index,
  // </index|id|count>
};
// <never>

export { readReply$count, readReply$id };
// </never>
