import type { Rate } from '../api/manifest.ts';
import type { Clock } from './clock.ts';
import { createSlidingWindow, type SlidingWindow } from './sliding-window.ts';

/** A rate window that a connection uses until it is closed. */
export interface WindowLease {
  readonly window: SlidingWindow;
  /** Does nothing when it is called again. */
  release(): void;
}

/**
 * The rate windows of a runtime. An unused window stays until it is empty: closing a connection and opening it again
 * must not let more through than the vendor allows.
 */
export interface WindowLeases {
  /** One window for all who ask with this key. `create`: makes it where it counts for other processes, too. */
  shared(key: string, rate: Rate, create?: (rate: Rate) => SlidingWindow): WindowLease;
  /** A window that nobody else uses at the time: one that was released with this key, or a new one. */
  own(key: string, rate: Rate): WindowLease;
  /** How many windows there are. */
  size(): number;
}

interface Entry {
  readonly window: SlidingWindow;
  /** The key of own(), for a window that only one connection uses at a time. */
  readonly ownKey: string | undefined;
  users: number;
}

/** How many unused windows each call looks at: more than it can have added. */
const sweepsPerStep = 2;
/** How often it looks at all of them, where nothing is opened or closed any more. */
const sweepMs = 10_000;

export function createWindowLeases({ elapsed }: Pick<Clock, 'elapsed'>): WindowLeases {
  const entries = new Map<string, Entry>();
  /** Windows that nobody uses, the one that was looked at longest ago first. */
  const unused = new Map<string, Entry>();
  /** Those of them that the next call of own() gets, by its key. */
  const spare = new Map<string, Map<string, Entry>>();
  let numbered = 0;
  let timer: NodeJS.Timeout | undefined;

  function addUnused(key: string, entry: Entry): void {
    unused.set(key, entry);
    if (entry.ownKey === undefined) return;
    const others = spare.get(entry.ownKey);
    if (others === undefined) spare.set(entry.ownKey, new Map([[key, entry]]));
    else others.set(key, entry);
  }

  function removeUnused(key: string, { ownKey }: Entry): void {
    unused.delete(key);
    const others = ownKey === undefined ? undefined : spare.get(ownKey);
    others?.delete(key);
    if (ownKey !== undefined && others?.size === 0) spare.delete(ownKey);
  }

  function sweep(most: number): void {
    const now = elapsed();
    let left = Math.min(most, unused.size);
    for (const [key, entry] of unused) {
      if (left-- === 0) break;
      removeUnused(key, entry);
      if (entry.window.isEmpty(now)) entries.delete(key);
      else addUnused(key, entry);
    }
  }

  /** Does not keep the process alive, and ends when no unused window is left. */
  function scheduleSweep(): void {
    if (unused.size === 0) {
      clearTimeout(timer);
      timer = undefined;
      return;
    }
    timer ??= setTimeout(() => {
      timer = undefined;
      sweep(unused.size);
      scheduleSweep();
    }, sweepMs).unref();
  }

  function lease(key: string, rate: Rate, ownKey?: string, create = createSlidingWindow): WindowLease {
    let entry = entries.get(key);
    if (entry === undefined) {
      entry = { window: create(rate), ownKey, users: 0 };
      entries.set(key, entry);
    }
    const used = entry;
    used.users += 1;
    removeUnused(key, used);
    sweep(sweepsPerStep);
    scheduleSweep();
    let isReleased = false;
    return {
      window: used.window,
      release() {
        if (isReleased) return;
        isReleased = true;
        used.users -= 1;
        if (used.users > 0) return;
        if (used.window.isEmpty(elapsed())) entries.delete(key);
        else addUnused(key, used);
        sweep(sweepsPerStep);
        scheduleSweep();
      },
    };
  }

  return {
    shared: (key, rate, create) => lease(JSON.stringify(['shared', key, rate]), rate, undefined, create),
    own(key, rate) {
      const ownKey = JSON.stringify(['own', key, rate]);
      for (const known of spare.get(ownKey)?.keys() ?? []) return lease(known, rate, ownKey);
      numbered += 1;
      return lease(`${ownKey} ${numbered}`, rate, ownKey);
    },
    size: () => entries.size,
  };
}
