import type { Rate } from '../api/manifest.ts';
import type { Clock } from './clock.ts';
import { createSlidingWindow, type SlidingWindow } from './sliding-window.ts';

/** A bucket that a connection uses until it is closed. */
export interface Lease {
  readonly window: SlidingWindow;
  /** Once; more often is as once. */
  giveBack(): void;
}

/**
 * The rate buckets of a runtime. One that nobody uses stays until its window is empty: to close a connection and open
 * it again must not let more through than the vendor allows. Then it is gone.
 */
export interface WindowLeases {
  /** One bucket for all who ask with this key. */
  shared(key: string, rate: Rate): Lease;
  /** A bucket that nobody else uses at the time: one that was given back with this key, or a new one. */
  own(key: string, rate: Rate): Lease;
  /** Buckets there are. */
  size(): number;
}

interface Entry {
  readonly window: SlidingWindow;
  /** The key it was asked for with, where it is nobody else's at the time. */
  readonly ownKey: string | undefined;
  users: number;
}

/** Of the buckets that nobody uses, so many are looked at with each step: more than can have come with it. */
const looks = 2;
/** And all of them this often, where nothing is opened or closed any more. */
const sweepMs = 10_000;

export function createWindowLeases({ elapsed }: Pick<Clock, 'elapsed'>): WindowLeases {
  const entries = new Map<string, Entry>();
  /** Those that nobody uses, the one that was not looked at for longest first. */
  const unused = new Map<string, Entry>();
  /** By their own key, those of them that the next one who asks with it gets. */
  const spare = new Map<string, Map<string, Entry>>();
  let numbered = 0;
  let timer: NodeJS.Timeout | undefined;

  function setAside(key: string, entry: Entry): void {
    unused.set(key, entry);
    if (entry.ownKey === undefined) return;
    const others = spare.get(entry.ownKey);
    if (others === undefined) spare.set(entry.ownKey, new Map([[key, entry]]));
    else others.set(key, entry);
  }

  function takeBack(key: string, { ownKey }: Entry): void {
    unused.delete(key);
    const others = ownKey === undefined ? undefined : spare.get(ownKey);
    others?.delete(key);
    if (ownKey !== undefined && others?.size === 0) spare.delete(ownKey);
  }

  function drop(most: number): void {
    const now = elapsed();
    let left = Math.min(most, unused.size);
    for (const [key, entry] of unused) {
      if (left-- === 0) break;
      takeBack(key, entry);
      if (entry.window.isEmpty(now)) entries.delete(key);
      else setAside(key, entry);
    }
  }

  /** Keeps neither the process alive nor, once all is gone, itself. */
  function wind(): void {
    if (unused.size === 0) {
      clearTimeout(timer);
      timer = undefined;
      return;
    }
    timer ??= setTimeout(() => {
      timer = undefined;
      drop(unused.size);
      wind();
    }, sweepMs).unref();
  }

  function lease(key: string, rate: Rate, ownKey?: string): Lease {
    let entry = entries.get(key);
    if (entry === undefined) {
      entry = { window: createSlidingWindow(rate), ownKey, users: 0 };
      entries.set(key, entry);
    }
    const used = entry;
    used.users += 1;
    takeBack(key, used);
    drop(looks);
    wind();
    let over = false;
    return {
      window: used.window,
      giveBack() {
        if (over) return;
        over = true;
        used.users -= 1;
        if (used.users > 0) return;
        if (used.window.isEmpty(elapsed())) entries.delete(key);
        else setAside(key, used);
        drop(looks);
        wind();
      },
    };
  }

  return {
    shared: (key, rate) => lease(JSON.stringify(['shared', key, rate]), rate),
    own(key, rate) {
      const ownKey = JSON.stringify(['own', key, rate]);
      for (const known of spare.get(ownKey)?.keys() ?? []) return lease(known, rate, ownKey);
      numbered += 1;
      return lease(`${ownKey} ${numbered}`, rate, ownKey);
    },
    size: () => entries.size,
  };
}
