import { ambiguousCodes, type Outcome, type Reason } from '../../api/outcome.ts';
import { isoTime } from '../../policy/clock.ts';
import type { ConnectionContext } from '../connection-context.ts';
import type { PendingDelivery } from '../batching/pending-delivery.ts';
import type { SlotRefusal } from './pacer.ts';
import type { Suspension } from './suspensions.ts';

export const delivered = ({ eventId, attempts, notes }: PendingDelivery, note: string | undefined): Outcome => {
  if (note === undefined && notes === undefined) return { kind: 'delivered', eventId, attempts };
  return {
    kind: 'delivered',
    eventId,
    attempts,
    ...(note === undefined ? {} : { note }),
    ...(notes === undefined ? {} : { notes }),
  };
};

/** A final no. One that the vendor may have taken from an earlier attempt is not claimed either way. */
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
 * Not wanted there after all. That the vendor only checked it this time does not say that it only checked it the time
 * before.
 */
export const skipped = (delivery: PendingDelivery, reason: Reason): Outcome =>
  delivery.ambiguous
    ? unknown(delivery, { ...reason, ...maybeTaken })
    : { kind: 'skipped', eventId: delivery.eventId, reason };

/** The vendor may have it, and it is not sent again. */
export const unknown = ({ eventId }: PendingDelivery, reason: Reason): Outcome => ({
  kind: 'unknown',
  eventId,
  reason: ambiguousCodes.has(reason.code) ? reason : { ...reason, code: 'ambiguous_delivery' },
});

/**
 * May come again at `retryAt` (epoch ms), as others of the connection may meanwhile, where it waits with its `scope`
 * alone. One that the vendor may have already says so, whatever happened since.
 */
export function deferred(delivery: PendingDelivery, reason: Reason, retryAt: number, scope?: string): Outcome {
  const { eventId, ambiguous } = delivery;
  const honest: Reason = ambiguous && !ambiguousCodes.has(reason.code) ? { ...reason, ...maybeDelivered } : reason;
  const outcome = { kind: 'deferred', eventId, reason: honest, retryAt: isoTime(retryAt) } as const;
  return scope === undefined ? outcome : { ...outcome, scope };
}

/** Why what a stopped call has not begun comes back. */
export const stoppedReason: Reason = { code: 'held_back', message: 'The call was stopped before the event was sent' };

/** Why what was refused a slot comes back. */
export const slotRefusals: Readonly<Record<SlotRefusal['cause'], Reason>> = {
  deadline: { code: 'timeout', message: 'Time ran out before the event could be sent' },
  throttled: { code: 'rate_limited', message: 'The pace of this connection does not let the event leave in time' },
  stopped: stoppedReason,
};

/** May not overtake an event of its lane that was deferred. */
export const heldBack = (delivery: PendingDelivery, until: number): Outcome =>
  deferred(delivery, { code: 'held_back', message: 'An earlier event of the same lane has to go first' }, until);

export const maybeDelivered = {
  code: 'ambiguous_delivery',
  message:
    'An earlier answer did not say whether it was taken, and a later attempt did not get through: the vendor may have the event',
} as const;

/** Not sent, because nothing of its scope, or of the connection, may leave. */
export function suspended(
  delivery: PendingDelivery,
  { reason, scope }: Suspension,
  context: ConnectionContext,
): Outcome {
  if (delivery.ambiguous) return deferred(delivery, reason, context.clock.now(), scope);
  const { eventId } = delivery;
  return scope === undefined ? { kind: 'suspended', eventId, reason } : { kind: 'suspended', eventId, reason, scope };
}

/** The outcome of an event that a defect of ours lost sight of. */
export const lost = (delivery: PendingDelivery): Outcome =>
  delivery.attempts > 0
    ? unknown(delivery, { code: 'ambiguous_delivery', message: 'A defect in the runtime hid what became of the event' })
    : rejected(delivery, { code: 'internal_error', message: 'A defect in the runtime stopped the event' });
