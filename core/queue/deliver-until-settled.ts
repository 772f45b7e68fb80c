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
import { sleepCapped, systemClock, type Clock } from '../policy/clock.ts';
import type { DeliverOptions } from '../runtime/deliver.ts';
import type { FinalSettlement } from './queue.ts';
import { defaultQueuePolicy, settlementOf, type QueuePolicy } from './settlement.ts';
import { isPaused, wholeSuspension, type Suspended } from './suspension.ts';

/** connection.deliver, or something that keeps its promises: an outcome for each event, and lanes that wait for their first deferral. */
export type DeliverFunction = (events: readonly CdpEvent[], options: DeliverOptions) => Promise<readonly Outcome[]>;

export interface DriveOptions {
  /**
   * An event is settled (`seq` is its position in the input): commit it, or write the dead letter. In any order, one after another; what it throws ends deliverUntilSettled(), so
   * that nothing is committed that was not kept.
   */
  readonly settled: (settlement: FinalSettlement, event: CdpEvent, outcome: Outcome) => unknown;
  /** How long to try. Default: until an event is a day old. */
  readonly policy?: QueuePolicy;
  /** When an event was accepted, in epoch ms: its age counts from there. Default: when deliverUntilSettled() was called. */
  readonly acceptedAt?: (position: number) => number;
  /** Keeps the host's lease alive, while delivering and while waiting. When it throws, the lease is lost: see deliverUntilSettled(). */
  readonly heartbeat?: () => unknown;
  /** Milliseconds between beats (default 3 s). */
  readonly heartbeatMs?: number;
  /** connection.suspended: tells a paused connection from a suspended scope. Without it every suspension is a pause. */
  readonly suspended?: () => Suspended;
  /** How long one delivery may take, in milliseconds. Default: deliver's own. */
  readonly withinMs?: number;
  /** Nothing more is started; what is in flight is finished and settled. */
  readonly signal?: AbortSignal;
  /** Epoch ms. Default: Date.now. */
  readonly now?: Clock['now'];
  readonly after?: Clock['after'];
  /** In [0, 1). Spreads waits, so that hosts that failed together do not come back together. Default: Math.random. */
  readonly random?: Clock['random'];
}

/** An event that deliverUntilSettled() gave back. */
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
  /** Why the connection pauses, where that is what ended it. */
  readonly paused?: Reason;
}

interface Waiting extends Remaining {
  readonly acceptedAt: number;
  readonly ambiguous?: true | undefined;
}

const defaultBeatMs = 3_000;

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
 * For hosts with an engine of their own, which hold their place in a log: delivers the events and tries again what failed, in place,
 * until all are settled, the signal fires, or the connection pauses. What is left goes again all together, in input order, once
 * the last of it may: so no event overtakes an earlier one of its lane, without deliverUntilSettled() knowing the lanes.
 *
 * Rejects at once for options that cannot be meant; later with what settled() or heartbeat() threw, after what was in flight has come
 * back; so does deliver()'s own failure.
 */
