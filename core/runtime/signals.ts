import type { CheckResult } from '../api/credential-check.ts';
import type { Failure } from '../api/failure.ts';
import type { CallResult } from '../api/operation.ts';
import type { Note, OutcomeKind } from '../api/outcome.ts';
import type { ReasonCode } from '../api/reason-codes.ts';

/**
 * What happens inside the runtime, for the host's metrics and logs. A signal holds no event data. Its labels have a
 * bounded number of values, except `connection` (the connection's id): a host with very many tenants leaves it out of
 * its metrics.
 */
export type Signal =
  /** A deliver() or stream() has an outcome for an event. */
  | {
      readonly kind: 'event_settled';
      readonly slug: string;
      readonly connection: string;
      readonly outcome: OutcomeKind;
      readonly code?: ReasonCode;
      /** Since deliver() was called, or stream() read the event. */
      readonly latencyMs: number;
      /**
       * The worker of a queue delivers it. This is one try, of which an event may have many: what became of the event
       * is said once, by `queued_event_settled`.
       */
      readonly queued?: true;
    }
  /**
   * An event has left a queue for good: that is on disk. An event that was settled when it was put goes through no
   * worker, and has no such signal.
   */
  | {
      readonly kind: 'queued_event_settled';
      readonly slug: string;
      readonly connection: string;
      /** `dead`: it is a dead letter now. */
      readonly outcome: 'delivered' | 'skipped' | 'dead';
      readonly code?: ReasonCode;
      /** Since it was put, by the time of day. */
      readonly latencyMs: number;
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
   * An answer could not be used, or not all of it: it is longer than the limit (cut at `cutAtBytes`), has an unknown
   * coding or charset, or is an interim response that nobody asked for.
   */
  | {
      readonly kind: 'reply_unusable';
      readonly slug: string;
      readonly connection: string;
      readonly code: 'reply_too_large' | 'reply_unreadable' | 'interim_response';
      readonly status?: number;
      readonly cutAtBytes?: number;
    }
  /** Not under `once`, as in a queue: there `event_settled` is `deferred`. */
  | {
      readonly kind: 'retry_scheduled';
      readonly slug: string;
      readonly connection: string;
      readonly items: number;
      readonly afterMs: number;
      /** Of the first item. */
      readonly code: ReasonCode;
    }
  | {
      readonly kind: 'connection_suspended';
      readonly slug: string;
      readonly connection: string;
      readonly code: ReasonCode;
      readonly scope?: string;
    }
  /** A call() ended. `operation` is a name of the destination's own list. */
  | {
      readonly kind: 'operation_finished';
      readonly slug: string;
      readonly connection: string;
      readonly operation: string;
      readonly result: CallResult<unknown>['kind'];
      readonly code?: ReasonCode;
    }
  /** A check() ended. */
  | {
      readonly kind: 'credentials_checked';
      readonly slug: string;
      readonly connection: string;
      readonly result: CheckResult['kind'];
    }
  /**
   * A queue sends nothing over this connection for `forMs`. Then one probe leaves; or, where the connection's own pace
   * holds it (`paced`), what waits.
   */
  | {
      readonly kind: 'connection_held';
      readonly slug: string;
      readonly connection: string;
      readonly cause: 'suspended' | 'unreachable' | 'paced';
      readonly code: ReasonCode;
      readonly forMs: number;
    }
  /** A probe succeeded, resume() was called, or the pace allows it: the queue sends over this connection again. */
  | { readonly kind: 'connection_resumed'; readonly slug: string; readonly connection: string }
  /**
   * There were more or fewer outcomes than events, a defect of core. `in`: events taken; `out`: outcomes before the
   * repair.
   */
  | {
      readonly kind: 'conservation_broken';
      readonly slug: string;
      readonly connection: string;
      readonly in: number;
      readonly out: number;
    }
  /**
   * A vendor folder or core threw, or returned something invalid. `where` names the part; the error's text is masked.
   */
  | {
      readonly kind: 'defect';
      readonly slug: string;
      readonly connection: string;
      readonly where: string;
      readonly error: unknown;
    };

export type Emit = (signal: Signal) => void;

/** Keeps an error of the host's listener, thrown or rejected, from breaking a delivery or the process. */
export const safely =
  <T = Signal>(listener: (told: T) => unknown): ((told: T) => void) =>
  (told) => {
    try {
      const result = listener(told);
      if (result instanceof Promise) result.catch(() => undefined);
    } catch {
      // A failing metric must not lose an event.
    }
  };
