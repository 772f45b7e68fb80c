import type { EventOrText } from '../api/event.ts';
import type { Outcome } from '../api/outcome.ts';
import { onAbort } from '../policy/abort.ts';
import { yieldToEventLoop } from '../policy/clock.ts';
import {
  aBoolean,
  aFunction,
  anAbortSignal,
  atLeastZero,
  checkedOptions,
  kindOf,
  someMilliseconds,
  type OptionTable,
} from './argument-check.ts';
import type { ConnectionContext } from './connection-context.ts';
import { DeliveryRun, type OutcomeReader } from './delivery-run.ts';
import { positionsByTime } from './event-order.ts';
import { eventIdOf } from './intake/event-shape.ts';
import { tracedBy, type TraceOf } from './sending/request-hook.ts';
import type { RetryPolicy } from './sending/retry-policy.ts';
import { createSettledHook, type SettledHook } from './settled-hook.ts';

export interface DeliverOptions {
  /** How long the call may take, in milliseconds (default 30 s). Events not settled by then come back deferred. */
  readonly withinMs?: number;
  /** Stops the call when aborted: requests in flight finish, and the other events come back deferred. */
  readonly signal?: AbortSignal;
  /**
   * Sends no event a second time within the call: an event that would be retried comes back deferred, with the time
   * from which it may be. For hosts that retry by themselves, such as a durable queue. A batch refused as a whole is
   * still sent in smaller requests.
   */
  readonly once?: boolean;
  /**
   * Called with each position and its outcome as soon as the event is settled. A host that persists outcomes returns a
   * promise: the event's lanes wait for it, so that a crash cannot lose an outcome after a later event of one was sent.
   * If it resolves to true, they continue; if it resolves to false or rejects, the events waiting in them come back
   * deferred.
   */
  readonly settled?: (position: number, outcome: Outcome) => Promise<boolean> | undefined;
  /**
   * The caller is a queue, which says once what becomes of an event, by `queued_event_settled`. The signals
   * `event_settled` of this call are marked as tries (`queued`), so that nobody counts an event twice.
   */
  readonly queued?: boolean;
  /**
   * The W3C `traceparent` of whoever handed over the event at a position, for the runtime's `onRequest`. Called once
   * for each event that is to be sent, and only where there is an `onRequest`.
   */
  readonly trace?: TraceOf;
}

const defaultWithinMs = 30_000;

/** Events are taken in slices, so that payloads are garbage soon and the event loop stays free. */
const slice = 256;

/**
 * Of more events than these none waits for the end of the input where their times tell the order of a lane: they are
 * taken in that order then. What waits is copied by every collection of garbage, and held until its turn.
 */
const mostHeld = 1_000;

const deliverOptions: OptionTable<DeliverOptions> = {
  withinMs: someMilliseconds,
  signal: anAbortSignal,
  once: aBoolean,
  settled: aFunction,
  queued: aBoolean,
  trace: aFunction,
};

/**
 * Delivers an array of events and returns exactly one outcome per position. The array and the options are read before
 * anything is sent; the caller must not change the events themselves before they have their outcomes.
 *
 * @internal
 */
export async function deliver(
  context: ConnectionContext,
  input: readonly EventOrText[],
  options?: DeliverOptions,
): Promise<readonly Outcome[]> {
  const events = copyOf(input);
  const {
    withinMs = defaultWithinMs,
    signal,
    once = false,
    settled: onSettled,
    queued = false,
    trace,
  } = checkedOptions(options, deliverOptions, 'deliver()');
  const allowedMs = atLeastZero(withinMs, defaultWithinMs);
  const startedAt = context.clock.elapsed();
  const hook = onSettled === undefined ? undefined : createSettledHook(context, onSettled, startedAt + allowedMs);
  const outcomes = new DeliverOutcomes(events.length, hook);
  const { laneOrder } = context.vendor.manifest;
  // Rules may change the time of an event.
  const isTimeKnown = laneOrder === 'eventTime' && context.rules === undefined;
  const positions = isTimeKnown && events.length > mostHeld ? await positionsByTime(events) : undefined;
  const run = new DeliveryRun(
    context,
    {
      withinMs: allowedMs,
      span: positions === undefined ? Number.POSITIVE_INFINITY : 0,
      laneCapacity: Number.POSITIVE_INFINITY,
      remembered: Number.POSITIVE_INFINITY,
      policy: once ? withoutRetries(context.policy) : context.policy,
      queued,
      traceOf: tracedBy(context, trace),
    },
    outcomes,
  );
  const stopListening = onAbort(signal, () => run.stop());
  for (let turn = 0; turn < events.length; turn++) {
    if (turn % slice === 0 && turn > 0) await (run.backlog() > 0 ? run.whenReady() : yieldToEventLoop());
    const index = positions?.[turn] ?? turn;
    run.take(events[index], index, startedAt);
  }
  await run.finish();
  hook?.end();
  stopListening();
  return conserved(context, events, outcomes);
}

/** Collects outcomes by position. The first outcome of a position counts. */
class DeliverOutcomes implements OutcomeReader {
  readonly #hook: SettledHook | undefined;
  readonly byPosition: (Outcome | undefined)[];
  /** Outcomes received, repeated ones included. */
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
    // deliver() waits for finish() instead.
  }
}

/** Copies the array, so that what the caller does with it later changes nothing. A hole becomes `undefined`. */
function copyOf(events: unknown): readonly unknown[] {
  if (!Array.isArray(events)) {
    const hint = typeof events === 'object' && events !== null ? '; stream() takes what can be iterated' : '';
    throw new TypeError(`deliver(): the events must be an array, not ${kindOf(events)}${hint}`);
  }
  const copy: unknown[] = [];
  for (let index = 0; index < events.length; index++) copy.push(events[index]);
  return copy;
}

/**
 * For `once`: 0 attempts, not 1, because throttled attempts do not count as failures, and must not be repeated either.
 * So nothing is retried inside the call, and no `retry_scheduled` is emitted: what may go again is deferred.
 */
const withoutRetries = (policy: RetryPolicy): RetryPolicy => ({ ...policy, attempts: 0 });

/** Checks at run time that there is one outcome per event, and repairs the list if there is not. */
function conserved(
  context: ConnectionContext,
  events: readonly unknown[],
  { byPosition, count }: DeliverOutcomes,
): readonly Outcome[] {
  const { emit, slug, id: connection } = context;
  if (count === events.length && !byPosition.includes(undefined)) return byPosition as Outcome[];
  emit?.({ kind: 'conservation_broken', slug, connection, in: events.length, out: count });
  return byPosition.map((outcome, index) => outcome ?? unknownOutcome(events[index]));
}

/** The runtime lost track of an event, so it claims nothing about it. */
const unknownOutcome = (event: unknown): Outcome => ({
  kind: 'unknown',
  eventId: eventIdOf(event),
  reason: { code: 'internal_error', message: 'A defect in the runtime lost sight of this event' },
});
