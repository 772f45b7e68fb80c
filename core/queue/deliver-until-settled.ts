import type { CdpEvent } from '../api/event.ts';
import type { Outcome, Reason } from '../api/outcome.ts';
import {
  aFunction,
  anAbortSignal,
  anObject,
  checkedOptions,
  kindOf,
  someMilliseconds,
  type OptionTable,
} from '../runtime/argument-check.ts';
import { onAbort } from '../policy/abort.ts';
import { sleepCapped, systemClock, type Clock } from '../policy/clock.ts';
import type { DeliverOptions } from '../runtime/deliver.ts';
import { startHeartbeat } from './heartbeat.ts';
import type { FinalSettlement } from './queue.ts';
import { defaultQueuePolicy, settlementOf, type QueuePolicy } from './settlement.ts';
import { isPaused, wholeSuspension, type Suspended } from './suspension.ts';
import { shortestWaitMs } from './waits.ts';

/**
 * connection.deliver, or something that keeps its promises: an outcome for each event, and lanes that wait for
 * `settled`.
 */
export type DeliverFunction = (events: readonly CdpEvent[], options: DeliverOptions) => Promise<readonly Outcome[]>;

export interface DriveOptions {
  /**
   * An event is settled (`seq` is its position in the input): commit it, or write the dead letter. Called in any order,
   * one call after another. What it throws ends deliverUntilSettled(), so that nothing is committed whose outcome was
   * not recorded.
   */
  readonly settled: (settlement: FinalSettlement, event: CdpEvent, outcome: Outcome) => unknown;
  /** How long to try. Default: until an event is a day old. */
  readonly policy?: QueuePolicy;
  /**
   * When an event was accepted, in epoch ms: its age counts from there. Default: when deliverUntilSettled() was called.
   */
  readonly acceptedAt?: (position: number) => number;
  /**
   * Keeps the host's lease alive, while delivering and while waiting. If it throws, the lease is lost: see
   * deliverUntilSettled().
   */
  readonly heartbeat?: () => unknown;
  /** Milliseconds between heartbeats (default 3 s). */
  readonly heartbeatMs?: number;
  /**
   * connection.suspended: tells a suspended connection from a suspended scope. Without it, every suspension counts as
   * the former.
   */
  readonly suspended?: () => Suspended;
  /** How long one delivery may take, in milliseconds. Default: deliver's own. */
  readonly withinMs?: number;
  /** When it fires, nothing more is started; what is in flight is finished and settled. */
  readonly signal?: AbortSignal;
  /** Epoch ms. Default: Date.now. */
  readonly now?: Clock['now'];
  readonly after?: Clock['after'];
  /** In [0, 1). Spreads waits, so that hosts that failed together do not come back together. Default: Math.random. */
  readonly random?: Clock['random'];
}

/** An event that deliverUntilSettled() returns unsettled. */
export interface Remaining {
  readonly position: number;
  readonly event: CdpEvent;
  readonly attempts: number;
  /** Epoch ms before which it should not be tried again. */
  readonly notBefore: number;
}

export interface DriveResult {
  /** In input order; empty when all are settled. */
  readonly remaining: readonly Remaining[];
  /** Why the connection is suspended, where that is what ended it. */
  readonly paused?: Reason;
}

interface UnsettledEvent extends Remaining {
  readonly acceptedAt: number;
  readonly ambiguous?: true | undefined;
}

const defaultHeartbeatMs = 3_000;

const driveOptions: OptionTable<DriveOptions> = {
  settled: aFunction,
  policy: anObject,
  acceptedAt: aFunction,
  heartbeat: aFunction,
  heartbeatMs: someMilliseconds,
  suspended: aFunction,
  withinMs: someMilliseconds,
  signal: anAbortSignal,
  now: aFunction,
  after: aFunction,
  random: aFunction,
};

/**
 * For hosts with an engine of their own that keep a position in a log: delivers the events and retries in place what
 * failed, until all are settled, the signal fires, or the connection is suspended. Events that are unsettled go again
 * all together, in input order, once the last of them may: so no event overtakes an earlier one of its lane, without
 * deliverUntilSettled() knowing the lanes.
 *
 * Rejects at once for invalid options; later with what settled() or heartbeat() threw, after what was in flight has
 * come back; and with deliver()'s own error.
 *
 * @example
 * ```ts
 * const dead: CdpEvent[] = [];
 * const deliver: DeliverFunction = (batch, options) => connection.deliver(batch, options);
 * const { remaining, paused } = await deliverUntilSettled(events, deliver, {
 *   policy: policyFor(manifest),
 *   suspended: () => connection.suspended(),
 *   settled: ({ kind }, event) => kind === 'dead' && dead.push(event),
 *   signal,
 * });
 * if (remaining.length === 0) console.log(`commit; dead letters: ${dead.length}`);
 * else console.log(paused?.message);
 * ```
 */
