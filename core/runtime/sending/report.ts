import type { WireResult } from '../../api/destination.ts';
import type { Outcome } from '../../api/outcome.ts';
import type { ConnectionContext } from '../connection-context.ts';
import { unusableReply } from './unusable-reply.ts';

export interface FinishedRequest {
  readonly items: number;
  /** Bytes of the body as sent, 0 without a body. */
  readonly bytes: number;
  readonly attempt: number;
  /** When it started, by clock.elapsed. */
  readonly startedAt: number;
}

/** Reports one request, and an answer that cannot be used. */
export function reportRequest(
  { emit, clock, slug, id: connection }: ConnectionContext,
  { startedAt, ...request }: FinishedRequest,
  result: WireResult,
): void {
  if (emit === undefined) return;
  const unusable = unusableReply(result);
  if (unusable !== undefined) emit({ kind: 'reply_unusable', slug, connection, ...unusable });
  emit({
    kind: 'request_finished',
    slug,
    connection,
    ...request,
    ms: clock.elapsed() - startedAt,
    ...(result.kind === 'response' ? { status: result.response.status } : { failure: result.kind }),
  });
}

/**
 * Reports one event's outcome, and the notes of its mapping. `takenAt`: when it was read, by clock.elapsed. `queued`:
 * its caller is a queue.
 */
export function reportOutcome(
  context: ConnectionContext,
  outcome: Outcome,
  takenAt: number,
  queued: boolean | undefined,
): void {
  const { emit, clock, slug, id: connection, noteLabels } = context;
  if (emit === undefined) return;
  const code = 'reason' in outcome ? { code: outcome.reason.code } : {};
  const tried = queued === true ? { queued } : {};
  const latencyMs = clock.elapsed() - takenAt;
  emit({ kind: 'event_settled', slug, connection, outcome: outcome.kind, ...code, latencyMs, ...tried });
  if (outcome.kind !== 'delivered') return;
  for (const { code: noted, field } of outcome.notes ?? [])
    emit({ kind: 'event_noted', slug, connection, code: noted, field: noteLabels.of(field) });
}
