import Denque from 'denque';
import { dateOf, type Clock } from '../../policy/clock.ts';
import type { SlotRefusal } from './pacer.ts';

/** Why a delivery has to wait, though others of its connection may be sent. */
export interface ScopePause {
  readonly scope: string;
  /** By clock.elapsed. */
  readonly until: number;
}

/** Deliveries that wait together for their scope. */
export interface ScopeWaiter {
  /** The run they belong to, for dismiss(). */
  readonly run: object;
  readonly size: number;
  /** By clock.elapsed. */
  readonly deadline: number;
  /**
   * Called once: with `undefined` they may be sent, and answered() has to follow; with a refusal they cannot be in
   * time.
   */
  onScopeOpen(refusal: SlotRefusal | undefined): void;
}

interface PausedScope {
  until: number;
  /** The number of waiting deliveries. */
  items: number;
  readonly waiters: Denque<ScopeWaiter>;
  stopTimer: (() => void) | undefined;
}

/** How often waiters are checked for a deadline that passes before their turn, in milliseconds. */
const sweepMs = 100;
/** After every so many new scopes, those whose pause is over are forgotten. */
const sweepEvery = 64;

/**
 * The scopes of a connection that a vendor asked to pause: one device, one token. Deliveries that wait for a scope take
 * no slot and no place in the pacer's queue. When the pause ends, one waiter is released, and each answer that does not
 * pause the scope again releases two more: all at once would only be told to wait again.
 */
export class ScopePauses {
  readonly #clock: Clock;
  /** Created at the first pause: most connections never have one. */
  #scopes: Map<string, PausedScope> | undefined;
  /** Whether any scope is remembered. */
  any = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sends nothing of the scope before `until` (by clock.elapsed). */
  pauseUntil(scope: string, until: number): void {
    const paused = this.#pausedScope(scope);
    if (until <= paused.until) return;
    paused.until = until;
    this.#refuseLate(paused);
    this.#watch(paused);
  }

  /**
   * The longest pause of these scopes, if there is one. `cleared` has released the delivery: it counts only if paused
   * again.
   */
  against(names: readonly string[] | undefined, clearedScope: string | undefined): ScopePause | undefined {
    if (this.#scopes === undefined || names === undefined) return undefined;
    const now = this.#clock.elapsed();
    let longest: ScopePause | undefined;
    for (const scope of names) {
      const paused = this.#scopes.get(scope);
      if (paused === undefined) continue;
      if (isOver(paused, now)) this.#forget(scope);
      else if (scope === clearedScope && paused.until <= now) continue;
      else if (longest === undefined || paused.until > longest.until)
        longest = { scope, until: Math.max(now, paused.until) };
    }
    return longest;
  }

  /** The number of deliveries that wait for the scope. */
  waiting(scope: string): number {
    return this.#scopes?.get(scope)?.items ?? 0;
  }

  /** Waits for a scope that against() returned. */
  wait(scope: string, waiter: ScopeWaiter): void {
    const paused = this.#pausedScope(scope);
    paused.waiters.push(waiter);
    paused.items += waiter.size;
    if (paused.stopTimer === undefined) this.#watch(paused);
  }

  /** A released waiter has its answer, or was not sent. */
  answered(scope: string): void {
    const paused = this.#scopes?.get(scope);
    if (paused === undefined) return;
    this.#release(paused, 2);
    if (isOver(paused, this.#clock.elapsed())) this.#forget(scope);
  }

  /** Refuses all waiters of this run. */
  dismiss(run: object, cause: SlotRefusal['cause']): void {
    for (const paused of this.#scopes?.values() ?? []) {
      const retryAt = dateOf(this.#clock, Math.max(paused.until, this.#clock.elapsed()));
      refuse(paused, (waiter) => waiter.run === run, { cause, retryAt });
    }
  }

  /** Releases all waiters, so that a new suspension settles them. */
  wake(): void {
    for (const paused of this.#scopes?.values() ?? [])
      for (const waiter of takeOut(paused, () => true)) waiter.onScopeOpen(undefined);
  }

  #pausedScope(scope: string): PausedScope {
    this.#scopes ??= new Map();
    let paused = this.#scopes.get(scope);
    if (paused === undefined) {
      paused = { until: Number.NEGATIVE_INFINITY, items: 0, waiters: new Denque(), stopTimer: undefined };
      this.#scopes.set(scope, paused);
      this.any = true;
      if (this.#scopes.size % sweepEvery === 0) this.#forgetOthers(paused);
    }
    return paused;
  }

  #forgetOthers(current: PausedScope): void {
    const now = this.#clock.elapsed();
    for (const [scope, paused] of this.#scopes ?? [])
      if (paused !== current && isOver(paused, now)) this.#forget(scope);
  }

  #forget(scope: string): void {
    this.#scopes?.delete(scope);
    this.any = this.#scopes !== undefined && this.#scopes.size > 0;
  }

  /** Sets a timer until the scope opens, and afterwards one that checks the deadlines of the remaining waiters. */
  #watch(paused: PausedScope): void {
    paused.stopTimer?.();
    paused.stopTimer = undefined;
    if (paused.waiters.length === 0) return;
    const now = this.#clock.elapsed();
    const opens = paused.until > now;
    paused.stopTimer = this.#clock.after(opens ? paused.until - now : sweepMs, () => {
      paused.stopTimer = undefined;
      this.#refuseLate(paused);
      if (opens) this.#release(paused, 1);
      this.#watch(paused);
    });
  }

  #release(paused: PausedScope, limit: number): void {
    for (let count = 0; count < limit && paused.until <= this.#clock.elapsed(); count++) {
      const waiter = paused.waiters.shift();
      if (waiter === undefined) return;
      paused.items -= waiter.size;
      waiter.onScopeOpen(undefined);
    }
  }

  #refuseLate(paused: PausedScope): void {
    const earliest = Math.max(paused.until, this.#clock.elapsed());
    const refusal = { cause: 'throttled', retryAt: dateOf(this.#clock, earliest) } as const;
    refuse(paused, ({ deadline }) => deadline < earliest, refusal);
  }
}

const isOver = ({ until, waiters }: PausedScope, now: number): boolean => until <= now && waiters.length === 0;

function refuse(paused: PausedScope, matches: (waiter: ScopeWaiter) => boolean, refusal: SlotRefusal): void {
  for (const waiter of takeOut(paused, matches)) waiter.onScopeOpen(refusal);
}

function takeOut(paused: PausedScope, matches: (waiter: ScopeWaiter) => boolean): ScopeWaiter[] {
  const out: ScopeWaiter[] = [];
  for (let count = paused.waiters.length; count > 0; count--) {
    const waiter = paused.waiters.shift() as ScopeWaiter;
    if (matches(waiter)) out.push(waiter);
    else paused.waiters.push(waiter);
  }
  for (const { size } of out) paused.items -= size;
  return out;
}
