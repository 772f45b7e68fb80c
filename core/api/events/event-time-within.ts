import { reject, type Unsent } from '../delivery.ts';
import type { TransformContext } from '../destination.ts';
import { eventClock, eventTime, type CdpEvent } from '../event.ts';
import { checkMembers } from '../member-check.ts';

/** How far from now a vendor takes events, in milliseconds. */
export interface TimeBounds {
  /** The vendor, as the reasons call it. */
  readonly vendor: string;
  readonly pastMs: number;
  /** Default: no bound. A device's clock may go a little fast, so leave it some minutes. */
  readonly futureMs?: number;
}

/**
 * Compiles the reader of an event's time for a vendor that takes none too old: its epoch milliseconds, or why it cannot
 * be sent (`invalid_value` without a usable time, or from the future; `stale_event`). Call it at module level.
 *
 * @example
 * const timeOf = eventTimeWithin({ vendor: 'Acme', pastMs: 7 * 86_400_000, futureMs: 5 * 60_000 });
 * const at = timeOf(event, context); // a number, or an Unsent: return it from transform()
 */
export function eventTimeWithin(
  bounds: TimeBounds,
): (event: CdpEvent, context: Pick<TransformContext, 'now'>) => number | Unsent {
  checkMembers('eventTimeWithin()', bounds, { vendor: 'required', pastMs: 'required', futureMs: 'optional' });
  const { vendor, pastMs, futureMs = Infinity } = bounds;
  if (!(pastMs > 0 && futureMs >= 0)) throw new TypeError('eventTimeWithin(): the bounds must be milliseconds');
  const noTime = 'The event has no usable time';
  const tooOld = `The event is older than ${vendor} takes`;
  const tooNew = `The event is further in the future than ${vendor} takes`;
  return (event, { now }) => {
    const at = eventTime(event);
    if (at === undefined) return reject('invalid_value', noTime, eventClock(event) ?? 'timestamp');
    if (now - at > pastMs) return reject('stale_event', tooOld, eventClock(event));
    return at - now > futureMs ? reject('invalid_value', tooNew, eventClock(event)) : at;
  };
}
