import { reject, type Unsent } from '../delivery.ts';
import type { TransformContext } from '../destination.ts';
import { type CdpEvent } from '../event.ts';
import { eventClock, eventTime } from './event-time.ts';
import { checkMembers, type MemberTable } from '../member-check.ts';

/** Which times a vendor takes, from now or in all. */
export interface TimeBounds {
  /** The vendor, as the reasons call it. */
  readonly vendor: string;
  /** How long ago an event may be, in milliseconds. Default: no bound, if there is another one. */
  readonly pastMs?: number;
  /** Default: no bound. A device's clock may go a little fast, so leave it some minutes. */
  readonly futureMs?: number;
  /** The first time that the vendor takes, in epoch milliseconds. Default: no bound. */
  readonly notBefore?: number;
}

/**
 * Compiles the reader of an event's time for a vendor that takes none too old: its epoch milliseconds, or why it cannot
 * be sent (`invalid_value` without a usable time, or from the future; `stale_event`). Call it at module level.
 *
 * @example
 * const timeOf = eventTimeWithin({ vendor: 'Acme', pastMs: 7 * 86_400_000, futureMs: 5 * 60_000 });
 * const at = timeOf(event, context); // a number, or an Unsent: return it from transform()
 * const since1971 = eventTimeWithin({ vendor: 'Acme', notBefore: Date.UTC(1971, 0, 1), futureMs: 3_600_000 });
 */
export function eventTimeWithin(
  bounds: TimeBounds,
): (event: CdpEvent, context: Pick<TransformContext, 'now'>) => number | Unsent {
  checkMembers('eventTimeWithin()', bounds, boundMembers);
  const { vendor, pastMs = Infinity, futureMs = Infinity, notBefore = -Infinity } = bounds;
  if (pastMs === Infinity && futureMs === Infinity && notBefore === -Infinity)
    throw new TypeError('eventTimeWithin(): there is no bound');
  if (!(pastMs > 0 && futureMs >= 0 && notBefore < Infinity))
    throw new TypeError('eventTimeWithin(): the bounds must be milliseconds');
  const noTime = 'The event has no usable time';
  const tooOld = `The event is older than ${vendor} takes`;
  const tooNew = `The event is further in the future than ${vendor} takes`;
  return (event, { now }) => {
    const at = eventTime(event);
    if (at === undefined) return reject('invalid_value', noTime, eventClock(event) ?? 'timestamp');
    if (now - at > pastMs || at < notBefore) return reject('stale_event', tooOld, eventClock(event));
    return at - now > futureMs ? reject('invalid_value', tooNew, eventClock(event)) : at;
  };
}

const boundMembers: MemberTable<TimeBounds> = {
  vendor: 'required',
  pastMs: 'optional',
  futureMs: 'optional',
  notBefore: 'optional',
};
