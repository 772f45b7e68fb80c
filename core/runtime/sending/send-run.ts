import type { Outcome } from '../../api/outcome.ts';
import type { PendingBatch, PendingDelivery } from '../batching/pending-delivery.ts';
import type { ConnectionContext } from '../connection-context.ts';
import type { RetryPolicy, Tries } from './retry-policy.ts';

/** The deliver() or stream() that a batch belongs to, as far as its sending needs it. */
export interface SendRun {
  readonly context: ConnectionContext;
  /** The connection's; a run whose host retries by itself allows no second attempt. */
  readonly policy: RetryPolicy;
  /** Most deliveries that may wait for one scope. */
  readonly laneCapacity: number;
  /** Nothing more is started; what is in flight is finished. */
  readonly stopped: boolean;
  /** Aborted when the run stops. Made when the first wait asks for it. */
  signal(): AbortSignal;
  /** Gives a delivery its outcome. The first one counts. */
  settle(delivery: PendingDelivery, outcome: Outcome): void;
  /** While the host writes down outcomes of this lane: whether it could. Nothing of the lane leaves before. */
  persisting(lane: string): Promise<boolean> | undefined;
  /** A batch begins (1) or ends (-1) to wait for its scope: it is under way, but the vendor has nothing of it. */
  scopeWaiting(change: 1 | -1): void;
}

/** Whoever started a batch. */
export interface BatchOwner {
  /** Once: the batch has its first slot, or was refused one. */
  slotTaken(): void;
  /** Once: every delivery of the batch has its outcome. */
  batchDone(batch: PendingBatch): void;
}

/** What asked to be tried again, and when that may be, in milliseconds from now. */
export interface Retry {
  readonly batch: PendingBatch;
  readonly waitMs: number;
}

/** How a part of a batch begins. */
export interface PartOptions {
  /** Attempts so far. Default: those of the whole batch, now. */
  readonly tries?: Tries;
  /** Waited for before it starts. */
  readonly retry?: Retry;
  /** The scope that lets it go just now. */
  readonly clearedScope?: string;
  /** Called once, after the first answer; the part goes on when it calls `goOn`. */
  readonly onFirstAnswer?: (goOn: () => void) => void;
}

/** A batch under way, for what decides how its parts go on. */
export interface SendingBatch extends Tries {
  readonly run: SendRun;
  /** The inquiry's mark when its request left. */
  readonly mark: number;
  /** Sends a part of it in requests of its own. Resolves when all of that is settled; never rejects. */
  sendPart(batch: PendingBatch, options?: PartOptions): Promise<void>;
  /** The same, as a batch that was never sent. */
  sendAnew(batch: PendingBatch): Promise<void>;
  /**
   * Sends one event before all others. Resolves after the first answer, with what is left to do for it. Never rejects.
   */
  sendProbe(batch: PendingBatch): Promise<() => Promise<void>>;
}

/** Owns what goes on beside the straight path: its end is a promise. */
export class AwaitedBatch implements BatchOwner {
  batchDone: () => void = nothing;
  readonly slotTaken = nothing;
  readonly done = new Promise<void>((resolve) => {
    this.batchDone = resolve;
  });
}

function nothing(): void {
  // Nobody counts the slots of parts.
}