export async function deliverUntilSettled(
  events: readonly CdpEvent[],
  deliver: DeliverFunction,
  rawOptions: DriveOptions,
): Promise<DriveResult> {
  const options = checkedOptions(rawOptions, driveOptions, 'deliverUntilSettled()');
  if (!aFunction.fits(options.settled))
    throw new TypeError(`deliverUntilSettled(): settled must be a function, not ${kindOf(options.settled)}`);
  const { signal, heartbeat, heartbeatMs = defaultHeartbeatMs } = options;
  const { now = systemClock.now, after = systemClock.after } = options;
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  const stopListening = onAbort(signal, stop);
  const beats = startHeartbeat(heartbeat, heartbeatMs, after, stop);
  const deliverOnce = createRound(deliver, options, abort);

  const startedAt = now();
  let unsettled: readonly UnsettledEvent[] = events.map((event, position) => ({
    position,
    event,
    attempts: 0,
    notBefore: startedAt,
    acceptedAt: options.acceptedAt?.(position) ?? startedAt,
  }));
  let paused: Reason | undefined;
  try {
    while (unsettled.length > 0 && !abort.signal.aborted && paused === undefined) {
      ({ unsettled, paused } = await deliverOnce(unsettled));
      if (unsettled.length === 0 || paused !== undefined) break;
      const until = unsettled.reduce((latest, { notBefore }) => Math.max(latest, notBefore), now() + shortestWaitMs);
      while (now() < until && !abort.signal.aborted) await sleepCapped(until - now(), after, abort.signal);
    }
  } finally {
    stopListening();
    beats.end();
  }
  beats.rethrow();
  const remaining = unsettled.map(({ position, event, attempts, notBefore }) => {
    return { position, event, attempts, notBefore };
  });
  return { remaining, ...(paused === undefined ? {} : { paused }) };
}

interface RoundResult {
  readonly unsettled: readonly UnsettledEvent[];
  /** Why the connection is suspended. */
  readonly paused: Reason | undefined;
}

/** One delivery of all events that are unsettled. */
function createRound(
  deliver: DeliverFunction,
  options: DriveOptions,
  abort: AbortController,
): (events: readonly UnsettledEvent[]) => Promise<RoundResult> {
  const { settled, policy = defaultQueuePolicy, suspended, withinMs } = options;
  const { now = systemClock.now, random = systemClock.random } = options;
  /** What settled() threw, if it did: from then on nothing more is recorded, and nothing more sent. */
  let failure: { readonly error: unknown } | undefined;
  /** The calls of settled(), one after another. */
  let recorded: Promise<boolean> = Promise.resolve(true);

  function record(settlement: FinalSettlement, event: CdpEvent, outcome: Outcome): Promise<boolean> {
    recorded = recorded.then(async (isRecorded) => {
      if (!isRecorded) return false;
      try {
        await settled(settlement, event, outcome);
        return true;
      } catch (error) {
        failure = { error };
        abort.abort();
        return false;
      }
    });
    return recorded;
  }

  return async (events) => {
    const retries = new Map<number, UnsettledEvent>();
    const final = new Set<number>();
    let paused: Reason | undefined;

    /**
     * A lane waits until the outcome of its event is recorded, unless it was delivered: else a crash could send that
     * event again behind a later one.
     */
    function onOutcome(index: number, outcome: Outcome): Promise<boolean> | undefined {
      const event = events[index] as UnsettledEvent;
      const suspensions = outcome.kind === 'suspended' ? (suspended?.() ?? []) : [];
      const isSuspended = isPaused(suspensions, outcome);
      if (isSuspended && outcome.kind === 'suspended') paused ??= wholeSuspension(suspensions) ?? outcome.reason;
      const context = { policy, now: now(), random, paused: isSuspended };
      const settlement = settlementOf({ ...event, seq: event.position }, outcome, context);
      if (settlement.kind === 'retry') {
        const { attempts, notBefore, ambiguous } = settlement;
        retries.set(index, { ...event, attempts, notBefore, ambiguous });
        return undefined;
      }
      final.add(index);
      const isRecorded = record(settlement, event.event, outcome);
      return outcome.kind === 'delivered' ? undefined : isRecorded;
    }

    let outcomes: readonly Outcome[];
    try {
      outcomes = await deliver(
        events.map(({ event }) => event),
        { once: true, signal: abort.signal, settled: onOutcome, ...(withinMs === undefined ? {} : { withinMs }) },
      );
    } finally {
      await recorded;
    }
    if (outcomes.length !== events.length) throw new Error('deliver() did not return an outcome for each event');
    // A host's own deliver() need not call settled() as it goes.
    for (const index of events.keys())
      if (!final.has(index) && !retries.has(index)) void onOutcome(index, outcomes[index] as Outcome);
    await recorded;
    if (failure !== undefined) throw failure.error;
    return { unsettled: [...events.keys()].flatMap((index) => retries.get(index) ?? []), paused };
  };
}
