import { classifyWith } from '../api/classify.ts';
import { decide, decisionKinds, type RetryDecision } from '../api/decision.ts';
import type { Reply } from '../api/destination.ts';
import type { Failure, HttpResponse } from '../api/failure.ts';
import type { Reason } from '../api/outcome.ts';
import { vendorSaid } from '../http/redact.ts';
import { defect, type Call, type Line } from './line.ts';
import { nonsense } from './nonsense.ts';
import { deferred, delivered, rejected, skipped, suspended, unknown } from './outcomes.ts';
import { isReason } from './reason-check.ts';
import { crateOf, type Crate, type Parcel } from './parcel.ts';

/** What an attempt left undone. */
export interface Remainder {
  /** Those that asked to be tried again, in input order. */
  readonly again: Crate | undefined;
  /** The longest wait the vendor asked for, in milliseconds. */
  readonly askedMs: number;
  /** The vendor said "too fast", not "broken": such a failure does not count. */
  readonly throttled: boolean;
  /** Halves of what was refused as a whole, and items to be sent alone. */
  readonly smaller: readonly Crate[];
}

const silent = decide('ambiguous', 'ambiguous_delivery', 'The answer does not mention this event');

/**
 * A decision for every item, whatever send() came back with. What the vendor said goes with a final no where it is about
 * one event or all of them; said of several one by one, it would tell each about the others.
 */
export function decisionsOf(line: Line, reply: Reply, crate: Crate, heard?: HttpResponse): readonly RetryDecision[] {
  if (reply?.kind === 'settled' && Array.isArray(reply.decisions)) {
    const { decisions } = reply;
    if (decisions.length === crate.items.length && allAccepted(decisions)) return decisions;
    if (decisions.length > crate.items.length) {
      defect(line, 'response', nonsense(decisions, 'more decisions than items'));
      return crate.items.map(() => silent);
    }
    if (decisions.length < crate.items.length)
      defect(line, 'response', nonsense(decisions, 'fewer decisions than items'));
    const given = crate.items.map((_, index) =>
      index < decisions.length ? (checked(line, decisions[index]) ?? silent) : silent,
    );
    return given.length === 1 ? given.map((decision) => explained(line, decision, heard, crate)) : given;
  }
  if (reply?.kind === 'failed') {
    const decision = classify(line, reply.failure, crate);
    return crate.items.map(() => decision);
  }
  const given = reply?.kind === 'settled' ? reply.decisions : reply;
  defect(line, 'send', nonsense(given, 'send() did not return a reply'));
  return crate.items.map(() => silent);
}

function classify(line: Line, failure: Failure, crate: Crate): RetryDecision {
  try {
    if (failure.kind === 'crash') defect(line, failure.left ? 'response' : 'request', failure.error);
    const response = failure.kind === 'http' ? failure.response : undefined;
    const decision = checked(line, line.vendor.classifyError(failure, crate));
    return decision === undefined ? unjudged(failure, crate) : explained(line, decision, response, crate);
  } catch (error) {
    defect(line, 'classifyError', error);
    return unjudged(failure, crate);
  }
}

/** A failure that its folder has no sensible word for. What never left cannot have arrived. */
const unjudged = (failure: Failure, crate: Crate): RetryDecision =>
  neverLeft(failure) ? classifyWith([])(failure, crate) : silent;

const kinds: ReadonlySet<unknown> = new Set(decisionKinds);

/** `undefined` for what is no decision. */
function checked(line: Line, decision: RetryDecision | undefined): RetryDecision | undefined {
  if (decision !== undefined && decision !== null && kinds.has(decision.kind)) {
    if (decision.kind === 'accept' || isReason(decision.reason)) return decision;
  }
  defect(line, 'response', nonsense(decision, 'not a decision'));
  return undefined;
}

const neverLeft = (failure: Failure | undefined): boolean =>
  (failure?.kind === 'network' && failure.received === 'no') || (failure?.kind === 'crash' && !failure.left);

const finalNo: readonly RetryDecision['kind'][] = ['reject', 'suspend', 'split', 'isolate'];

/** Adds what the vendor said to a final no. */
function explained(line: Line, decision: RetryDecision, heard: HttpResponse | undefined, crate: Crate): RetryDecision {
  if (heard === undefined || decision.kind === 'accept' || !finalNo.includes(decision.kind)) return decision;
  const payloads = crate.items.map(({ payload }) => payload);
  const detail = vendorSaid(heard.body, payloads, line.redactor);
  return detail === undefined ? decision : { ...decision, reason: { ...decision.reason, detail } };
}

