import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRuntime, loadDestinations, type CdpEvent } from '../../../core/index.ts';
import { canonicalEvents } from '../../../core/testing/index.ts';
import { accountOf } from '../neighbours/vendors.ts';
import { destinationsFolder } from '../repository.ts';

export interface PaceOptions {
  readonly conversions: number;
  /** Of the vendor's answers, in milliseconds. */
  readonly latencyMs: number;
  readonly bulk: boolean;
}

export interface PaceNumbers {
  readonly delivered: number;
  /** The most conversions that arrived in any second, wherever it starts, those before the count included. */
  readonly busiestSecond: number;
  /** Conversions that arrived a second, of those that count, from the first to the last. */
  readonly perSecond: number;
}

/** Sent before the count, so that neither process starts cold. */
const warmUp = 300;
const pauseMs = 1_500;

/** Delivers conversions to Rokt at the pace of its folder, and counts when they arrive at the vendor. */
export async function runPace({ conversions, latencyMs, bulk }: PaceOptions): Promise<PaceNumbers> {
  const vendor = fork(fileURLToPath(new URL('./vendor-child.ts', import.meta.url)), [String(latencyMs)], {
    execArgv: ['--import', 'tsx'],
  });
  try {
    const origin = await nextMessage<string>(vendor);
    const delivered = await deliver(origin, conversions, bulk);
    vendor.send('arrivals');
    const arrivals = (await nextMessage<readonly Arrival[]>(vendor)).toSorted((one, other) => one.at - other.at);
    const counted = arrivals.filter(({ id }) => id.startsWith(counting)).map(({ at }) => at);
    const spanMs = (counted.at(-1) ?? 0) - (counted[0] ?? 0);
    return {
      delivered,
      busiestSecond: busiestSecond(arrivals.map(({ at }) => at)),
      perSecond: (counted.length * 1_000) / spanMs,
    };
  } finally {
    vendor.disconnect();
  }
}

async function nextMessage<T>(vendor: ChildProcess): Promise<T> {
  const given = new AbortController();
  const died = once(vendor, 'exit', { signal: given.signal }).then(([code]) => {
    throw new Error(`the vendor ended with ${code}`);
  });
  died.catch(() => {});
  const [message] = (await Promise.race([once(vendor, 'message'), died])) as [T];
  given.abort();
  return message;
}

interface Arrival {
  readonly id: string;
  readonly at: number;
}

const counting = 'counted-';

/** How many of those that count are delivered. */
async function deliver(origin: string, conversions: number, bulk: boolean): Promise<number> {
  const runtime = createRuntime({
    destinations: await loadDestinations(destinationsFolder),
    origins: { rokt: origin },
  });
  const opened = runtime.open('rokt', { ...accountOf('rokt').config, bulk });
  if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
  await opened.connection.deliver(orders('warm-up-', warmUp));
  await setTimeout(pauseMs);
  const outcomes = await opened.connection.deliver(orders(counting, conversions));
  await runtime.close();
  return outcomes.filter(({ kind }) => kind === 'delivered').length;
}

const orders = (prefix: string, count: number): CdpEvent[] =>
  Array.from({ length: count }, (_, n) => {
    const order = canonicalEvents['order-completed-web'];
    const properties = { ...order.properties, order_id: `${prefix}${n}` };
    return { ...order, messageId: `${prefix}${n}`, properties } as CdpEvent;
  });

/** The most in any second, wherever it starts, of times in order. */
export function busiestSecond(times: readonly number[]): number {
  let most = 0;
  for (let first = 0, last = 0; last < times.length; last += 1) {
    while ((times[last] as number) - (times[first] as number) >= 1_000) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
