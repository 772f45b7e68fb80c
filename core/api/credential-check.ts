import type { HttpRequest } from './failure.ts';

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
