import type { Dispatcher } from 'undici';
import type { Failure, HttpResponse } from '../api/failure.ts';
import type { WireResult } from '../api/destination.ts';
import { bodyReader, type BodyReader, type ReadBody } from './answer-body.ts';
import { socketBroke } from './socket-reset.ts';
import type { Applicant, Queue, SocketTurns } from './socket-turns.ts';

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
  /** Epoch milliseconds, for when an answer came. */
  readonly now: () => number;
  /** Milliseconds that nobody sets, for deadlines. */
  readonly elapsed: () => number;
  /** The connection's limit for headers and for body. */
  readonly timeoutMs: number;
  /** The sockets are our own, and tell a broken connection from an end. */
  readonly tellsResets: boolean;
  readonly dispatcher: Dispatcher;
  /** Called once for each exchange, when its listener has its answer. */
  over(): void;
}

/** Where a connection's exchanges with one origin get their sockets. */
export interface Gateway {
  readonly turns: SocketTurns;
  readonly queue: Queue;
}

/** How long one may take, in milliseconds: from now on in all, and from its socket on. */
export interface Patience {
  readonly withinMs: number;
  readonly mostMs: number;
  /** Asked for only where it waits for a socket: aborted, it never leaves. */
  readonly signal?: (() => AbortSignal) | undefined;
}

/**
 * One request and what came of it, as undici tells it. Begins when there is a socket for it, settles exactly once and never
 * throws.
 */
export class Exchange implements Dispatcher.DispatchHandler, Applicant {
  readonly #listener: ExchangeListener;
  readonly #around: ExchangeSurroundings;
  readonly #request: Dispatcher.DispatchOptions;
  readonly #gateway: Gateway;
  readonly #mostMs: number;
  readonly #signal: (() => AbortSignal) | undefined;
  /** Ends to listen to the signal, while it waits for a socket. */
  #unhear: (() => void) | undefined;
  /** When, by `elapsed`, it must be over, and the milliseconds that it was given. */
  expiresAt: number;
  #givenMs: number;
  /** Decoded bytes of the answer that are read. */
  readonly #cap: number;
  #controller: Controller | undefined;
  settled = false;
  #hasSocket = false;
  #status = 0;
  #headers: Readonly<Record<string, string>> = {};
  #body: BodyReader | undefined;

  constructor(
    request: Dispatcher.DispatchOptions,
    listener: ExchangeListener,
    { withinMs, mostMs, signal }: Patience,
    cap: number,
    gateway: Gateway,
    around: ExchangeSurroundings,
  ) {
    this.#request = request;
    this.#listener = listener;
    this.#mostMs = mostMs;
    this.#signal = signal;
    this.#cap = cap;
    this.#gateway = gateway;
    this.#around = around;
    this.#givenMs = withinMs;
    this.expiresAt = around.elapsed() + withinMs;
    around.inFlight.add(this);
  }

  /** Leaves, or waits for its turn. */
  start(): void {
    const { turns, queue } = this.#gateway;
    if (!turns.take(queue, this)) return this.#hear();
    // No time has passed since it was made.
    if (this.#mostMs < this.#givenMs) this.#shorten(this.expiresAt - this.#givenMs);
    this.#dispatch();
  }

  /** While others have the sockets, it may be told not to leave at all. */
  #hear(): void {
    const signal = this.#signal?.();
    if (signal === undefined) return;
    const stay = (): void => this.#settleLater(stopped);
    if (signal.aborted) return stay();
    signal.addEventListener('abort', stay, { once: true });
    this.#unhear = () => signal.removeEventListener('abort', stay);
  }

  /** Its turn has come. */
  go(): void {
    this.#unhear?.();
    this.#unhear = undefined;
    const now = this.#around.elapsed();
    this.#givenMs = this.expiresAt - now;
    if (this.#mostMs < this.#givenMs) this.#shorten(now);
    this.#dispatch();
  }

  #shorten(now: number): void {
    this.#givenMs = this.#mostMs;
    this.expiresAt = now + this.#mostMs;
  }

  #dispatch(): void {
    this.#hasSocket = true;
    try {
      this.#around.dispatcher.dispatch(this.#request, this);
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
    this.#headers = flattened(headers);
    this.#body = bodyReader(this.#headers, this.#cap);
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.settled || this.#body?.write(chunk) !== false) return;
    this.#settleLater(this.#response(this.#body.soFar(), true));
    controller.abort(new Error('the answer is longer than the cap'));
  }

