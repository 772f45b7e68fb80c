import Denque from 'denque';
import type { Clock } from '../../policy/clock.ts';
import type { SlidingWindow } from '../../policy/sliding-window.ts';

/** Why a request may not leave in time, and when it might. */
export interface SlotRefusal {
  readonly cause: 'deadline' | 'throttled' | 'stopped';
  /** Epoch ms. */
  readonly retryAt: number;
}

/** Who wants a slot. */
export interface SlotWaiter {
  /** Deliveries in the request. */
  readonly items: number;
  /** By clock.elapsed. */
  readonly deadline: number;
  /** What it belongs to, for dismiss(). */
  readonly run: object;
  /** It goes before all others. */
  readonly urgent: boolean;
  /** Once: with `undefined` the slot is taken, and release() has to follow; with a refusal there is none in time. */
  onSlot(refusal: SlotRefusal | undefined): void;
}

export type Passage = 'open' | 'single' | 'examined';

/**
 * Says when a request may leave: slots, rate buckets, and the one back-off gate of the connection. First come, first
 * served.
 */
export interface Pacer {
  /** Calls onSlot() at once, or later. */
  acquire(waiter: SlotWaiter): void;
  /** Who gets a slot: everybody; one at a time; or, while something is examined, only who is urgent. */
  narrow(passage: Passage): void;
  /** Resolves when no slot is taken. */
  whenIdle(): Promise<void>;
  /** Of the items that got the slot so many leave; 0 where none does, and then nothing begins. */
  changed(items: number, leaving: number): void;
  /** The request begins to leave. Once for every slot that was acquired, at the latest when it is released. */
  started(items: number): void;
  release(): void;
  /** The vendor asked for a pause: nothing leaves for so many milliseconds. */
  pauseFor(ms: number): void;
  /** When the vendor's pause is over: now, or later (epoch ms). */
  opensAt(): number;
  /** Refuses everything that waits for this run. */
  dismiss(run: object): void;
  /**
   * About how many milliseconds one more would wait, at the pace, behind all that wait here and so many that will: 0
   * without a rate.
   */
  behindMs(requests: number, items: number): number;
}

/** How often waiters behind a busy slot are checked for a deadline that has passed. */
const sweepMs = 100;

