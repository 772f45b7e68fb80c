import type { Reason } from './outcome.ts';
import type { ReasonCode } from './reason-codes.ts';

/**
 * What to do about a failed request, or about one item of an answered one.
 *
 * retry      the same bytes may work later; with `scope`, only that scope waits and the rest goes on
 * defer      not in this call: settled as deferred, and only the event's own lane waits
 * resend     refused because of another item, which is settled for good or waits for its scope; the vendor took
 *            nothing: sent again at once
 * split      a smaller batch may work, or will at least show which item is at fault; for a lone item final: rejected
 * isolate    send this item once more, alone; the answer to a lone request is final: rejected
 * ambiguous  the vendor may have it; the runtime applies onAmbiguous, unless `resend` is false: not sent again
 * accept     the vendor has it, whatever the status line says
 * skip       the vendor must not have it (the person opted out there), or only checked it (a dry run)
 * reject     no attempt will ever work
 * suspend    nothing from this connection (or of this scope) will work until a person acts; `unproven` if the answer
 *            may be about one event only: core finds out first
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

/** What every decision except accept carries. */
interface WithReason {
  readonly reason: Reason;
  /** The vendor's message, unchanged: core masks it and shows it as the reason's `detail`. */
  readonly vendorMessage?: string;
  /**
   * The vendor may have taken the item with this very answer, which names other items only. The item is no longer
   * rejected, skipped or suspended, and is sent again only if onAmbiguous allows it.
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

/** The vendor has the event. A note explains anything but plain success ("already had it"). */
export const accept = (note?: string): RetryDecision => (note === undefined ? accepted : { kind: 'accept', note });

const accepted: RetryDecision = Object.freeze({ kind: 'accept' });

interface DecisionDetails {
  readonly field?: string;
  readonly status?: number;
  /** retry, defer and ambiguous: the wait that the answer asks for, in milliseconds. */
  readonly afterMs?: number;
  /** retry, defer and suspend: what waits or is suspended, if it is less than the connection. */
  readonly scope?: string;
  /** The vendor's message, unchanged: core masks it. Nothing, or '', is no message. */
  readonly vendorMessage?: string | undefined;
  /** ambiguous only: false if the vendor answered and cannot recognise a duplicate. */
  readonly resend?: false;
  /** The vendor may have taken the item with this very answer. */
  readonly ambiguous?: true;
}

/**
 * A decision with its reason, for one line of an error table.
 *
 * @example
 * decide('retry', 'rate_limited', 'Acme asks for a pause', { afterMs: 30_000 });
 * decide('reject', 'vendor_rejected', 'Acme refuses the event', { vendorMessage: answer.message });
 */
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
    ...(vendorMessage === undefined || vendorMessage === '' ? {} : { vendorMessage }),
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
