import type { Reason, ReasonCode } from './outcome.ts';

/**
 * What to do about a failed request, or about one item of an answered one.
 *
 * retry      the same bytes may work later; with `scope`, nothing of that scope leaves meanwhile, and the rest goes on
 * defer      not in this call: settled as deferred, and nothing but the event's own lane is held
 * resend     the vendor took nothing of it because of another item, which is settled for good: it leaves again at once
 * split      a smaller batch may work, or will at least name the culprit
 * isolate    send this item once more, alone; the answer to a lone request is final
 * ambiguous  the vendor may have it; the runtime applies onAmbiguous, unless `resend` is false: then it is never sent again
 * accept     the vendor has it, whatever the status line says
 * skip       the vendor must not have it (the person opted out there), or only checked it (a dry run)
 * reject     no attempt will ever work
 * suspend    nothing from this connection (or of this scope) will work until a human acts; `unproven` where the answer may as
 *            well be about one event: then core finds out first
 */
export type RetryDecision =
  | (WithReason & { readonly kind: 'retry'; readonly afterMs?: number; readonly scope?: string })
  | (WithReason & { readonly kind: 'defer'; readonly afterMs?: number; readonly scope?: string })
  | (WithReason & { readonly kind: 'resend' })
  | (WithReason & { readonly kind: 'split' })
  | (WithReason & { readonly kind: 'isolate' })
  | (WithReason & { readonly kind: 'ambiguous'; readonly resend?: false; readonly afterMs?: number })
  | { readonly kind: 'accept'; readonly note?: string }
  | (WithReason & { readonly kind: 'skip' })
  | (WithReason & { readonly kind: 'reject' })
  | (WithReason & { readonly kind: 'suspend'; readonly scope?: string; readonly unproven?: true });

/** What every decision but a yes carries. */
interface WithReason {
  readonly reason: Reason;
  /** The vendor's own words, as they came: core masks them, and shows them as the reason's `detail`. */
  readonly vendorMessage?: string;
  /**
   * The vendor may have taken it with this very answer, which names others alone: it is not rejected, skipped or suspended any
   * more, and it goes again only where onAmbiguous lets it.
   */
  readonly ambiguous?: true;
}

export const decisionKinds = [
  'retry',
  'defer',
  'resend',
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

interface DecisionDetails {
  readonly field?: string;
  readonly status?: number;
  /** retry, defer and ambiguous: whoever answered asked for this wait. */
  readonly afterMs?: number;
  /** retry, defer and suspend: what is held or suspended, when it is less than the connection. */
  readonly scope?: string;
  /** The vendor's own words, as they came: core masks them. */
  readonly vendorMessage?: string;
  /** ambiguous only: false where the vendor did answer, and has nothing to know a copy by. */
  readonly resend?: false;
  /** The vendor may have taken it with this answer. */
  readonly ambiguous?: true;
}

/** A decision with its reason, in one line of an error table. */
export function decide(
  kind: Exclude<RetryDecision['kind'], 'accept'>,
  code: ReasonCode,
  message: string,
  { field, status, afterMs, scope, resend, vendorMessage, ambiguous }: DecisionDetails = {},
): RetryDecision {
  const reason: Reason = {
    code,
    message,
    ...(field === undefined ? {} : { field }),
    ...(status === undefined ? {} : { status }),
  };
  const refusal = {
    reason,
    ...(vendorMessage === undefined ? {} : { vendorMessage }),
    ...(ambiguous === undefined ? {} : { ambiguous }),
  };
  const scoped = scope === undefined ? {} : { scope };
  if (kind === 'retry' || kind === 'defer')
    return { kind, ...refusal, ...scoped, ...(afterMs === undefined ? {} : { afterMs }) };
  if (kind === 'suspend') return { kind, ...refusal, ...scoped };
  if (kind === 'ambiguous') {
    const wait = afterMs === undefined ? {} : { afterMs };
    return { kind, ...refusal, ...wait, ...(resend === undefined ? {} : { resend }) };
  }
  return { kind, ...refusal };
}
