import type { Dispatcher } from 'undici';
import type { Failure, HttpResponse } from '../api/failure.ts';
import type { WireResult } from '../api/destination.ts';

/** Bytes of an answer that are read where nobody needs more. */
export const defaultReplyCap = 64 * 1024;

type Controller = Dispatcher.DispatchController;

export interface ExchangeListener {
  /** The first byte is about to leave. */
  onStart(): void;
  /** Once. */
  onAnswer(result: WireResult): void;
}

/** What the exchanges of one transport share. */
export interface ExchangeSurroundings {
  /** Those without an answer yet. */
  readonly inFlight: Set<Exchange>;
  readonly now: () => number;
  /** The connection's limit for headers and for body. */
  readonly timeoutMs: number;
}

/** One request and what came of it, as undici tells it. Settles exactly once and never throws. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #listener: ExchangeListener;
  readonly #around: ExchangeSurroundings;
  /** Epoch ms by when it must be over, and the milliseconds that it was given. */
  readonly expiresAt: number;
  readonly #givenMs: number;
  /** Bytes of the answer that are read. */
  readonly #cap: number;
  #controller: Controller | undefined;
  #settled = false;
  #status = 0;
  #headers: Readonly<Record<string, string>> = {};
  #chunks: Buffer[] = [];
  #received = 0;

  constructor(listener: ExchangeListener, givenMs: number, cap: number, around: ExchangeSurroundings) {
    this.#listener = listener;
    this.#cap = cap;
    this.#around = around;
    this.#givenMs = givenMs;
    this.expiresAt = around.now() + givenMs;
    around.inFlight.add(this);
  }

  onRequestStart(controller: Controller): void {
    if (this.#settled) controller.abort(new Error('too late'));
    else {
      this.#controller = controller;
      this.#listener.onStart();
    }
  }

  onResponseStart(
    _controller: Controller,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = flattened(headers);
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#settled) return;
    this.#chunks.push(chunk);
    this.#received += chunk.length;
    if (this.#received <= this.#cap) return;
    this.#settleLater({ kind: 'response', response: this.#response(true) });
    controller.abort(new Error('the answer is longer than the cap'));
  }

  onResponseEnd(): void {
    if (!this.#settled) this.#settle({ kind: 'response', response: this.#response(false) });
  }

  onResponseError(_controller: Controller, error: Error): void {
    if (this.#settled) return;
    this.#settleLater(this.#refusal() ?? failureOf(error, this.#controller !== undefined, this.#around.timeoutMs));
  }

  /** The total deadline passed. */
  expire(): void {
    if (this.#settled) return;
    const started = this.#controller !== undefined;
    const failure: Failure = started
      ? { kind: 'timeout', afterMs: this.#givenMs }
      : { kind: 'network', code: 'ETIMEDOUT', received: 'no' };
    this.#settleLater(this.#refusal() ?? failure);
    this.#controller?.abort(new Error('the request took too long'));
  }

  #settle(result: WireResult): void {
    this.#close();
    this.#listener.onAnswer(result);
  }

  /** What went wrong is told once undici is done with it: it does not stand a new request from inside its own error. */
  #settleLater(result: WireResult): void {
    this.#close();
    queueMicrotask(() => this.#listener.onAnswer(result));
  }

  #close(): void {
    this.#settled = true;
    this.#chunks = [];
    this.#around.inFlight.delete(this);
  }

  #response(cut: boolean): HttpResponse {
    const [only] = this.#chunks;
    const bytes = this.#chunks.length > 1 ? Buffer.concat(this.#chunks) : only;
    const response = {
      status: this.#status,
      headers: this.#headers,
      body: bytes === undefined ? '' : bytes.toString('utf8', 0, this.#cap),
      receivedAt: this.#around.now(),
    };
    return cut ? { ...response, cut } : response;
  }

  /** A refusal that broke off is still a refusal; a yes that broke off is none. */
  #refusal(): WireResult | undefined {
    return this.#status >= 300 ? { kind: 'response', response: this.#response(true) } : undefined;
  }
}

/** undici gives a list where a header came more than once; nearly always none did. */
function flattened(headers: Record<string, string | string[] | undefined>): Readonly<Record<string, string>> {
  for (const name in headers) {
    if (typeof headers[name] === 'string') continue;
    const entries = Object.entries(headers).filter(([, value]) => value !== undefined);
    return Object.fromEntries(
      entries.map(([key, value]) => [key, Array.isArray(value) ? value.join(', ') : String(value)]),
    );
  }
  return headers as Record<string, string>;
}

function failureOf(error: Error, started: boolean, timeoutMs: number): Failure {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  if (code === 'UND_ERR_INVALID_ARG') return { kind: 'crash', error, left: false };
  if (started && (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')) {
    return { kind: 'timeout', afterMs: timeoutMs };
  }
  return { kind: 'network', code, received: started ? 'maybe' : 'no' };
}