/** Applies the decisions: settles what is settled, and returns the rest. */
export function apply(call: Call, crate: Crate, decisions: readonly RetryDecision[]): Remainder {
  if (!allAccepted(decisions)) return applyEach(call, crate, decisions);
  for (let i = 0; i < decisions.length; i++) {
    const parcel = crate.items[i] as Parcel;
    call.settle(parcel, delivered(parcel, noteOf(decisions[i])));
  }
  return nothingLeft;
}

/** Nearly every answer is a plain yes to all of it. */
function allAccepted(decisions: readonly RetryDecision[]): boolean {
  for (const decision of decisions) if (decision?.kind !== 'accept') return false;
  return true;
}

function applyEach(call: Call, crate: Crate, decisions: readonly RetryDecision[]): Remainder {
  const again: Parcel[] = [];
  const halves: Parcel[] = [];
  const alone: Parcel[] = [];
  const lone = crate.items.length === 1;
  let askedMs = 0;
  let throttled = true;

  crate.items.forEach((parcel, index) => {
    const decision = decisions[index] ?? silent;
    if (decision.kind !== 'accept') {
      parcel.reason = decision.reason;
      if (decision.doubtful === true) {
        parcel.ambiguous = true;
        if (call.line.onAmbiguous === 'report') return call.settle(parcel, unknown(parcel, decision.reason));
      }
    }
    switch (decision.kind) {
      case 'accept':
        return call.settle(parcel, delivered(parcel, decision.note));
      case 'skip':
        return call.settle(parcel, skipped(parcel, decision.reason));
      case 'reject':
        return call.settle(parcel, rejected(parcel, decision.reason));
      case 'suspend':
        return suspend(call, parcel, decision.reason, declaredScope(call.line, parcel, decision.scope));
      case 'defer': {
        const scope = declaredScope(call.line, parcel, decision.scope);
        const retryAt = call.line.clock.now() + Math.max(0, Number(decision.afterMs) || 0);
        return call.settle(parcel, deferred(parcel, decision.reason, retryAt, scope));
      }
      case 'resend':
      case 'split':
        return lone ? call.settle(parcel, rejected(parcel, decision.reason)) : void halves.push(parcel);
      case 'isolate':
        return lone ? call.settle(parcel, rejected(parcel, decision.reason)) : void alone.push(parcel);
      case 'ambiguous':
        parcel.ambiguous = true;
        if (call.line.onAmbiguous === 'report' || decision.resend === false)
          return call.settle(parcel, unknown(parcel, decision.reason));
        if (Number(decision.afterMs) > askedMs) askedMs = Number(decision.afterMs);
        throttled = false;
        return void again.push(parcel);
      case 'retry':
        // Not Math.max: one NaN from a vendor's arithmetic would hold the connection for ever.
        if (Number(decision.afterMs) > askedMs) askedMs = Number(decision.afterMs);
        throttled &&= decision.reason.code === 'rate_limited';
        return void again.push(parcel);
    }
  });
  if (again.length === 0 && halves.length === 0 && alone.length === 0) return nothingLeft;
  const smaller = [...halved(halves), ...alone.map((parcel) => [parcel])]
    .map(crateOf)
    .filter((part) => part !== undefined);
  return { again: crateOf(again), askedMs, throttled, smaller };
}

const noteOf = (decision: RetryDecision | undefined): string | undefined =>
  decision?.kind === 'accept' ? decision.note : undefined;

const nothingLeft: Remainder = { again: undefined, askedMs: 0, throttled: true, smaller: [] };

const halved = (parcels: readonly Parcel[]): (readonly Parcel[])[] => {
  const middle = Math.ceil(parcels.length / 2);
  return [parcels.slice(0, middle), parcels.slice(middle)];
};

function suspend(call: Call, parcel: Parcel, reason: Reason, scope: string | undefined): void {
  const { line } = call;
  if (line.suspensions.add(reason, scope)) {
    const where = scope === undefined ? {} : { scope };
    line.emit?.({ kind: 'connection_suspended', slug: line.slug, code: reason.code, ...where });
  }
  call.settle(parcel, suspended(parcel, scope === undefined ? { reason } : { reason, scope }, line));
}

/** A scope that the event is not known by would hold others and let this one go on. */
function declaredScope(line: Line, { scopes }: Parcel, scope: string | undefined): string | undefined {
  if (scope === undefined || scopes?.includes(scope) === true) return scope;
  defect(line, 'response', nonsense(scope, 'a decision names a scope that its item does not declare'));
  return undefined;
}