  onResponseEnd(): void {
    if (this.settled) return;
    if (socketBroke()) return this.#settleLater(this.#refusal() ?? broken);
    if (this.#body === undefined) return this.#settle(broken);
    if (this.#mayBeHalf()) return this.#settle(unmeasured);
    this.#body.end((read) => {
      if (!this.settled) this.#settle(this.#response(read, false));
    });
  }

  onResponseError(_controller: Controller, error: Error): void {
    if (this.settled) return;
    this.#settleLater(this.#refusal() ?? failureOf(error, this.#controller !== undefined, this.#around.timeoutMs));
  }

  /** The total deadline passed. */
  expire(): void {
    if (this.settled) return;
    const started = this.#controller !== undefined;
    const failure: Failure = started
      ? { kind: 'timeout', afterMs: this.#givenMs }
      : { kind: 'network', code: 'ETIMEDOUT', received: 'no' };
    this.#settleLater(this.#refusal() ?? failure);
    this.#controller?.abort(new Error('the request took too long'));
  }

  /** An empty yes that says nothing of its length, over sockets that do not tell its end from a reset. */
  #mayBeHalf(): boolean {
    const yes = this.#status < 300 && this.#status !== 204 && this.#status !== 205;
    if (!yes || this.#around.tellsResets || this.#body?.received !== 0) return false;
    return this.#headers['content-length'] === undefined && this.#headers['transfer-encoding'] === undefined;
  }

  #settle(result: WireResult): void {
    this.#close();
    this.#tell(result);
  }

  /** What went wrong is told once undici is done with it: it does not stand a new request from inside its own error. */
  #settleLater(result: WireResult): void {
    this.#close();
    queueMicrotask(() => this.#tell(result));
  }

  /** Whoever waits for the socket comes before what the listener may send next. */
  #tell(result: WireResult): void {
    if (this.#hasSocket) this.#gateway.turns.give();
    this.#listener.onAnswer(result);
    this.#around.over();
  }

  #close(): void {
    this.settled = true;
    this.#unhear?.();
    this.#body?.cancel();
    this.#body = undefined;
    this.#around.inFlight.delete(this);
  }

  #response({ text, over, unread }: ReadBody, cut: boolean): WireResult {
    const response: HttpResponse = {
      status: this.#status,
      headers: this.#headers,
      body: text,
      receivedAt: this.#around.now(),
    };
    if (!cut && !over && unread === undefined) return { kind: 'response', response };
    const more = {
      ...(cut || over ? { cut: true } : {}),
      ...(over ? { cutAtBytes: this.#cap } : {}),
      ...(unread === undefined ? {} : { unread }),
    };
    return { kind: 'response', response: { ...response, ...more } };
  }

  /** A refusal that broke off is still a refusal; a yes that broke off is none. */
  #refusal(): WireResult | undefined {
    return this.#status >= 300 && this.#body !== undefined ? this.#response(this.#body.soFar(), true) : undefined;
  }
}

/** Its call was stopped before there was a socket for it. */
const stopped: Failure = { kind: 'network', code: 'stopped', received: 'no' };
/** The connection broke within an answer that only its end could have measured. */
const broken: Failure = { kind: 'network', code: 'ECONNRESET', received: 'maybe' };
const unmeasured: Failure = { kind: 'network', code: 'answer_without_length', received: 'maybe' };

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

/** What undici says of a 100, and of a 101, that nobody asked for. It ends the connection over them, without an option. */
const interim: ReadonlySet<string> = new Set(['bad response', 'bad upgrade']);

function failureOf(error: Error, started: boolean, timeoutMs: number): Failure {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  if (code === 'UND_ERR_INVALID_ARG') return { kind: 'crash', error, left: false };
  if (started && (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')) {
    return { kind: 'timeout', afterMs: timeoutMs };
  }
  if (started && code === 'UND_ERR_SOCKET' && interim.has(error.message))
    return { kind: 'network', code: 'interim_response', received: 'maybe' };
  return { kind: 'network', code, received: started ? 'maybe' : 'no' };
}
