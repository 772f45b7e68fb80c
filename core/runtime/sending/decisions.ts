import { classifyWith } from '../../api/classify.ts';
import { decide, decisionKinds, type RetryDecision } from '../../api/decision.ts';
import type { Reply } from '../../api/destination.ts';
import type { Failure, HttpResponse } from '../../api/failure.ts';
import type { Outcome, Reason } from '../../api/outcome.ts';
import { maskedDecision } from './mask-reasons.ts';
import { defect, type Call, type ConnectionContext } from '../connection-context.ts';
import { invalidReturn } from '../invalid-return.ts';
import { deferred, delivered, heldBack, rejected, skipped, suspended, unknown } from './outcomes.ts';
import { isReason } from '../invalid-return.ts';
import type { PendingBatch, PendingDelivery } from '../batching/pending-delivery.ts';
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
  readonly deliveries: PendingDelivery[];
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
export function decisionsOf(
  context: ConnectionContext,
  reply: Reply,
  batch: PendingBatch,
  heard?: HttpResponse,
): readonly RetryDecision[] {
  if (reply?.kind === 'settled' && Array.isArray(reply.decisions)) {
    const { decisions } = reply;
    if (decisions.length === batch.items.length && allPlainYes(decisions)) return decisions;
    if (decisions.length > batch.items.length) {
      defect(context, 'response', invalidReturn(decisions, 'more decisions than items'));
      return batch.items.map(() => silent);
    }
    if (decisions.length < batch.items.length)
      defect(context, 'response', invalidReturn(decisions, 'fewer decisions than items'));
    const given = batch.items.map((_, index) =>
      index < decisions.length ? (checked(context, decisions[index]) ?? silent) : silent,
    );
    const said = { batch, heard, aboutAll: given.length === 1 };
    return given.map((decision) => maskedDecision(context, decision, said));
  }
  if (reply?.kind === 'failed') {
    const decision = classify(context, reply.failure, batch);
    return batch.items.map(() => decision);
  }
  const given = reply?.kind === 'settled' ? reply.decisions : reply;
  defect(context, 'send', invalidReturn(given, 'send() did not return a reply'));
  return batch.items.map(() => silent);
}

function classify(context: ConnectionContext, failure: Failure, batch: PendingBatch): RetryDecision {
  try {
    if (failure.kind === 'crash') defect(context, failure.left ? 'response' : 'request', failure.error);
    const response = failure.kind === 'http' ? failure.response : undefined;
    const decision = checked(context, context.vendor.classifyError(failure, batch));
    if (decision === undefined) return unjudged(failure, batch);
    return maskedDecision(context, decision, { batch, heard: response, aboutAll: true });
  } catch (error) {
    defect(context, 'classifyError', error);
    return unjudged(failure, batch);
  }
}

/** A failure that its folder has no sensible word for. What never left cannot have arrived. */
const unjudged = (failure: Failure, batch: PendingBatch): RetryDecision =>
  neverLeft(failure) ? classifyWith([])(failure, batch) : silent;

const kinds: ReadonlySet<unknown> = new Set(decisionKinds);

/** `undefined` for what is no decision. */
function checked(context: ConnectionContext, decision: RetryDecision | undefined): RetryDecision | undefined {
  if (decision !== undefined && decision !== null && kinds.has(decision.kind)) {
    if (decision.kind === 'accept' || isReason(decision.reason)) return decision;
  }
  defect(context, 'response', invalidReturn(decision, 'not a decision'));
  return undefined;
}

const neverLeft = (failure: Failure | undefined): boolean =>
  (failure?.kind === 'network' && failure.received === 'no') || (failure?.kind === 'crash' && !failure.left);

