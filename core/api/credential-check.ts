import type { HttpRequest } from './failure.ts';
import type { Reason } from './outcome.ts';
import type { SuccessForm } from './success-form.ts';

/**
 * How to find out whether the vendor takes a connection's credentials, without harm: one request, tried once, and what its
 * answers prove. Or why there is no such request.
 *
 * The answer is read as an event's is. A status counts only with an empty body or with JSON: a web page is somebody else's. A 2xx
 * has to be what the folder calls a yes, to events or to this request. What the folder's own rows suspend as unauthorized, and a body that says so in the
 * usual words (`{"code":401}`, "Invalid API key"), is refused, whatever the status.
 */
export type CredentialCheck<C, R> =
  | {
      /** `context.now` is the runtime's clock, in epoch ms, for requests that are signed or dated. */
      readonly request: (config: C, prepared: R, context: { readonly now: number }) => HttpRequest;
      /** What an `ok` proves, and what it does not, as one sentence for people. */
      readonly proves: string;
      /** What a 2xx to it looks like, where that is not what a 2xx to an event looks like. */
      readonly success?: readonly SuccessForm[];
      /** Statuses that only come after the credentials were accepted. */
      readonly ok: readonly number[];
      /** Statuses that refuse the credentials, or the account they are for. Every other answer proves nothing. */
      readonly refused: readonly number[];
    }
  | { readonly none: string };

/** How a host asks. */
export interface CheckOptions {
  /** How long it may take, in milliseconds (default 15 s). */
  readonly withinMs?: number;
  readonly signal?: AbortSignal;
}

/** What check() found out. `reason.detail` has what the vendor said, masked. */
export type CheckResult =
  /** The vendor takes the credentials; `proves` says what that means. */
  | { readonly kind: 'ok'; readonly proves: string }
  /** It does not, or does not know the account. */
  | { readonly kind: 'refused'; readonly reason: Reason }
  /** It did not say: too many requests, out of order, not reached, or an answer that proves nothing. */
  | { readonly kind: 'unreachable'; readonly reason: Reason }
  /** This vendor cannot be asked without doing something. */
  | { readonly kind: 'unsupported'; readonly message: string };
