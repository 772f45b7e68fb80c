import type { Outcome, ReasonCode, Signal } from '../../../index.ts';
import { QueueFull, type QueueWorker, type WorkableConnection, type WorkableQueue } from '../../../queue/index.ts';
import { createRateMeter, type RateMeter } from './rate-meter.ts';
import { written } from './time.ts';

/** Why nothing leaves over a connection: its credentials, its vendor, a wait the vendor asked for, a full disk, or its settings. */
export type HeldBy = Extract<Signal, { kind: 'connection_held' }>['cause'] | 'throttled' | 'disk' | 'settings';

/** What the worker of a connection is at. Times are ISO 8601. */
export interface Attended {
  /** `idle`: nothing waits. `held`: nothing leaves until `until`, and then one event or a check, to see whether it may. */
  readonly state: 'working' | 'idle' | 'held';
  readonly reason: { readonly cause: HeldBy; readonly code: ReasonCode } | null;
  readonly since: string | null;
  /** The next probe; `null` where only a person can end it. */
  readonly until: string | null;
  readonly lastDelivered: string | null;
  readonly lastError: LastError | null;
  /** Events that the vendor fails on whenever they go alone; `partial`: too many for it to be their fault. */
  readonly failing: PoisonSuspects;
  /** Settled for good, over the last minute. */
  readonly perSecond: number;
  /** Until nothing waits, at that rate. */
  readonly etaMs: number | null;
}

/** The last outcome that was not a delivery. */
export interface LastError {
  readonly at: string;
  readonly outcome: Exclude<Outcome['kind'], 'delivered' | 'skipped'>;
  readonly code: ReasonCode;
  /** HTTP status, where the vendor answered. */
  readonly status: number | null;
}

type PoisonSuspects = ReturnType<QueueWorker['suspects']>;

/** A hold that began, changed its cause, or ended; of a full disk once for all connections. */
export type HoldChange =
  | {
      readonly kind: 'held';
      readonly connection: string;
      readonly cause: HeldBy;
      readonly code: ReasonCode;
      /** Epoch ms. */
      readonly until: number;
    }
  | { readonly kind: 'resumed'; readonly connection: string; readonly afterMs: number }
  | { readonly kind: 'partial_outage'; readonly connection: string; readonly events: number }
  | { readonly kind: 'partial_outage_over'; readonly connection: string; readonly afterMs: number }
  | { readonly kind: 'disk_full' | 'disk_freed' };

interface Hold {
  readonly cause: HeldBy;
  readonly code: ReasonCode;
  /** Epoch ms. */
  readonly since: number;
  readonly until: number;
  /** Somebody was told. */
  readonly told: boolean;
}

interface Entry {
  readonly rate: RateMeter;
  hold: Hold | undefined;
  /** Epoch ms; 0 = never. */
  lastDelivered: number;
  lastError: LastError | undefined;
  failing: PoisonSuspects;
  /** Epoch ms: when somebody was told of an outage in part, and when it was last seen; 0 = none. */
  partialSince: number;
  partialAt: number;
}

/** What a running `work` knows of its connections, and when it changes. */
export interface Attendance {
  hear(signal: Signal): void;
  /** The same queue, whose settlements are counted once they are on disk. */
  watch(queue: WorkableQueue): WorkableQueue;
  /** The same connection, whose outcomes are heard of. */
  listen(id: string, connection: WorkableConnection): WorkableConnection;
  /** What the worker says of the events that fail by themselves: to be told again and again. */
  see(id: string, failing: PoisonSuspects): void;
  of(id: string, waiting: number): Attended;
}

/** A vendor that fails once and answers the first probe, a second later, is nothing to tell of. */
const worthTellingMs = 1_000;
/** An outage in part is over when it was not seen for so long: their share moves with every event. */
const partialOverMs = 60_000;
const noneFailing: PoisonSuspects = { events: 0, partial: false };

