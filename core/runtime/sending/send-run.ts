import type { Outcome } from '../../api/outcome.ts';
import type { PendingBatch, PendingDelivery } from '../batching/pending-delivery.ts';
import type { ConnectionContext } from '../connection-context.ts';
import type { RetryPolicy, Tries } from './retry-policy.ts';

/** The deliver() or stream() that a batch belongs to, as the sending stage sees it. */
export interface SendRun {
  readonly context: ConnectionContext;
  /** The connection's policy; without retries if the host retries by itself. */
  readonly policy: RetryPolicy;
  /** The most deliveries that may wait for one scope. */
  readonly laneCapacity: number;
  /** No new request starts; those in flight finish. */
  readonly stopped: boolean;
  /** Aborted when the run stops. Created when the first wait needs it. */
  signal(): AbortSignal;
  /** Gives a delivery its outcome. The first outcome counts. */
  settle(delivery: PendingDelivery, outcome: Outcome): void;
  /** While the host persists outcomes of this lane: whether it succeeds. The lane sends nothing before that. */
  persisting(lane: string): Promise<boolean> | undefined;
  /** A batch starts (1) or stops (-1) waiting for its scope. It is in progress meanwhile, but not in flight. */
  scopeWaiting(change: 1 | -1): void;
}

/** The owner of a batch, which started it. */
export interface BatchOwner {
  /** Called once: the batch has its first slot, or was refused one. */
  slotTaken(): void;
  /** Called once: every delivery of the batch has its outcome. */
  batchDone(batch: PendingBatch): void;
}

/** A batch to be sent again, and the wait before that in milliseconds. */
export interface Retry {
  readonly batch: PendingBatch;
  readonly waitMs: number;
}

/** How a part of a batch continues. */
export interface ContinueOptions {
  /** Attempts so far. Default: the current ones of the whole batch. */
  readonly tries?: Tries;
  /** The wait before it starts. */
  readonly retry?: Retry;
  /** The scope that has just released it. */
  readonly clearedScope?: string;
  /**
   * Called once, after the first answer: who asked for that answer learns it before the part continues. It continues
   * when this calls `goOn`.
   */
  readonly onFirstAnswer?: (goOn: () => void) => void;
}

/** A batch in progress, as the functions see it that send its parts. */
export interface SendingBatch extends Tries {
  readonly run: SendRun;
  /** The inquiry's mark when its request was sent. */
  readonly mark: number;
  /**
   * Sends a part of the batch in requests of its own, with the attempts so far. Resolves when the part is settled;
   * never rejects.
   */
  continuePart(batch: PendingBatch, options?: ContinueOptions): Promise<void>;
  /** The same, as a batch that was never attempted: what is split, or isolated. */
  sendPart(batch: PendingBatch): Promise<void>;
  /**
   * Sends one event before all others. Resolves after the first answer, with a function that finishes it. Never
   * rejects.
   */
  sendProbe(batch: PendingBatch): Promise<() => Promise<void>>;
}

/** The owner of a part of a batch. Its end is a promise. */
export class AwaitedBatch implements BatchOwner {
  batchDone: () => void = nothing;
  readonly slotTaken = nothing;
  readonly done = new Promise<void>((resolve) => {
    this.batchDone = resolve;
  });
}

function nothing(): void {
  // The slots of parts are not counted.
}
