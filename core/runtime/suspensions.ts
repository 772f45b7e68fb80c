import type { Reason } from '../api/outcome.ts';

/** What a connection has been told to stop sending, until a human acts: everything, or a scope such as `token:abc`. */
export interface Suspensions {
  /** Returns false when that was suspended already. */
  add(reason: Reason, scope?: string): boolean;
  /** Why a delivery with these scopes may not leave; `undefined` when it may. */
  reasonFor(scopes: readonly string[] | undefined): Reason | undefined;
  /** Whether anything is suspended at all. */
  readonly any: boolean;
  list(): readonly { readonly scope?: string; readonly reason: Reason }[];
  /** Lifts one scope, or without one, everything. */
  lift(scope?: string): void;
  /** Lifts what stopped everything; scopes stay. */
  liftWhole(): void;
}

export function createSuspensions(): Suspensions {
  const scoped = new Map<string, Reason>();
  let whole: Reason | undefined;
  return {
    add(reason, scope) {
      const known = scope === undefined ? whole !== undefined : scoped.has(scope);
      if (scope === undefined) whole ??= reason;
      else if (!known) scoped.set(scope, reason);
      return !known;
    },
    reasonFor(scopes) {
      if (whole !== undefined || scoped.size === 0 || scopes === undefined) return whole;
      for (const scope of scopes) {
        const reason = scoped.get(scope);
        if (reason !== undefined) return reason;
      }
      return undefined;
    },
    get any() {
      return whole !== undefined || scoped.size > 0;
    },
    list: () => [
      ...(whole === undefined ? [] : [{ reason: whole }]),
      ...[...scoped].map(([scope, reason]) => ({ scope, reason })),
    ],
    lift(scope) {
      if (scope !== undefined) {
        scoped.delete(scope);
        return;
      }
      whole = undefined;
      scoped.clear();
    },
    liftWhole() {
      whole = undefined;
    },
  };
}
