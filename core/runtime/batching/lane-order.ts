import type { PendingDelivery } from './pending-delivery.ts';

/** Input is nearly sorted, so the end is looked at first. */
export function insertInOrder(waiting: PendingDelivery[], delivery: PendingDelivery): void {
  const last = waiting.at(-1);
  if (last === undefined || !isBefore(delivery, last)) waiting.push(delivery);
  else waiting.splice(positionOf(waiting, delivery), 0, delivery);
}

/** Where a delivery is in a sorted list, or would be. */
export function positionOf(waiting: readonly PendingDelivery[], delivery: PendingDelivery): number {
  let low = 0;
  for (let high = waiting.length; low < high;) {
    const middle = (low + high) >> 1;
    if (isBefore(waiting[middle] as PendingDelivery, delivery)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The order of all lanes: by time, those without one first, and by their place in the input. */
function isBefore(one: PendingDelivery, other: PendingDelivery): boolean {
  const [time, otherTime] = [timeOf(one), timeOf(other)];
  return time < otherTime || (time === otherTime && one.index < other.index);
}

const timeOf = ({ occurredAt = Number.NEGATIVE_INFINITY }: PendingDelivery): number => occurredAt;
