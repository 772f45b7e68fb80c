import type { RetryDecision } from '../../api/decision.ts';
import type { Outcome, Reason } from '../../api/outcome.ts';
import { throttledCodes } from '../../api/reason-codes.ts';
import type { PendingBatch, PendingDelivery } from '../batching/pending-delivery.ts';
import { defect } from '../connection-context.ts';
import { invalidReturn } from '../invalid-return.ts';
import { notMentioned } from './decisions.ts';
import { deferred, delivered, heldBack, lostOutcome, rejected, skipped, suspended, unknown } from './outcomes.ts';
import { waitMs, type Tries } from './retry-policy.ts';
import type { SendRun } from './send-run.ts';

/** Items that an attempt did not settle, and that continue together. In lanes they are neighbours. */
export interface OpenItems {
  /**
   * retry     sent again after a wait
   * resend    sent again at once, as one request
   * split     sent in halves
   * isolate   sent one by one
   * question  waiting until it is known whether the vendor refuses them or the credentials
   */
  readonly kind: 'retry' | 'resend' | 'split' | 'isolate' | 'question';
  /** retry: the scope that waits, if it is not the whole connection. */
  readonly scope: string | undefined;
  readonly deliveries: PendingDelivery[];
  /** The longest wait that the vendor asked for, in milliseconds. */
  requestedMs: number;
  /** The vendor throttled all of them: such an attempt does not count as a failure. */
  throttled: boolean;
  /** The wait that was scheduled, in milliseconds: for a host that asks what was decided. */
  waitMs?: number;
}

/**
 * Settles every item whose decision is final, and returns the others. `tries` do not include this attempt's failure.
 */
export function settleDecided(
  run: SendRun,
  batch: PendingBatch,
  decisions: readonly RetryDecision[],
  tries: Pick<Tries, 'failures' | 'resends'>,
): readonly OpenItems[] {
  if (!allAccepted(decisions)) return new AnswerSettlement(run, batch, decisions, tries).apply();
  for (let i = 0; i < decisions.length; i++) {
    const delivery = batch.items[i] as PendingDelivery;
    run.settle(delivery, delivered(delivery, noteOf(decisions[i])));
  }
  return none;
}

function allAccepted(decisions: readonly RetryDecision[]): boolean {
  for (const decision of decisions) if (decision?.kind !== 'accept') return false;
  return true;
}

const noteOf = (decision: RetryDecision | undefined): string | undefined =>
  decision?.kind === 'accept' ? decision.note : undefined;

const none: readonly OpenItems[] = [];

type Refusal = Exclude<RetryDecision, { kind: 'accept' }>;

/** Settles a batch whose answer does not accept all items. */
class AnswerSettlement {
  readonly #run: SendRun;
  readonly #batch: PendingBatch;
  readonly #decisions: readonly RetryDecision[];
  readonly #tries: Pick<Tries, 'failures' | 'resends'>;
  readonly #isLone: boolean;
  /** One refusal of the whole request. */
  readonly #refusedAsOne: boolean;
  readonly #groups: OpenItems[] = [];
  /** In lanes: when the first deferred item may be retried (epoch ms): later items must not overtake it. */
  #lanesWaitUntil: number | undefined;

  constructor(
    run: SendRun,
    batch: PendingBatch,
    decisions: readonly RetryDecision[],
    tries: Pick<Tries, 'failures' | 'resends'>,
  ) {
    this.#run = run;
    this.#batch = batch;
    this.#decisions = decisions;
    this.#tries = tries;
    this.#isLone = batch.items.length === 1;
    this.#refusedAsOne = decisions.every(({ kind }) => kind === 'suspend');
  }

  apply(): readonly OpenItems[] {
    const { items, lanes } = this.#batch;
    for (let i = 0; i < items.length; i++) {
      const delivery = items[i] as PendingDelivery;
      const decision = this.#decisions[i] ?? notMentioned;
      if (decision.kind === 'accept') this.#run.settle(delivery, delivered(delivery, decision.note));
      else this.#refuse(delivery, decision);
      const { settled } = delivery;
      if (lanes !== undefined && settled?.kind === 'deferred')
        this.#lanesWaitUntil ??= timeOf(settled.retryAt, this.#run.context.clock.now());
    }
    return this.#groups.map((group) => (group.kind === 'resend' ? this.#checkedResend(group) : group));
  }

  #refuse(delivery: PendingDelivery, decision: Refusal): void {
    const { reason } = decision;
    delivery.reason = reason;
    if (decision.ambiguous === true) {
      delivery.ambiguous = true;
      if (this.#reportsAmbiguous) return this.#settle(delivery, unknown(delivery, reason));
    }
    switch (decision.kind) {
      case 'skip':
        return this.#settle(delivery, skipped(delivery, reason));
      case 'reject':
        return this.#settle(delivery, rejected(delivery, reason));
      case 'suspend':
        return this.#suspend(delivery, decision);
      case 'defer':
        return this.#defer(delivery, decision);
      case 'resend':
      case 'split':
      case 'isolate':
        return this.#sendApart(delivery, decision);
      case 'ambiguous':
        delivery.ambiguous = true;
        if (this.#reportsAmbiguous || decision.resend === false)
          return this.#settle(delivery, unknown(delivery, reason));
        return this.#retry(delivery, decision.afterMs, false);
      case 'retry': {
        const scope = this.#declaredScope(delivery, decision.scope);
        return this.#retry(delivery, decision.afterMs, throttledCodes.has(reason.code), scope);
      }
    }
  }

  get #reportsAmbiguous(): boolean {
    return this.#run.context.onAmbiguous === 'report';
  }

