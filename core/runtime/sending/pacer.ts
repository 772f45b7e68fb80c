import Denque from 'denque';
import type { Clock } from '../../policy/clock.ts';
import type { PermitWaiter, SlidingWindow } from '../../policy/sliding-window.ts';

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
  /** The vendor asked for a pause: nothing is sent for so many milliseconds, by all who share the rate. */
  pauseFor(ms: number): void;
  /** The vendor asked another one who shares the rate for that pause. */
  pausedFor(ms: number): void;
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

/** One object without closures, and no queue before somebody waits: a host may have thousands of connections. */
class SlotPacer implements Pacer, PermitWaiter {
  readonly #concurrency: number;
  readonly #windows: readonly SlidingWindow[];
  readonly #clock: Clock;
  readonly #onPause: ((ms: number) => void) | undefined;
  /** Made for the first that waits. */
  #waiting: Denque<SlotWaiter> | undefined;
  #waitingItems = 0;
  /** They go before those. */
  #urgents: Denque<SlotWaiter> | undefined;
  #passage: Passage = 'open';
  #idlers: (() => void)[] | undefined;
  #free: number;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #isPumping = false;
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;

  constructor(concurrency: number, windows: readonly SlidingWindow[], clock: Clock, onPause?: (ms: number) => void) {
    this.#concurrency = concurrency;
    this.#windows = windows;
    this.#clock = clock;
    this.#onPause = onPause;
    this.#free = concurrency;
  }

