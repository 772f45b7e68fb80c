import type { Reason } from '../../api/outcome.ts';
import { dateOf } from '../../policy/clock.ts';
import type { PendingBatch } from '../batching/pending-delivery.ts';
import { deferred, stoppedReason } from './outcomes.ts';
import type { SlotRefusal } from './pacer.ts';
import type { Tries } from './retry-policy.ts';
import type { ScopePause, ScopeWaiter } from './scope-pauses.ts';
import type { SendingBatch, SendRun } from './send-run.ts';

/** Sends a part of a batch once its scope opens. Resolves when all of it is settled; never rejects. */
export function waitForScope(send: SendingBatch, batch: PendingBatch, pause: ScopePause, tries?: Tries): Promise<void> {
  const { run } = send;
  if (!mayWait(run, batch, pause)) return Promise.resolve();
  run.scopeWaiting(1);
  return new Promise((resolve) => {
    const wait = new ScopeWait(send, batch, pause.scope, tries, resolve);
    run.context.scopePauses.wait(pause.scope, wait);
  });
}

class ScopeWait implements ScopeWaiter {
  readonly run: SendRun;
  readonly size: number;
  readonly deadline: number;
  readonly #send: SendingBatch;
  readonly #batch: PendingBatch;
  readonly #scope: string;
  readonly #tries: Tries;
  readonly #settled: (part: Promise<void> | undefined) => void;

  constructor(
    send: SendingBatch,
    batch: PendingBatch,
    scope: string,
    { attempts, failures, resends }: Tries = send,
    settled: (part: Promise<void> | undefined) => void,
  ) {
    this.run = send.run;
    this.size = batch.items.length;
    this.deadline = batch.deadline;
    this.#send = send;
    this.#batch = batch;
    this.#scope = scope;
    // Copied now, because the rest of the batch may continue and count meanwhile.
    this.#tries = { attempts, failures, resends };
    this.#settled = settled;
  }

  onScopeOpen(refusal: SlotRefusal | undefined): void {
    this.run.scopeWaiting(-1);
    const scope = this.#scope;
    if (refusal !== undefined) {
      const reason = refusal.cause === 'stopped' ? stoppedReason : undefined;
      deferForScope(this.run, this.#batch, scope, refusal.retryAt, reason);
      return this.#settled(undefined);
    }
    const { scopePauses } = this.run.context;
    const part = this.#send.continuePart(this.#batch, {
      tries: this.#tries,
      clearedScope: scope,
      onFirstAnswer(goOn) {
        scopePauses.answered(scope);
        goOn();
      },
    });
    this.#settled(part);
  }
}

/**
 * Whether a batch may wait for its scope inside the call. Defers it otherwise: if the host retries by itself, if the
 * deadline comes first, or if too many deliveries wait already.
 */
function mayWait(run: SendRun, batch: PendingBatch, { scope, until }: ScopePause): boolean {
  const { scopePauses, clock } = run.context;
  const isFull = scopePauses.waiting(scope) + batch.items.length > run.laneCapacity;
  if (!isFull && run.policy.attempts > 0 && until <= batch.deadline && !run.stopped) return true;
  deferForScope(run, batch, scope, dateOf(clock, until), isFull ? overCapacity : scopePaused);
  return false;
}

/** Defers a batch instead of waiting for its scope. It may be sent again at `retryAt` (epoch ms). */
function deferForScope(
  run: SendRun,
  batch: PendingBatch,
  scope: string,
  retryAt: number,
  reason: Reason = scopePaused,
): void {
  for (const delivery of batch.items)
    run.settle(delivery, deferred(delivery, delivery.reason ?? reason, retryAt, scope));
}

const scopePaused: Reason = {
  code: 'held_back',
  message: 'The vendor asked for a pause of what this event belongs to',
};
const overCapacity: Reason = { code: 'held_back', message: 'Too many events wait for what this event belongs to' };
