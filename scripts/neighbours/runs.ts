import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { AnyDestination } from '../../core/index.ts';
import { openHouse, type House, type Tenant } from './house.ts';
import { startVendorsApart } from './vendors-apart.ts';
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
  return run(options, async ({ tenants, healthy, hanging }) => {
    const putEveryMs = 100;
    const each = Math.max(1, Math.round((perSecond * putEveryMs) / 1_000));
    if (hanging !== undefined) await hanging.enqueue(options.backlog);
    for (const tenant of tenants) tenant.work();
    const startedAt = performance.now();
    await Promise.all(
      tenants.map(async (tenant, index) => {
        // Not all in the same moment.
        const first = startedAt + (index * putEveryMs) / tenants.length;
        const puts: Promise<void>[] = [];
        for (let round = 0; round < (seconds * 1_000) / putEveryMs; round += 1) {
          await until(first + round * putEveryMs);
          puts.push(tenant.enqueue(each));
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
  return run(options, async ({ tenants, healthy, hanging }) => {
    for (const tenant of tenants) await tenant.enqueue(tenant === hanging ? options.backlog : events);
    const startedAt = performance.now();
    for (const tenant of tenants) tenant.work();
    await drained(healthy);
    return performance.now() - startedAt;
  });
}

interface Scene {
  readonly house: House;
  readonly tenants: readonly Tenant[];
  readonly healthy: readonly Watched[];
  readonly hanging: Tenant | undefined;
}
type Watched = Tenant & { readonly done: () => boolean };

async function run(options: RunOptions, act: (scene: Scene) => Promise<number>): Promise<Numbers> {
  const { slugs, hangingSlug, beside, latencyMs, destinations } = options;
  const all = beside ? [...slugs, hangingSlug] : slugs;
  const folder = await mkdtemp(path.join(tmpdir(), 'spillway-neighbours-'));
  const vendors = await startVendorsApart(all, latencyMs);
  const hangingAt = beside ? slugs.length : undefined;
  const house = await openHouse({
    store: path.join(folder, 'store'),
    destinations,
    slugs: all,
    vendors,
    hanging: hangingAt,
  });
  const { tenants, waits } = house;
  const healthy = tenants.slice(0, slugs.length).map((tenant): Watched => ({
    ...tenant,
    get put() {
      return tenant.put;
    },
    done: () => (waits.get(tenant.id)?.length ?? 0) === tenant.put,
  }));
  const hanging = hangingAt === undefined ? undefined : tenants[hangingAt];
  const loop = monitorEventLoopDelay({ resolution: 10 });
  loop.enable();
  try {
    const before = process.cpuUsage();
    const ms = await act({ house, tenants, healthy, hanging });
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
      wrong: await wrongs(house, healthy, hanging, vendors),
    };
  } finally {
    await house.close();
    await vendors.close();
    await rm(folder, { recursive: true });
  }
}

async function wrongs(
  house: House,
  healthy: readonly Tenant[],
  hanging: Tenant | undefined,
  vendors: Vendors,
): Promise<string[]> {
  const ledgers = await vendors.ledgers();
  const found = healthy.flatMap(({ id, put }, index) => {
    const { distinct = 0, duplicates = 0 } = ledgers[index] ?? {};
    return distinct === put && duplicates === 0 ? [] : [`${id}: ${put} put, ${distinct} there, ${duplicates} twice`];
  });
  if (hanging === undefined) return found;
  const waiting = house.waiting(hanging);
  return waiting === hanging.put ? found : [...found, `${hanging.id}: ${hanging.put} put, ${waiting} wait`];
}

async function drained(healthy: readonly Watched[]): Promise<void> {
  for (const { done } of healthy) while (!done()) await until(performance.now() + 5);
}

const until = (time: number): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, Math.max(0, time - performance.now())));

const at = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
