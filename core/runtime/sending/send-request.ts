import pRetry from 'p-retry';
import { houseDecision } from '../../api/answers/house-table.ts';
import type { RetryDecision } from '../../api/decision.ts';
import type { Batch } from '../../api/delivery.ts';
import type { WireResult } from '../../api/destination.ts';
import type { Reason } from '../../api/outcome.ts';
import { ambiguousCodes, throttledCodes } from '../../api/reason-codes.ts';
import type { EncodedBody } from '../../http/transport.ts';
import { onAbort } from '../../policy/abort.ts';
import { isoTime } from '../../policy/clock.ts';
import { defect, dismiss, type ConnectionContext } from '../connection-context.ts';
import { maskedDecision } from './mask-reasons.ts';
import { ambiguousReason, maybeDeliveredReason, maybeTaken, slotRefusals, stoppedReason } from './outcomes.ts';
import { RequestAttempt, type StandaloneRequest } from './request-attempt.ts';
import { countFailure, waitMs } from './retry-policy.ts';

/** The result of a standalone request. */
export type RequestResult =
  | { readonly kind: 'accepted'; readonly attempts: number }
  /** The vendor refuses the credentials or the account. */
  | { readonly kind: 'refused'; readonly reason: Reason }
  | { readonly kind: 'rejected'; readonly reason: Reason }
  /** The vendor may have done it. */
  | { readonly kind: 'unknown'; readonly reason: Reason }
  | { readonly kind: 'deferred'; readonly reason: Reason; readonly retryAt: string };

/**
 * Sends one request under the connection's hosts, pace, deadlines, retries and masking. A refusal suspends no events,
 * and a suspension does not stop the request, because people send such requests to find out what is wrong. Never
 * rejects.
 */
export async function sendRequest(context: ConnectionContext, spec: StandaloneRequest): Promise<RequestResult> {
  if (context.closed || spec.signal?.aborted === true)
    return { kind: 'deferred', reason: stoppedReason, retryAt: isoTime(context.pacer.opensAt()) };
  const send = new RequestSend(context, spec);
  context.runs.add(send);
  const stopListening = onAbort(spec.signal, () => send.stop());
  try {
    return await withRetries(context, spec, send);
  } catch (error) {
    defect(context, 'core', error);
    return send.lostResult();
  } finally {
    context.runs.delete(send);
    stopListening();
  }
}

/** p-retry counts and repeats the attempts. The wait is ours, because it follows the vendor and the injected clock. */
async function withRetries(
  context: ConnectionContext,
  spec: StandaloneRequest,
  send: RequestSend,
): Promise<RequestResult> {
  let result: RequestResult | undefined;
  const attempt = async (): Promise<void> => {
    result = await send.attempt();
  };
  try {
    await pRetry(attempt, {
      // One more than are used: a throttled attempt may follow the last one that counts.
      retries: spec.attempts ?? context.policy.attempts,
      minTimeout: 0,
      signal: send.signal(),
      async onFailedAttempt({ error, retriesLeft }) {
        if (!(error instanceof TryAgain)) return;
        error.granted = send.mayTryAgain(error, retriesLeft);
        if (error.granted) await context.clock.sleep(error.waitMs, send.signal());
      },
      shouldConsumeRetry: ({ error }) => !(error instanceof TryAgain && error.throttled),
      shouldRetry: ({ error }) => error instanceof TryAgain && error.granted,
    });
  } catch (error) {
    // A stop during the wait ends p-retry as well, and must not hide an answer.
    if (result === undefined && !(error instanceof TryAgain) && !send.stopped) throw error;
  }
  return result ?? send.deferral();
}

/** Thrown to p-retry only; never leaves this module. */
class TryAgain extends Error {
  readonly waitMs: number;
  readonly throttled: boolean;
  granted = false;

  constructor(wait: number, throttled: boolean) {
    super('to be tried again');
    this.waitMs = wait;
    this.throttled = throttled;
  }
}

class RequestSend {
  readonly #context: ConnectionContext;
  readonly #spec: StandaloneRequest;
  readonly #deadline: number;
  readonly #stopping = new AbortController();
  readonly #asBatch: Batch<unknown>;
  #body: EncodedBody | undefined;
  readonly #tries = { attempts: 0, failures: 0 };
  /** The vendor may have done it already. */
  #ambiguous = false;
  /** Why the last attempt failed, and when the next one may start (epoch ms). */
  #reason: Reason = unavailable;
  #retryAt = 0;

  constructor(context: ConnectionContext, spec: StandaloneRequest) {
    this.#context = context;
    this.#spec = spec;
    this.#deadline = context.clock.elapsed() + spec.withinMs;
    this.#asBatch = { items: [{ index: 0, eventId: '', payload: spec.input, text: '', bytes: 0 }] };
  }

