import { classifyWith } from '../api/classify.ts';
import { decide, decisionKinds, type RetryDecision } from '../api/decision.ts';
import type { Reply } from '../api/destination.ts';
import type { Failure, HttpResponse } from '../api/failure.ts';
import type { Outcome, Reason } from '../api/outcome.ts';
import { explained } from './explain.ts';
import { defect, type Call, type Line } from './line.ts';
import { nonsense } from './nonsense.ts';
import { deferred, delivered, heldBack, rejected, skipped, suspended, unknown } from './outcomes.ts';
import { isReason } from './reason-check.ts';
import type { Crate, Parcel } from './parcel.ts';
import { waitMs, type Tries } from './retry-policy.ts';

/** What an attempt left undone: items that go on together, and how. In a lane, neighbours alone. */
export interface Group {
  /**
   * again: with the wait asked for; resend: at once, as one request; split: in halves; isolate: each alone; question: it has
   * to be found out whether they or the credentials were refused.
   */
  readonly kind: 'again' | 'resend' | 'split' | 'isolate' | 'question';
  /** again: what waits, when it is less than the connection. */
  readonly scope: string | undefined;
  readonly parcels: Parcel[];
  /** The longest wait the vendor asked for, in milliseconds. */
  askedMs: number;
  /** The vendor said "too fast", not "broken": such a failure does not count. */
  throttled: boolean;
}

const silent = decide('ambiguous', 'ambiguous_delivery', 'The answer does not mention this event');

/**
 * A decision for every item, whatever send() came back with. What the vendor said goes with a final no where it is about
 * one event or all of them; said of several one by one, it would tell each about the others.
 */
