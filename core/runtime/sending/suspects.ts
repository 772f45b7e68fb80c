import { createHash } from 'node:crypto';
import type { PendingDelivery } from '../batching/pending-delivery.ts';

/** Remembers events that were refused alone, or went back to the host for a refusal, across calls. */
export interface Suspects {
  /** The mark after the event's first refusal; `undefined` if it is not remembered. */
  markOf(delivery: PendingDelivery): number | undefined;
  add(delivery: PendingDelivery): void;
  /** The event goes back to the host for a refusal. Returns how often it has. */
  putOff(delivery: PendingDelivery): number;
}

const mostRemembered = 1_000;

export function createSuspects(): Suspects {
  const known = new Map<string, { readonly mark: number | undefined; times: number }>();

  function entryOf(delivery: PendingDelivery) {
    const key = keyOf(delivery);
    let entry = known.get(key);
    if (entry === undefined) {
      entry = { mark: delivery.refusalMark, times: 0 };
      known.set(key, entry);
      if (known.size > mostRemembered) known.delete(known.keys().next().value as string);
    }
    return entry;
  }
  return {
    markOf: (delivery) => (known.size === 0 ? undefined : known.get(keyOf(delivery))?.mark),
    add: (delivery) => void entryOf(delivery),
    putOff(delivery) {
      const entry = entryOf(delivery);
      entry.times += 1;
      return entry.times;
    },
  };
}

const keys = new WeakMap<PendingDelivery, string>();

/** A key by the delivery's text, because hosts pass the same event as another object. */
export function keyOf(delivery: PendingDelivery): string {
  let key = keys.get(delivery);
  if (key === undefined) {
    key = createHash('sha256').update(delivery.text).digest('base64');
    keys.set(delivery, key);
  }
  return key;
}
