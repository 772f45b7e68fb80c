import type { DeliveryQueue } from '../../../core/queue/queue.ts';

/** Epoch ms with its fractions. */
export const preciseNow = (): number => performance.timeOrigin + performance.now();

/** From put (`acceptedAt`) to settled, on disk, in ms: of the events that are done, by connection. */
export type Waits = ReadonlyMap<string, readonly number[]>;

/** The same queue, with a stopwatch. */
export function timed(queue: DeliveryQueue): { readonly queue: DeliveryQueue; readonly waits: Waits } {
  const waits = new Map<string, number[]>();
  const putAt = new Map<number, number>();
  const own: Pick<DeliveryQueue, 'claim' | 'settle'> = {
    claim(...asked) {
      const claims = queue.claim(...asked);
      for (const { seq, acceptedAt } of claims) putAt.set(seq, acceptedAt);
      return claims;
    },
    async settle(connection, settlements, at) {
      await queue.settle(connection, settlements, at);
      const now = preciseNow();
      let of = waits.get(connection);
      if (of === undefined) waits.set(connection, (of = []));
      for (const { kind, seq } of settlements) {
        if (kind === 'done') of.push(now - (putAt.get(seq) ?? Number.NaN));
        if (kind !== 'retry') putAt.delete(seq);
      }
    },
  };
  const timedQueue = new Proxy(queue, {
    get: (target, name) => {
      const value: unknown = Reflect.get(Object.hasOwn(own, name) ? own : target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { queue: timedQueue, waits };
}
