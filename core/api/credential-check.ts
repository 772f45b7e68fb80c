import type { HttpRequest } from './failure.ts';
import { checkMembers } from './member-check.ts';
import type { Reason } from './outcome.ts';
import { checkForms, type SuccessForm } from './answers/success-form.ts';

/**
 * How to find out, without side effects, whether the vendor accepts a connection's credentials: one request, sent once,
 * and what its answers prove; or why there is no such request.
 *
 * The answer is read like the answer to an event. A status counts only with an empty body or JSON, because a web page
 * comes from something in between. A 2xx must have a form of success that the folder names, for events or for this
 * request. If the folder's rows suspend as unauthorized, or the body says so in a usual form (`{"code":401}`, "Invalid
 * API key"), the credentials are refused, whatever the status.
 */
export type CredentialCheck<C, R> =
  | {
      /** `context.now` is the runtime's clock in epoch ms, for requests that are signed or dated. */
      readonly request: (config: C, prepared: R, context: { readonly now: number }) => HttpRequest;
      /** One sentence for people: what an `ok` proves and what it does not. */
      readonly proves: string;
      /** The forms of success of this request, if they differ from those of events. */
      readonly success?: readonly SuccessForm[];
      /** Statuses that the vendor sends only after it has accepted the credentials. */
      readonly ok: readonly number[];
      /** Statuses that refuse the credentials or their account. Any other answer proves nothing. */
      readonly refused: readonly number[];
    }
  | { readonly none: string };

/** Options of check(). */
export interface CheckOptions {
  /** Time limit in milliseconds (default 15 s). */
  readonly withinMs?: number;
  readonly signal?: AbortSignal;
}

/** The result of check(). `reason.detail` has the vendor's message, masked. */
export type CheckResult =
  /** The vendor accepts the credentials; `proves` says what that means. */
  | { readonly kind: 'ok'; readonly proves: string }
  /** The vendor refuses the credentials, or does not know the account. */
  | { readonly kind: 'refused'; readonly reason: Reason }
  /** No proof: the vendor was throttling, down or not reached, or its answer proves nothing. */
  | { readonly kind: 'unreachable'; readonly reason: Reason }
  /** This vendor has no request that proves the credentials without side effects. */
  | { readonly kind: 'unsupported'; readonly message: string };

const requestMembers = {
  request: 'required',
  proves: 'required',
  success: 'optional',
  ok: 'required',
  refused: 'required',
} as const;

/** Throws a TypeError for a member that no credential check has. */
export function checkCredentialCheck<C, R>(where: string, check: CredentialCheck<C, R>): void {
  if ('none' in check) return checkMembers(where, check, { none: 'required' });
  checkMembers(where, check, requestMembers);
  checkForms(`${where}.success`, check.success);
}
