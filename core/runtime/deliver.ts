import type { CdpEvent } from '../api/event.ts';
import type { Outcome } from '../api/outcome.ts';
import {
  aBoolean,
  aFunction,
  anAbortSignal,
  checkedOptions,
  kindOf,
  someMilliseconds,
  type OptionTable,
} from './argument-check.ts';
import { yieldToEventLoop } from '../policy/clock.ts';
import { eventIdOf } from './intake/event-shape.ts';
import { DeliveryRun, type OutcomeReader } from './delivery-run.ts';
import type { ConnectionContext } from './connection-context.ts';
import type { RetryPolicy } from './sending/retry-policy.ts';
import { createSettledHook, type SettledHook } from './settled-hook.ts';

export interface DeliverOptions {
  /** How long the call may take, in milliseconds (default 30 s). What is not done by then comes back deferred. */
  readonly withinMs?: number;
  /** Aborted: nothing more is started, what is in flight is finished, the rest comes back deferred. */
  readonly signal?: AbortSignal;
  /**
   * Nothing is sent a second time within the call: what would be comes back deferred, with the time from which it may.
   * For hosts that try again themselves, such as a durable queue. What is refused as a whole still goes on in smaller
   * requests.
   */
  readonly once?: boolean;
  /**
   * Called with each position and its outcome as soon as it has one. For hosts that write outcomes down: a promise
   * holds the event's lane, so that a crash cannot forget what came of an event of which a later one has left. With
   * true the lane goes on; with false or an error, what waits in it comes back deferred.
   */
  readonly settled?: (position: number, outcome: Outcome) => Promise<boolean> | undefined;
}

const defaultWithinMs = 30_000;

/** Events are worked in slices, so that payloads die young and the event loop stays free. */
const slice = 256;

const deliverOptions: OptionTable<DeliverOptions> = {
  withinMs: someMilliseconds,
  signal: anAbortSignal,
  once: aBoolean,
  settled: aFunction,
};

/**
 * An array of events in, exactly one outcome per position out. The array and the options are read before anything
 * leaves; the events themselves must not be changed before they have their outcomes.
 */
export async function deliver(
  context: ConnectionContext,
  input: readonly CdpEvent[],
  options?: DeliverOptions,
): Promise<readonly Outcome[]> {
  const events = copyOf(input);
  const {
    withinMs = defaultWithinMs,
    signal,
    once = false,
    settled: onSettled,
  } = checkedOptions(options, deliverOptions, 'deliver()');
  const allowedMs = atLeastZero(withinMs, defaultWithinMs);
  const startedAt = context.clock.elapsed();
  const hook = onSettled === undefined ? undefined : createSettledHook(context, onSettled, startedAt + allowedMs);
  const outcomes = new DeliverOutcomes(events.length, hook);
  const run = new DeliveryRun(
    context,
    {
      withinMs: allowedMs,
      span: Number.POSITIVE_INFINITY,
      laneCapacity: Number.POSITIVE_INFINITY,
      remembered: Number.POSITIVE_INFINITY,
      policy: once ? withoutRetries(context.policy) : context.policy,
    },
    outcomes,
  );
  const stop = (): void => run.stop();
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) run.stop();
  for (let index = 0; index < events.length; index++) {
    if (index % slice === 0 && index > 0) await (run.backlog() > 0 ? run.whenReady() : yieldToEventLoop());
    run.take(events[index], index, startedAt);
  }
  await run.finish();
  hook?.end();
  signal?.removeEventListener('abort', stop);
  return conserved(context, events, outcomes);
}

/** By position. The first outcome of a position counts. */
class DeliverOutcomes implements OutcomeReader {
  readonly #hook: SettledHook | undefined;
  readonly byPosition: (Outcome | undefined)[];
  /** Outcomes that came. */
  count = 0;

  constructor(events: number, hook: SettledHook | undefined) {
    this.#hook = hook;
    this.byPosition = [];
    for (let i = 0; i < events; i++) this.byPosition.push(undefined);
  }

  settle(index: number, outcome: Outcome): Promise<boolean> | undefined {
    this.count += 1;
    if (this.byPosition[index] !== undefined) return undefined;
    this.byPosition[index] = outcome;
    return this.#hook?.notify(index, outcome);
  }

  idle(): void {
    // finish() tells when all is done.
  }
}

/** The events that are answered for, whatever the caller does with his array. A place without one is undefined. */
function copyOf(events: unknown): readonly unknown[] {
  if (!Array.isArray(events)) {
    const hint = typeof events === 'object' && events !== null ? '; stream() takes what can be iterated' : '';
    throw new TypeError(`deliver(): the events must be an array, not ${kindOf(events)}${hint}`);
  }
  const copy: unknown[] = [];
  for (let index = 0; index < events.length; index++) copy.push(events[index]);
  return copy;
}

/** Throttled attempts do not count as failures, but they are more than none. */
const withoutRetries = (policy: RetryPolicy): RetryPolicy => ({ ...policy, attempts: 0 });

/** Not a number is no limit at all: the default is meant. */
export const atLeastZero = (value: number, otherwise: number): number => (value >= 0 ? value : otherwise);

/** The conservation law, checked at run time: as many outcomes as events, whatever went wrong inside. */
function conserved(
  context: ConnectionContext,
  events: readonly unknown[],
  { byPosition, count }: DeliverOutcomes,
): readonly Outcome[] {
  const { emit, slug, id: connection } = context;
  if (count === events.length && !byPosition.includes(undefined)) return byPosition as Outcome[];
  emit?.({ kind: 'conservation_broken', slug, connection, in: events.length, out: count });
  return byPosition.map((outcome, index) => outcome ?? forgotten(events[index]));
}

/** The runtime lost sight of an event, so it claims nothing about it. */
const forgotten = (event: unknown): Outcome => ({
  kind: 'unknown',
  eventId: eventIdOf(event),
  reason: { code: 'internal_error', message: 'A defect in the runtime lost sight of this event' },
});
