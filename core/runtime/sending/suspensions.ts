import type { Reason } from '../../api/outcome.ts';

/** One thing that is suspended: a scope, or without one, everything. */
export interface Suspension {
  readonly scope?: string;
  readonly reason: Reason;
}

/** What a connection has been told to stop sending, until a human acts: everything, or a scope such as `token:abc`. */
export interface Suspensions {
  /** Returns false when that was suspended already. */
  add(reason: Reason, scope?: string): boolean;
  /** What keeps a delivery with these scopes; `undefined` when it may leave. */
  against(scopes: readonly string[] | undefined): Suspension | undefined;
  /** Whether anything is suspended at all. */
  readonly any: boolean;
  list(): readonly Suspension[];
  /** Lifts one scope, or without one, everything. */
  lift(scope?: string): void;
  /** Lifts what stopped everything; scopes stay. */
  liftWhole(): void;
}

export function createSuspensions(): Suspensions {
  const scoped = new Map<string, Suspension>();
  let whole: Suspension | undefined;
  return {
    add(reason, scope) {
      const known = scope === undefined ? whole !== undefined : scoped.has(scope);
      if (scope === undefined) whole ??= { reason };
      else if (!known) scoped.set(scope, { reason, scope });
      return !known;
    },
    against(scopes) {
      if (whole !== undefined || scoped.size === 0 || scopes === undefined) return whole;
      for (const scope of scopes) {
        const suspension = scoped.get(scope);
        if (suspension !== undefined) return suspension;
      }
      return undefined;
    },
    get any() {
      return whole !== undefined || scoped.size > 0;
    },
    list: () => [...(whole === undefined ? [] : [whole]), ...scoped.values()],
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
