import type { Dispatcher } from 'undici';
import type { Failure, HttpResponse } from '../api/failure.ts';
import type { WireResult } from '../api/destination.ts';
import type { Deadlines, Expiring } from './deadlines.ts';
import type { SharedPool } from './pools.ts';
import { createBodyReader, type BodyListener, type BodyReader, type DecodedBody } from './response-body.ts';
import { inSocketError } from './socket-reset.ts';
import type { SocketWaiter, SocketQueue, SocketScheduler } from './socket-scheduler.ts';

/** Default limit of the response bytes that are read. */
export const defaultReplyCap = 64 * 1024;

type Controller = Dispatcher.DispatchController;

/** Who wants the answer, and what it allows for it. */
export interface ExchangeListener {
  /** Milliseconds in all, waiting for a socket included. */
  readonly withinMs: number;
  /** Milliseconds once it is sent. Default: the connection's limit. */
  readonly mostMs?: number | undefined;
  /** Decoded bytes of the response that are read; `cut` marks a longer one. */
  readonly replyBytes: number;
  /** Whose exchange it is: dismiss() settles those of a run that wait for a socket. */
  readonly run?: ExchangeRun | undefined;
  /** The first byte is about to be sent. */
  onStart(): void;
  /** Called exactly once. */
  onAnswer(result: WireResult): void;
}

/** What starts exchanges, and may stop. */
export interface ExchangeRun {
  /** What waits for a socket now is never sent. */
  readonly stopped: boolean;
}

/** What the exchanges of one transport share. */
export interface ExchangeContext {
  readonly deadlines: Deadlines;
  /** Epoch milliseconds, to date responses. */
  readonly now: () => number;
  /** Monotonic milliseconds, for deadlines. */
  readonly elapsed: () => number;
  /** The connection's limit for headers and for body. */
  readonly timeoutMs: number;
  readonly pool: Pick<SharedPool, 'dispatcher' | 'detectsResets'>;
  /** Called once per exchange, after its listener. */
  onSettled(): void;
}

/** Where a connection's exchanges with one origin get their sockets. */
export interface OriginSockets {
  readonly scheduler: SocketScheduler;
  readonly queue: SocketQueue;
}

/**
 * One request and its result, driven by undici's callbacks. Starts when it has a socket, settles exactly once and never
 * throws.
 */
export class Exchange implements Dispatcher.DispatchHandler, SocketWaiter, BodyListener, Expiring {
  readonly #listener: ExchangeListener;
  readonly #context: ExchangeContext;
  readonly #request: Dispatcher.DispatchOptions;
  readonly #sockets: OriginSockets;
  readonly #mostMs: number;
  /** The deadline on the clock of `elapsed`, and the milliseconds allowed until then. */
  expiresAt: number;
  #allowedMs: number;
  #controller: Controller | undefined;
  settled = false;
  /**
   * For InFlight alone.
   *
   * @internal
   */
  nextInFlight: Expiring | undefined = undefined;
  /**
   * The same.
   *
   * @internal
   */
  previousInFlight: Expiring | undefined = undefined;
  #hasSocket = false;
  #status = 0;
  #headers: Readonly<Record<string, string>> = {};
  #body: BodyReader | undefined;

  constructor(
    request: Dispatcher.DispatchOptions,
    listener: ExchangeListener,
    sockets: OriginSockets,
    context: ExchangeContext,
  ) {
    this.#request = request;
    this.#listener = listener;
    this.#mostMs = listener.mostMs ?? context.timeoutMs;
    this.#sockets = sockets;
    this.#context = context;
    this.#allowedMs = listener.withinMs;
    this.expiresAt = context.elapsed() + listener.withinMs;
    context.deadlines.add(this);
  }

  /** Sends the request, or waits for a socket. */
  start(): void {
    const { scheduler, queue } = this.#sockets;
    if (!scheduler.acquire(queue, this)) return this.run?.stopped === true ? this.dismiss() : undefined;
    // No time has passed since the constructor ran, so the clock is not read again.
    if (this.#mostMs < this.#allowedMs) this.#shorten(this.expiresAt - this.#allowedMs);
    this.#dispatch();
  }

  get run(): ExchangeRun | undefined {
    return this.#listener.run;
  }

  /** Its run has stopped while it waited for a socket. */
  dismiss(): void {
    if (!this.settled) this.#settleLater(stoppedBeforeSocket);
  }

  /** A socket is free. */
  onSocket(): void {
    const now = this.#context.elapsed();
    this.#allowedMs = this.expiresAt - now;
    if (this.#mostMs < this.#allowedMs) this.#shorten(now);
    this.#dispatch();
  }

  #shorten(now: number): void {
    this.#allowedMs = this.#mostMs;
    this.expiresAt = now + this.#mostMs;
  }

  #dispatch(): void {
    this.#hasSocket = true;
    try {
      this.#context.pool.dispatcher.dispatch(this.#request, this);
    } catch (error) {
      this.onResponseError(undefined as never, error instanceof Error ? error : new Error(String(error)));
    }
  }