export function createPacer(concurrency: number, windows: readonly SlidingWindow[], clock: Clock): Pacer {
  const waiting = new Denque<SlotWaiter>();
  let waitingItems = 0;
  /** They go before all others. */
  const urgents = new Denque<SlotWaiter>();
  let passage: Passage = 'open';
  let idlers: (() => void)[] = [];
  let free = concurrency;
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let isPumping = false;
  let timer: { readonly at: number; readonly cancel: () => void } | undefined;

  /** A date so many milliseconds away. */
  const dateIn = (ms: number): number => clock.now() + ms;
  const gateMs = (now: number): number => Math.max(0, pausedUntil - now);
  /** Milliseconds until the gate and every bucket let `items` pass. */
  const delayMs = (items: number, now: number): number => {
    let delay = gateMs(now);
    for (const window of windows) delay = Math.max(delay, window.delayMs(items, now));
    return delay;
  };
  const take = (items: number): void => {
    free -= 1;
    for (const window of windows) window.reserve(items);
  };

  /** Whose head is next; `undefined` when nobody may leave. */
  function next(): Denque<SlotWaiter> | undefined {
    if (urgents.length > 0) return urgents;
    return waiting.length > 0 && passage !== 'examined' ? waiting : undefined;
  }

  const hasSlot = (): boolean => (passage === 'single' ? free === concurrency : free > 0);

  /**
   * Who gets a slot may send, be answered and release it before onSlot() returns: the loop here goes on, not a call
   * inside the call.
   */
  function pump(): void {
    if (isPumping) return;
    isPumping = true;
    try {
      const now = clock.elapsed();
      for (let queue = next(); queue !== undefined; queue = next()) {
        const head = queue.peekFront() as SlotWaiter;
        const delay = delayMs(head.items, now);
        if (now + delay > head.deadline || now >= head.deadline) {
          queue.shift();
          waitingItems -= head.items;
          head.onSlot({ cause: delay > 0 ? 'throttled' : 'deadline', retryAt: dateIn(delay) });
        } else if (hasSlot() && delay === 0) {
          queue.shift();
          waitingItems -= head.items;
          take(head.items);
          head.onSlot(undefined);
        } else {
          return wakeIn(delay > 0 ? delay : sweepMs);
        }
      }
      if (waiting.length > 0) wakeIn(sweepMs);
    } finally {
      isPumping = false;
    }
  }

  function wakeIn(ms: number): void {
    const wait = Math.min(ms, sweepMs);
    const at = clock.elapsed() + wait;
    if (timer !== undefined && timer.at <= at) return;
    timer?.cancel();
    const cancel = clock.after(wait, () => {
      timer = undefined;
      sweep();
      pump();
    });
    timer = { at, cancel };
  }

  function sweep(): void {
    const now = clock.elapsed();
    refuseWhere((waiter) => waiter.deadline <= now, { cause: 'deadline', retryAt: dateIn(gateMs(now)) });
  }

  function refuseWhere(matches: (waiter: SlotWaiter) => boolean, refusal: SlotRefusal): void {
    const refusedWaiters: SlotWaiter[] = [];
    for (const queue of [urgents, waiting]) {
      for (let count = queue.length; count > 0; count--) {
        const waiter = queue.shift() as SlotWaiter;
        if (matches(waiter)) refusedWaiters.push(waiter);
        else queue.push(waiter);
      }
    }
    for (const { items } of refusedWaiters) waitingItems -= items;
    for (const waiter of refusedWaiters) waiter.onSlot(refusal);
    if (waiting.length === 0 && urgents.length === 0 && free === concurrency) stopTimer();
  }

  function stopTimer(): void {
    timer?.cancel();
    timer = undefined;
  }

  return {
    acquire(waiter) {
      const { items, deadline } = waiter;
      const now = clock.elapsed();
      const delay = delayMs(items, now);
      if (now >= deadline) return waiter.onSlot({ cause: 'deadline', retryAt: dateIn(delay) });
      if (now + delay > deadline) return waiter.onSlot({ cause: 'throttled', retryAt: dateIn(delay) });
      if (passage === 'open' && free > 0 && delay === 0 && waiting.length === 0) {
        take(items);
        return waiter.onSlot(undefined);
      }
      (waiter.urgent ? urgents : waiting).push(waiter);
      waitingItems += items;
      pump();
    },
    changed(items, leaving) {
      for (const window of windows) window.change(items, leaving);
    },
    started(items) {
      if (windows.length === 0) return;
      const now = clock.elapsed();
      for (const window of windows) window.start(items, now);
      if (waiting.length > 0) pump();
    },
    narrow(nextPassage) {
      if (passage === nextPassage) return;
      passage = nextPassage;
      if (waiting.length > 0) pump();
    },
    whenIdle: () => (free === concurrency ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve))),
    release() {
      free += 1;
      if (free === concurrency && idlers.length > 0) {
        for (const idle of idlers) idle();
        idlers = [];
      }
      if (waiting.length > 0 || urgents.length > 0) pump();
      else if (free === concurrency) stopTimer();
    },
    pauseFor(ms) {
      pausedUntil = Math.max(pausedUntil, clock.elapsed() + ms);
    },
    behindMs(requests, items) {
      if (windows.length === 0) return 0;
      const now = clock.elapsed();
      let wait = 0;
      for (const window of windows)
        wait = Math.max(wait, window.behindMs(waiting.length + requests, waitingItems + items, now));
      return gateMs(now) + wait;
    },
    opensAt: () => dateIn(gateMs(clock.elapsed())),
    dismiss(run) {
      refuseWhere((waiter) => waiter.run === run, { cause: 'stopped', retryAt: dateIn(gateMs(clock.elapsed())) });
      pump();
    },
  };
}