/** Applies the decisions: settles what is settled, and returns the rest. `tries` are the attempts before. */
export function apply(
  call: Call,
  batch: PendingBatch,
  decisions: readonly RetryDecision[],
  tries: Pick<Tries, 'failures' | 'resends'>,
): readonly Group[] {
  if (!allAccepted(decisions)) return applyEach(call, batch, decisions, tries);
  for (let i = 0; i < decisions.length; i++) {
    const delivery = batch.items[i] as PendingDelivery;
    call.settle(delivery, delivered(delivery, noteOf(decisions[i])));
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
  batch: PendingBatch,
  decisions: readonly RetryDecision[],
  tries: Pick<Tries, 'failures' | 'resends'>,
): readonly Group[] {
  const { context } = call;
  const { failures, resends } = tries;
  const groups: Group[] = [];
  const lone = batch.items.length === 1;
  const inLane = batch.lane !== undefined;
  /** One decision about all of the request. */
  const alike = decisions.every(({ kind }) => kind === 'suspend');
  /** Epoch ms of the first deferral of a lane: what comes after it may not overtake it. */
  let standsUntil: number | undefined;

  /** Items that go on alike go on together; in a lane only as long as nothing else stands between them. */
  function goOn(kind: Group['kind'], delivery: PendingDelivery, scope?: string): Group | undefined {
    if (standsUntil !== undefined) {
      call.settle(delivery, heldBack(delivery, standsUntil));
      return undefined;
    }
    const candidates = inLane ? groups.slice(-1) : groups;
    let group = candidates.find((other) => other.kind === kind && other.scope === scope);
    if (group === undefined) {
      group = { kind, scope, deliveries: [], askedMs: 0, throttled: true };
      groups.push(group);
    }
    group.deliveries.push(delivery);
    return group;
  }

  function again(delivery: PendingDelivery, askedMs: unknown, throttled: boolean, scope?: string): void {
    const group = goOn('again', delivery, scope);
    if (group === undefined) return;
    // Not Math.max: one NaN from a vendor's arithmetic would hold the connection for ever.
    if (Number(askedMs) > group.askedMs) group.askedMs = Number(askedMs);
    group.throttled &&= throttled;
  }

  function judge(delivery: PendingDelivery, decision: RetryDecision): void {
    if (decision.kind === 'accept') return call.settle(delivery, delivered(delivery, decision.note));
    const { reason } = decision;
    delivery.reason = reason;
    if (decision.doubtful === true) {
      delivery.ambiguous = true;
      if (context.onAmbiguous === 'report') return call.settle(delivery, unknown(delivery, reason));
    }
    switch (decision.kind) {
      case 'skip':
        return call.settle(delivery, skipped(delivery, reason));
      case 'reject':
        return call.settle(delivery, rejected(delivery, reason));
      case 'suspend':
        if (decision.unproven === true && alike && context.inquiry !== undefined)
          return void goOn('question', delivery);
        return suspend(call, delivery, reason, declaredScope(context, delivery, decision.scope));
      case 'defer': {
        const scope = declaredScope(context, delivery, decision.scope);
        const wait = waitMs(context.policy, failures + 1, context.clock.random, Number(decision.afterMs) || 0);
        return call.settle(delivery, deferred(delivery, reason, context.clock.now() + wait, scope));
      }
      case 'resend':
        if (!lone) return void goOn('resend', delivery);
        defect(context, 'response', invalidReturn(decision, 'resend of a lone item'));
        return call.settle(delivery, rejected(delivery, reason));
      case 'split':
        return lone ? call.settle(delivery, rejected(delivery, reason)) : void goOn('split', delivery);
      case 'isolate':
        return lone ? call.settle(delivery, rejected(delivery, reason)) : void goOn('isolate', delivery);
      case 'ambiguous':
        delivery.ambiguous = true;
        return context.onAmbiguous === 'report' || decision.resend === false
          ? call.settle(delivery, unknown(delivery, reason))
          : again(delivery, decision.afterMs, false);
      case 'retry': {
        const scope = declaredScope(context, delivery, decision.scope);
        return again(delivery, decision.afterMs, reason.code === 'rate_limited', scope);
      }
    }
  }

  batch.items.forEach((delivery, index) => {
    judge(delivery, decisions[index] ?? silent);
    const { settled } = delivery;
    if (inLane && settled?.kind === 'deferred') standsUntil ??= timeOf(settled.retryAt, context.clock.now());
  });
  return groups.map((group) => (group.kind === 'resend' ? resent(context, batch, group, resends) : group));
}

/** The innocent of a refused batch leave again at once; but only next to the guilty, or they would leave for ever. */
function resent(context: ConnectionContext, batch: PendingBatch, group: Group, resends: number): Group {
  const beside = batch.items.some(({ settled }) => settled !== undefined && !mayComeAgain.has(settled.kind));
  if (!beside) defect(context, 'response', invalidReturn(group, 'resend beside no item that is settled for good'));
  return beside && resends < mostResends ? group : { ...group, kind: 'split' };
}

const mayComeAgain: ReadonlySet<Outcome['kind']> = new Set(['deferred', 'suspended']);
/** Requests in a row that a batch may leave in again without its culprits, before it is taken apart. */
const mostResends = 3;

const timeOf = (written: string | undefined, now: number): number =>
  written === undefined ? now : Date.parse(written);

/** Stops a scope, or all of the connection, and tells the event so. */
export function suspend(call: Call, delivery: PendingDelivery, reason: Reason, scope?: string): void {
  const { context } = call;
  const isNew = context.suspensions.add(reason, scope);
  if (isNew) {
    const where = scope === undefined ? {} : { scope };
    context.emit?.({
      kind: 'connection_suspended',
      slug: context.slug,
      connection: context.id,
      code: reason.code,
      ...where,
    });
  }
  call.settle(delivery, suspended(delivery, scope === undefined ? { reason } : { reason, scope }, context));
  if (isNew) context.scopePauses.wake();
}

/** A scope that the event is not known by would hold others and let this one go on. */
function declaredScope(
  context: ConnectionContext,
  { scopes }: PendingDelivery,
  scope: string | undefined,
): string | undefined {
  if (scope === undefined || scopes?.includes(scope) === true) return scope;
  defect(context, 'response', invalidReturn(scope, 'a decision names a scope that its item does not declare'));
  return undefined;
}
