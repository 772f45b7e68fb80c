import type { Outcome } from '../api/outcome.ts';
import type { ReasonCode } from '../api/reason-codes.ts';
import type { Signal } from '../runtime/signals.ts';
import type { PoisonSuspects } from './poison-tracker.ts';

/**
 * Why a connection sends nothing: its credentials, its vendor, its own pace, a pause the vendor asked for, a full disk;
 * or its settings, where a host has no worker for it.
 */
export type HoldCause = Extract<Signal, { kind: 'connection_held' }>['cause'] | 'throttled' | 'disk' | 'settings';

/** What the worker of a connection is doing. Times are ISO 8601. */
export interface WorkerState {
  /**
   * `idle`: nothing waits. `held`: nothing leaves before `until`; then one event or a check probes the vendor, or what
   * the pace held leaves.
   */
  readonly state: 'working' | 'idle' | 'held';
  readonly reason: { readonly cause: HoldCause; readonly code: ReasonCode } | null;
  readonly since: string | null;
  /** The next probe, or when the pace opens; `null` where only a person can end it. */
  readonly until: string | null;
  readonly lastDelivered: string | null;
  readonly lastError: LastError | null;
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

/** Events that a worker has settled for good, once that is on disk. */
export interface SettledCount {
  readonly delivered: number;
  readonly skipped: number;
  readonly dead: number;
}

/**
 * A hold that began, changed its cause, or ended; a vendor that is out of order in part; a disk that is full.
 * `connection` is the id of the worker's events in the queue.
 */
export type HoldChange =
  | {
      readonly kind: 'held';
      readonly connection: string;
      readonly cause: HoldCause;
      readonly code: ReasonCode;
      /** Epoch ms. */
      readonly until: number;
    }
  | { readonly kind: 'resumed'; readonly connection: string; readonly afterMs: number }
  | { readonly kind: 'partial_outage'; readonly connection: string; readonly events: number }
  | { readonly kind: 'partial_outage_over'; readonly connection: string; readonly afterMs: number }
  /** Each worker of a store says so for itself, when the store refuses what it writes. */
  | { readonly kind: 'disk_full' | 'disk_freed'; readonly connection: string };

/** The state of a connection that has no worker, because its settings are invalid: only a person can correct them. */
export const misconfiguredState: WorkerState = {
  state: 'held',
  reason: { cause: 'settings', code: 'misconfigured' },
  since: null,
  until: null,
  lastDelivered: null,
  lastError: null,
  failing: { events: 0, partial: false },
  perSecond: 0,
  etaMs: null,
};
