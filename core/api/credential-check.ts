import type { HttpRequest } from './failure.ts';
import type { Reason } from './outcome.ts';

/**
 * How to find out whether the vendor takes a connection's credentials, without harm: one request, tried once, and what its
 * answers prove. Or why there is no such request.
 */
export type CredentialCheck<C, R> =
  | {
      readonly request: (config: C, prepared: R) => HttpRequest;
      /** Statuses that only come after the credentials were accepted. */
      readonly ok: readonly number[];
      /** Statuses that refuse the credentials, or the account they are for. Every other answer proves nothing. */
      readonly refused: readonly number[];
    }
  | { readonly none: string };

/** What check() found out. `reason.detail` has what the vendor said, masked. */
export type CheckResult =
  /** The vendor takes the credentials. */
  | { readonly kind: 'ok' }
  /** It does not, or does not know the account. */
  | { readonly kind: 'refused'; readonly reason: Reason }
  /** It did not say: too many requests, out of order, not reached, or an answer that proves nothing. */
  | { readonly kind: 'unreachable'; readonly reason: Reason }
  /** This vendor cannot be asked without doing something. */
  | { readonly kind: 'unsupported'; readonly message: string };