export async function deliverUntilSettled(
  events: readonly CdpEvent[],
  deliver: DeliverFunction,
  asked: DriveOptions,
): Promise<DriveResult> {
  const options = checkedOptions(asked, driveOptions, 'deliverUntilSettled()');
  if (!aFunction.fits(options.settled))
    throw new TypeError(`deliverUntilSettled(): settled must be a function, not ${kindOf(options.settled)}`);
  const { settled, policy = defaultQueuePolicy, suspended, withinMs, signal } = options;
  const { now = systemClock.now, after = systemClock.after, random = systemClock.random } = options;
  const startedAt = now();
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) stop();
  const beating = startBeating(options, after, stop);

  let left: Waiting[] = events.map((event, position) => ({
    position,
    event,
    attempts: 0,
    notBefore: startedAt,
    acceptedAt: options.acceptedAt?.(position) ?? startedAt,
  }));

  /** What settled() threw, if it did: from then on nothing more is kept, and nothing more sent. */
  let failure: { readonly error: unknown } | undefined;
  let keeping: Promise<boolean> = Promise.resolve(true);

  function keep(settlement: FinalSettlement, event: CdpEvent, outcome: Outcome): Promise<boolean> {
    keeping = keeping.then(async (good) => {
      if (!good) return false;
      try {
        await settled(settlement, event, outcome);
        return true;
      } catch (error) {
        failure = { error };
        stop();
        return false;
      }
    });
    return keeping;
  }

  /** One delivery of all that is left. Returns why the connection pauses. */
  async function round(): Promise<Reason | undefined> {
    const given = left;
    const stay = new Map<number, Waiting>();
    const heard = new Set<number>();
    let paused: Reason | undefined;

    /** A lane waits until what came of its event is kept, unless it was delivered: a crash must not make that one go again behind a later one. */
    function hear(index: number, outcome: Outcome): Promise<boolean> | undefined {
      const one = given[index] as Waiting;
      const suspensions = outcome.kind === 'suspended' ? (suspended?.() ?? []) : [];
      const pause = isPaused(suspensions, outcome);
      if (pause && outcome.kind === 'suspended') paused ??= wholeSuspension(suspensions) ?? outcome.reason;
      const context = { policy, now: now(), random, paused: pause };
      const settlement = settlementOf({ ...one, seq: one.position }, outcome, context);
      if (settlement.kind === 'retry') {
        const { attempts, notBefore, ambiguous } = settlement;
        stay.set(index, { ...one, attempts, notBefore, ambiguous });
        return undefined;
      }
      heard.add(index);
      const kept = keep(settlement, one.event, outcome);
      return outcome.kind === 'delivered' ? undefined : kept;
    }

    let outcomes: readonly Outcome[];
    try {
      outcomes = await deliver(
        given.map(({ event }) => event),
        { once: true, signal: stopping.signal, settled: hear, ...(withinMs === undefined ? {} : { withinMs }) },
      );
    } finally {
      await keeping;
    }
    if (outcomes.length !== given.length) throw new Error('deliver() did not return an outcome for each event');
    // A deliver() of the host's own need not tell as it goes.
    given.forEach((_, index) => {
      if (!heard.has(index) && !stay.has(index)) void hear(index, outcomes[index] as Outcome);
    });
    await keeping;
    if (failure !== undefined) throw failure.error;
    left = given.flatMap((_, index) => stay.get(index) ?? []);
    return paused;
  }

  let paused: Reason | undefined;
  try {
    while (left.length > 0 && !stopping.signal.aborted && paused === undefined) {
      paused = await round();
      if (left.length === 0 || paused !== undefined) break;
      const until = left.reduce((latest, { notBefore }) => Math.max(latest, notBefore), now() + shortestWaitMs);
      while (now() < until && !stopping.signal.aborted) await sleepCapped(until - now(), after, stopping.signal);
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    beating.end();
  }
  beating.complain();
  const given = left.map(({ position, event, attempts, notBefore }) => ({ position, event, attempts, notBefore }));
  return { remaining: given, ...(paused === undefined ? {} : { paused }) };
}

/** A deferral without a time is no reason to spin. */
const shortestWaitMs = 10;

/** Beats until end(), or until a beat fails: then it stops everything, and complain() throws what the beat threw. */
function startBeating(
  { heartbeat, heartbeatMs = defaultBeatMs }: DriveOptions,
  after: Clock['after'],
  stop: () => void,
) {
  let over = heartbeat === undefined;
  let failure: { readonly error: unknown } | undefined;
  let off = (): void => undefined;

  async function next(): Promise<void> {
    try {
      await heartbeat?.();
    } catch (error) {
      failure = { error };
      over = true;
      stop();
    }
    schedule();
  }
  function schedule(): void {
    if (!over) off = after(heartbeatMs, () => void next());
  }
  schedule();
  return {
    end() {
      over = true;
      off();
    },
    complain() {
      if (failure !== undefined) throw failure.error;
    },
  };
}
