import type { AnyDestination, Batch, Exchange, RetryDecision } from '../../../core/api/index.ts';
import { readResponse } from '../../../core/runtime/sending/read-response.ts';

/** What the runtime would learn from an answer: a decision per item, with core's share of the reading. */
export function decisionsFor(
  { response }: Pick<AnyDestination, 'response'>,
  exchange: Exchange,
  batch: Batch<never>,
): readonly RetryDecision[] {
  const reply = readResponse(response, exchange, batch);
  if (reply.kind === 'settled') return reply.decisions;
  const decision = response.classifyError(reply.failure, batch);
  return batch.items.map(() => decision);
}
