import type { Reason } from '../api/outcome.ts';
import type { DestinationManifest } from '../api/manifest.ts';
import type { Clock } from '../policy/clock.ts';
import type { Connection } from '../runtime/connection.ts';
import type { Emit } from '../runtime/signals.ts';
import type { SharedPace } from '../policy/shared-limiter.ts';
import type { DeliveryQueue } from './queue.ts';
import { policyFor, type QueuePolicy } from './settlement.ts';
import type { HoldChange, SettledCount, WorkerState } from './worker-state.ts';

/** What a worker needs of a queue. */
export type WorkableQueue = Pick<
  DeliveryQueue,
  'claim' | 'nextAt' | 'settle' | 'release' | 'waiting' | 'crashedAt' | 'ambiguousSinceCrash'
>;

/** What a worker needs of a connection. */
export type WorkableConnection = Pick<Connection, 'slug' | 'id' | 'deliver' | 'check' | 'suspended' | 'resume'>;

export interface WorkOptions {
  readonly queue: WorkableQueue;
  readonly connection: WorkableConnection;
  /** The id of its events in the queue. Default: the connection's own. */
  readonly id?: string;
  /** How long to try. Default: until an event is a day old; workFor(manifest) has the destination's own. */
  readonly policy?: QueuePolicy;
  /** Of the connection's settings; recorded in dead letters. */
  readonly configHash: string;
  /** Most events claimed as one batch (default 1,000); workFor(manifest) has the destination's own. */
  readonly prefetch?: number;
  /** Most events in one request (default `prefetch`). Retries leave in ever smaller groups than that. */
  readonly batchSize?: number;
  /** Most groups of retries in flight, beside the batches (default 4); workFor(manifest) has the destination's own. */
  readonly retryConcurrency?: number;
  /** Batches in flight at once (default 2): the next starts while the answers to one are still coming. */
  readonly inFlight?: number;
  /** How long one batch may take, in milliseconds (default 30 s). */
  readonly withinMs?: number;
  /** A pace shared with other workers. */
  readonly shared?: SharedPace;
  /** Epoch ms. Default: Date.now. */
  readonly now?: Clock['now'];
  /** Milliseconds of a clock that nobody sets, for rates. Default: performance.now. */
  readonly elapsed?: Clock['elapsed'];
  readonly after?: Clock['after'];
  /** In [0, 1). Spreads waits, so that workers that failed together do not come back together. Default: Math.random. */
  readonly random?: Clock['random'];
  /** Receives queued_event_settled, connection_held, connection_resumed and defect. What it throws is ignored. */
  readonly onSignal?: Emit;
  /** Told when the worker is held or goes on, for a log of people. What it throws is ignored. */
  readonly onChange?: (change: HoldChange) => void;
}

/** A worker that runs. */
export interface QueueWorker {
  /**
   * Claims nothing more, waits for what is in flight, starts no further request after `graceMs`, settles what came back
   * and returns the rest to the queue. Called again with a shorter time, it hurries.
   */
  stop(graceMs: number): Promise<void>;
  /**
   * Resolves when nothing waits any more and all is settled; or when the connection is suspended, or the worker has
   * ended.
   */
  idle(): Promise<void>;
  /** Why the connection is suspended; `undefined` while it is not. */
  paused(): Reason | undefined;
  /** What it is doing. Throws what the queue throws, where that cannot be used any more. */
  state(): WorkerState;
  /** How many events wait, those in flight included. Throws as state() does. */
  waiting(): number;
  /** What it has settled since it began. */
  counts(): SettledCount;
  /** Resolves when the worker has ended: it was stopped, or its queue cannot be used any more. */
  ended(): Promise<void>;
  /** What the queue threw, where it cannot be used any more; `undefined` while it can. */
  storeError(): unknown;
  /** Look at the queue: events were put, requeued or replayed. */
  wake(): void;
  /** A person acted: ends the suspension of the connection, and that of others who deliver for it from the store. */
  resume(): void;
}

/**
 * What suits a destination: how long to try, and batches of one request for each of its sockets. Retries take at most
 * three quarters of the sockets.
 */
export const workFor = (
  manifest: Pick<DestinationManifest, 'limits' | 'pace' | 'maxQueueAgeMs'>,
): Required<Pick<WorkOptions, 'policy' | 'prefetch' | 'batchSize' | 'retryConcurrency'>> => ({
  policy: policyFor(manifest),
  prefetch: Math.min(maxPrefetch, manifest.limits.maxItems * manifest.pace.concurrency),
  batchSize: Math.min(maxPrefetch, manifest.limits.maxItems),
  retryConcurrency: manifest.pace.concurrency - Math.floor(manifest.pace.concurrency / 4),
});

/**
 * How long a worker may go on sending when its host ends within `graceMs`: the last request still gets its response, or
 * its timeout, in that time.
 */
export const sendingGraceMs = ({ pace }: Pick<DestinationManifest, 'pace'>, graceMs: number): number =>
  Math.max(0, graceMs - pace.timeoutMs);

export const maxPrefetch = 1_000;

/**
 * Most bytes of records in a batch. An event may have a megabyte, and is in memory three times: as bytes, parsed, and
 * encoded.
 */
export const maxClaimBytes = 8 * 1024 * 1024;
