import { setTimeout as sleep } from 'node:timers/promises';
import { startBroker, startCluster, type Broker } from '../../support/jetstream/broker.ts';
import type { Disturbance } from './notes.ts';
import { makeNamespace } from './namespace.ts';

/** The brokers of a run, and what can happen to them. */
export interface Brokers {
  readonly hosts: string;
  /** Why none of them can be cut off; `undefined` where one can. */
  readonly uncut: string | undefined;
  /** Kills one, and starts it again on its folder so much later (ms). */
  kill(awayMs: number): Promise<Disturbance>;
  /** Cuts one off for so long (ms), while it runs on. */
  cut(ms: number): Promise<Disturbance>;
  remove(): Promise<void>;
}

export async function startBrokers(nodes: number): Promise<Brokers> {
  const namespace = nodes === 1 ? 'a broker by itself is part of no cluster' : makeNamespace();
  const elsewhere = typeof namespace === 'string' ? undefined : namespace;
  const all: readonly Broker[] = nodes === 1 ? [await startBroker()] : await startCluster(nodes, elsewhere);
  let next = 0;
  return {
    hosts: all.map(({ at }) => at).join(','),
    uncut: typeof namespace === 'string' ? namespace : undefined,
    async kill(awayMs) {
      const node = next % all.length;
      next += 1;
      const from = Date.now();
      await all[node]!.kill();
      await sleep(awayMs);
      await all[node]!.start();
      return { what: `broker ${node}`, from, to: Date.now() };
    },
    async cut(ms) {
      const from = Date.now();
      elsewhere?.cut();
      await sleep(ms);
      elsewhere?.join();
      return { what: `cut of broker ${all.length - 1}`, from, to: Date.now() };
    },
    async remove() {
      await Promise.all(all.map((broker) => broker.remove()));
      elsewhere?.remove();
    },
  };
}
