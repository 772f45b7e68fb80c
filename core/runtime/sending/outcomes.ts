import type { Outcome, Reason } from '../../api/outcome.ts';
import { ambiguousCodes } from '../../api/reason-codes.ts';
import { isoTime } from '../../policy/clock.ts';
import type { PendingDelivery } from '../batching/pending-delivery.ts';
import type { ConnectionContext } from '../connection-context.ts';
import type { SlotRefusal } from './pacer.ts';
import type { Suspension } from './suspensions.ts';

export const delivered = ({ eventId, attempts, notes }: PendingDelivery, note: string | undefined): Outcome => {
  const isNoted = notes !== undefined && notes.length > 0;
  if (note === undefined && !isNoted) return { kind: 'delivered', eventId, attempts };
  return {
    kind: 'delivered',
    eventId,
    attempts,
    ...(note === undefined ? {} : { note }),
    ...(isNoted ? { notes } : {}),
  };
};

/** A final refusal; `unknown` if the vendor may have the event from an earlier attempt. */
export const rejected = (delivery: PendingDelivery, reason: Reason): Outcome =>
  delivery.ambiguous
    ? unknown(delivery, { ...reason, ...maybeTaken })
    : { kind: 'rejected', eventId: delivery.eventId, reason };

export const maybeTaken = {
  code: 'ambiguous_delivery',
  message:
    'An earlier answer did not say whether it was taken, and a later one was a no: the vendor may have the event',
} as const;

/**
 * The vendor does not want the event; `unknown` if an earlier attempt was ambiguous, because a vendor that only
 * validated it this time may have stored it the time before.
 */
export const skipped = (delivery: PendingDelivery, reason: Reason): Outcome =>
  delivery.ambiguous
    ? unknown(delivery, { ...reason, ...maybeTaken })
    : { kind: 'skipped', eventId: delivery.eventId, reason };

/** The vendor may have the event, and it is not sent again. */
export const unknown = ({ eventId }: PendingDelivery, reason: Reason): Outcome => ({
  kind: 'unknown',
  eventId,
  reason: ambiguousReason(reason),
});

/** The reason under a code that says that the vendor may have it. */
export const ambiguousReason = (reason: Reason): Reason =>
  ambiguousCodes.has(reason.code) ? reason : { ...reason, code: 'ambiguous_delivery' };

/**
 * The event may be sent again at `retryAt` (epoch ms). With a `scope`, other events of the connection may be sent
 * meanwhile. If the vendor may have the event already, the reason says so, whatever happened since.
 */
export function deferred(delivery: PendingDelivery, reason: Reason, retryAt: number, scope?: string): Outcome {
  const { eventId, ambiguous } = delivery;
  const honest = ambiguous ? maybeDeliveredReason(reason) : reason;
  const outcome = { kind: 'deferred', eventId, reason: honest, retryAt: isoTime(retryAt) } as const;
  return scope === undefined ? outcome : { ...outcome, scope };
}

/** The reason of a later failure, after an attempt that the vendor may have taken. */
export const maybeDeliveredReason = (reason: Reason): Reason =>
  ambiguousCodes.has(reason.code) ? reason : { ...reason, ...maybeDelivered };

/** The reason for events that a stopped call did not send. */
export const stoppedReason: Reason = { code: 'held_back', message: 'The call was stopped before the event was sent' };

/** The reasons for events whose batch got no slot. */
export const slotRefusals: Readonly<Record<SlotRefusal['cause'], Reason>> = {
  deadline: { code: 'timeout', message: 'Time ran out before the event could be sent' },
  throttled: { code: 'rate_limited', message: 'The pace of this connection does not let the event leave in time' },
  stopped: stoppedReason,
};

/**
 * Our own pace gave no slot. Known by the reason itself: a folder may say `rate_limited` of one event, without a status
 * and a scope, and then the others may leave.
 */
export const isPaceRefusal = (reason: Reason): boolean => reason === slotRefusals.throttled;

/** The event must not overtake a deferred event of its lanes. */
export const heldBack = (delivery: PendingDelivery, until: number): Outcome =>
  deferred(delivery, { code: 'held_back', message: 'An earlier event of the same lane has to go first' }, until);

const maybeDelivered = {
  code: 'ambiguous_delivery',
  message:
    'An earlier answer did not say whether it was taken, and a later attempt did not get through: the vendor may have the event',
} as const;

/** Not sent, because its scope or the connection is suspended. */
export function suspended(
  delivery: PendingDelivery,
  { reason, scope }: Suspension,
  context: ConnectionContext,
): Outcome {
  if (delivery.ambiguous) return deferred(delivery, reason, context.clock.now(), scope);
  const { eventId } = delivery;
  return scope === undefined ? { kind: 'suspended', eventId, reason } : { kind: 'suspended', eventId, reason, scope };
}

/** The outcome of an event that a defect of the runtime lost track of. */
export const lostOutcome = (delivery: PendingDelivery): Outcome =>
  delivery.attempts > 0
    ? unknown(delivery, { code: 'ambiguous_delivery', message: 'A defect in the runtime hid what became of the event' })
    : rejected(delivery, { code: 'internal_error', message: 'A defect in the runtime stopped the event' });
