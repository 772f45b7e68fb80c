import type { Reason } from '../../../core/index.ts';

/** How an event ends at a host: acknowledged, or a dead letter. */
export type FinalState = 'delivered' | 'skipped' | 'rejected' | 'unknown' | 'given up';
export const finalStates = [
  'delivered',
  'skipped',
  'rejected',
  'unknown',
  'given up',
] as const satisfies readonly FinalState[];

export interface FinalRecord {
  readonly state: FinalState;
  readonly reason: Reason | undefined;
  /** Epoch ms. */
  readonly at: number;
}

/** What the host writes down, by the position of the event in the input. */
export interface HostLog {
  finish(index: number, state: FinalState, reason: Reason | undefined, at: number): void;
  /** A dead letter is put back into the queue. */
  requeue(index: number): void;
  /** The event came back `suspended`: with all of its connection, or with a scope. */
  suspend(index: number, scope: string | undefined): void;
  get(index: number): FinalRecord | undefined;
  wasSuspended(index: number): boolean;
  wasScoped(index: number): boolean;
  wasRequeued(index: number): boolean;
  count(): number;
  /** Events that were finished twice, which no host may do. */
  readonly twice: readonly number[];
}

/** `onFinished`: after each record, with the number of records. */
export function createHostLog(onFinished: (count: number) => void): HostLog {
  const records: (FinalRecord | undefined)[] = [];
  const suspended = new Set<number>();
  const scoped = new Set<number>();
  const requeued = new Set<number>();
  const twice: number[] = [];
  let count = 0;
  return {
    finish(index, state, reason, at) {
      if (records[index] !== undefined) twice.push(index);
      records[index] = { state, reason, at };
      count += 1;
      onFinished(count);
    },
    requeue(index) {
      if (records[index] === undefined) return;
      records[index] = undefined;
      requeued.add(index);
      scoped.add(index);
      count -= 1;
    },
    suspend: (index, scope) => void (scope === undefined ? suspended : scoped).add(index),
    get: (index) => records[index],
    wasSuspended: (index) => suspended.has(index),
    wasScoped: (index) => scoped.has(index),
    wasRequeued: (index) => requeued.has(index),
    count: () => count,
    twice,
  };
}
