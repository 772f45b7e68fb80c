import type { RetryDecision } from '../../api/decision.ts';
import type { Batch } from '../../api/delivery.ts';
import type { WireResult } from '../../api/destination.ts';
import type { HttpRequest } from '../../api/failure.ts';
import type { ExchangeListener, ExchangeRun } from '../../http/exchange.ts';
import type { EncodedBody } from '../../http/transport.ts';
import type { ConnectionContext } from '../connection-context.ts';
import type { SlotRefusal, SlotWaiter } from './pacer.ts';
import { reportRequest } from './report.ts';
import type { RequestObserver } from './request-observer.ts';

/** A request without events: of an operation, or of a credential check. */
export interface StandaloneRequest {
  readonly request: HttpRequest;
  /** Decides what an answer, or the lack of one, means. `batch` holds the input of the request as its only item. */
  readonly judge: (result: AnswerOrFailure, batch: Batch<unknown>) => RetryDecision;
  readonly onAmbiguous: ConnectionContext['onAmbiguous'];
  /** Milliseconds for the whole request, retries included. */
  readonly withinMs: number;
  /** The most bytes of the answer that are read. Default: the connection's. */
  readonly replyBytes?: number | undefined;
  /** Milliseconds one attempt may take. Default: the connection's. */
  readonly mostMs?: number | undefined;
  /** Attempts that may fail. Default: the connection's. */
  readonly attempts?: number;
  /** The input of the request, which is masked in the vendor's words. */
  readonly input?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** It goes before all other requests. */
  readonly urgent?: boolean | undefined;
}

/** Core itself decides about a crash. */
export type AnswerOrFailure = Exclude<WireResult, { kind: 'crash' }>;

/** One attempt at one request: its slot, then its exchange. */
export class RequestAttempt implements SlotWaiter, ExchangeListener {
  readonly #context: ConnectionContext;
  readonly #request: HttpRequest;
  readonly run: ExchangeRun;
  readonly size = 1;
  readonly deadline: number;
  readonly urgent: boolean;
  withinMs = 0;
  readonly mostMs: number | undefined;
  readonly replyBytes: number;
  body: EncodedBody | undefined;
  #hasStarted = false;
  onSlot: (refusal: SlotRefusal | undefined) => void = ignore;
  onAnswer: (result: WireResult) => void = ignore;

  constructor(context: ConnectionContext, spec: StandaloneRequest, deadline: number, run: ExchangeRun) {
    this.#context = context;
    this.#request = spec.request;
    this.run = run;
    this.deadline = deadline;
    this.urgent = spec.urgent === true;
    this.mostMs = spec.mostMs;
    this.replyBytes = spec.replyBytes ?? context.vendor.replyBytes;
  }

  /** With `undefined` the slot is taken, and release() has to follow. */
  slot(): Promise<SlotRefusal | undefined> {
    return new Promise((resolve) => {
      this.onSlot = resolve;
      this.#context.pacer.acquire(this);
    });
  }

  /** Never rejects. `last` is the body of an earlier attempt. */
  async send(attempt: number, lastBody: EncodedBody | undefined): Promise<WireResult> {
    const { clock, transport, requestHook } = this.#context;
    const startedAt = clock.elapsed();
    this.withinMs = this.deadline - startedAt;
    let result: WireResult;
    let observer: RequestObserver | undefined;
    try {
      this.body = await transport.encodeBody(this.#request, lastBody);
      observer = requestHook?.start(this.#request, attempt, noEvents);
      result = await new Promise((resolve) => {
        this.onAnswer = resolve;
        transport.send(this.#request, this.body, this);
      });
    } catch (error) {
      result = { kind: 'crash', error, left: false };
    }
    observer?.ended(result);
    const bytes = this.body?.bytes.length ?? 0;
    reportRequest(this.#context, { items: 1, bytes, attempt, startedAt }, result);
    return result;
  }

  onStart(): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.#context.pacer.started(1);
  }

  release(): void {
    // A request that was never sent uses its permits now.
    this.onStart();
    this.#context.pacer.release();
  }
}

const noEvents = [] as const;

function ignore(): void {
  // Nobody waits yet.
}
