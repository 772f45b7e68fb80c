import type { Reason } from '../../../core/index.ts';

/** How a host lets go of an event: acknowledged, or a dead letter. */
export type How = 'delivered' | 'skipped' | 'rejected' | 'unknown' | 'given up';
export const hows = ['delivered', 'skipped', 'rejected', 'unknown', 'given up'] as const satisfies readonly How[];

export interface Ending {
  readonly how: How;
  readonly reason: Reason | undefined;
  /** Epoch ms. */
  readonly at: number;
}

/** What the host wrote down, by the position of the event in the input. */
export interface Endings {
  end(index: number, how: How, reason: Reason | undefined, at: number): void;
  /** A dead letter comes back to life. */
  revive(index: number): void;
  /** The event came back `suspended`: with all of its connection, or with a scope. */
  held(index: number, scope: string | undefined): void;
  get(index: number): Ending | undefined;
  wasHeld(index: number): boolean;
  wasScoped(index: number): boolean;
  wasRevived(index: number): boolean;
  count(): number;
  /** Events that were let go of twice, which no host may do. */
  readonly twice: readonly number[];
}

/** `told`: after each ending, with their number. */
export function createEndings(told: (count: number) => void): Endings {
  const endings: (Ending | undefined)[] = [];
  const held = new Set<number>();
  const scoped = new Set<number>();
  const revived = new Set<number>();
  const twice: number[] = [];
  let count = 0;
  return {
    end(index, how, reason, at) {
      if (endings[index] !== undefined) twice.push(index);
      endings[index] = { how, reason, at };
      count += 1;
      told(count);
    },
    revive(index) {
      if (endings[index] === undefined) return;
      endings[index] = undefined;
      revived.add(index);
      scoped.add(index);
      count -= 1;
    },
    held: (index, scope) => void (scope === undefined ? held : scoped).add(index),
    get: (index) => endings[index],
    wasHeld: (index) => held.has(index),
    wasScoped: (index) => scoped.has(index),
    wasRevived: (index) => revived.has(index),
    count: () => count,
    twice,
  };
}
