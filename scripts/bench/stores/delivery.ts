import type { QueuedEvent } from '../../../core/queue/index.ts';

/** A store as the bench puts events into it, and delivers them to a vendor of the process that answers at once. */
export interface BenchDelivery {
  /** One put. What it says is done is confirmed. */
  readonly put: (events: readonly QueuedEvent[]) => Promise<void>;
  readonly work: () => BenchWork;
  /** Drops what is delivered. */
  readonly sweep: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface BenchWork {
  /** Resolves when all that was put until then is delivered. */
  readonly finished: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export interface DeliveryKind {
  readonly name: string;
  readonly open: () => Promise<BenchDelivery>;
}
