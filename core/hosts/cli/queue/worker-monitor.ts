import type { Outcome, ReasonCode, Signal } from '../../../index.ts';
import { QueueFull, type Settlement, type WorkableConnection, type WorkableQueue } from '../../../queue/index.ts';
import { isoTime } from './format-time.ts';
import { createRateMeter, type RateMeter } from './rate-meter.ts';
import {
  noSuspects,
  type HoldCause,
  type HoldChange,
  type LastError,
  type PoisonSuspects,
  type WorkerState,
} from './worker-state.ts';

type HeldSignal = Extract<Signal, { kind: 'connection_held' }>;

interface Hold {
  readonly cause: HoldCause;
  readonly code: ReasonCode;
  /** Epoch ms. */
  readonly since: number;
  readonly until: number;
  readonly reported: boolean;
}

interface MonitoredConnection {
  readonly rate: RateMeter;
  hold: Hold | undefined;
  /** Epoch ms; 0 = never. */
  lastDelivered: number;
  lastError: LastError | undefined;
  suspects: PoisonSuspects;
  /** Epoch ms: when a partial outage was reported, and when it was last seen; 0 = never. */
  partialSince: number;
  partialAt: number;
}

/** Shorter holds are not reported: a vendor that fails once and answers the first probe is not news. */
const shortestReportedMs = 1_000;
/** A partial outage is over once it has not been seen for so long: its share moves with every event. */
const partialOverMs = 60_000;

/** Knows what each worker of a running `work` is doing, and reports when that changes. */
export class WorkerMonitor {
  readonly #connections: ReadonlyMap<string, MonitoredConnection>;
  readonly #report: (change: HoldChange) => void;
  readonly #now: () => number;
  #diskFull = false;

  constructor(ids: readonly string[], report: (change: HoldChange) => void, now: () => number = Date.now) {
    this.#connections = new Map(ids.map((id) => [id, newConnection()]));
    this.#report = report;
    this.#now = now;
  }

  observe(signal: Signal): void {
    if (signal.kind !== 'connection_held' && signal.kind !== 'connection_resumed') return;
    const monitored = this.#connections.get(signal.connection);
    if (monitored === undefined) return;
    if (signal.kind === 'connection_held') this.#hold(monitored, signal);
    else this.#resume(monitored, signal.connection);
  }

  /** The same queue; its settlements are counted once they are on disk. */
  watchQueue(queue: WorkableQueue): WorkableQueue {
    return {
      ...queue,
      settle: async (connection, settlements, at) => {
        try {
          await queue.settle(connection, settlements, at);
        } catch (error) {
          // A queue's own budget concerns puts alone, so a full queue here means a full disk.
          if (error instanceof QueueFull) this.#setDiskFull(true);
          throw error;
        }
        this.#setDiskFull(false);
        this.#count(connection, settlements);
      },
    };
  }

  /** The same connection; its outcomes are recorded. */
  watchConnection(id: string, connection: WorkableConnection): WorkableConnection {
    const monitored = this.#connections.get(id);
    if (monitored === undefined) return connection;
    return {
      slug: connection.slug,
      id: connection.id,
      check: (options) => connection.check(options),
      suspended: () => connection.suspended(),
      resume: (scope) => connection.resume(scope),
      deliver: (events, options) =>
        connection.deliver(events, {
          ...options,
          settled: (position, outcome) => {
            this.#recordOutcome(monitored, outcome);
            return options?.settled?.(position, outcome);
          },
        }),
    };
  }

  /** What the worker knows of the events that fail by themselves; to be called now and then. */
  recordSuspects(connection: string, suspects: PoisonSuspects): void {
    const monitored = this.#connections.get(connection);
    if (monitored === undefined) return;
    monitored.suspects = suspects;
    const { partialSince, partialAt } = monitored;
    if (suspects.partial) {
      monitored.partialAt = this.#now();
      if (partialSince > 0) return;
      monitored.partialSince = this.#now();
      this.#report({ kind: 'partial_outage', connection, events: suspects.events });
    } else if (partialSince > 0 && this.#now() - partialAt > partialOverMs) {
      this.#report({ kind: 'partial_outage_over', connection, afterMs: Math.max(0, partialAt - partialSince) });
      monitored.partialSince = 0;
    }
  }

  stateOf(id: string, waiting: number): WorkerState {
    const { hold, lastDelivered, lastError, rate, suspects } = this.#connections.get(id) ?? newConnection();
    const perSecond = rate.perSecond();
    return {
      state: hold !== undefined ? 'held' : waiting > 0 ? 'working' : 'idle',
      reason: hold === undefined ? null : { cause: hold.cause, code: hold.code },
      since: hold === undefined ? null : isoTime(hold.since),
      until: hold === undefined ? null : isoTime(hold.until),
      lastDelivered: lastDelivered === 0 ? null : isoTime(lastDelivered),
      lastError: lastError ?? null,
      failing: suspects,
      perSecond,
      etaMs: waiting === 0 ? 0 : perSecond === 0 ? null : Math.round((1000 * waiting) / perSecond),
    };
  }

  #hold(monitored: MonitoredConnection, signal: HeldSignal): void {
    const { connection, code, forMs } = signal;
    const cause = this.#causeOf(signal);
    const before = monitored.hold;
    const until = this.#now() + forMs;
    const known = before?.reported === true && before.cause === cause;
    const longEnough = before !== undefined || cause === 'suspended' || forMs > shortestReportedMs;
    const reporting = !known && cause !== 'disk' && longEnough;
    monitored.hold = { cause, code, since: before?.since ?? this.#now(), until, reported: known || reporting };
    if (reporting) this.#report({ kind: 'held', connection, cause, code, until });
  }

  #resume(monitored: MonitoredConnection, connection: string): void {
    const before = monitored.hold;
    monitored.hold = undefined;
    if (before?.reported !== true) return;
    this.#report({ kind: 'resumed', connection, afterMs: Math.max(0, this.#now() - before.since) });
  }

  #causeOf({ cause, code }: HeldSignal): HoldCause {
    if (cause !== 'unreachable') return cause;
    if (code === 'rate_limited') return 'throttled';
    return code === 'internal_error' && this.#diskFull ? 'disk' : cause;
  }

  #setDiskFull(full: boolean): void {
    if (full === this.#diskFull) return;
    this.#diskFull = full;
    this.#report({ kind: full ? 'disk_full' : 'disk_freed' });
  }

  #count(connection: string, settlements: readonly Settlement[]): void {
    const monitored = this.#connections.get(connection);
    if (monitored === undefined) return;
    const final = settlements.filter(({ kind }) => kind !== 'retry');
    if (final.some((one) => one.kind === 'done' && one.outcome === 'delivered')) monitored.lastDelivered = this.#now();
    monitored.rate.add(final.length);
  }

  #recordOutcome(monitored: MonitoredConnection, outcome: Outcome): void {
    if (outcome.kind === 'delivered' || outcome.kind === 'skipped') return;
    const { code, status = null } = outcome.reason;
    // An event that is held back waits for another one, whose outcome says more.
    if (code === 'held_back') return;
    monitored.lastError = { at: isoTime(this.#now()), outcome: outcome.kind, code, status };
  }
}

const newConnection = (): MonitoredConnection => ({
  rate: createRateMeter(),
  hold: undefined,
  lastDelivered: 0,
  lastError: undefined,
  suspects: noSuspects,
  partialSince: 0,
  partialAt: 0,
});
