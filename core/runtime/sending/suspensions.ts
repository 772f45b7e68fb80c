import type { Reason } from '../../api/outcome.ts';

/** A suspension of a scope; without a scope, of the whole connection. */
export interface Suspension {
  readonly scope?: string;
  readonly reason: Reason;
}

/** The suspensions of a connection, until a person acts: of everything, or of a scope such as `token:abc`. */
export class Suspensions {
  /** Made for the first: most connections never have one. */
  #scoped: Map<string, Suspension> | undefined;
  #whole: Suspension | undefined;
  /** Whether anything is suspended. */
  any = false;

  /** Adds a suspension. Returns false if the scope or connection was suspended already. */
  add(reason: Reason, scope?: string): boolean {
    const isKnown = scope === undefined ? this.#whole !== undefined : this.#scoped?.has(scope) === true;
    if (scope === undefined) this.#whole ??= { reason };
    else if (!isKnown) (this.#scoped ??= new Map()).set(scope, { reason, scope });
    this.any = true;
    return !isKnown;
  }

  /** The suspension that stops a delivery with these scopes; `undefined` if there is none. */
  against(scopes: readonly string[] | undefined): Suspension | undefined {
    if (this.#whole !== undefined || this.#scoped === undefined || scopes === undefined) return this.#whole;
    for (const scope of scopes) {
      const suspension = this.#scoped.get(scope);
      if (suspension !== undefined) return suspension;
    }
    return undefined;
  }

  list(): readonly Suspension[] {
    return [...(this.#whole === undefined ? [] : [this.#whole]), ...(this.#scoped?.values() ?? [])];
  }

  /** Lifts the suspension of one scope; without a scope, all suspensions. */
  lift(scope?: string): void {
    if (scope === undefined) {
      this.#whole = undefined;
      this.#scoped = undefined;
    } else this.#scoped?.delete(scope);
    this.any = this.#whole !== undefined || this.#anyScoped();
  }

  /** Lifts the suspension of the whole connection; scopes stay suspended. */
  liftWhole(): void {
    this.#whole = undefined;
    this.any = this.#anyScoped();
  }

  #anyScoped(): boolean {
    return this.#scoped !== undefined && this.#scoped.size > 0;
  }
}
