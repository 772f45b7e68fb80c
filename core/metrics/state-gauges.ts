import type { Gauge, Registry } from 'prom-client';
import type { Connection } from '../index.ts';
import type { ConnectionLabels } from './connection-labels.ts';
import { loadPromClient } from './prom-client.ts';

const prom = loadPromClient();

/** What is asked at each scrape. While a member throws, rejects, or is silent for 2 s, its gauges are missing. */
export interface MetricsSource {
  /** Of the runtime: see Runtime. */
  requestsInFlight?(): number;
  /** Every connection as it is then. */
  connections?(): Iterable<ObservedConnection>;
  /** Whether the store takes events. */
  storeWritable?(): Promise<boolean>;
  /** Of the store: see DeliveryStore. */
  status?(): Promise<ObservedStore>;
}

/** A connection, and the worker that delivers for it out of a queue. */
export interface ObservedConnection {
  readonly connection: Pick<Connection, 'id' | 'slug' | 'suspended'>;
  readonly worker?:
    | {
        state(): {
          readonly reason: { readonly cause: string } | null;
          readonly failing: { readonly events: number };
        };
      }
    | undefined;
}

/** What DeliveryStore.status() says, as far as it is a metric. */
export interface ObservedStore {
  readonly connections: readonly {
    readonly connection: string;
    readonly waiting: number;
    readonly oldestMs: number;
    readonly dead: number;
    readonly registered?: { readonly destination: string } | undefined;
  }[];
  readonly bytes: number;
  readonly maxBytes: number;
  readonly quarantined: number;
}

/** Of the causes of a hold, those that are an open circuit breaker. */
const openCircuit: ReadonlySet<string> = new Set(['unreachable', 'throttled']);

type Combine = (a: number, b: number) => number;
const sum: Combine = (a, b) => a + b;

/** Registers the gauges that a source can fill. */
export function registerStateGauges(register: Registry, labels: ConnectionLabels, source: MetricsSource): void {
  if (source.requestsInFlight !== undefined)
    plainGauge(register, 'spillway_in_flight', 'Requests to vendors without an answer yet', async () =>
      source.requestsInFlight?.(),
    );
  if (source.storeWritable !== undefined)
    plainGauge(register, 'spillway_store_writable', 'Whether the store takes events', async () =>
      (await source.storeWritable?.()) === true ? 1 : 0,
    );
  if (source.connections !== undefined) registerConnections(register, labels, source.connections.bind(source));
  if (source.status !== undefined) registerStore(register, labels, source, source.status.bind(source));
}

function registerConnections(
  register: Registry,
  labels: ConnectionLabels,
  connections: () => Iterable<ObservedConnection>,
): void {
  const gauge = (name: string, help: string, valueOf: (observed: ObservedConnection) => number): void =>
    connectionGauge(register, name, help, async (values) => {
      for (const observed of connections()) {
        const { slug, id } = observed.connection;
        values.add(slug, labels.of(id), valueOf(observed), sum);
      }
    });
  gauge(
    'spillway_suspended',
    'What of a connection waits for a person: 1 for the whole of it, and 1 for each scope',
    ({ connection }) => connection.suspended().length,
  );
  gauge('spillway_circuit_open', 'Whether the vendor of a connection gets a probe at most', ({ worker }) =>
    openCircuit.has(worker?.state().reason?.cause ?? '') ? 1 : 0,
  );
  gauge(
    'spillway_events_failing',
    'Events that fail at every try, while others of their connection succeed or fail',
    ({ worker }) => worker?.state().failing.events ?? 0,
  );
  plainGauge(register, 'spillway_disk_full', 'Whether a worker cannot write what became of its events', async () =>
    [...connections()].some(({ worker }) => worker?.state().reason?.cause === 'disk') ? 1 : 0,
  );
}

function registerStore(
  register: Registry,
  labels: ConnectionLabels,
  source: MetricsSource,
  status: () => Promise<ObservedStore>,
): void {
  let pending: Promise<ObservedStore> | undefined;
  /** The gauges of one scrape are asked in one turn, and share an answer. */
  const ask = async (): Promise<ObservedStore> => {
    pending ??= inTime(status()).finally(() => {
      pending = undefined;
    });
    return pending;
  };
  const slugs = (): ReadonlyMap<string, string> =>
    new Map([...(source.connections?.() ?? [])].map(({ connection: { id, slug } }) => [id, slug]));
  const gauge = (
    name: string,
    help: string,
    valueOf: (backlog: ObservedStore['connections'][number]) => number,
    combine = sum,
  ): void =>
    connectionGauge(register, name, help, async (values) => {
      const store = await ask();
      const open = slugs();
      for (const backlog of store.connections) {
        const { connection: id, registered } = backlog;
        values.add(open.get(id) ?? registered?.destination ?? '', labels.of(id), valueOf(backlog), combine);
      }
    });
  gauge('spillway_queue_waiting', 'Events that wait in the queue, those in flight included', ({ waiting }) => waiting);
  gauge(
    'spillway_queue_oldest_seconds',
    'How long ago the oldest waiting event was put',
    ({ oldestMs }) => oldestMs / 1_000,
    Math.max,
  );
  gauge('spillway_dead_letters', 'Dead letters in the store', ({ dead }) => dead);
  plainGauge(register, 'spillway_store_bytes', 'Bytes of everything in the store', async () => (await ask()).bytes);
  plainGauge(register, 'spillway_store_max_bytes', 'The most bytes in the store', async () => (await ask()).maxBytes);
  plainGauge(
    register,
    'spillway_store_quarantined',
    'Damaged records that were set aside',
    async () => (await ask()).quarantined,
  );
}

/** A store that is silent for longer has no gauges in this scrape: the others are to come while Prometheus waits. */
const patienceMs = 2_000;

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the store is silent')), patienceMs);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

/** The values of a gauge by destination and connection. Those that share a label are combined. */
class LabelledValues {
  readonly #values = new Map<string, { readonly destination: string; readonly connection: string; value: number }>();

  add(destination: string, connection: string, value: number, combine: Combine): void {
    const key = `${destination} ${connection}`;
    const known = this.#values.get(key);
    if (known === undefined) this.#values.set(key, { destination, connection, value });
    else known.value = combine(known.value, value);
  }

  setOn(gauge: Gauge<'destination' | 'connection'>): void {
    for (const { value, ...of } of this.#values.values()) gauge.set(of, value);
  }
}

/** A connection that is gone has no value any more. */
function connectionGauge(
  register: Registry,
  name: string,
  help: string,
  read: (values: LabelledValues) => Promise<void>,
): void {
  new prom.Gauge({
    name,
    help,
    labelNames: ['destination', 'connection'],
    registers: [register],
    async collect() {
      const values = new LabelledValues();
      const isRead = await read(values).then(
        () => true,
        () => false,
      );
      this.reset();
      if (isRead) values.setOn(this);
    },
  });
}

function plainGauge(register: Registry, name: string, help: string, read: () => Promise<number | undefined>): void {
  new prom.Gauge({
    name,
    help,
    registers: [register],
    async collect() {
      const value = await read().catch(() => undefined);
      // Not reset(): that sets 0.
      if (value === undefined) this.remove();
      else this.set(value);
    },
  });
}
