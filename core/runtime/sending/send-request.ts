import type { RetryDecision } from '../../api/decision.ts';
import { classifyWith } from '../../api/classify.ts';
import { payload, type Batch } from '../../api/delivery.ts';
import type { Reply, WireResult } from '../../api/destination.ts';
import type { HttpRequest } from '../../api/failure.ts';
import type { Outcome } from '../../api/outcome.ts';
import { carry } from './send-batch.ts';
import type { BoundDestination } from '../bind-destination.ts';
import type { Call, ConnectionContext } from '../connection-context.ts';
import { deferred, lost, stoppedReason } from './outcomes.ts';
import { batchOf, pendingDelivery, type PendingBatch } from '../batching/pending-delivery.ts';
import type { Emit } from '../signals.ts';
import { createSuspensions } from './suspensions.ts';

/** One request of our own, beside the events. */
export interface Errand {
  readonly request: HttpRequest;
  readonly judge: (result: AnswerOrFailure, batch: Batch<unknown>) => RetryDecision;
  readonly onAmbiguous: ConnectionContext['onAmbiguous'];
  readonly withinMs: number;
  /** Bytes of the answer that are read. Default: the connection's. */
  readonly replyBytes?: number | undefined;
  /** Milliseconds one attempt may take. Default: the connection's. */
  readonly mostMs?: number | undefined;
  /** Attempts that may fail. Default: the connection's. */
  readonly attempts?: number;
  /** What was put into the request: the vendor's words about it are shown without it. */
  readonly input?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** It goes before all events. */
  readonly urgent?: boolean | undefined;
}

/** A crash is the core's to judge. */
export type AnswerOrFailure = Exclude<WireResult, { kind: 'crash' }>;

/**
 * Takes the road of the events, with its hosts, pace, deadlines, retries and redaction, and comes back with an outcome. What it
 * meets suspends no event, and what suspends events does not stop it: people ask such things to find out what is wrong.
 */
export function runErrand(context: ConnectionContext, errand: Errand): Promise<Outcome> {
  const own = lineFor(context, errand);
  const now = context.clock.elapsed();
  const made = { kind: 'payload', made: payloadOf(errand.input), text: '', bytes: 0 } as const;
  const delivery = pendingDelivery(made, 0, '', now, errand.withinMs);
  const stopping = new AbortController();
  const call: Call = {
    context: own,
    urgent: errand.urgent === true,
    signal: () => stopping.signal,
    stopped: () => stopping.signal.aborted,
    settle(settled, outcome) {
      settled.settled ??= outcome;
    },
    kept: () => undefined,
    waitingRoom: 0,
    parked: nothing,
  };
  const stop = (): void => {
    stopping.abort();
    context.pacer.dismiss(call);
  };
  if (context.closed || errand.signal?.aborted === true)
    return Promise.resolve(deferred(delivery, stoppedReason, context.pacer.opensAt()));
  const running = { stop };
  context.calls.add(running);
  errand.signal?.addEventListener('abort', stop, { once: true });
  return new Promise((resolve) => {
    carry(call, batchOf([delivery]) as PendingBatch, nothing, () => {
      context.calls.delete(running);
      errand.signal?.removeEventListener('abort', stop);
      resolve(delivery.settled ?? lost(delivery));
    });
  });
}

const nothing = (): void => undefined;

const payloadOf = (input: unknown) => payload(input) as Extract<ReturnType<typeof payload>, { kind: 'payload' }>;

function lineFor(
  context: ConnectionContext,
  { request, judge, onAmbiguous, attempts, replyBytes, mostMs }: Errand,
): ConnectionContext {
  const replyOf = (result: WireResult, batch: Batch<unknown>): Reply => {
    if (result.kind === 'crash') return { kind: 'failed', failure: result };
    try {
      return { kind: 'settled', decisions: [judge(result, batch)] };
    } catch (error) {
      return { kind: 'failed', failure: { kind: 'crash', error, left: true } };
    }
  };
  const vendor: BoundDestination = {
    ...context.vendor,
    replyBytes: replyBytes ?? context.vendor.replyBytes,
    mostMs,
    classifyError: classifyWith([]),
    ask(batch, wire, answer) {
      wire.exchange(request, (result) => answer(replyOf(result, batch)));
    },
  };
  const policy = attempts === undefined ? context.policy : { ...context.policy, attempts };
  return {
    ...context,
    vendor,
    policy,
    onAmbiguous,
    suspensions: createSuspensions(),
    inquiry: undefined,
    emit: discreet(context.emit),
  };
}

/** What an errand is refused suspends nothing, so nobody is told that it did. */
const discreet = (emit: Emit | undefined): Emit | undefined =>
  emit && ((signal) => void (signal.kind === 'connection_suspended' || emit(signal)));
