import type { Outcome } from '../api/outcome.ts';
import type { createAmbiguityMarker } from './ambiguous-after-crash.ts';
import type { PoisonTracker } from './poison-tracker.ts';
import type { OutageBreaker, Purpose } from './outage-breaker.ts';
import { failpoint } from './failpoint.ts';
import type { SuspensionWatch } from './suspension-watch.ts';
import type { SharedLimiter } from './permits.ts';
import type { Claim } from './queue.ts';
import type { SettlementWriter } from './settlement-writer.ts';
import type { QueuePolicy } from './settlement.ts';
import { openClaimBatch, type ClaimBatch } from './claim-batch.ts';
import { wholeSuspension } from './suspension.ts';
import type { WorkableConnection } from './work-options.ts';

export interface BatchDeliveryOptions {
  readonly connection: WorkableConnection;
  readonly recorder: SettlementWriter;
  readonly circuit: OutageBreaker;
  readonly pause: Pick<SuspensionWatch, 'clear'>;
  readonly permits: SharedLimiter;
  readonly blame: PoisonTracker;
  readonly aftermath: ReturnType<typeof createAmbiguityMarker>;
  readonly policy: QueuePolicy;
  /** Most events in a slice, and slices under way at once. */
  readonly prefetch: number;
  readonly inFlight: number;
  /** Most events in one request. */
  readonly batchSize: number;
  readonly withinMs: number;
  /** Epoch ms. */
  readonly now: () => number;
  readonly defect: (where: string, error: unknown) => void;
  /** There may be room for more. */
  readonly freed: () => void;
}

/** Claims on their way to the vendor, each lot with a call of deliver() of its own. */
export interface BatchDeliveries {
  /** Resolves when what came of it is on disk. Never rejects. */
  send(claims: readonly Claim[], errand: Purpose): Promise<DeliveryResult>;
  /** Another slice may start: one that only waits for a few slow answers does not keep the sockets from the next. */
  hasRoom(): boolean;
  /** How many lots are under way. */
  running(errand?: Purpose): number;
  /** Nothing more of what is under way is started. */
  end(): void;
}

export interface DeliveryResult {
  /** Empty where nobody knows. */
  readonly outcomes: readonly Outcome[];
  /** The vendor answers again, after it did not. */
  readonly again: boolean;
}

interface InFlightBatch {
  readonly errand: Purpose;
  /** Tells it to start nothing more. */
  readonly stop: AbortController;
}

const lost: DeliveryResult = { outcomes: [], again: false };

const none: ReadonlySet<number> = new Set();

const markedOf = (given: readonly Claim[], claims: readonly Claim[]): ReadonlySet<number> =>
  new Set(claims.filter((claim, position) => claim !== given[position]).map(({ seq }) => seq));

export function createBatchDeliveries(options: BatchDeliveryOptions): BatchDeliveries {
  const { connection, recorder, circuit, pause, permits, blame, policy, now, defect, freed } = options;
  const { prefetch, inFlight, batchSize, withinMs, aftermath } = options;
  const lots = new Map<ClaimBatch, InFlightBatch>();
  /** Claims of slices that nothing has become of yet. */
  let open = 0;

  async function send(given: readonly Claim[], errand: Purpose): Promise<DeliveryResult> {
    const claims = aftermath(given);
    const marked = claims === given ? none : markedOf(given, claims);
    const stop = new AbortController();
    const slice = openClaimBatch(claims, {
      recorder,
      policy,
      now,
      suspended: () => connection.suspended(),
      marked,
      alone: claims.length === 1 || batchSize === 1,
      blame,
      freed(count) {
        if (errand === 'slice') open -= count;
        if (count > 0) freed();
      },
    });
    lots.set(slice, { errand, stop });
    if (errand === 'slice') open += claims.length;
    const outcomes = await outcomesOf(slice, claims, errand, stop.signal);
    let arrival = lost;
    if (outcomes === undefined) await slice.abandon();
    else arrival = await conclude(slice, outcomes, errand, stop.signal);
    lots.delete(slice);
    freed();
    return arrival;
  }

  async function outcomesOf(
    slice: ClaimBatch,
    claims: readonly Claim[],
    errand: Purpose,
    signal: AbortSignal,
  ): Promise<readonly Outcome[] | undefined> {
    try {
      await permits.wait(claims.length, signal);
      if (signal.aborted) return undefined;
      const events = claims.map(({ event }) => event);
      const settled = (position: number, outcome: Outcome): Promise<boolean> | undefined => {
        circuit.record(outcome, errand);
        return slice.hear(position, outcome);
      };
      failpoint('before send');
      const outcomes = await connection.deliver(events, { withinMs, signal, once: true, settled });
      if (outcomes.length === claims.length) return outcomes;
      throw new Error('deliver() did not return an outcome for each event');
    } catch (error) {
      defect('queue.deliver', error);
      circuit.recordDefect();
      return undefined;
    }
  }

  async function conclude(
    slice: ClaimBatch,
    outcomes: readonly Outcome[],
    errand: Purpose,
    signal: AbortSignal,
  ): Promise<DeliveryResult> {
    const { reached, again, earliest } = circuit.recordBatch(outcomes, errand);
    if (reached && errand !== 'probe') pause.clear();
    permits.tell(outcomes);
    const moved = await slice.conclude(outcomes, earliest);
    const inVain = !moved && (circuit.at() ?? 0) <= now() && !signal.aborted;
    // A connection that was closed gives everything back at once, for ever.
    if (inVain && wholeSuspension(connection.suspended()) === undefined) circuit.recordDefect();
    return { outcomes, again };
  }

  return {
    send,
    hasRoom() {
      let busy = 0;
      for (const [slice, { errand }] of lots) if (errand === 'slice' && slice.isBusy()) busy += 1;
      return busy < inFlight && open <= prefetch * inFlight;
    },
    running(errand) {
      if (errand === undefined) return lots.size;
      let count = 0;
      for (const lot of lots.values()) if (lot.errand === errand) count += 1;
      return count;
    },
    end() {
      for (const { stop } of lots.values()) stop.abort();
    },
  };
}