  #settle(delivery: PendingDelivery, outcome: Outcome): void {
    this.#run.settle(delivery, outcome);
  }

  #suspend(delivery: PendingDelivery, decision: Extract<RetryDecision, { kind: 'suspend' }>): void {
    if (decision.unproven === true && this.#refusedAsOne) return void this.#group('question', delivery);
    suspend(this.#run, delivery, decision.reason, this.#declaredScope(delivery, decision.scope));
  }

  #defer(delivery: PendingDelivery, decision: Extract<RetryDecision, { kind: 'defer' }>): void {
    const { policy, context } = this.#run;
    const scope = this.#declaredScope(delivery, decision.scope);
    const wait = waitMs(policy, this.#tries.failures + 1, context.clock.random, Number(decision.afterMs) || 0);
    this.#settle(delivery, deferred(delivery, decision.reason, context.clock.now() + wait, scope));
  }

  /** Rejects a lone item, because it cannot be split any further. */
  #sendApart(
    delivery: PendingDelivery,
    decision: Extract<RetryDecision, { kind: 'resend' | 'split' | 'isolate' }>,
  ): void {
    if (!this.#isLone) return void this.#group(decision.kind, delivery);
    if (decision.kind === 'resend')
      defect(this.#run.context, 'response', invalidReturn(decision, 'resend of a lone item'));
    this.#settle(delivery, rejected(delivery, decision.reason));
  }

  #retry(delivery: PendingDelivery, requestedMs: unknown, throttled: boolean, scope?: string): void {
    const group = this.#group('retry', delivery, scope);
    if (group === undefined) return;
    // Not Math.max: one NaN from a folder's arithmetic would pause the connection for ever.
    if (Number(requestedMs) > group.requestedMs) group.requestedMs = Number(requestedMs);
    group.throttled &&= throttled;
  }

  /** Groups items that continue in the same way; in lanes, only neighbours. */
  #group(kind: OpenItems['kind'], delivery: PendingDelivery, scope?: string): OpenItems | undefined {
    if (this.#lanesWaitUntil !== undefined) {
      this.#settle(delivery, heldBack(delivery, this.#lanesWaitUntil));
      return undefined;
    }
    const candidates = this.#batch.lanes === undefined ? this.#groups : this.#groups.slice(-1);
    let group = candidates.find((other) => other.kind === kind && other.scope === scope);
    if (group === undefined) {
      group = { kind, scope, deliveries: [], requestedMs: 0, throttled: true };
      this.#groups.push(group);
    }
    group.deliveries.push(delivery);
    return group;
  }

  /**
   * Resends items at once only if others of the batch are refused for good, or wait for their scope: the same request
   * would repeat for ever.
   */
  #checkedResend(group: OpenItems): OpenItems {
    const isBeside =
      this.#batch.items.some(({ settled }) => settled !== undefined && !retriableKinds.has(settled.kind)) ||
      this.#groups.some(({ kind, scope }) => kind === 'retry' && scope !== undefined);
    if (!isBeside) {
      const none = 'resend beside no item that is settled for good or waits for its scope';
      defect(this.#run.context, 'response', invalidReturn(group, none));
    }
    return isBeside && this.#tries.resends < mostResends ? group : { ...group, kind: 'split' };
  }

  /** Drops a scope that the event does not declare: it would stop other events, and not this one. */
  #declaredScope({ scopes }: PendingDelivery, scope: string | undefined): string | undefined {
    if (scope === undefined || scopes?.includes(scope) === true) return scope;
    defect(
      this.#run.context,
      'response',
      invalidReturn(scope, 'a decision names a scope that its item does not declare'),
    );
    return undefined;
  }
}

const retriableKinds: ReadonlySet<Outcome['kind']> = new Set(['deferred', 'suspended']);
/** The most consecutive requests that resend a batch without its refused items, before it is split. */
const mostResends = 3;

const timeOf = (isoDate: string | undefined, now: number): number =>
  isoDate === undefined ? now : Date.parse(isoDate);

/** Suspends a scope, or the whole connection, and settles the event. */
export function suspend(run: SendRun, delivery: PendingDelivery, reason: Reason, scope?: string): void {
  const { context } = run;
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
  run.settle(delivery, suspended(delivery, scope === undefined ? { reason } : { reason, scope }, context));
  if (isNew) context.scopePauses.wake();
}

/** Settles a batch after an unexpected error of core, without a claim about events that may have been sent. */
export function abandon(run: SendRun, batch: PendingBatch, error: unknown): void {
  defect(run.context, 'core', error);
  for (const delivery of batch.items) run.settle(delivery, lostOutcome(delivery));
}
