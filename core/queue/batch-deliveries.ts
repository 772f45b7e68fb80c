import type { Outcome } from '../api/outcome.ts';
import type { Clock } from '../policy/clock.ts';
import type { SharedLimiter } from '../policy/shared-limiter.ts';
import type { createAmbiguityMarker } from './ambiguous-after-crash.ts';
import { openClaimBatch, type ClaimBatch } from './claim-batch.ts';
import { failpoint } from './failpoint.ts';
import type { OutageBreaker, Purpose } from './outage-breaker.ts';
import type { PoisonTracker } from './poison-tracker.ts';
import type { Claim } from './queue.ts';
import type { SettlementWriter } from './settlement-writer.ts';
import type { QueuePolicy } from './settlement.ts';
import type { SuspensionWatch } from './suspension-watch.ts';
import { wholeSuspension } from './suspension.ts';
import { pacedUntilOf, retryAfterOf } from './vendor-health.ts';
import type { WorkableConnection } from './work-options.ts';
import type { WorkerMonitor } from './worker-monitor.ts';

export interface BatchDeliveryOptions {
  readonly connection: WorkableConnection;
  readonly writer: SettlementWriter;
  readonly outage: OutageBreaker;
  readonly suspension: Pick<SuspensionWatch, 'close'>;
  readonly limiter: SharedLimiter;
  readonly poison: PoisonTracker;
  readonly monitor: Pick<WorkerMonitor, 'recordOutcome' | 'batchEnded'>;
  readonly markAmbiguous: ReturnType<typeof createAmbiguityMarker>;
  readonly policy: QueuePolicy;
  /** Most events in a fresh batch, and such batches in flight at once. */
  readonly prefetch: number;
  readonly inFlight: number;
  /** Most events in one request. */
  readonly batchSize: number;
  readonly withinMs: number;
  /** Epoch ms. */
  readonly now: Clock['now'];
  readonly random: Clock['random'];
  readonly onDefect: (where: string, error: unknown) => void;
  /** Our own pace lets nothing leave until then (epoch ms). */
  readonly onPaced: (until: number) => void;
  /** There may be capacity for more. */
  readonly onCapacity: () => void;
}

/** Batches of claims on their way to the vendor, each with a call of deliver() of its own. */
export interface BatchDeliveries {
  /** Waits for the shared limiter, delivers, and resolves when the outcomes are on disk. Never rejects. */
  deliver(claims: readonly Claim[], purpose: Purpose): Promise<DeliveryResult>;
  /** Another fresh batch may start: one that waits for a few slow answers does not keep the sockets from the next. */
  hasCapacity(): boolean;
  /** How many batches are in flight. */
  count(purpose?: Purpose): number;
  /** Epoch ms until which our own pace lets nothing leave; in the past where it does. */
  pacedUntil(): number;
  /** Starts no further request of any batch in flight. */
  abort(): void;
}

export interface DeliveryResult {
  /** Empty where nobody knows them. */
  readonly outcomes: readonly Outcome[];
  /** The vendor answers again, after it did not. */
  readonly recovered: boolean;
}

interface InFlightBatch {
  readonly purpose: Purpose;
  readonly abort: AbortController;
}

const unknownResult: DeliveryResult = { outcomes: [], recovered: false };

const noneAmbiguous: ReadonlySet<number> = new Set();

/** Those that the marker replaced. */
const newlyAmbiguousOf = (before: readonly Claim[], claims: readonly Claim[]): ReadonlySet<number> =>
  new Set(claims.filter((claim, position) => claim !== before[position]).map(({ seq }) => seq));

