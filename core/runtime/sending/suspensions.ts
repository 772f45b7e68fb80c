import type { Reason } from '../../api/outcome.ts';

/** One thing that is suspended: a scope, or without one, everything. */
export interface Suspension {
  readonly scope?: string;
  readonly reason: Reason;
}

/** What a connection has been told to stop sending, until a human acts: everything, or a scope such as `token:abc`. */
export class Suspensions {
  readonly #scoped = new Map<string, Suspension>();
  #whole: Suspension | undefined;
  /** Whether anything is suspended at all. */
  any = false;

  /** Returns false when that was suspended already. */
  add(reason: Reason, scope?: string): boolean {
    const isKnown = scope === undefined ? this.#whole !== undefined : this.#scoped.has(scope);
    if (scope === undefined) this.#whole ??= { reason };
    else if (!isKnown) this.#scoped.set(scope, { reason, scope });
    this.any = true;
    return !isKnown;
  }

  /** What keeps a delivery with these scopes; `undefined` when it may leave. */
  against(scopes: readonly string[] | undefined): Suspension | undefined {
    if (this.#whole !== undefined || this.#scoped.size === 0 || scopes === undefined) return this.#whole;
    for (const scope of scopes) {
      const suspension = this.#scoped.get(scope);
      if (suspension !== undefined) return suspension;
    }
    return undefined;
  }

  list(): readonly Suspension[] {
    return [...(this.#whole === undefined ? [] : [this.#whole]), ...this.#scoped.values()];
  }

  /** Lifts one scope, or without one, everything. */
  lift(scope?: string): void {
    if (scope === undefined) {
      this.#whole = undefined;
      this.#scoped.clear();
    } else this.#scoped.delete(scope);
    this.any = this.#whole !== undefined || this.#scoped.size > 0;
  }

  /** Lifts what stopped everything; scopes stay. */
  liftWhole(): void {
    this.#whole = undefined;
    this.any = this.#scoped.size > 0;
  }
}
