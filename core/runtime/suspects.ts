import { createHash } from 'node:crypto';
import type { Parcel } from './parcel.ts';

/** Events that were refused alone, or went back to the host for a refusal: known when they come again, in whatever call. */
export interface Suspects {
  /** The mark after its first refusal; `undefined` where it is none of them. */
  markOf(parcel: Parcel): number | undefined;
  add(parcel: Parcel): void;
  /** It goes back to the host for a refusal. Says how often it has. */
  putOff(parcel: Parcel): number;
}

const mostRemembered = 1_000;

export function createSuspects(): Suspects {
  const known = new Map<string, { readonly mark: number | undefined; times: number }>();

  function entryOf(parcel: Parcel) {
    const key = keyOf(parcel);
    let entry = known.get(key);
    if (entry === undefined) {
      entry = { mark: parcel.refused, times: 0 };
      known.set(key, entry);
      if (known.size > mostRemembered) known.delete(known.keys().next().value as string);
    }
    return entry;
  }
  return {
    markOf: (parcel) => (known.size === 0 ? undefined : known.get(keyOf(parcel))?.mark),
    add: (parcel) => void entryOf(parcel),
    putOff(parcel) {
      const entry = entryOf(parcel);
      entry.times += 1;
      return entry.times;
    },
  };
}

const keys = new WeakMap<Parcel, string>();

/** By its text: hosts hand over the same event as another object. */
export function keyOf(parcel: Parcel): string {
  let key = keys.get(parcel);
  if (key === undefined) {
    key = createHash('sha256').update(parcel.text).digest('base64');
    keys.set(parcel, key);
  }
  return key;
}
