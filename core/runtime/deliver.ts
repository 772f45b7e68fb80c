import type { CdpEvent } from '../api/event.ts';
import type { Outcome } from '../api/outcome.ts';
import { breathe } from './clock.ts';
import { eventIdOf } from './event-id.ts';
import { createFlight } from './flight.ts';
import { defect, type Line } from './line.ts';

export interface DeliverOptions {
  /** How long the call may take, in milliseconds (default 30 s). What is not done by then comes back deferred. */
  readonly withinMs?: number;
  /** Aborted: nothing more is started, what is in flight is finished, the rest comes back deferred. */
  readonly signal?: AbortSignal;
  /**
   * Nothing is sent a second time within the call: what would be comes back deferred, with the time from which it may. For
   * hosts that try again themselves, such as a durable queue. What is refused as a whole still goes on in smaller requests.
   */
  readonly once?: boolean;
  /**
   * Called with each position and its outcome as soon as it has one. For hosts that write outcomes down: a promise holds the event's lane,
   * so that a crash cannot forget what came of an event of which a later one has left. With true the lane goes on; with false
   * or an error, what waits in it comes back deferred.
   */
  readonly settled?: (position: number, outcome: Outcome) => Promise<boolean> | undefined;
}

const defaultWithinMs = 30_000;

/** Events are worked in slices, so that payloads die young and the event loop stays free. */
const slice = 256;

/** An array of events in, exactly one outcome per position out. */
export async function deliver(
  line: Line,
  events: readonly CdpEvent[],
  { withinMs = defaultWithinMs, signal, once = false, settled: tell }: DeliverOptions = {},
): Promise<readonly Outcome[]> {
  const outcomes: (Outcome | undefined)[] = events.map(() => undefined);
  let settled = 0;
  const flight = createFlight(once ? withoutRetries(line) : line, {
    withinMs: atLeastZero(withinMs, defaultWithinMs),
    span: Number.POSITIVE_INFINITY,
    laneCapacity: Number.POSITIVE_INFINITY,
    remembered: Number.POSITIVE_INFINITY,
    settle(index, outcome) {
      settled += 1;
      if (outcomes[index] !== undefined) return undefined;
      outcomes[index] = outcome;
      return tell === undefined ? undefined : told(line, tell, index, outcome);
    },
  });
  const stop = (): void => flight.stop();
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) flight.stop();
  const startedAt = line.clock.now();
  for (let index = 0; index < events.length; index++) {
    if (index % slice === 0 && index > 0) await (flight.backlog() > 0 ? flight.room() : breathe());
    flight.take(events[index], index, startedAt);
  }
  await flight.finish();
  signal?.removeEventListener('abort', stop);
  return conserved(line, events, outcomes, settled);
}

/** The host's own code: what it throws must not look like a failure of the vendor. */
function told(
  line: Line,
  tell: NonNullable<DeliverOptions['settled']>,
  position: number,
  outcome: Outcome,
): Promise<boolean> | undefined {
  const failed = (error: unknown): false => {
    defect(line, 'settled', error);
    return false;
  };
  try {
    return tell(position, outcome)?.catch(failed);
  } catch (error) {
    return Promise.resolve(failed(error));
  }
}

/** Throttled attempts do not count as failures, but they are more than none. */
const withoutRetries = (line: Line): Line => ({ ...line, policy: { ...line.policy, attempts: 0 } });

/** Not a number is no limit at all: the default is meant. */
export const atLeastZero = (given: number, otherwise: number): number => (given >= 0 ? given : otherwise);

/** The conservation law, checked at run time: as many outcomes as events, whatever went wrong inside. */
function conserved(
  line: Line,
  events: readonly CdpEvent[],
  outcomes: (Outcome | undefined)[],
  settled: number,
): readonly Outcome[] {
  if (settled === events.length && !outcomes.includes(undefined)) return outcomes as Outcome[];
  line.emit?.({ kind: 'conservation_broken', slug: line.slug, in: events.length, out: settled });
  return outcomes.map((outcome, index) => outcome ?? forgotten(events[index]));
}

/** The runtime lost sight of an event, so it claims nothing about it. */
const forgotten = (event: unknown): Outcome => ({
  kind: 'unknown',
  eventId: eventIdOf(event),
  reason: { code: 'internal_error', message: 'A defect in the runtime lost sight of this event' },
});