  get stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  signal(): AbortSignal {
    return this.#stopping.signal;
  }

  stop(): void {
    this.#stopping.abort();
    dismiss(this.#context, this);
  }

  /** Makes one attempt. Throws TryAgain if another one may succeed. */
  async attempt(): Promise<RequestResult> {
    const { pacer } = this.#context;
    const attempt = new RequestAttempt(this.#context, this.#spec, this.#deadline, this);
    const refusal = this.stopped ? ({ cause: 'stopped', retryAt: pacer.opensAt() } as const) : await attempt.slot();
    if (refusal !== undefined) {
      if (this.#tries.attempts === 0) this.#reason = slotRefusals[refusal.cause];
      this.#retryAt = refusal.retryAt;
      return this.deferral();
    }
    this.#tries.attempts += 1;
    try {
      const result = await attempt.send(this.#tries.attempts, this.#body);
      this.#body = attempt.body;
      return this.#settle(this.#decisionOf(result));
    } finally {
      // Only now: a pause that this answer asks for must apply before the next request gets the slot.
      attempt.release();
    }
  }

  /** Whether the time, the policy and the budget allow another attempt. */
  mayTryAgain({ waitMs: wait, throttled }: TryAgain, retriesLeft: number): boolean {
    const { clock, budget, emit, slug, id: connection } = this.#context;
    if (retriesLeft < (throttled ? 1 : 2) || clock.elapsed() + wait > this.#deadline || this.stopped) return false;
    if (!throttled && !budget.spend()) return false;
    emit?.({ kind: 'retry_scheduled', slug, connection, items: 1, afterMs: wait, code: this.#reason.code });
    return true;
  }

  deferral(): RequestResult {
    const reason = this.#ambiguous ? maybeDeliveredReason(this.#reason) : this.#reason;
    if (ambiguousCodes.has(reason.code)) return { kind: 'unknown', reason };
    return { kind: 'deferred', reason, retryAt: isoTime(this.#retryAt) };
  }

  lostResult(): RequestResult {
    const message = 'A defect in the runtime hid what became of the request';
    return this.#tries.attempts > 0
      ? { kind: 'unknown', reason: { code: 'ambiguous_delivery', message } }
      : { kind: 'rejected', reason: { code: 'internal_error', message } };
  }

  #decisionOf(result: WireResult): RetryDecision {
    const response = result.kind === 'response' ? result.response : undefined;
    const about = { batch: this.#asBatch, response, aboutAll: true };
    try {
      if (result.kind !== 'crash') return maskedDecision(this.#context, this.#spec.judge(result, this.#asBatch), about);
      defect(this.#context, 'request', result.error);
      return houseDecision(result);
    } catch (error) {
      defect(this.#context, 'response', error);
      return houseDecision({ kind: 'crash', error, left: true });
    }
  }

  #settle(decision: RetryDecision): RequestResult {
    const { clock, budget, policy } = this.#context;
    if (decision.kind === 'accept') {
      budget.earn();
      return { kind: 'accepted', attempts: this.#tries.attempts };
    }
    const { reason } = decision;
    this.#reason = reason;
    const reports = this.#spec.onAmbiguous === 'report';
    if (decision.ambiguous === true) {
      this.#ambiguous = true;
      if (reports) return unknown(reason);
    }
    switch (decision.kind) {
      case 'suspend':
        if (!this.#ambiguous) return { kind: 'refused', reason };
        this.#retryAt = clock.now();
        return this.deferral();
      case 'defer':
        this.#retryAt =
          clock.now() + waitMs(policy, this.#tries.failures + 1, clock.random, Number(decision.afterMs) || 0);
        return this.deferral();
      case 'ambiguous':
        this.#ambiguous = true;
        if (reports || decision.resend === false) return unknown(reason);
        return this.#tryAgain(decision.afterMs, false);
      case 'retry':
        return this.#tryAgain(decision.afterMs, throttledCodes.has(reason.code));
      case 'skip':
      case 'reject':
      case 'resend':
      case 'split':
      case 'isolate':
        return this.#ambiguous ? unknown({ ...reason, ...maybeTaken }) : { kind: 'rejected', reason };
    }
  }

  #tryAgain(afterMs: unknown, throttled: boolean): never {
    const { clock, pacer, policy } = this.#context;
    const requestedMs = Number(afterMs) > 0 ? Number(afterMs) : 0;
    const wait = countFailure(policy, this.#tries, { throttled, requestedMs }, clock.random);
    this.#retryAt = clock.now() + wait;
    if (throttled || requestedMs > 0) pacer.pauseFor(wait);
    throw new TryAgain(wait, throttled);
  }
}

const unavailable: Reason = { code: 'vendor_unavailable', message: 'The vendor could not take the request' };

const unknown = (reason: Reason): RequestResult => ({
  kind: 'unknown',
  reason: ambiguousReason(reason),
});
