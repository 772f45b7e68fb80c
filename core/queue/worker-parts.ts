import { systemClock, type Clock } from '../policy/clock.ts';
import { createSharedLimiter } from '../policy/shared-limiter.ts';
import { errorText } from '../runtime/error-text.ts';
import { safely } from '../runtime/signals.ts';
import { createAmbiguityMarker } from './ambiguous-after-crash.ts';
import { createBatchDeliveries, type BatchDeliveries } from './batch-deliveries.ts';
import { createClaimSelector, type ClaimSelector } from './claim-selector.ts';
import { createOutageBreaker, type OutageBreaker } from './outage-breaker.ts';
import { createPoisonTracker } from './poison-tracker.ts';
import { createSettlementWriter, type SettlementWriter, type SettlementWriterOptions } from './settlement-writer.ts';
import { defaultQueuePolicy } from './settlement.ts';
import { createSuspensionWatch, type SuspensionWatch } from './suspension-watch.ts';
import { maxPrefetch, type WorkableQueue, type WorkOptions } from './work-options.ts';
import { createWorkerMonitor, type WorkerMonitor } from './worker-monitor.ts';

/** What a worker is made of, and its options with their defaults. */
export interface WorkerParts {
  readonly queue: WorkableQueue;
  readonly id: string;
  readonly now: Clock['now'];
  readonly after: Clock['after'];
  readonly prefetch: number;
  readonly retryConcurrency: number;
  /** Most events that are claimed at once. */
  readonly maxOut: number;
  readonly signals: WorkerSignals;
  readonly outage: OutageBreaker;
  readonly suspension: SuspensionWatch;
  readonly writer: SettlementWriter;
  readonly monitor: WorkerMonitor;
  readonly selector: ClaimSelector;
  readonly deliveries: BatchDeliveries;
}

export interface WorkerHooks {
  /** Fires when no time is left to ask a store again. */
  readonly hurry: AbortSignal;
  /** The store refused a write, and is asked again after so many milliseconds; 0 = never. */
  readonly onRefused: (error: unknown, retryMs: number) => void;
  /** The store takes writes again. */
  readonly onRecovered: () => void;
  /** More may be claimed. */
  readonly onCapacity: () => void;
}

export function createWorkerParts(options: WorkOptions, hooks: WorkerHooks): WorkerParts {
  const { queue, connection, configHash, shared } = options;
  const { policy = defaultQueuePolicy, prefetch = maxPrefetch, inFlight = 2, withinMs = 30_000 } = options;
  const { batchSize = prefetch, retryConcurrency = 4 } = options;
  const { now = systemClock.now, after = systemClock.after, random = systemClock.random } = options;
  const { elapsed = systemClock.elapsed, onChange = () => undefined } = options;
  const { id = connection.id } = options;
  // One batch more than `inFlight` may be out, as the next leaves when most of another has come back.
  const maxOut = prefetch * (inFlight + 1) + batchSize * retryConcurrency;
  const poison = createPoisonTracker(now, policy.poison);
  const monitor = createWorkerMonitor({ id, now, elapsed, after, poison, report: safely(onChange) });
  const signals = createWorkerSignals(options, id, now, monitor);
  const { defect, resumed } = signals;

  const outage = createOutageBreaker({
    now,
    random,
    onOpen: (code, probeAt) => signals.held('unreachable', code, probeAt),
    onOpenInFlight: () => deliveries.abort(),
    onResumed: resumed,
  });
  const suspension = createSuspensionWatch({
    connection,
    now,
    random,
    onSuspended: (code, probeAt) => signals.held('suspended', code, probeAt),
    onResumed: resumed,
    onDefect: defect,
  });
  const writer = createSettlementWriter({
    queue,
    id,
    configHash,
    monitor,
    now,
    after,
    random,
    hurry: hooks.hurry,
    onRefused: hooks.onRefused,
    onRecovered: hooks.onRecovered,
    onDefect: defect,
    onSettled: signals.settled,
  });
  const limiter = createSharedLimiter({ shared, now, after, onDefect: (error) => defect('queue.budget', error) });
  const deliveries = createBatchDeliveries({
    connection,
    writer,
    outage,
    suspension,
    limiter,
    poison,
    monitor,
    markAmbiguous: createAmbiguityMarker(queue, id, maxOut),
    policy,
    prefetch,
    inFlight,
    batchSize,
    withinMs,
    now,
    random,
    onDefect: defect,
    onPaced: (until) => signals.held('paced', 'rate_limited', until),
    onCapacity: hooks.onCapacity,
  });
  const selector = createClaimSelector({ queue, id, now, batchSize });
  return {
    queue,
    id,
    now,
    after,
    prefetch,
    retryConcurrency,
    maxOut,
    signals,
    outage,
    suspension,
    writer,
    monitor,
    selector,
    deliveries,
  };
}

/** What a worker tells its host, by signals and by its state. */
export interface WorkerSignals extends Pick<WorkerMonitor, 'held' | 'resumed'> {
  readonly defect: (where: string, error: unknown) => void;
  readonly settled: SettlementWriterOptions['onSettled'];
}

function createWorkerSignals(
  { connection, onSignal }: WorkOptions,
  id: string,
  now: Clock['now'],
  monitor: WorkerMonitor,
): WorkerSignals {
  const emit = onSignal === undefined ? undefined : safely(onSignal);
  const { slug } = connection;
  return {
    defect: (where, error) => emit?.({ kind: 'defect', slug, connection: id, where, error: errorText(error) }),
    settled:
      emit &&
      ((settlement, { acceptedAt, skippedFor }) => {
        const outcome = settlement.kind === 'dead' ? settlement.kind : settlement.outcome;
        const code = settlement.kind === 'dead' ? settlement.reason.code : skippedFor;
        const latencyMs = Math.max(0, now() - acceptedAt);
        const why = code === undefined ? {} : { code };
        emit({ kind: 'queued_event_settled', slug, connection: id, outcome, ...why, latencyMs });
      }),
    held(cause, code, until) {
      emit?.({ kind: 'connection_held', slug, connection: id, cause, code, forMs: Math.max(0, until - now()) });
      monitor.held(cause, code, until);
    },
    resumed() {
      emit?.({ kind: 'connection_resumed', slug, connection: id });
      monitor.resumed();
    },
  };
}