  acquire(waiter: SlotWaiter): void {
    const { size, deadline } = waiter;
    const now = this.#clock.elapsed();
    const delay = this.#delayMs(size, now);
    if (now >= deadline) return waiter.onSlot({ cause: 'deadline', retryAt: this.#dateIn(delay) });
    if (now + delay > deadline) return waiter.onSlot({ cause: 'throttled', retryAt: this.#dateIn(delay) });
    if (this.#passage === 'open' && this.#free > 0 && delay === 0 && !waits(this.#waiting)) {
      this.#take(size, now);
      return waiter.onSlot(undefined);
    }
    (waiter.urgent ? (this.#urgents ??= new Denque()) : (this.#waiting ??= new Denque())).push(waiter);
    this.#waitingItems += size;
    this.#pump();
  }

  changed(items: number, leaving: number): void {
    for (const window of this.#windows) window.change(items, leaving);
  }

  started(items: number): void {
    if (this.#windows.length === 0) return;
    const now = this.#clock.elapsed();
    for (const window of this.#windows) window.start(items, now);
    if (waits(this.#waiting)) this.#pump();
  }

  narrow(passage: Passage): void {
    if (this.#passage === passage) return;
    this.#passage = passage;
    if (waits(this.#waiting)) this.#pump();
  }

  whenIdle(): Promise<void> {
    if (this.#free === this.#concurrency) return Promise.resolve();
    return new Promise((resolve) => (this.#idlers ??= []).push(resolve));
  }

  release(): void {
    this.#free += 1;
    const isIdle = this.#free === this.#concurrency;
    if (isIdle && this.#idlers !== undefined) {
      for (const idle of this.#idlers) idle();
      this.#idlers = undefined;
    }
    if (waits(this.#waiting) || waits(this.#urgents)) this.#pump();
    else if (this.#free === this.#concurrency) this.#stopTimer();
  }

  pauseFor(ms: number): void {
    this.pausedFor(ms);
    this.#onPause?.(ms);
  }

  pausedFor(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.elapsed() + ms);
  }

  permitsCame(): void {
    if (waits(this.#waiting) || waits(this.#urgents)) this.#pump();
  }

  behindMs(requests: number, items: number): number {
    if (this.#windows.length === 0) return 0;
    const now = this.#clock.elapsed();
    const ahead = (this.#waiting?.length ?? 0) + requests;
    let wait = 0;
    for (const window of this.#windows) wait = Math.max(wait, window.behindMs(ahead, this.#waitingItems + items, now));
    return this.#gateMs(now) + wait;
  }

  opensAt(): number {
    return this.#dateIn(this.#gateMs(this.#clock.elapsed()));
  }

  dismiss(run: object): void {
    const retryAt = this.opensAt();
    this.#refuseWhere((waiter) => waiter.run === run, { cause: 'stopped', retryAt });
    this.#pump();
  }

  /** The date so many milliseconds from now. */
  #dateIn(ms: number): number {
    return this.#clock.now() + ms;
  }

  #gateMs(now: number): number {
    return Math.max(0, this.#pausedUntil - now);
  }

  /** Milliseconds until the gate and every window let `items` pass. */
  #delayMs(items: number, now: number): number {
    let delay = this.#gateMs(now);
    for (const window of this.#windows) delay = Math.max(delay, window.delayMs(items, now));
    return delay;
  }

  #take(items: number, now: number): void {
    this.#free -= 1;
    for (const window of this.#windows) window.reserve(items, now);
  }

  /** The queue whose head is next; `undefined` if no request may be sent. */
  #next(): Denque<SlotWaiter> | undefined {
    if (waits(this.#urgents)) return this.#urgents;
    return waits(this.#waiting) && this.#passage !== 'examined' ? this.#waiting : undefined;
  }

  #hasSlot(): boolean {
    return this.#passage === 'single' ? this.#free === this.#concurrency : this.#free > 0;
  }

  /**
   * Who gets a slot may send, be answered and release it before onSlot() returns: the loop here goes on, not a call
   * inside the call.
   */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      const now = this.#clock.elapsed();
      for (let queue = this.#next(); queue !== undefined; queue = this.#next()) {
        const head = queue.peekFront() as SlotWaiter;
        const delay = this.#delayMs(head.size, now);
        if (now + delay > head.deadline || now >= head.deadline) {
          queue.shift();
          this.#waitingItems -= head.size;
          head.onSlot({ cause: delay > 0 ? 'throttled' : 'deadline', retryAt: this.#dateIn(delay) });
        } else if (this.#hasSlot() && delay === 0) {
          queue.shift();
          this.#waitingItems -= head.size;
          this.#take(head.size, now);
          head.onSlot(undefined);
        } else {
          if (delay > 0 && this.#hasSlot()) this.#expect(head, delay, now);
          return this.#wakeIn(delay > 0 ? delay : sweepMs);
        }
      }
      if (waits(this.#waiting)) this.#wakeIn(sweepMs);
    } finally {
      this.#isPumping = false;
    }
  }

  /** Asks for permits where they come from elsewhere: of the windows alone that hold the others back. */
  #expect(head: SlotWaiter, delay: number, now: number): void {
    const waiting = (this.#waiting?.length ?? 0) + (this.#urgents?.length ?? 0);
    const requests = Math.min(waiting, this.#passage === 'open' ? this.#free : 1);
    const items = Math.max(head.size, Math.ceil((this.#waitingItems * requests) / waiting));
    for (const window of this.#windows) {
      if (window.expect === undefined) continue;
      const own = window.delayMs(head.size, now);
      if (own > 0 && own + sweepMs >= delay) window.expect(this, { head: head.size, requests, items });
    }
  }

  #wakeIn(ms: number): void {
    const wait = Math.min(ms, sweepMs);
    const at = this.#clock.elapsed() + wait;
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.#timer?.cancel();
    const cancel = this.#clock.after(wait, () => {
      this.#timer = undefined;
      this.#sweep();
      this.#pump();
    });
    this.#timer = { at, cancel };
  }

  #sweep(): void {
    const now = this.#clock.elapsed();
    const retryAt = this.#dateIn(this.#gateMs(now));
    this.#refuseWhere((waiter) => waiter.deadline <= now, { cause: 'deadline', retryAt });
  }

  #refuseWhere(matches: (waiter: SlotWaiter) => boolean, refusal: SlotRefusal): void {
    const refusedWaiters: SlotWaiter[] = [];
    for (const queue of [this.#urgents, this.#waiting]) {
      for (let count = queue?.length ?? 0; count > 0; count--) {
        const waiter = queue?.shift() as SlotWaiter;
        if (matches(waiter)) refusedWaiters.push(waiter);
        else queue?.push(waiter);
      }
    }
    for (const { size } of refusedWaiters) this.#waitingItems -= size;
    for (const waiter of refusedWaiters) waiter.onSlot(refusal);
    if (!waits(this.#waiting) && !waits(this.#urgents) && this.#free === this.#concurrency) this.#stopTimer();
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

const waits = (queue: Denque<SlotWaiter> | undefined): boolean => queue !== undefined && queue.length > 0;

/** `onPause`: told of pauses that the vendor asked for here, in milliseconds. */
export const createPacer = (
  concurrency: number,
  windows: readonly SlidingWindow[],
  clock: Clock,
  onPause?: (ms: number) => void,
): Pacer => new SlotPacer(concurrency, windows, clock, onPause);