export function createBatchDeliveries(options: BatchDeliveryOptions): BatchDeliveries {
  const {
    connection,
    writer,
    outage,
    suspension,
    limiter,
    poison,
    monitor,
    policy,
    now,
    random,
    onDefect,
    onPaced,
    onCapacity,
  } = options;
  const { prefetch, inFlight, batchSize, withinMs, markAmbiguous } = options;
  const batches = new Map<ClaimBatch, InFlightBatch>();
  /** Claims of fresh batches that are neither settled nor returned. */
  let openClaims = 0;
  let pacedUntil = 0;

  async function deliver(claimed: readonly Claim[], purpose: Purpose): Promise<DeliveryResult> {
    const claims = markAmbiguous(claimed);
    const abort = new AbortController();
    const batch = openClaimBatch(claims, {
      writer,
      policy,
      now,
      random,
      suspended: () => connection.suspended(),
      newlyAmbiguous: claims === claimed ? noneAmbiguous : newlyAmbiguousOf(claimed, claims),
      alone: claims.length === 1 || batchSize === 1,
      poison,
      onClosed(count) {
        if (purpose === 'batch') openClaims -= count;
        if (count > 0) onCapacity();
      },
    });
    batches.set(batch, { purpose, abort });
    if (purpose === 'batch') openClaims += claims.length;
    const outcomes = await outcomesOf(batch, claims, purpose, abort.signal);
    let result = unknownResult;
    if (outcomes === undefined) await batch.abandon();
    else result = await finish(batch, outcomes, purpose, abort.signal);
    batches.delete(batch);
    monitor.batchEnded();
    onCapacity();
    return result;
  }

  async function outcomesOf(
    batch: ClaimBatch,
    claims: readonly Claim[],
    purpose: Purpose,
    signal: AbortSignal,
  ): Promise<readonly Outcome[] | undefined> {
    try {
      await limiter.wait(claims.length, signal);
      if (signal.aborted) return undefined;
      const events = claims.map(({ text }) => text);
      const settled = (position: number, outcome: Outcome): Promise<boolean> | undefined => {
        monitor.recordOutcome(outcome);
        outage.record(outcome, purpose);
        return batch.record(position, outcome);
      };
      const trace = (position: number): string | undefined => claims[position]?.trace;
      failpoint('before send');
      const outcomes = await connection.deliver(events, { withinMs, signal, once: true, queued: true, settled, trace });
      if (outcomes.length === claims.length) return outcomes;
      throw new Error('deliver() did not return an outcome for each event');
    } catch (error) {
      onDefect('queue.deliver', error);
      outage.recordDefect();
      return undefined;
    }
  }

  async function finish(
    batch: ClaimBatch,
    outcomes: readonly Outcome[],
    purpose: Purpose,
    signal: AbortSignal,
  ): Promise<DeliveryResult> {
    const { reached, recovered, earliest } = outage.recordBatch(outcomes, purpose);
    if (reached && purpose !== 'probe') suspension.close();
    limiter.pauseUntil(retryAfterOf(outcomes));
    const opensAt = pacedUntilOf(outcomes);
    if (opensAt > Math.max(pacedUntil, now())) {
      pacedUntil = opensAt;
      onPaced(opensAt);
    }
    const isChanged = await batch.finish(outcomes, earliest);
    // A closed connection returns everything at once, for ever: that must not spin.
    const isFutile = !isChanged && opensAt === 0 && (outage.probeAt() ?? 0) <= now() && !signal.aborted;
    if (isFutile && wholeSuspension(connection.suspended()) === undefined) outage.recordDefect();
    return { outcomes, recovered };
  }

  return {
    deliver,
    hasCapacity() {
      let busy = 0;
      for (const [batch, { purpose }] of batches) if (purpose === 'batch' && batch.isBusy()) busy += 1;
      return busy < inFlight && openClaims <= prefetch * inFlight;
    },
    pacedUntil: () => pacedUntil,
    count(purpose) {
      if (purpose === undefined) return batches.size;
      let count = 0;
      for (const batch of batches.values()) if (batch.purpose === purpose) count += 1;
      return count;
    },
    abort() {
      for (const { abort } of batches.values()) abort.abort();
    },
  };
}
