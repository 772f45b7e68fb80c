import type { Reason } from '../api/outcome.ts';
import type { DestinationManifest } from '../api/manifest.ts';
import type { Clock } from '../policy/clock.ts';
import type { Connection } from '../runtime/connection.ts';
import type { Emit } from '../runtime/signals.ts';
import type { PoisonSuspects } from './poison-tracker.ts';
import type { SharedPace } from '../policy/shared-limiter.ts';
import type { DeliveryQueue } from './queue.ts';
import { policyFor, type QueuePolicy } from './settlement.ts';

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
  /** Under which the queue keeps its events. Default: the connection's own. */
  readonly id?: string;
  /** Default: until an event is a day old. policyFor(manifest) knows better. */
  readonly policy?: QueuePolicy;
  /** Of the connection's settings: goes into dead letters. */
  readonly configHash: string;
  /** Most events taken out at once (default 1,000). workFor(manifest) knows better. */
  readonly prefetch?: number;
  /** Most events in one request (default `prefetch`): what comes back leaves in ever smaller company than that. */
  readonly batchSize?: number;
  /** Most requests under way for events that came back, beside the slices (default 4). workFor(manifest) knows better. */
  readonly retryConcurrency?: number;
  /** Slices under way at once (default 2): the next is sent while the answers to one are still coming. */
  readonly inFlight?: number;
  /** How long one slice may take, in milliseconds (default 30 s). */
  readonly withinMs?: number;
  /** Pace shared with other workers. */
  readonly shared?: SharedPace;
  /** Epoch ms. Default: Date.now. */
  readonly now?: Clock['now'];
  readonly after?: Clock['after'];
  /** In [0, 1). Spreads waits, so that workers that failed together do not come back together. Default: Math.random. */
  readonly random?: Clock['random'];
  /** Held and resumed connections, defects. What it throws is ignored. */
  readonly onSignal?: Emit;
}

/** A worker under way. */
export interface QueueWorker {
  /**
   * Takes nothing more out, waits for what is in flight, after `graceMs` tells the connection to start nothing more, settles what
   * came back and gives back the rest. Called again with less, it hurries.
   */
  stop(graceMs: number): Promise<void>;
  /** Resolves when nothing waits any more and all is settled; or when the connection pauses, or the worker ended. */
  idle(): Promise<void>;
  /** Why the connection pauses; `undefined` while it does not. */
  paused(): Reason | undefined;
  /** Events that the vendor fails on whenever they go alone. */
  suspects(): PoisonSuspects;
  /** Resolves when the worker has ended: stopped, or because its queue cannot be used any more. */
  ended(): Promise<void>;
  /** What the queue threw when it could not be used any more; `undefined` while it can. */
  lost(): unknown;
  /** There may be something new: events were put, revived or replayed, or somebody resumed the connection. */
  wake(): void;
}

/**
 * What suits a destination: how long to try, and slices of one request for each of its sockets. Of these, a quarter is kept free of events
 * that came back.
 */
export const workFor = (
  manifest: Pick<DestinationManifest, 'limits' | 'pace' | 'maxQueueAgeMs'>,
): Required<Pick<WorkOptions, 'policy' | 'prefetch' | 'batchSize' | 'retryConcurrency'>> => ({
  policy: policyFor(manifest),
  prefetch: Math.min(maxPrefetch, manifest.limits.maxItems * manifest.pace.concurrency),
  batchSize: Math.min(maxPrefetch, manifest.limits.maxItems),
  retryConcurrency: manifest.pace.concurrency - Math.floor(manifest.pace.concurrency / 4),
});

export const maxPrefetch = 1_000;
/** Bytes of records in a slice; events may be of a megabyte each, and are in memory as bytes, parsed, and encoded. */
export const maxClaimBytes = 8 * 1024 * 1024;
