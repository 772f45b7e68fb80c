import type { Reason, ReasonCode } from './outcome.ts';

/**
 * What to do about a failed request, or about one item of an answered one.
 *
 * retry      the same bytes may work later
 * split      a smaller batch may work, or will at least name the culprit
 * isolate    send this item once more, alone; the answer to a lone request is final
 * ambiguous  the vendor may have it; the runtime applies onAmbiguous, unless `resend` is false: then it is never sent again
 * accept     the vendor has it, whatever the status line says
 * skip       the vendor must not have it (the person opted out there), or only checked it (a dry run)
 * reject     no attempt will ever work
 * suspend    nothing from this connection (or of this scope) will work until a human acts
 */
export type RetryDecision =
  | { readonly kind: 'retry'; readonly reason: Reason; readonly afterMs?: number }
  | { readonly kind: 'split'; readonly reason: Reason }
  | { readonly kind: 'isolate'; readonly reason: Reason }
  | { readonly kind: 'ambiguous'; readonly reason: Reason; readonly resend?: false }
  | { readonly kind: 'accept'; readonly note?: string }
  | { readonly kind: 'skip'; readonly reason: Reason }
  | { readonly kind: 'reject'; readonly reason: Reason }
  | { readonly kind: 'suspend'; readonly reason: Reason; readonly scope?: string };

export const decisionKinds = [
  'retry',
  'split',
  'isolate',
  'ambiguous',
  'accept',
  'skip',
  'reject',
  'suspend',
] as const satisfies readonly RetryDecision['kind'][];

/** The vendor has it. A note says how, when it is not the plain yes ("already had it"). */
export const accept = (note?: string): RetryDecision => (note === undefined ? accepted : { kind: 'accept', note });

const accepted: RetryDecision = Object.freeze({ kind: 'accept' });

interface Extra {
  readonly field?: string;
  readonly status?: number;
  /** retry only: the vendor asked for this wait. */
  readonly afterMs?: number;
  /** suspend only: what is suspended, when it is less than the connection. */
  readonly scope?: string;
  /** ambiguous only: false where the vendor did answer, and has nothing to know a copy by. */
  readonly resend?: false;
}

/** A decision with its reason, in one line of an error table. */
export function decide(
  kind: Exclude<RetryDecision['kind'], 'accept'>,
  code: ReasonCode,
  message: string,
  { field, status, afterMs, scope, resend }: Extra = {},
): RetryDecision {
  const reason: Reason = {
    code,
    message,
    ...(field === undefined ? {} : { field }),
    ...(status === undefined ? {} : { status }),
  };
  if (kind === 'retry') return afterMs === undefined ? { kind, reason } : { kind, reason, afterMs };
  if (kind === 'suspend') return scope === undefined ? { kind, reason } : { kind, reason, scope };
  if (kind === 'ambiguous') return resend === undefined ? { kind, reason } : { kind, reason, resend };
  return { kind, reason };
}
