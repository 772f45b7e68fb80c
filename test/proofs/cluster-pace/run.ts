import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startBroker } from '../../support/jetstream/broker.ts';
import type { Departure, SenderReport } from './sender-child.ts';
import type { Arrival } from './vendor-child.ts';

export interface ClusterPaceOptions {
  readonly processes: number;
  /** How long they send before the vendor asks for a pause, and after it. */
  readonly seconds: number;
  /** What the vendor asks for. */
  readonly pauseSeconds: number;
  /** Of the vendor's answers. */
  readonly latencyMs: number;
  readonly bulk: boolean;
}

export interface ClusterPaceNumbers {
  readonly sent: number;
  readonly delivered: number;
  readonly defects: readonly string[];
  /** The most conversions at the vendor in any second, wherever it starts. */
  readonly busiestSecond: number;
  /** The same, as the processes saw their requests leave. */
  readonly busiestAtDeparture: number;
  /** Conversions a second, before the pause. */
  readonly perSecond: number;
  /** From the request that was answered with 429 to the last one before the pause ended, in milliseconds. */
  readonly stoppedWithinMs: number;
  /** From there to the first request after it. */
  readonly pausedMs: number;
}

/** Processes of one account send for a while; the vendor answers one of them with a 429, and counts what comes. */
export async function runClusterPace(options: ClusterPaceOptions): Promise<ClusterPaceNumbers> {
  const broker = await startBroker();
  const children: ChildProcess[] = [];
  const start = (file: string, ...args: readonly string[]): ChildProcess => {
    const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, { execArgv: ['--import', 'tsx'] });
    children.push(child);
    return child;
  };
  try {
    const vendor = start('./vendor-child.ts', String(options.latencyMs));
    const origin = await nextMessage<string>(vendor);
    const senders = Array.from({ length: options.processes }, (_, n) =>
      start('./sender-child.ts', `p${n}`, origin, `nats://${broker.at}?stream=pace`, String(options.bulk)),
    );
    await Promise.all(senders.map((sender) => nextMessage<'ready'>(sender)));
    const reports = senders.map((sender) => nextMessage<SenderReport>(sender));
    for (const sender of senders) sender.send('begin');
    await sleep(options.seconds * 1_000);
    vendor.send({ pauseSeconds: options.pauseSeconds });
    await sleep((options.seconds + options.pauseSeconds) * 1_000);
    for (const sender of senders) sender.send('end');
    const all = await Promise.all(reports);
    vendor.send('arrivals');
    const arrivals = await nextMessage<readonly Arrival[]>(vendor);
    return {
      sent: all.reduce((sum, { sent }) => sum + sent, 0),
      delivered: all.reduce((sum, { delivered }) => sum + delivered, 0),
      defects: all.flatMap(({ defects }) => defects),
      busiestAtDeparture: busiestSecond(byTime(all.flatMap(({ departures }) => departures))),
      ...numbersOf(byTime(arrivals)),
    };
  } finally {
    for (const child of children) if (child.connected) child.disconnect();
    await broker.remove();
  }
}

async function nextMessage<T>(child: ChildProcess): Promise<T> {
  const received = new AbortController();
  const died = once(child, 'exit', { signal: received.signal }).then(([code]) => {
    throw new Error(`a process ended with ${code}`);
  });
  died.catch(() => {});
  const [message] = (await Promise.race([once(child, 'message'), died])) as [T];
  received.abort();
  return message;
}

/** Of arrivals in order. */
function numbersOf(
  arrivals: readonly Arrival[],
): Pick<ClusterPaceNumbers, 'busiestSecond' | 'perSecond' | 'stoppedWithinMs' | 'pausedMs'> {
  const pause = arrivals.find(({ pauseSeconds }) => pauseSeconds !== undefined);
  const begun = arrivals[0]?.at ?? 0;
  const pausedAt = pause?.at ?? Number.NaN;
  const resumesAt = pausedAt + (pause?.pauseSeconds ?? 0) * 1_000;
  const before = arrivals.filter(({ at }) => at < pausedAt);
  const last = arrivals.findLast(({ at }) => at < resumesAt - 100)?.at ?? Number.NaN;
  const next = arrivals.find(({ at }) => at >= resumesAt - 100)?.at ?? Number.NaN;
  return {
    busiestSecond: busiestSecond(arrivals),
    perSecond: before.reduce((sum, { conversions }) => sum + conversions, 0) / ((pausedAt - begun) / 1_000),
    stoppedWithinMs: last - pausedAt,
    pausedMs: next - pausedAt,
  };
}

const byTime = <T extends Departure>(requests: readonly T[]): readonly T[] =>
  requests.toSorted((one, other) => one.at - other.at);

function busiestSecond(arrivals: readonly Departure[]): number {
  let [first, inside, most] = [0, 0, 0];
  for (const { at, conversions } of arrivals) {
    inside += conversions;
    for (let oldest = arrivals[first]!; at - oldest.at >= 1_000; oldest = arrivals[++first]!)
      inside -= oldest.conversions;
    most = Math.max(most, inside);
  }
  return most;
}
