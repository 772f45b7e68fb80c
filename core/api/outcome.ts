import type { ReasonCode } from './reason-codes.ts';

/** Why an event was not delivered: for the customer, and by its code for metrics. */
export interface Reason {
  readonly code: ReasonCode;
  /** One sentence for the customer. No secrets, no personal data. */
  readonly message: string;
  /** The event path that the reason is about, if any. */
  readonly field?: string;
  /** HTTP status of the vendor's answer, if any. */
  readonly status?: number;
  /** The vendor's message: at most 300 characters, with secrets and all values of the payload masked. */
  readonly detail?: string;
}

/** A warning: the event is sent, and the customer learns what was changed ("warn" in the vendor rules). */
export interface Note {
  /**
   * `unadvised`: sent unchanged, although the vendor advises against it. `mapping_unfit`: a row of the connection's
   * mapping does not fit this event.
   */
  readonly code:
    'dropped' | 'truncated' | 'coerced' | 'recommended_missing' | 'duplicate' | 'unadvised' | 'mapping_unfit';
  /** The event's path, which the customer can correct; the payload's where the event has no path for it. */
  readonly field: string;
  /** The payload's path, where it is known: what the vendor did not get, or got changed. */
  readonly payloadField?: string;
  /** One sentence. Never holds a value of the event. */
  readonly message: string;
}

/**
 * The final result of one event. deliver() returns exactly one per event, in input order.
 *
 * delivered  the vendor has it                      -> host acknowledges
 * skipped    not sent, on purpose                   -> host acknowledges, counts as intentional
 * rejected   it can never succeed as it is          -> host dead-letters it
 * deferred   it may succeed later                   -> host requeues it, not before retryAt
 * suspended  nothing on this connection can succeed -> host requeues it and pauses the connection
 * unknown    it was sent, no clear answer came, and sending again would do harm -> host decides
 */
export type Outcome =
  | {
      readonly kind: 'delivered';
      readonly eventId: string;
      /** Requests that carried this event, the successful one included. */
      readonly attempts: number;
      readonly note?: string;
      readonly notes?: readonly Note[];
    }
  | { readonly kind: 'skipped'; readonly eventId: string; readonly reason: Reason }
  | { readonly kind: 'rejected'; readonly eventId: string; readonly reason: Reason }
  | {
      readonly kind: 'deferred';
      readonly eventId: string;
      readonly reason: Reason;
      readonly retryAt?: string;
      /** If set, only events of this scope wait; the rest of the connection goes on. */
      readonly scope?: string;
    }
  /** Without a scope, the whole connection is suspended. */
  | { readonly kind: 'suspended'; readonly eventId: string; readonly reason: Reason; readonly scope?: string }
  | { readonly kind: 'unknown'; readonly eventId: string; readonly reason: Reason };

export const outcomeKinds = ['delivered', 'skipped', 'rejected', 'deferred', 'suspended', 'unknown'] as const;
export type OutcomeKind = (typeof outcomeKinds)[number];