export function decisionsOf(line: Line, reply: Reply, crate: Crate, heard?: HttpResponse): readonly RetryDecision[] {
  if (reply?.kind === 'settled' && Array.isArray(reply.decisions)) {
    const { decisions } = reply;
    if (decisions.length === crate.items.length && allPlainYes(decisions)) return decisions;
    if (decisions.length > crate.items.length) {
      defect(line, 'response', nonsense(decisions, 'more decisions than items'));
      return crate.items.map(() => silent);
    }
    if (decisions.length < crate.items.length)
      defect(line, 'response', nonsense(decisions, 'fewer decisions than items'));
    const given = crate.items.map((_, index) =>
      index < decisions.length ? (checked(line, decisions[index]) ?? silent) : silent,
    );
    const said = { crate, heard, aboutAll: given.length === 1 };
    return given.map((decision) => explained(line, decision, said));
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
    if (decision === undefined) return unjudged(failure, crate);
    return explained(line, decision, { crate, heard: response, aboutAll: true });
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

/** Applies the decisions: settles what is settled, and returns the rest. `tries` are the attempts before. */
export function apply(
  call: Call,
  crate: Crate,
  decisions: readonly RetryDecision[],
  tries: Pick<Tries, 'failures' | 'resends'>,
): readonly Group[] {
  if (!allAccepted(decisions)) return applyEach(call, crate, decisions, tries);
  for (let i = 0; i < decisions.length; i++) {
    const parcel = crate.items[i] as Parcel;
    call.settle(parcel, delivered(parcel, noteOf(decisions[i])));
  }
  return nothing;
}

/** Nearly every answer is: a yes to all of it that says no more. */
function allPlainYes(decisions: readonly RetryDecision[]): boolean {
  for (const decision of decisions) if (decision?.kind !== 'accept' || decision.note !== undefined) return false;
  return true;
}

function allAccepted(decisions: readonly RetryDecision[]): boolean {
  for (const decision of decisions) if (decision?.kind !== 'accept') return false;
  return true;
}

const noteOf = (decision: RetryDecision | undefined): string | undefined =>
  decision?.kind === 'accept' ? decision.note : undefined;

const nothing: readonly Group[] = [];

function applyEach(
  call: Call,
  crate: Crate,
  decisions: readonly RetryDecision[],
  tries: Pick<Tries, 'failures' | 'resends'>,
): readonly Group[] {
  const { line } = call;
  const { failures, resends } = tries;
  const groups: Group[] = [];
  const lone = crate.items.length === 1;
  const inLane = crate.lane !== undefined;
  /** One decision about all of the request. */
  const alike = decisions.every(({ kind }) => kind === 'suspend');
  /** Epoch ms of the first deferral of a lane: what comes after it may not overtake it. */
  let standsUntil: number | undefined;

  /** Items that go on alike go on together; in a lane only as long as nothing else stands between them. */
  function goOn(kind: Group['kind'], parcel: Parcel, scope?: string): Group | undefined {
    if (standsUntil !== undefined) {
      call.settle(parcel, heldBack(parcel, standsUntil));
      return undefined;
    }
    const candidates = inLane ? groups.slice(-1) : groups;
    let group = candidates.find((other) => other.kind === kind && other.scope === scope);
    if (group === undefined) {
      group = { kind, scope, parcels: [], askedMs: 0, throttled: true };
      groups.push(group);
    }
    group.parcels.push(parcel);
    return group;
  }

  function again(parcel: Parcel, askedMs: unknown, throttled: boolean, scope?: string): void {
    const group = goOn('again', parcel, scope);
    if (group === undefined) return;
    // Not Math.max: one NaN from a vendor's arithmetic would hold the connection for ever.
    if (Number(askedMs) > group.askedMs) group.askedMs = Number(askedMs);
    group.throttled &&= throttled;
  }

  function judge(parcel: Parcel, decision: RetryDecision): void {
    if (decision.kind === 'accept') return call.settle(parcel, delivered(parcel, decision.note));
    const { reason } = decision;
    parcel.reason = reason;
    if (decision.doubtful === true) {
      parcel.ambiguous = true;
      if (line.onAmbiguous === 'report') return call.settle(parcel, unknown(parcel, reason));
    }
    switch (decision.kind) {
      case 'skip':
        return call.settle(parcel, skipped(parcel, reason));
      case 'reject':
        return call.settle(parcel, rejected(parcel, reason));
      case 'suspend':
        if (decision.unproven === true && alike && line.inquiry !== undefined) return void goOn('question', parcel);
        return suspend(call, parcel, reason, declaredScope(line, parcel, decision.scope));
      case 'defer': {
        const scope = declaredScope(line, parcel, decision.scope);
        const wait = waitMs(line.policy, failures + 1, line.clock.random, Number(decision.afterMs) || 0);
        return call.settle(parcel, deferred(parcel, reason, line.clock.now() + wait, scope));
      }
      case 'resend':
        if (!lone) return void goOn('resend', parcel);
        defect(line, 'response', nonsense(decision, 'resend of a lone item'));
        return call.settle(parcel, rejected(parcel, reason));
      case 'split':
        return lone ? call.settle(parcel, rejected(parcel, reason)) : void goOn('split', parcel);
      case 'isolate':
        return lone ? call.settle(parcel, rejected(parcel, reason)) : void goOn('isolate', parcel);
      case 'ambiguous':
        parcel.ambiguous = true;
        return line.onAmbiguous === 'report' || decision.resend === false
          ? call.settle(parcel, unknown(parcel, reason))
          : again(parcel, decision.afterMs, false);
      case 'retry': {
        const scope = declaredScope(line, parcel, decision.scope);
        return again(parcel, decision.afterMs, reason.code === 'rate_limited', scope);
      }
    }
  }

  crate.items.forEach((parcel, index) => {
    judge(parcel, decisions[index] ?? silent);
    const { settled } = parcel;
    if (inLane && settled?.kind === 'deferred') standsUntil ??= timeOf(settled.retryAt, line.clock.now());
  });
  return groups.map((group) => (group.kind === 'resend' ? resent(line, crate, group, resends) : group));
}

/** The innocent of a refused batch leave again at once; but only next to the guilty, or they would leave for ever. */
function resent(line: Line, crate: Crate, group: Group, resends: number): Group {
  const beside = crate.items.some(({ settled }) => settled !== undefined && !mayComeAgain.has(settled.kind));
  if (!beside) defect(line, 'response', nonsense(group, 'resend beside no item that is settled for good'));
  return beside && resends < mostResends ? group : { ...group, kind: 'split' };
}

const mayComeAgain: ReadonlySet<Outcome['kind']> = new Set(['deferred', 'suspended']);
/** Requests in a row that a batch may leave in again without its culprits, before it is taken apart. */
const mostResends = 3;

const timeOf = (written: string | undefined, now: number): number =>
  written === undefined ? now : Date.parse(written);

/** Stops a scope, or all of the connection, and tells the event so. */
export function suspend(call: Call, parcel: Parcel, reason: Reason, scope?: string): void {
  const { line } = call;
  const isNew = line.suspensions.add(reason, scope);
  if (isNew) {
    const where = scope === undefined ? {} : { scope };
    line.emit?.({ kind: 'connection_suspended', slug: line.slug, connection: line.id, code: reason.code, ...where });
  }
  call.settle(parcel, suspended(parcel, scope === undefined ? { reason } : { reason, scope }, line));
  if (isNew) line.scopeHolds.wake();
}

/** A scope that the event is not known by would hold others and let this one go on. */
function declaredScope(line: Line, { scopes }: Parcel, scope: string | undefined): string | undefined {
  if (scope === undefined || scopes?.includes(scope) === true) return scope;
  defect(line, 'response', nonsense(scope, 'a decision names a scope that its item does not declare'));
  return undefined;
}
