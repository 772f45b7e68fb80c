import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { AnyDestination } from '../../../core/index.ts';
import { startWorkers, type WorkerFixture, type FixtureConnection } from './worker-fixture.ts';
import { startVendorProcess } from './vendor-process.ts';
import type { Vendors } from './vendors.ts';

/** What one run of the healthy connections came to. */
export interface Numbers {
  /** Events of the healthy connections settled as done, per second. */
  readonly perSecond: number;
  /** From put to settled, in ms. */
  readonly p50: number;
  readonly p99: number;
  /** How late the event loop was, in ms. */
  readonly loopP99: number;
  readonly loopMax: number;
  /** CPU time of this process, in percent of one core. */
  readonly cpu: number;
  /** What should not be: lost or repeated events of the healthy ones, events of the hanging one that do not wait. */
  readonly wrong: readonly string[];
}

export interface RunOptions {
  readonly destinations: readonly AnyDestination[];
  /** Of the healthy connections; the hanging one is one more. */
  readonly slugs: readonly string[];
  readonly hangingSlug: string;
  /** Whether the hanging one takes part. */
  readonly beside: boolean;
  /** Events that wait for the hanging one from the start. */
  readonly backlog: number;
  readonly latencyMs: number;
}

/** A steady load on all of them, far below what the machine can do. */
export function paced(options: RunOptions, seconds: number, perSecond: number): Promise<Numbers> {
  return run(options, async ({ connections, healthy, hanging }) => {
    const putEveryMs = 100;
    const each = Math.max(1, Math.round((perSecond * putEveryMs) / 1_000));
    if (hanging !== undefined) await hanging.enqueue(options.backlog);
    for (const connection of connections) connection.work();
    const startedAt = performance.now();
    await Promise.all(
      connections.map(async (connection, index) => {
        // Not all in the same moment.
        const first = startedAt + (index * putEveryMs) / connections.length;
        const puts: Promise<void>[] = [];
        for (let round = 0; round < (seconds * 1_000) / putEveryMs; round += 1) {
          await until(first + round * putEveryMs);
          puts.push(connection.enqueue(each));
        }
        await Promise.all(puts);
      }),
    );
    await drained(healthy);
    return performance.now() - startedAt;
  });
}

/** A backlog before each of them, worked off as fast as it goes. */
export function flatOut(options: RunOptions, events: number): Promise<Numbers> {
  return run(options, async ({ connections, healthy, hanging }) => {
    for (const connection of connections) await connection.enqueue(connection === hanging ? options.backlog : events);
    const startedAt = performance.now();
    for (const connection of connections) connection.work();
    await drained(healthy);
    return performance.now() - startedAt;
  });
}

interface Scene {
  readonly fixture: WorkerFixture;
  readonly connections: readonly FixtureConnection[];
  readonly healthy: readonly WatchedConnection[];
  readonly hanging: FixtureConnection | undefined;
}
type WatchedConnection = FixtureConnection & { readonly done: () => boolean };

async function run(options: RunOptions, act: (scene: Scene) => Promise<number>): Promise<Numbers> {
  const { slugs, hangingSlug, beside, latencyMs, destinations } = options;
  const all = beside ? [...slugs, hangingSlug] : slugs;
  const folder = await mkdtemp(path.join(tmpdir(), 'spillway-neighbours-'));
  const vendors = await startVendorProcess(all, latencyMs);
  const hangingAt = beside ? slugs.length : undefined;
  const fixture = await startWorkers({
    store: path.join(folder, 'store'),
    destinations,
    slugs: all,
    vendors,
    hanging: hangingAt,
  });
  const { connections, waits } = fixture;
  const healthy = connections.slice(0, slugs.length).map((connection): WatchedConnection => ({
    ...connection,
    get put() {
      return connection.put;
    },
    done: () => (waits.get(connection.id)?.length ?? 0) === connection.put,
  }));
  const hanging = hangingAt === undefined ? undefined : connections[hangingAt];
  const loop = monitorEventLoopDelay({ resolution: 10 });
  loop.enable();
  try {
    const before = process.cpuUsage();
    const ms = await act({ fixture, connections, healthy, hanging });
    const { user, system } = process.cpuUsage(before);
    loop.disable();
    const all = healthy.flatMap(({ id }) => waits.get(id) ?? []).sort((a, b) => a - b);
    return {
      perSecond: (all.length * 1_000) / ms,
      p50: at(all, 0.5),
      p99: at(all, 0.99),
      loopP99: loop.percentile(99) / 1e6,
      loopMax: loop.max / 1e6,
      cpu: (user + system) / 10 / ms,
      wrong: await wrongs(fixture, healthy, hanging, vendors),
    };
  } finally {
    await fixture.close();
    await vendors.close();
    await rm(folder, { recursive: true });
  }
}

async function wrongs(
  fixture: WorkerFixture,
  healthy: readonly FixtureConnection[],
  hanging: FixtureConnection | undefined,
  vendors: Vendors,
): Promise<string[]> {
  const ledgers = await vendors.ledgers();
  const found = healthy.flatMap(({ id, put }, index) => {
    const { distinct = 0, duplicates = 0 } = ledgers[index] ?? {};
    return distinct === put && duplicates === 0 ? [] : [`${id}: ${put} put, ${distinct} there, ${duplicates} twice`];
  });
  if (hanging === undefined) return found;
  const waiting = fixture.waiting(hanging);
  return waiting === hanging.put ? found : [...found, `${hanging.id}: ${hanging.put} put, ${waiting} wait`];
}

async function drained(healthy: readonly WatchedConnection[]): Promise<void> {
  for (const { done } of healthy) while (!done()) await until(performance.now() + 5);
}

const until = (time: number): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, Math.max(0, time - performance.now())));

const at = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
