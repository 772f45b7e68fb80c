import Denque from 'denque';
import { dateOf, type Clock } from '../../policy/clock.ts';
import type { SlotRefusal } from './pacer.ts';

/** Why a delivery may not leave yet, though others of its connection may. */
export interface ScopePause {
  readonly scope: string;
  /** By clock.elapsed. */
  readonly until: number;
}

/** Deliveries of one scope that wait for it together. */
export interface ScopeWaiter {
  readonly call: object;
  readonly items: number;
  /** By clock.elapsed. */
  readonly deadline: number;
  /** Called once: with `undefined` it may leave, and answered() has to follow; with a Refusal it would cross the deadline. */
  readonly go: (refusal: SlotRefusal | undefined) => void;
}

/**
 * Scopes of a connection that a vendor asked to pause: one device, one token. What waits for one takes no slot and no place
 * in the pacer's queue. When its time is over one goes first, and every answer after which the scope is not held again lets
 * two more go: all of them at once would only be told to wait again.
 */
export interface ScopePauses {
  /** Whether there is any. */
  readonly any: boolean;
  /** Nothing of the scope leaves before `until` (by clock.elapsed). */
  pauseUntil(scope: string, until: number): void;
  /** What keeps a delivery with these scopes; of several, the longest. `cleared` let it go, and does not keep it unless held anew. */
  against(scopes: readonly string[] | undefined, cleared: string | undefined): ScopePause | undefined;
  /** Deliveries that wait for the scope. */
  waiting(scope: string): number;
  /** Waits for a scope that against() named. */
  wait(scope: string, waiter: ScopeWaiter): void;
  /** What was let go has its answer, or never left. */
  answered(scope: string): void;
  /** Refuses everything this call has waiting. */
  dismiss(call: object, cause: SlotRefusal['cause']): void;
  /** Lets everything go that waits: whoever it meets there has news for it. */
  wake(): void;
}

interface PausedScope {
  until: number;
  items: number;
  readonly waiters: Denque<ScopeWaiter>;
  stopTimer: (() => void) | undefined;
}

/** How often those are looked for whose deadline passes before it is their turn. */
const sweepMs = 100;
/** Every so many scopes, those whose time is over are forgotten. */
const sweepEvery = 64;

export const createScopePauses = (clock: Clock): ScopePauses => new LateScopeHolds(clock);

/** Most connections are never asked to pause a scope: what it takes is made when the first one is. */
class LateScopeHolds implements ScopePauses {
  readonly #clock: Clock;
  #begun: ScopePauses | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get any(): boolean {
    return this.#begun !== undefined && this.#begun.any;
  }

  pauseUntil(scope: string, until: number): void {
    this.#begin().pauseUntil(scope, until);
  }

  against(scopes: readonly string[] | undefined, cleared: string | undefined): ScopePause | undefined {
    return this.#begun?.against(scopes, cleared);
  }

  waiting(scope: string): number {
    return this.#begun === undefined ? 0 : this.#begun.waiting(scope);
  }

  wait(scope: string, waiter: ScopeWaiter): void {
    this.#begin().wait(scope, waiter);
  }

  answered(scope: string): void {
    this.#begun?.answered(scope);
  }

  dismiss(call: object, cause: SlotRefusal['cause']): void {
    this.#begun?.dismiss(call, cause);
  }

  wake(): void {
    this.#begun?.wake();
  }

  #begin(): ScopePauses {
    this.#begun ??= begin(this.#clock);
    return this.#begun;
  }
}

function begin(clock: Clock): ScopePauses {
  const scopes = new Map<string, PausedScope>();

  const isOver = ({ until, waiters }: PausedScope, now: number): boolean => until <= now && waiters.length === 0;

  function heldFor(scope: string, now: number): PausedScope {
    let held = scopes.get(scope);
    if (held === undefined) {
      held = { until: Number.NEGATIVE_INFINITY, items: 0, waiters: new Denque(), stopTimer: undefined };
      scopes.set(scope, held);
      if (scopes.size % sweepEvery === 0) {
        for (const [name, other] of scopes) if (other !== held && isOver(other, now)) scopes.delete(name);
      }
    }
    return held;
  }

  /** Until the scope opens; afterwards as long as some wait whose turn may come too late. */
  function watch(held: PausedScope): void {
    held.stopTimer?.();
    held.stopTimer = undefined;
    if (held.waiters.length === 0) return;
    const now = clock.elapsed();
    const opens = held.until > now;
    held.stopTimer = clock.after(opens ? held.until - now : sweepMs, () => {
      held.stopTimer = undefined;
      refuseLate(held);
      if (opens) release(held, 1);
      watch(held);
    });
  }

  function release(held: PausedScope, most: number): void {
    for (let count = 0; count < most && held.until <= clock.elapsed(); count++) {
      const waiter = held.waiters.shift();
      if (waiter === undefined) return;
      held.items -= waiter.items;
      waiter.go(undefined);
    }
  }

  function refuseLate(held: PausedScope): void {
    const earliest = Math.max(held.until, clock.elapsed());
    refuse(held, ({ deadline }) => deadline < earliest, { cause: 'throttled', retryAt: dateOf(clock, earliest) });
  }

  function refuse(held: PausedScope, matches: (waiter: ScopeWaiter) => boolean, refusal: SlotRefusal): void {
    for (const waiter of takeOut(held, matches)) waiter.go(refusal);
  }

  function takeOut(held: PausedScope, matches: (waiter: ScopeWaiter) => boolean): ScopeWaiter[] {
    const out: ScopeWaiter[] = [];
    for (let count = held.waiters.length; count > 0; count--) {
      const waiter = held.waiters.shift() as ScopeWaiter;
      if (matches(waiter)) out.push(waiter);
      else held.waiters.push(waiter);
    }
    for (const { items } of out) held.items -= items;
    return out;
  }

  return {
    get any() {
      return scopes.size > 0;
    },
    pauseUntil(scope, until) {
      const held = heldFor(scope, clock.elapsed());
      if (until <= held.until) return;
      held.until = until;
      refuseLate(held);
      watch(held);
    },
    against(names, cleared) {
      if (scopes.size === 0 || names === undefined) return undefined;
      const now = clock.elapsed();
      let hold: ScopePause | undefined;
      for (const scope of names) {
        const held = scopes.get(scope);
        if (held === undefined) continue;
        if (isOver(held, now)) scopes.delete(scope);
        else if (scope === cleared && held.until <= now) continue;
        else if (hold === undefined || held.until > hold.until) hold = { scope, until: Math.max(now, held.until) };
      }
      return hold;
    },
    waiting: (scope) => scopes.get(scope)?.items ?? 0,
    wait(scope, waiter) {
      const held = heldFor(scope, clock.elapsed());
      held.waiters.push(waiter);
      held.items += waiter.items;
      if (held.stopTimer === undefined) watch(held);
    },
    answered(scope) {
      const held = scopes.get(scope);
      if (held === undefined) return;
      release(held, 2);
      if (isOver(held, clock.elapsed())) scopes.delete(scope);
    },
    dismiss(call, cause) {
      for (const held of scopes.values()) {
        const retryAt = dateOf(clock, Math.max(held.until, clock.elapsed()));
        refuse(held, (waiter) => waiter.call === call, { cause, retryAt });
      }
    },
    wake() {
      for (const held of scopes.values()) for (const { go } of takeOut(held, () => true)) go(undefined);
    },
  };
}
