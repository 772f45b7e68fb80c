import type { Outcome } from '../api/outcome.ts';
import type { ReasonCode } from '../api/reason-codes.ts';
import { isoTime, type Clock } from '../policy/clock.ts';
import type { Signal } from '../runtime/signals.ts';
import type { PoisonTracker } from './poison-tracker.ts';
import { QueueFull, type Settlement } from './queue.ts';
import { createRateMeter } from './rate-meter.ts';
import type { HoldCause, HoldChange, LastError, SettledCount, WorkerState } from './worker-state.ts';

type SignalCause = Extract<Signal, { kind: 'connection_held' }>['cause'];

export interface WorkerMonitorOptions extends Pick<Clock, 'now' | 'elapsed' | 'after'> {
  /** The id of the worker's events in the queue. */
  readonly id: string;
  readonly poison: Pick<PoisonTracker, 'suspects' | 'hasSuspects'>;
  readonly report: (change: HoldChange) => void;
}

/** Knows what a worker is doing, from what its parts tell it, and reports when that changes. */
export interface WorkerMonitor {
  held(cause: SignalCause, code: ReasonCode, until: number): void;
  resumed(): void;
  /** An outcome came, whatever becomes of its event. */
  recordOutcome(outcome: Outcome): void;
  batchEnded(): void;
  /** These are on disk. */
  recordWritten(settlements: readonly Settlement[]): void;
  /** The store refused a write. */
  recordRefused(error: unknown): void;
  /** `waiting`: how many events. */
  state(waiting: number): WorkerState;
  counts(): SettledCount;
  /** Looks for a partial outage no more by itself. */
  stop(): void;
}

interface Hold {
  readonly cause: HoldCause;
  readonly code: ReasonCode;
  /** Epoch ms. */
  readonly since: number;
  readonly until: number;
  readonly reported: boolean;
}

/** Shorter holds are not reported: a vendor that fails once and answers the first probe is not news. */
const shortestReportedMs = 1_000;
/** The suspects are counted so long after a batch has ended, as there may be very many of both. */
const lookAfterMs = 2_000;
/** A partial outage is over once it has not been seen for so long: its share moves with every event. */
const partialOverMs = 60_000;

export function createWorkerMonitor(options: WorkerMonitorOptions): WorkerMonitor {
  const { id: connection, now, elapsed, after, poison, report } = options;
  const rate = createRateMeter(elapsed);
  const counted = { delivered: 0, skipped: 0, dead: 0 };
  let hold: Hold | undefined;
  let isDiskFull = false;
  /** Epoch ms; 0 = never. */
  let lastDelivered = 0;
  let lastError: (Omit<LastError, 'at'> & { readonly at: number }) | undefined;
  /** Epoch ms: when a partial outage was reported, and when it was last seen; 0 = never. */
  let partialSince = 0;
  let partialAt = 0;
  let isStopped = false;
  let cancelLook: (() => void) | undefined;

  function causeOf(cause: SignalCause, code: ReasonCode): HoldCause {
    if (cause !== 'unreachable') return cause;
    if (code === 'rate_limited') return 'throttled';
    return code === 'internal_error' && isDiskFull ? 'disk' : cause;
  }

  function setDiskFull(full: boolean): void {
    if (full === isDiskFull) return;
    isDiskFull = full;
    report({ kind: full ? 'disk_full' : 'disk_freed', connection });
  }

  function lookSoon(): void {
    if (cancelLook !== undefined || isStopped) return;
    cancelLook = after(lookAfterMs, () => {
      cancelLook = undefined;
      look();
      if (partialSince > 0) lookSoon();
    });
  }

  function look(): WorkerState['failing'] {
    const suspects = poison.suspects();
    if (suspects.partial) {
      partialAt = now();
      if (partialSince === 0) {
        partialSince = partialAt;
        report({ kind: 'partial_outage', connection, events: suspects.events });
      }
    } else if (partialSince > 0 && now() - partialAt > partialOverMs) {
      const afterMs = Math.max(0, partialAt - partialSince);
      partialSince = 0;
      report({ kind: 'partial_outage_over', connection, afterMs });
    }
    return suspects;
  }

  return {
    held(signalled, code, at) {
      const cause = causeOf(signalled, code);
      const until = Math.max(now(), at);
      const known = hold?.reported === true && hold.cause === cause;
      const longEnough = hold !== undefined || cause === 'suspended' || until - now() > shortestReportedMs;
      const reporting = !known && cause !== 'disk' && longEnough;
      hold = { cause, code, since: hold?.since ?? now(), until, reported: known || reporting };
      if (reporting) report({ kind: 'held', connection, cause, code, until });
    },
    resumed() {
      const before = hold;
      hold = undefined;
      if (before?.reported !== true) return;
      report({ kind: 'resumed', connection, afterMs: Math.max(0, now() - before.since) });
    },
    recordOutcome(outcome) {
      if (outcome.kind === 'delivered' || outcome.kind === 'skipped') return;
      const { code, status = null } = outcome.reason;
      // An event that is held back waits for another one, whose outcome says more.
      if (code !== 'held_back') lastError = { at: now(), outcome: outcome.kind, code, status };
    },
    batchEnded() {
      if (poison.hasSuspects()) lookSoon();
    },
    recordWritten(settlements) {
      setDiskFull(false);
      const { delivered } = counted;
      let final = 0;
      for (const settlement of settlements) {
        if (settlement.kind === 'retry') continue;
        final += 1;
        counted[settlement.kind === 'dead' ? 'dead' : settlement.outcome] += 1;
      }
      if (final > 0) rate.add(final);
      if (counted.delivered > delivered) lastDelivered = now();
    },
    recordRefused(error) {
      // A queue's own budget concerns puts alone, so a full queue here means a full disk.
      if (error instanceof QueueFull) setDiskFull(true);
    },
    state(waiting) {
      const perSecond = rate.perSecond();
      return {
        state: hold !== undefined ? 'held' : waiting > 0 ? 'working' : 'idle',
        reason: hold === undefined ? null : { cause: hold.cause, code: hold.code },
        since: hold === undefined ? null : isoTime(hold.since),
        until: hold === undefined ? null : isoTime(hold.until),
        lastDelivered: lastDelivered === 0 ? null : isoTime(lastDelivered),
        lastError: lastError === undefined ? null : { ...lastError, at: isoTime(lastError.at) },
        failing: look(),
        perSecond,
        etaMs: waiting === 0 ? 0 : perSecond === 0 ? null : Math.round((1000 * waiting) / perSecond),
      };
    },
    counts: () => ({ ...counted }),
    stop() {
      isStopped = true;
      cancelLook?.();
    },
  };
}
