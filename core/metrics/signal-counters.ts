import type { Histogram, Registry } from 'prom-client';
import type { Signal } from '../index.ts';
import { BatchedCounter, CountsByKey } from './batched-counter.ts';
import type { ConnectionLabels } from './connection-labels.ts';
import { loadPromClient } from './prom-client.ts';
import { statusClassOf } from './status-class.ts';

const prom = loadPromClient();

const ofConnection = ['destination', 'connection'] as const;
const requestSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** An event in a queue may wait for a day. */
const eventSeconds = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200, 28_800, 86_400];

/** Every counter and histogram that signals drive. */
class Families {
  readonly events: BatchedCounter<'destination' | 'connection' | 'via' | 'outcome' | 'reason'>;
  readonly requests: BatchedCounter<'destination' | 'connection' | 'status_class'>;
  readonly retries: BatchedCounter<'destination' | 'connection' | 'reason'>;
  readonly notes: BatchedCounter<'destination' | 'connection' | 'code'>;
  readonly defects: BatchedCounter<'destination' | 'connection'>;
  readonly requestDuration: Histogram<'destination' | 'connection'>;
  readonly eventLatency: Histogram<'destination' | 'via' | 'outcome'>;

  constructor(register: Registry) {
    const counter = <L extends string>(name: string, help: string, labels: readonly L[]) =>
      new BatchedCounter(register, name, help, labels);
    this.events = counter(
      'spillway_events_total',
      'Events that have their outcome: of a call, or when they have left a queue for good',
      [...ofConnection, 'via', 'outcome', 'reason'],
    );
    this.requests = counter('spillway_requests_total', 'Requests to vendors, by what came of them', [
      ...ofConnection,
      'status_class',
    ]);
    this.retries = counter('spillway_retries_total', 'Events that are to be sent again, once for each time', [
      ...ofConnection,
      'reason',
    ]);
    this.notes = counter('spillway_notes_total', 'Notes about delivered events', [...ofConnection, 'code']);
    this.defects = counter('spillway_defects_total', 'Errors of core, of a store or of a vendor folder', ofConnection);
    this.requestDuration = new prom.Histogram({
      name: 'spillway_request_duration_seconds',
      help: 'How long requests to vendors took, with the wait for a socket',
      labelNames: ofConnection,
      buckets: requestSeconds,
      registers: [register],
    });
    this.eventLatency = new prom.Histogram({
      name: 'spillway_event_latency_seconds',
      help: 'How long events took from being accepted to their outcome',
      labelNames: ['destination', 'via', 'outcome'],
      buckets: eventSeconds,
      registers: [register],
    });
  }
}

type Via = 'call' | 'queue';

/** What is counted of the connections with one label. Its parts are looked up once. */
class ConnectionCounters {
  readonly slug: string;
  readonly #of: { readonly destination: string; readonly connection: string };
  readonly #families: Families;
  readonly #events: Readonly<Record<Via, CountsByKey>>;
  readonly #latencies: Readonly<Record<Via, Map<string, Histogram.Internal<never>>>> = {
    call: new Map(),
    queue: new Map(),
  };
  readonly requests: CountsByKey;
  readonly retries: CountsByKey;
  readonly notes: CountsByKey;
  readonly defects: CountsByKey;
  readonly requestDuration: Histogram.Internal<'destination' | 'connection'>;

  constructor(families: Families, slug: string, label: string) {
    const of = { destination: slug, connection: label };
    this.slug = slug;
    this.#of = of;
    this.#families = families;
    this.#events = { call: this.#eventCounts('call'), queue: this.#eventCounts('queue') };
    this.requests = new CountsByKey((key) => families.requests.count({ ...of, status_class: key }));
    this.retries = new CountsByKey((reason) => families.retries.count({ ...of, reason }));
    this.notes = new CountsByKey((code) => families.notes.count({ ...of, code }));
    this.defects = new CountsByKey(() => families.defects.count(of));
    this.requestDuration = families.requestDuration.labels(of);
  }

  #eventCounts(via: Via): CountsByKey {
    return new CountsByKey((key) => {
      const [outcome = '', reason = ''] = key.split(' ');
      return this.#families.events.count({ ...this.#of, via, outcome, reason });
    });
  }

  settled(via: Via, outcome: string, code: string | undefined, latencyMs: number): void {
    this.#events[via].add(code === undefined ? outcome : `${outcome} ${code}`);
    const latencies = this.#latencies[via];
    let latency = latencies.get(outcome);
    if (latency === undefined) {
      latency = this.#families.eventLatency.labels({ destination: this.slug, via, outcome });
      latencies.set(outcome, latency);
    }
    latency.observe(latencyMs / 1_000);
  }
}

/** Counts what signals tell. */
export class SignalCounters {
  /** More or fewer outcomes than events. */
  conservationGap = 0;
  readonly #families: Families;
  readonly #labels: ConnectionLabels;
  /** By label, and by destination under it, should two use the same id one after the other. */
  readonly #connections = new Map<string, Map<string, ConnectionCounters>>();

  constructor(register: Registry, labels: ConnectionLabels) {
    this.#families = new Families(register);
    this.#labels = labels;
  }

  count(signal: Signal): void {
    const { slug, connection } = signal;
    switch (signal.kind) {
      case 'event_settled': {
        const { outcome, code, latencyMs, queued } = signal;
        const counters = this.#of(slug, connection);
        if (queued !== true) return counters.settled('call', outcome, code, latencyMs);
        // Of a queue this is one try. What was held back behind another event was none.
        if (outcome === 'deferred' && code !== undefined && code !== 'held_back') counters.retries.add(code);
        return;
      }
      case 'queued_event_settled':
        return this.#of(slug, connection).settled('queue', signal.outcome, signal.code, signal.latencyMs);
      case 'request_finished': {
        const counters = this.#of(slug, connection);
        counters.requests.add(
          signal.status === undefined ? (signal.failure ?? 'network') : statusClassOf(signal.status),
        );
        counters.requestDuration.observe(signal.ms / 1_000);
        return;
      }
      case 'retry_scheduled':
        return this.#of(slug, connection).retries.add(signal.code, signal.items);
      case 'event_noted':
        return this.#of(slug, connection).notes.add(signal.code);
      case 'defect':
        return this.#of(slug, connection).defects.add('');
      case 'conservation_broken':
        this.conservationGap += Math.abs(signal.in - signal.out);
        return;
      case 'connection_held':
      case 'connection_resumed':
      case 'connection_suspended':
      // Gauges say these. Requests of operations and checks are counted as requests.
      case 'operation_finished':
      case 'credentials_checked':
      case 'reply_unusable':
        return;
    }
  }

  #of(slug: string, id: string): ConnectionCounters {
    const label = this.#labels.of(id);
    let bySlug = this.#connections.get(label);
    if (bySlug === undefined) this.#connections.set(label, (bySlug = new Map()));
    let counters = bySlug.get(slug);
    if (counters === undefined) bySlug.set(slug, (counters = new ConnectionCounters(this.#families, slug, label)));
    return counters;
  }
}
