import { Latencies } from './latencies.ts';
import type { OutcomeKind, ReasonCode, Signal } from '../index.ts';

/** What became of an event: its outcome, or, where a store kept it, that it is a dead letter now. */
export type SettledAs = OutcomeKind | 'dead';

type RequestFailure = NonNullable<Extract<Signal, { kind: 'request_finished' }>['failure']>;

/** What happened on a connection in one minute. */
export interface ActivityMinute {
  /** ISO 8601: its beginning. */
  readonly at: string;
  readonly outcomes: Readonly<Partial<Record<SettledAs, number>>>;
  readonly requests: number;
  readonly failed: number;
  /** Of its requests, in ms; `null` where there were none. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** What happened on a connection since the service began. */
export interface ConnectionActivity {
  readonly outcomes: Readonly<Partial<Record<SettledAs, number>>>;
  /** Of outcomes that have a reason: how many have each code. */
  readonly reasons: Readonly<Partial<Record<ReasonCode, number>>>;
  readonly requests: number;
  /** Of the requests of the last two minutes, in ms; `null` where there were none. */
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number } | null;
  /** The last request that failed. Holds nothing of the answer but its status. */
  readonly lastError: { readonly at: string; readonly failure: RequestFailure; readonly status: number | null } | null;
}

const minuteMs = 60_000;
const mostMinutes = 60;
const latencyMinutes = 2;

interface Minute {
  readonly start: number;
  readonly outcomes: Partial<Record<SettledAs, number>>;
  requests: number;
  failed: number;
  /** While it is among the last ones; then `percentiles` has what is left of it. */
  latency: Latencies | undefined;
  percentiles: ConnectionActivity['latencyMs'];
}

interface ConnectionCounts {
  readonly outcomes: Partial<Record<SettledAs, number>>;
  readonly reasons: Partial<Record<ReasonCode, number>>;
  requests: number;
  lastError: ConnectionActivity['lastError'];
  readonly minutes: Minute[];
}

/** Counts what the runtime's signals say, by connection: an hour of minutes, and totals. */
export class Activity {
  readonly #byId = new Map<string, ConnectionCounts>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** A listener for `onSignal`. */
  readonly observe = (signal: Signal): void => {
    if (signal.kind === 'queued_event_settled' || (signal.kind === 'event_settled' && signal.queued !== true)) {
      const record = this.#record(signal.connection);
      const { outcomes } = this.#minute(record);
      count(record.outcomes, signal.outcome);
      count(outcomes, signal.outcome);
      if (signal.code !== undefined) count(record.reasons, signal.code);
    } else if (signal.kind === 'request_finished') {
      const record = this.#record(signal.connection);
      const minute = this.#minute(record);
      record.requests += 1;
      minute.requests += 1;
      minute.latency?.record(signal.ms);
      const { status = null } = signal;
      const failure = signal.failure ?? (status !== null && status >= 400 ? 'http' : undefined);
      if (failure === undefined) return;
      minute.failed += 1;
      record.lastError = {
        at: new Date(this.#now()).toISOString(),
        failure,
        status,
      };
    }
  };

  of(connection: string): ConnectionActivity {
    const record = this.#byId.get(connection);
    if (record === undefined) return { outcomes: {}, reasons: {}, requests: 0, latencyMs: null, lastError: null };
    const { outcomes, reasons, requests, lastError, minutes } = record;
    const since = this.#now() - latencyMinutes * minuteMs;
    const latency = new Latencies();
    for (const minute of minutes)
      if (minute.latency !== undefined && minute.start >= since) latency.add(minute.latency);
    return {
      outcomes: { ...outcomes },
      reasons: { ...reasons },
      requests,
      latencyMs: latency.percentiles(),
      lastError,
    };
  }

  /** The last `minutes` minutes, the current one included, the oldest first. Those where nothing happened are empty. */
  series(connection: string, minutes: number): readonly ActivityMinute[] {
    const known = new Map(this.#byId.get(connection)?.minutes.map((minute) => [minute.start, minute]));
    const current = startOf(this.#now());
    const length = Math.min(minutes, mostMinutes);
    return Array.from({ length }, (_, back) => {
      const start = current - (length - 1 - back) * minuteMs;
      const minute = known.get(start);
      const latency = minute?.latency === undefined ? minute?.percentiles : minute.latency.percentiles();
      return {
        at: new Date(start).toISOString(),
        outcomes: { ...minute?.outcomes },
        requests: minute?.requests ?? 0,
        failed: minute?.failed ?? 0,
        p50: latency?.p50 ?? null,
        p95: latency?.p95 ?? null,
        p99: latency?.p99 ?? null,
      };
    });
  }

  /** Forgets connections that are no more. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#byId.keys()) if (!ids.has(id)) this.#byId.delete(id);
  }

  #record(id: string): ConnectionCounts {
    let record = this.#byId.get(id);
    if (record === undefined) {
      record = { outcomes: {}, reasons: {}, requests: 0, lastError: null, minutes: [] };
      this.#byId.set(id, record);
    }
    return record;
  }

  #minute({ minutes }: ConnectionCounts): Minute {
    const start = startOf(this.#now());
    const last = minutes.at(-1);
    if (last !== undefined && last.start >= start) return last;
    const minute = { start, outcomes: {}, requests: 0, failed: 0, latency: new Latencies(), percentiles: null };
    const old = minutes.at(-latencyMinutes);
    if (old?.latency !== undefined) {
      old.percentiles = old.latency.percentiles();
      old.latency = undefined;
    }
    minutes.push(minute);
    if (minutes.length > mostMinutes) minutes.shift();
    return minute;
  }
}

const startOf = (time: number): number => time - (time % minuteMs);

function count<K extends string>(counts: Partial<Record<K, number>>, name: K): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
