import { houseDecision } from '../../api/answers/house-table.ts';
import { decide, decisionKinds, type RetryDecision } from '../../api/decision.ts';
import type { Reply } from '../../api/destination.ts';
import type { Failure, HttpResponse } from '../../api/failure.ts';
import type { PendingBatch } from '../batching/pending-delivery.ts';
import { defect, type ConnectionContext } from '../connection-context.ts';
import { invalidReturn, isReason } from '../invalid-return.ts';
import { maskedDecision } from './mask-reasons.ts';

/** The decision for an item that the answer does not mention. */
export const notMentioned = decide('ambiguous', 'ambiguous_delivery', 'The answer does not mention this event');

/**
 * Returns a decision for every item, whatever send() returned. A final refusal carries the vendor's own words if they
 * are about one event or about all; words about several single events would tell each about the others.
 */
export function decisionsOf(
  context: ConnectionContext,
  reply: Reply,
  batch: PendingBatch,
  response?: HttpResponse,
): readonly RetryDecision[] {
  if (reply?.kind === 'settled' && Array.isArray(reply.decisions)) {
    const { decisions } = reply;
    if (decisions.length === batch.items.length && allPlainAccepts(decisions)) return decisions;
    if (decisions.length > batch.items.length) {
      defect(context, 'response', invalidReturn(decisions, 'more decisions than items'));
      return batch.items.map(() => notMentioned);
    }
    if (decisions.length < batch.items.length)
      defect(context, 'response', invalidReturn(decisions, 'fewer decisions than items'));
    const checkedDecisions = batch.items.map((_, index) =>
      index < decisions.length ? (checked(context, decisions[index]) ?? notMentioned) : notMentioned,
    );
    const about = { batch, response, aboutAll: checkedDecisions.length === 1 };
    return checkedDecisions.map((decision) => maskedDecision(context, decision, about));
  }
  if (reply?.kind === 'failed') {
    const decision = classify(context, reply.failure, batch);
    return batch.items.map(() => decision);
  }
  const returned = reply?.kind === 'settled' ? reply.decisions : reply;
  defect(context, 'send', invalidReturn(returned, 'send() did not return a reply'));
  return batch.items.map(() => notMentioned);
}

function classify(context: ConnectionContext, failure: Failure, batch: PendingBatch): RetryDecision {
  try {
    if (failure.kind === 'crash') defect(context, failure.left ? 'response' : 'request', failure.error);
    const response = failure.kind === 'http' ? failure.response : undefined;
    const decision = checked(context, context.vendor.classifyError(failure, batch));
    if (decision === undefined) return defaultDecision(failure);
    return maskedDecision(context, decision, { batch, response, aboutAll: true });
  } catch (error) {
    defect(context, 'classifyError', error);
    return defaultDecision(failure);
  }
}

/** Decides about a failure that the folder cannot judge. A request that was never sent cannot have arrived. */
const defaultDecision = (failure: Failure): RetryDecision =>
  neverLeft(failure) ? houseDecision(failure) : notMentioned;

const kinds: ReadonlySet<unknown> = new Set(decisionKinds);

/** Returns a valid decision; `undefined` for anything else. */
function checked(context: ConnectionContext, decision: RetryDecision | undefined): RetryDecision | undefined {
  if (decision !== undefined && decision !== null && kinds.has(decision.kind)) {
    if (decision.kind === 'accept' || isReason(decision.reason)) return decision;
  }
  defect(context, 'response', invalidReturn(decision, 'not a decision'));
  return undefined;
}

const neverLeft = (failure: Failure | undefined): boolean =>
  (failure?.kind === 'network' && failure.received === 'no') || (failure?.kind === 'crash' && !failure.left);

/** Almost every answer accepts all items, without a note. */
function allPlainAccepts(decisions: readonly RetryDecision[]): boolean {
  for (const decision of decisions) if (decision?.kind !== 'accept' || decision.note !== undefined) return false;
  return true;
}
