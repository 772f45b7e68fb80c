import type { Outcome, ReasonCode, Signal } from '../../../index.ts';
import type { QueueWorker } from '../../../queue/index.ts';

export type PoisonSuspects = ReturnType<QueueWorker['suspects']>;

/**
 * Why a connection sends nothing: its credentials, its vendor, its own pace, a pause the vendor asked for, a full disk,
 * or its settings.
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
  /** Events that the vendor fails on even when they go alone; `partial`: too many for it to be their fault. */
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

/** A hold that began, changed its cause, or ended; a full disk is reported once for all connections. */
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
  | { readonly kind: 'disk_full' | 'disk_freed' };

export const noSuspects: PoisonSuspects = { events: 0, partial: false };

/** The state of a connection that the file names and that has no worker: only a person can correct its settings. */
export const misconfiguredState: WorkerState = {
  state: 'held',
  reason: { cause: 'settings', code: 'misconfigured' },
  since: null,
  until: null,
  lastDelivered: null,
  lastError: null,
  failing: noSuspects,
  perSecond: 0,
  etaMs: null,
};

/** For people: why a connection sends nothing. */
export function holdText(cause: HoldCause, code: ReasonCode): string {
  switch (cause) {
    case 'suspended':
      return code === 'unauthorized'
        ? 'the vendor refuses the credentials (unauthorized)'
        : `the vendor accepts nothing for this account until a person acts (${code})`;
    case 'paced':
      return 'its own pace lets nothing leave yet (rate_limited)';
    case 'throttled':
      return 'the vendor asked for a pause (rate_limited)';
    case 'disk':
      return 'the disk is full, and nothing is sent whose outcome cannot be recorded';
    case 'settings':
      return 'its settings are invalid, or do not fit the events in the queue (misconfigured)';
    case 'unreachable':
      return code === 'internal_error'
        ? 'a failure on this side (internal_error)'
        : `the vendor cannot be reached, or does not respond as documented (${code})`;
  }
}
