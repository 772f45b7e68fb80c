import { Agent } from 'undici';
import {
  createRuntime,
  type AnyDestination,
  type CdpEvent,
  type Connection,
  type Signal,
} from '../../../core/index.ts';
import { workFor, type QueuedEvent, type QueueWorker } from '../../../core/queue/index.ts';
import { openQueue } from '../../../core/queue/lmdb/open-queue.ts';
import type { DeliveryQueue } from '../../../core/queue/queue.ts';
import { work } from '../../../core/queue/worker.ts';
import { generate } from '../../../core/testing/simulators/index.ts';
import { preciseNow, timed, type Waits } from './timed.ts';
import { accountOf, type Vendors } from './vendors.ts';

export interface WorkerFixtureOptions {
  /** A folder that is not there yet: the store. */
  readonly store: string;
  readonly destinations: readonly AnyDestination[];
  /** One for each connection; those of the vendors, in their order. */
  readonly slugs: readonly string[];
  readonly vendors: Vendors;
  /** Of these connections, this one is before a vendor that hangs. */
  readonly hanging?: number | undefined;
}

/** One of several connections in one store, on one runtime. */
export interface FixtureConnection {
  readonly id: string;
  /** Events put so far. */
  readonly put: number;
  /** Generates events, and puts them; resolves when they are on disk, and the worker knows. */
  enqueue(count: number): Promise<void>;
  /** Starts its worker, as `spillway work` does. */
  work(): QueueWorker;
}

export interface WorkerFixture {
  readonly connections: readonly FixtureConnection[];
  readonly queue: DeliveryQueue;
  readonly waits: Waits;
  /** Connections whose vendor could not be reached, so far. */
  readonly unreachable: ReadonlySet<string>;
  waiting(connection: FixtureConnection): number;
  /** The vendor that hangs does so no more; what it has not answered breaks off. */
  recover(): void;
  close(): Promise<void>;
}

const unlimited = { rate: { permits: 1_000_000, perMs: 1_000, cost: 'item' } } as const;

/** Opens connections side by side as `spillway work` does: one store, one runtime, a worker for each. */
export async function startWorkers({
  store,
  destinations,
  slugs,
  vendors,
  hanging,
}: WorkerFixtureOptions): Promise<WorkerFixture> {
  let hangs = true;
  // A vendor of its own for each connection: where two share one, its limits tie them together.
  const ownDestinations = slugs.map((slug, index) => {
    const found = destinations.find(({ manifest }) => manifest.slug === slug);
    if (found === undefined) throw new Error(`no destination ${slug}`);
    return { ...found, manifest: { ...found.manifest, slug: `${slug}-${index + 1}` } };
  });
  const origins = ownDestinations.map(({ manifest }, index) => [manifest.slug, vendors.origins[index] ?? ''] as const);
  const hangingOrigin = hanging === undefined ? undefined : vendors.origins[hanging];
  const runtime = createRuntime({
    destinations: ownDestinations,
    origins: Object.fromEntries(origins),
    dispatcher: (agentOptions) =>
      new Agent(agentOptions).compose((dispatch) => (request, handler) => {
        const redirected = hangs && request.origin === hangingOrigin;
        return dispatch(redirected ? { ...request, origin: vendors.hanging } : request, handler);
      }),
    // The vendors' own limits would measure themselves.
    pace: Object.fromEntries(
      ownDestinations.flatMap(({ manifest: { slug } }, index) =>
        slugs[index] === 'rokt' ? [[slug, unlimited] as const] : [],
      ),
    ),
  });
  const { queue, waits } = timed(await openQueue({ path: store }));
  const working: QueueWorker[] = [];
  const unreachable = new Set<string>();
  const onSignal = (signal: Signal): void => {
    if (signal.kind === 'connection_held') unreachable.add(signal.connection);
  };
  const connections = slugs.map((slug, index): FixtureConnection => {
    const { manifest } = ownDestinations[index] as AnyDestination;
    const id = manifest.slug;
    const opened = runtime.open(id, accountOf(slug).config, { id });
    if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
    const { connection } = opened;
    const events = generate({
      count: 10_000_000,
      seed: index + 1,
      mix: accountOf(slug).mix,
      startTime: Date.now() - 86_400_000,
      stepMs: 5,
      people: 300,
      phones: 300,
    });
    // People and phones are made with the first event, and that takes its time.
    events.next();
    let put = 0;
    let worker: QueueWorker | undefined;
    return {
      id,
      get put() {
        return put;
      },
      async enqueue(count) {
        const batch = queuedOf(connection, events, count);
        put += count;
        await queue.put(id, batch);
        worker?.wake();
      },
      work() {
        worker = work({ queue, connection, configHash: '', onSignal, ...workFor(manifest) });
        working.push(worker);
        return worker;
      },
    };
  });
  return {
    connections,
    queue,
    waits,
    unreachable,
    waiting: ({ id }) => queue.status(Date.now()).connections.find(({ connection }) => connection === id)?.waiting ?? 0,
    recover() {
      hangs = false;
      vendors.breakOff();
    },
    async close() {
      await Promise.all(working.map((worker) => worker.stop(0)));
      await runtime.close();
      await queue.close();
    },
  };
}

/** So many events that have a way to go. */
function queuedOf(connection: Connection, events: Iterator<CdpEvent>, count: number): QueuedEvent[] {
  const batch: QueuedEvent[] = [];
  while (batch.length < count) {
    const { value: event } = events.next() as { readonly value: CdpEvent };
    const route = connection.routeOf(event);
    if (route.kind !== 'payload') continue;
    const { lanes } = route;
    batch.push({ id: event.messageId ?? '', lanes, event, acceptedAt: preciseNow() });
  }
  return batch;
}