  onRequestStart(controller: Controller): void {
    if (this.settled) controller.abort(new Error('too late'));
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
    this.#headers = flattenHeaders(headers);
    this.#body = createBodyReader(this.#headers, this.#listener.replyBytes);
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.settled || this.#body?.write(chunk) !== false) return;
    this.#settleLater(this.#response(this.#body.soFar(), true));
    controller.abort(new Error('the answer is longer than the cap'));
  }

  onResponseEnd(): void {
    if (this.settled) return;
    if (inSocketError()) return this.#settleLater(this.#truncatedError() ?? connectionReset);
    if (this.#body === undefined) return this.#settle(connectionReset);
    if (this.#mayBeTruncated()) return this.#settle(answerWithoutLength);
    this.#body.end(this);
  }

  onBody(body: DecodedBody): void {
    if (!this.settled) this.#settle(this.#response(body, false));
  }

  onResponseError(_controller: Controller, error: Error): void {
    if (this.settled) return;
    this.#settleLater(
      this.#truncatedError() ?? failureOf(error, this.#controller !== undefined, this.#context.timeoutMs),
    );
  }

  /** The deadline has passed. */
  expire(): void {
    if (this.settled) return;
    const started = this.#controller !== undefined;
    const failure: Failure = started
      ? { kind: 'timeout', afterMs: this.#allowedMs }
      : { kind: 'network', code: 'ETIMEDOUT', received: 'no' };
    this.#settleLater(this.#truncatedError() ?? failure);
    this.#controller?.abort(new Error('the request took too long'));
  }

  /** An empty success without a length, over sockets that cannot distinguish its end from a reset. */
  #mayBeTruncated(): boolean {
    const success = this.#status < 300 && this.#status !== 204 && this.#status !== 205;
    if (!success || this.#context.pool.detectsResets || this.#body?.received !== 0) return false;
    return this.#headers['content-length'] === undefined && this.#headers['transfer-encoding'] === undefined;
  }

  #settle(result: WireResult): void {
    this.#close();
    this.#report(result);
  }

  /** Reports a failure in a microtask: undici does not support a new request from inside its own error callback. */
  #settleLater(result: WireResult): void {
    this.#close();
    queueMicrotask(() => this.#report(result));
  }

  /** Frees the socket first: waiting exchanges come before what the listener may send next. */
  #report(result: WireResult): void {
    if (this.#hasSocket) this.#sockets.scheduler.release();
    this.#listener.onAnswer(result);
    this.#context.onSettled();
  }

  /** Runs once: every caller has looked at `settled`. */
  #close(): void {
    this.settled = true;
    this.#body?.cancel();
    this.#body = undefined;
    this.#context.deadlines.delete(this);
  }

  #response({ text, overCap, unread }: DecodedBody, cut: boolean): WireResult {
    const response: HttpResponse = {
      status: this.#status,
      headers: this.#headers,
      body: text,
      receivedAt: this.#context.now(),
    };
    if (!cut && !overCap && unread === undefined) return { kind: 'response', response };
    const more = {
      ...(cut || overCap ? { cut: true } : {}),
      ...(overCap ? { cutAtBytes: this.#listener.replyBytes } : {}),
      ...(unread === undefined ? {} : { unread }),
    };
    return { kind: 'response', response: { ...response, ...more } };
  }

  /** A truncated error response still counts as an error; a truncated success does not count as success. */
  #truncatedError(): WireResult | undefined {
    return this.#status >= 300 && this.#body !== undefined ? this.#response(this.#body.soFar(), true) : undefined;
  }
}

/** The run was stopped before a socket was free. */
const stoppedBeforeSocket: Failure = { kind: 'network', code: 'stopped', received: 'no' };
/** The connection broke within a response whose length only its end would tell. */
const connectionReset: Failure = { kind: 'network', code: 'ECONNRESET', received: 'maybe' };
const answerWithoutLength: Failure = { kind: 'network', code: 'answer_without_length', received: 'maybe' };

/** undici passes a list for a repeated header, which is rare. */
function flattenHeaders(headers: Record<string, string | string[] | undefined>): Readonly<Record<string, string>> {
  for (const name in headers) {
    if (typeof headers[name] === 'string') continue;
    const entries = Object.entries(headers).filter(([, value]) => value !== undefined);
    return Object.fromEntries(
      entries.map(([key, value]) => [key, Array.isArray(value) ? value.join(', ') : String(value)]),
    );
  }
  return headers as Record<string, string>;
}

/** undici's messages for an unrequested 100 and 101. It always closes the connection over them. */
const interimErrors: ReadonlySet<string> = new Set(['bad response', 'bad upgrade']);

function failureOf(error: Error, started: boolean, timeoutMs: number): Failure {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  if (code === 'UND_ERR_INVALID_ARG') return { kind: 'crash', error, left: false };
  if (started && (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')) {
    return { kind: 'timeout', afterMs: timeoutMs };
  }
  if (started && code === 'UND_ERR_SOCKET' && interimErrors.has(error.message))
    return { kind: 'network', code: 'interim_response', received: 'maybe' };
  return { kind: 'network', code, received: started ? 'maybe' : 'no' };
}
