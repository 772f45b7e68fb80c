import type { RetryDecision } from '../api/decision.ts';
import { classifyWith } from '../api/classify.ts';
import { payload, type Batch } from '../api/delivery.ts';
import type { Reply, WireResult } from '../api/destination.ts';
import type { HttpRequest } from '../api/failure.ts';
import type { Outcome } from '../api/outcome.ts';
import { carry } from './carry.ts';
import type { Vendor } from './compose.ts';
import type { Call, Line } from './line.ts';
import { deferred, lost, stoppedReason } from './outcomes.ts';
import { crateOf, parcelOf, type Crate } from './parcel.ts';
import type { Emit } from './signals.ts';
import { createSuspensions } from './suspensions.ts';

/** One request of our own, beside the events. */
export interface Errand {
  readonly request: HttpRequest;
  readonly judge: (result: AnswerOrFailure, batch: Batch<unknown>) => RetryDecision;
  readonly onAmbiguous: Line['onAmbiguous'];
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
export function runErrand(line: Line, errand: Errand): Promise<Outcome> {
  const own = lineFor(line, errand);
  const now = line.clock.elapsed();
  const made = { kind: 'payload', made: payloadOf(errand.input), text: '', bytes: 0 } as const;
  const parcel = parcelOf(made, 0, '', now, errand.withinMs);
  const stopping = new AbortController();
  const call: Call = {
    line: own,
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
    line.pacer.dismiss(call);
  };
  if (line.closed || errand.signal?.aborted === true)
    return Promise.resolve(deferred(parcel, stoppedReason, line.pacer.opensAt()));
  const running = { stop };
  line.calls.add(running);
  errand.signal?.addEventListener('abort', stop, { once: true });
  return new Promise((resolve) => {
    carry(call, crateOf([parcel]) as Crate, nothing, () => {
      line.calls.delete(running);
      errand.signal?.removeEventListener('abort', stop);
      resolve(parcel.settled ?? lost(parcel));
    });
  });
}

const nothing = (): void => undefined;

const payloadOf = (input: unknown) => payload(input) as Extract<ReturnType<typeof payload>, { kind: 'payload' }>;

function lineFor(line: Line, { request, judge, onAmbiguous, attempts, replyBytes, mostMs }: Errand): Line {
  const replyOf = (result: WireResult, batch: Batch<unknown>): Reply => {
    if (result.kind === 'crash') return { kind: 'failed', failure: result };
    try {
      return { kind: 'settled', decisions: [judge(result, batch)] };
    } catch (error) {
      return { kind: 'failed', failure: { kind: 'crash', error, left: true } };
    }
  };
  const vendor: Vendor = {
    ...line.vendor,
    replyBytes: replyBytes ?? line.vendor.replyBytes,
    mostMs,
    classifyError: classifyWith([]),
    ask(batch, wire, answer) {
      wire.exchange(request, (result) => answer(replyOf(result, batch)));
    },
  };
  const policy = attempts === undefined ? line.policy : { ...line.policy, attempts };
  return {
    ...line,
    vendor,
    policy,
    onAmbiguous,
    suspensions: createSuspensions(),
    inquiry: undefined,
    emit: discreet(line.emit),
  };
}

/** What an errand is refused suspends nothing, so nobody is told that it did. */
const discreet = (emit: Emit | undefined): Emit | undefined =>
  emit && ((signal) => void (signal.kind === 'connection_suspended' || emit(signal)));