export function createAttendance(
  ids: readonly string[],
  told: (change: HoldChange) => void,
  now: () => number = Date.now,
): Attendance {
  const records = new Map<string, Entry>(
    ids.map((id) => [
      id,
      {
        rate: createRateMeter(),
        hold: undefined,
        lastDelivered: 0,
        lastError: undefined,
        failing: noneFailing,
        partialSince: 0,
        partialAt: 0,
      },
    ]),
  );

  let diskFull = false;

  /** What the queue throws because of its own budget concerns puts alone: here, it is the disk. */
  function full(isFull: boolean): void {
    if (isFull === diskFull) return;
    diskFull = isFull;
    told({ kind: isFull ? 'disk_full' : 'disk_freed' });
  }

  function hold(record: Entry, connection: string, signal: Extract<Signal, { kind: 'connection_held' }>): void {
    const { code, forMs } = signal;
    const cause = causeOf(signal);
    const before = record.hold;
    const until = now() + forMs;
    const known = before?.told === true && before.cause === cause;
    const telling =
      !known && cause !== 'disk' && (before !== undefined || cause === 'suspended' || forMs > worthTellingMs);
    record.hold = { cause, code, since: before?.since ?? now(), until, told: known || telling };
    if (telling) told({ kind: 'held', connection, cause, code, until });
  }

  function causeOf({ cause, code }: Extract<Signal, { kind: 'connection_held' }>): HeldBy {
    if (cause === 'suspended') return cause;
    if (code === 'rate_limited') return 'throttled';
    return code === 'internal_error' && diskFull ? 'disk' : cause;
  }

  function heard(record: Entry, outcome: Outcome): void {
    if (outcome.kind === 'delivered' || outcome.kind === 'skipped') return;
    const { code, status = null } = outcome.reason;
    // It waits behind another one, whose outcome says more.
    if (code !== 'held_back') record.lastError = { at: written(now()), outcome: outcome.kind, code, status };
  }

  return {
    hear(signal) {
      if (signal.kind !== 'connection_held' && signal.kind !== 'connection_resumed') return;
      const record = records.get(signal.connection);
      if (record === undefined) return;
      if (signal.kind === 'connection_held') return hold(record, signal.connection, signal);
      const before = record.hold;
      record.hold = undefined;
      if (before?.told === true)
        told({ kind: 'resumed', connection: signal.connection, afterMs: Math.max(0, now() - before.since) });
    },
    watch: (queue) => ({
      ...queue,
      async settle(connection, settlements, at) {
        try {
          await queue.settle(connection, settlements, at);
        } catch (error) {
          if (error instanceof QueueFull) full(true);
          throw error;
        }
        full(false);
        const record = records.get(connection);
        if (record === undefined) return;
        let final = 0;
        for (const settlement of settlements) {
          if (settlement.kind === 'retry') continue;
          final += 1;
          if (settlement.kind === 'done' && settlement.outcome === 'delivered') record.lastDelivered = now();
        }
        record.rate.add(final);
      },
    }),
    listen(id, connection) {
      const record = records.get(id);
      if (record === undefined) return connection;
      return {
        slug: connection.slug,
        id: connection.id,
        check: (options) => connection.check(options),
        suspended: () => connection.suspended(),
        resume: (scope) => connection.resume(scope),
        deliver: (events, options) =>
          connection.deliver(events, {
            ...options,
            settled(position, outcome) {
              heard(record, outcome);
              return options?.settled?.(position, outcome);
            },
          }),
      };
    },
    see(connection, failing) {
      const record = records.get(connection);
      if (record === undefined) return;
      record.failing = failing;
      if (failing.partial) {
        record.partialAt = now();
        if (record.partialSince > 0) return;
        record.partialSince = now();
        told({ kind: 'partial_outage', connection, events: failing.events });
      } else if (record.partialSince > 0 && now() - record.partialAt > partialOverMs) {
        told({ kind: 'partial_outage_over', connection, afterMs: Math.max(0, record.partialAt - record.partialSince) });
        record.partialSince = 0;
      }
    },
    of(id, waiting) {
      const { hold: held, lastDelivered = 0, lastError, rate, failing = noneFailing } = records.get(id) ?? {};
      const perSecond = rate?.perSecond() ?? 0;
      return {
        state: held !== undefined ? 'held' : waiting > 0 ? 'working' : 'idle',
        reason: held === undefined ? null : { cause: held.cause, code: held.code },
        since: held === undefined ? null : written(held.since),
        until: held === undefined ? null : written(held.until),
        lastDelivered: lastDelivered === 0 ? null : written(lastDelivered),
        lastError: lastError ?? null,
        failing,
        perSecond,
        etaMs: waiting === 0 ? 0 : perSecond === 0 ? null : Math.round((1000 * waiting) / perSecond),
      };
    },
  };
}

/** One that the file names and that cannot be worked on: only a person can mend that. */
export const unworkable: Attended = {
  state: 'held',
  reason: { cause: 'settings', code: 'misconfigured' },
  since: null,
  until: null,
  lastDelivered: null,
  lastError: null,
  failing: noneFailing,
  perSecond: 0,
  etaMs: null,
};

/** For people: why nothing leaves. */
export function whyHeld(cause: HeldBy, code: ReasonCode): string {
  switch (cause) {
    case 'suspended':
      return code === 'unauthorized'
        ? 'the vendor refuses the credentials (unauthorized)'
        : `the vendor accepts nothing for this account until a person acts (${code})`;
    case 'throttled':
      return 'the vendor asked for a pause (rate_limited)';
    case 'disk':
      return 'the disk is full, and nothing is sent whose outcome cannot be recorded';
    case 'settings':
      return 'its settings are invalid, or do not fit the events in the queue (misconfigured)';
    case 'unreachable':
      return code === 'internal_error'
        ? 'a failure on this side (internal_error)'
        : `the vendor cannot be reached, or does not respond as documented (${code})`;
  }
}
