import type { Batch } from '../../api/delivery.ts';
import type { Reply, Wire, WireResult } from '../../api/destination.ts';
import type { Failure, HttpRequest, HttpResponse } from '../../api/failure.ts';
import type { ExchangeListener } from '../../http/exchange.ts';
import type { EncodedBody } from '../../http/transport.ts';
import type { PendingBatch } from '../batching/pending-delivery.ts';
import type { BoundDestination } from '../bind-destination.ts';
import { reportRequest } from './report.ts';
import type { RequestObserver } from './request-observer.ts';
import type { SendRun } from './send-run.ts';

/** The batch that a folder's own send() sends. */
export interface FolderSendListener {
  readonly attempts: number;
  /** The first byte of the first request is sent. */
  onStart(): void;
  /** A request leaves, and somebody wants to know what becomes of it. */
  observe(observer: RequestObserver): void;
  /** Called once, with the last answer that the folder got. */
  onReply(reply: Reply, response: HttpResponse | undefined): void;
}

/**
 * Sends a batch by the folder's own send(), which may throw, hang, or return anything. At the batch's deadline it is
 * given up, and sends nothing more. The only place with a promise for each request.
 */
export function sendByFolder(run: SendRun, batch: PendingBatch, listener: FolderSendListener): void {
  const { vendor } = run.context;
  const wire = new FolderWire(run, batch, listener);
  const crashed = (error: unknown): void => {
    const failure: Failure = { kind: 'crash', error, left: wire.hasSent };
    listener.onReply({ kind: 'failed', failure }, wire.response);
  };
  try {
    const sent = vendor.ownSend?.(batch, vendor.settings, wire) as Promise<Reply>;
    wire.beforeDeadline(sent).then((reply) => listener.onReply(reply, wire.response), crashed);
  } catch (error) {
    crashed(error);
  }
}

/**
 * Returns the first request that a folder's own send() makes for a batch, and sends nothing. Rejects with what the
 * folder throws.
 */
export async function firstRequestOf(
  vendor: BoundDestination,
  batch: Batch<unknown>,
): Promise<HttpRequest | undefined> {
  let firstRequest: HttpRequest | undefined;
  const wire: Wire = {
    signal: new AbortController().signal,
    request: async (request) => {
      firstRequest ??= request;
      return { kind: 'network', code: 'PREVIEW', received: 'no' };
    },
  };
  await vendor.ownSend?.(batch, vendor.settings, wire);
  return firstRequest;
}

/** How often send() is checked against its deadline, in milliseconds. */
const checkMs = 100;

const tooLate: Failure = { kind: 'network', code: 'ETIMEDOUT', received: 'no' };

class FolderWire implements Wire {
  readonly #run: SendRun;
  readonly #batch: PendingBatch;
  readonly #listener: FolderSendListener;
  /** A request may have been sent. */
  hasSent = false;
  response: HttpResponse | undefined;
  #isOver = false;

  constructor(run: SendRun, batch: PendingBatch, listener: FolderSendListener) {
    this.#run = run;
    this.#batch = batch;
    this.#listener = listener;
  }

  get signal(): AbortSignal {
    return this.#run.signal();
  }

  async beforeDeadline(sent: Promise<Reply>): Promise<Reply> {
    const { clock } = this.#run.context;
    const startedAt = clock.elapsed();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Reply>((resolve) => {
      timer = setInterval(() => {
        const now = clock.elapsed();
        if (now <= this.#batch.deadline) return;
        this.#isOver = true;
        resolve({ kind: 'failed', failure: this.hasSent ? { kind: 'timeout', afterMs: now - startedAt } : tooLate });
      }, checkMs);
    });
    try {
      return await Promise.race([sent, late]);
    } finally {
      clearInterval(timer);
    }
  }

  async request(request: HttpRequest): Promise<WireResult> {
    if (this.#isOver) return tooLate;
    const { context } = this.#run;
    const startedAt = context.clock.elapsed();
    let body: EncodedBody | undefined;
    let result: WireResult;
    let observer: RequestObserver | undefined;
    const { attempts: attempt } = this.#listener;
    try {
      body = await context.transport.encodeBody(request, undefined);
      if (!this.#isOver) observer = context.requestHook?.start(request, attempt, this.#batch.items);
      if (observer !== undefined) this.#listener.observe(observer);
      result = this.#isOver ? tooLate : await this.#send(request, body, this.#batch.deadline - startedAt);
    } catch (error) {
      result = { kind: 'crash', error, left: false };
    }
    if (result.kind === 'response') this.response = result.response;
    const items = this.#batch.items.length;
    observer?.ended(result);
    reportRequest(context, { items, bytes: body?.bytes.length ?? 0, attempt, startedAt }, result);
    return result;
  }

  #send(request: HttpRequest, body: EncodedBody | undefined, withinMs: number): Promise<WireResult> {
    const { transport, vendor } = this.#run.context;
    return new Promise((resolve) => {
      const listener: ExchangeListener = {
        withinMs,
        mostMs: undefined,
        replyBytes: vendor.replyBytes,
        run: this.#run,
        onStart: () => this.#listener.onStart(),
        onAnswer: resolve,
      };
      transport.send(request, body, listener);
      this.hasSent = true;
    });
  }
}
