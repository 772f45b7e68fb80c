import type { Failure } from '../api/failure.ts';
import type { Note, OutcomeKind, ReasonCode } from '../api/outcome.ts';
import type { CallResult } from '../api/operation.ts';
import type { CheckResult } from '../api/credential-check.ts';

/**
 * What happens inside, as named events; metrics and logs are the host's business. Holds no event data. Labels are
 * bounded but for `connection`, the id of the connection it happened on: a host with very many tenants leaves that one
 * out of its metrics.
 */
export type Signal =
  | {
      readonly kind: 'event_settled';
      readonly slug: string;
      readonly connection: string;
      readonly outcome: OutcomeKind;
      readonly code?: ReasonCode;
    }
  | {
      readonly kind: 'event_noted';
      readonly slug: string;
      readonly connection: string;
      readonly code: Note['code'];
      readonly field: string;
    }
  | {
      readonly kind: 'request_finished';
      readonly slug: string;
      readonly connection: string;
      readonly items: number;
      /** Bytes of the body as sent, after compression. */
      readonly bytes: number;
      /** 1 for the first attempt at this batch. */
      readonly attempt: number;
      readonly ms: number;
      readonly status?: number;
      readonly failure?: Failure['kind'];
    }
  /**
   * An answer of which nothing, or not all, could be used: longer than what is read (cut at `cutAtBytes`), in a coding
   * or charset that is not known here, or an interim response that nobody asked for.
   */
  | {
      readonly kind: 'reply_unusable';
      readonly slug: string;
      readonly connection: string;
      readonly code: 'reply_too_large' | 'reply_unreadable' | 'interim_response';
      readonly status?: number;
      readonly cutAtBytes?: number;
    }
  | {
      readonly kind: 'retry_scheduled';
      readonly slug: string;
      readonly connection: string;
      readonly items: number;
      readonly afterMs: number;
      readonly code: ReasonCode;
    }
  | {
      readonly kind: 'connection_suspended';
      readonly slug: string;
      readonly connection: string;
      readonly code: ReasonCode;
      readonly scope?: string;
    }
  /** call() came to an end. `operation` is a name of the destination's own list. */
  | {
      readonly kind: 'operation_finished';
      readonly slug: string;
      readonly connection: string;
      readonly operation: string;
      readonly result: CallResult<unknown>['kind'];
      readonly code?: ReasonCode;
    }
  /** check() came to an end. */
  | {
      readonly kind: 'credentials_checked';
      readonly slug: string;
      readonly connection: string;
      readonly result: CheckResult['kind'];
    }
  /** A queue sends nothing over this connection for a while, but for a probe after `forMs`. */
  | {
      readonly kind: 'connection_held';
      readonly slug: string;
      readonly connection: string;
      readonly cause: 'suspended' | 'unreachable';
      readonly code: ReasonCode;
      readonly forMs: number;
    }
  /** The probe went well, or somebody resumed the connection: its queue goes on. */
  | { readonly kind: 'connection_resumed'; readonly slug: string; readonly connection: string }
  /**
   * More or fewer outcomes than events: a defect of the core. `in` = events taken, `out` = outcomes given before the
   * repair.
   */
  | {
      readonly kind: 'conservation_broken';
      readonly slug: string;
      readonly connection: string;
      readonly in: number;
      readonly out: number;
    }
  /** Vendor code or core threw or returned nonsense. `where` names the part; the error's text is redacted. */
  | {
      readonly kind: 'defect';
      readonly slug: string;
      readonly connection: string;
      readonly where: string;
      readonly error: unknown;
    };

export type Emit = (signal: Signal) => void;

/** The host's listener must not be able to break a delivery, nor the process by a promise that rejects. */
export const safely =
  (listener: (signal: Signal) => unknown): Emit =>
  (signal) => {
    try {
      const result = listener(signal);
      if (result instanceof Promise) result.catch(() => undefined);
    } catch {
      // A metric that cannot be counted is no reason to lose an event.
    }
  };
