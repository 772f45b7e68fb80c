import Denque from 'denque';
import type { Clock } from '../../policy/clock.ts';
import type { SlidingWindow } from '../../policy/sliding-window.ts';

/** Why a request cannot be sent in time, and when it could be. */
export interface SlotRefusal {
  readonly cause: 'deadline' | 'throttled' | 'stopped';
  /** Epoch ms. */
  readonly retryAt: number;
}

/** A request that waits for a slot. */
export interface SlotWaiter {
  /** Deliveries in the request. */
  readonly size: number;
  /** By clock.elapsed. */
  readonly deadline: number;
  /** The run it belongs to, for dismiss(). */
  readonly run: object;
  /** It goes before all others. */
  readonly urgent: boolean;
  /**
   * Called once: with `undefined` the slot is taken, and release() has to follow; with a refusal there is no slot in
   * time.
   */
  onSlot(refusal: SlotRefusal | undefined): void;
}

export type Passage = 'open' | 'single' | 'examined';

/**
 * Decides when a request may be sent, by slots, rate windows, and the connection's back-off gate. First come, first
 * served.
 */
export interface Pacer {
  /** Calls onSlot() at once, or later. */
  acquire(waiter: SlotWaiter): void;
  /** Limits who gets a slot: everybody; one request at a time; or only urgent ones, during an examination. */
  narrow(passage: Passage): void;
  /** Resolves when no slot is taken. */
  whenIdle(): Promise<void>;
  /** Corrects the number of items in a slot: so many are sent. If it is 0, started() does not follow. */
  changed(items: number, leaving: number): void;
  /** The request starts. Called once for every slot, at the latest when it is released. */
  started(items: number): void;
  release(): void;
  /** The vendor asked for a pause: nothing is sent for so many milliseconds. */
  pauseFor(ms: number): void;
  /** When the vendor's pause ends: now, or later (epoch ms). */
  opensAt(): number;
  /** Refuses all waiting requests of this run. */
  dismiss(run: object): void;
  /**
   * About how many milliseconds one more would wait, at the pace, behind all that wait here and so many that will: 0
   * without a rate.
   */
  behindMs(requests: number, items: number): number;
}

/** How often the deadlines of waiting requests are checked, in milliseconds. */
const sweepMs = 100;

export function createPacer(concurrency: number, windows: readonly SlidingWindow[], clock: Clock): Pacer {
  const waiting = new Denque<SlotWaiter>();
  let waitingItems = 0;
  /** They go before `waiting`. */
  const urgents = new Denque<SlotWaiter>();
  let passage: Passage = 'open';
  let idlers: (() => void)[] = [];
  let free = concurrency;
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let isPumping = false;
  let timer: { readonly at: number; readonly cancel: () => void } | undefined;

  /** The date so many milliseconds from now. */
  const dateIn = (ms: number): number => clock.now() + ms;
  const gateMs = (now: number): number => Math.max(0, pausedUntil - now);
  /** Milliseconds until the gate and every window let `items` pass. */
  const delayMs = (items: number, now: number): number => {
    let delay = gateMs(now);
    for (const window of windows) delay = Math.max(delay, window.delayMs(items, now));
    return delay;
  };
  const take = (items: number, now: number): void => {
    free -= 1;
    for (const window of windows) window.reserve(items, now);
  };

  /** The queue whose head is next; `undefined` if no request may be sent. */
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
        const delay = delayMs(head.size, now);
        if (now + delay > head.deadline || now >= head.deadline) {
          queue.shift();
          waitingItems -= head.size;
          head.onSlot({ cause: delay > 0 ? 'throttled' : 'deadline', retryAt: dateIn(delay) });
        } else if (hasSlot() && delay === 0) {
          queue.shift();
          waitingItems -= head.size;
          take(head.size, now);
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
    for (const { size } of refusedWaiters) waitingItems -= size;
    for (const waiter of refusedWaiters) waiter.onSlot(refusal);
    if (waiting.length === 0 && urgents.length === 0 && free === concurrency) stopTimer();
  }

  function stopTimer(): void {
    timer?.cancel();
    timer = undefined;
  }

  return {
    acquire(waiter) {
      const { size, deadline } = waiter;
      const now = clock.elapsed();
      const delay = delayMs(size, now);
      if (now >= deadline) return waiter.onSlot({ cause: 'deadline', retryAt: dateIn(delay) });
      if (now + delay > deadline) return waiter.onSlot({ cause: 'throttled', retryAt: dateIn(delay) });
      if (passage === 'open' && free > 0 && delay === 0 && waiting.length === 0) {
        take(size, now);
        return waiter.onSlot(undefined);
      }
      (waiter.urgent ? urgents : waiting).push(waiter);
      waitingItems += size;
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
