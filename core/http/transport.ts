import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Failure, HttpRequest } from '../api/failure.ts';
import { framedBytes, type BodyParts } from '../api/frame.ts';
import { SharedDeadlines, type Deadlines } from './deadlines.ts';
import {
  Exchange,
  type ExchangeContext,
  type ExchangeListener,
  type ExchangeRun,
  type OriginSockets,
} from './exchange.ts';
import type { Pools, SharedPool } from './pools.ts';
import { SocketQueue } from './socket-scheduler.ts';
import { isLoopbackOrigin, type TargetCheck } from './target.ts';

export interface TransportOptions {
  /** The host check: where a URL leads, or throws. */
  readonly target: TargetCheck;
  readonly compression?: 'gzip' | undefined;
  /** Where the host program points this destination: unguarded, whatever it is. */
  readonly origin?: string | undefined;
  /** Whether that is on loopback. Default: what its URL says. */
  readonly isLocal?: boolean | undefined;
  /** The targets are origins that the host program allows: loopback may be among them. Default: none of loopback. */
  readonly allowsLoopback?: boolean | undefined;
  /** Time limit of one request, in milliseconds; headers and body have the same limit each. */
  readonly timeoutMs: number;
  /** The sockets of the runtime. */
  readonly pools: Pools;
  /** Epoch milliseconds, to date responses. */
  readonly now: () => number;
  /** Monotonic milliseconds, for deadlines. Default: now. */
  readonly elapsed?: (() => number) | undefined;
  /** Those of the runtime. Default: the connection's own. */
  readonly deadlines?: SharedDeadlines | undefined;
}

/** A body as it is sent. Encoded once per batch and reused for its retries (ALL-03). */
export interface EncodedBody {
  readonly text: string;
  readonly bytes: Buffer;
  readonly compressed: boolean;
}

/**
 * Sends a connection's requests: host check, deadlines, no redirects, sockets shared with connections of the same kind.
 */
export interface Transport {
  /**
   * The body as it is sent, `undefined` where there is none. `last` is returned where it is the same body: a retry
   * sends the same bytes. `parts`, if the body consists of them, spare the encoding of the whole. Throws, or rejects,
   * for a compression that the manifest does not allow.
   */
  encodeBody(
    request: HttpRequest,
    last: EncodedBody | undefined,
    parts?: BodyParts,
  ): EncodedBody | undefined | Promise<EncodedBody | undefined>;
  /**
   * Throws, before anything is sent, if the manifest does not allow the URL; otherwise the listener gets one answer.
   */
  send(request: HttpRequest, body: EncodedBody | undefined, listener: ExchangeListener): void;
  /** Settles the requests of this run that wait for a socket: they are never sent. */
  dismiss(run: ExchangeRun): void;
  /** Refuses new requests; resolves when those in flight have settled. */
  close(): Promise<void>;
}

const connectMs = 5_000;
const compress = promisify(gzip);
/** Level 1 halves the CPU time of the default and costs a few per cent of size on event JSON. */
const gzipOptions = { level: constants.Z_BEST_SPEED };

const bytesOf = (text: string, parts: BodyParts | undefined): Buffer =>
  parts === undefined ? Buffer.from(text) : framedBytes(parts);

/** What the exchanges of a connection with one kind of targets share. */
class Route implements ExchangeContext {
  readonly pool: SharedPool;
  readonly now: () => number;
  readonly elapsed: () => number;
  readonly timeoutMs: number;
  readonly deadlines: Deadlines;
  readonly #transport: PooledTransport;

  constructor(transport: PooledTransport, pool: SharedPool, options: TransportOptions, deadlines: Deadlines) {
    this.#transport = transport;
    this.pool = pool;
    this.now = options.now;
    this.elapsed = options.elapsed ?? options.now;
    this.timeoutMs = options.timeoutMs;
    this.deadlines = deadlines;
  }

  onSettled(): void {
    this.#transport.onSettled();
  }
}

/** Has no closure of its own and makes little before it is needed: a host may have thousands of connections. */
class PooledTransport implements Transport {
  readonly #options: TransportOptions;
  readonly #ordinary: Route;
  /** Made for the first loopback address among origins that the host program allows. */
  #local: Route | undefined;
  #unsettled = 0;
  #onIdle: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  /** Nearly every connection talks to one origin, so the last one is at hand, and others are rare. */
  #origin: string | undefined;
  #sockets: OriginSockets | undefined;
  #otherSockets: Map<string, OriginSockets> | undefined;
  /** The headers of a folder's request, and what they were completed to. */
  #ownHeaders: HttpRequest['headers'] | undefined;
  #areCompressed = false;
  #headers: Record<string, string> = {};

  constructor(options: TransportOptions) {
    this.#options = options;
    const { origin, isLocal = origin !== undefined && isLoopbackOrigin(origin) } = options;
    this.#ordinary = this.#route(origin === undefined, isLocal);
  }

  encodeBody(
    request: HttpRequest,
    last: EncodedBody | undefined,
    parts?: BodyParts,
  ): EncodedBody | undefined | Promise<EncodedBody | undefined> {
    const text = request.body;
    if (text === undefined) return undefined;
    if (last?.text === text && last.compressed === (request.compress !== undefined)) return last;
    if (request.compress === undefined) return { text, bytes: bytesOf(text, parts), compressed: false };
    if (this.#options.compression !== request.compress)
      throw new Error(`the manifest does not allow ${request.compress}`);
    return compress(bytesOf(text, parts), gzipOptions).then((bytes) => ({ text, bytes, compressed: true }));
  }

  send(request: HttpRequest, body: EncodedBody | undefined, listener: ExchangeListener): void {
    const { origin, path } = this.#options.target(request.url);
    if (this.#closing !== undefined) return queueMicrotask(() => listener.onAnswer(connectionClosed));
    const route = this.#routeTo(origin);
    const headers = this.#completeHeaders(request.headers, body?.compressed === true);
    const { timeoutMs } = this.#options;
    const dispatch = {
      origin,
      path,
      method: request.method,
      headers: route.pool.changesHeaders ? { ...headers } : headers,
      body: body?.bytes ?? null,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    };
    this.#unsettled += 1;
    new Exchange(dispatch, listener, this.#socketsFor(origin), route).start();
  }

  dismiss(run: ExchangeRun): void {
    this.#sockets?.queue.dismiss(run);
    for (const { queue } of this.#otherSockets?.values() ?? []) queue.dismiss(run);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#unsettled > 0)
      await new Promise<void>((done) => {
        this.#onIdle = done;
      });
    await Promise.all([this.#ordinary.pool.leave(), this.#local?.pool.leave()]);
  }

  /** An exchange has settled. */
  onSettled(): void {
    this.#unsettled -= 1;
    if (this.#unsettled === 0) this.#onIdle?.();
  }

  #route(guarded: boolean, loopback: boolean): Route {
    const { pools, timeoutMs, now, elapsed = now, deadlines = new SharedDeadlines(elapsed) } = this.#options;
    const pool = pools.join({ guarded, connectMs: Math.min(connectMs, timeoutMs), loopback });
    return new Route(this, pool, this.#options, deadlines.for(timeoutMs));
  }

  /** Only loopback that the host program allows is reached without the guard, and never through a proxy. */
  #routeTo(origin: string): Route {
    const { origin: pointedAt, allowsLoopback } = this.#options;
    if (pointedAt !== undefined || allowsLoopback !== true || !isLoopbackOrigin(origin)) return this.#ordinary;
    this.#local ??= this.#route(false, true);
    return this.#local;
  }

  #socketsFor(origin: string): OriginSockets {
    if (this.#origin === origin && this.#sockets !== undefined) return this.#sockets;
    if (this.#origin !== undefined && this.#sockets !== undefined)
      (this.#otherSockets ??= new Map()).set(this.#origin, this.#sockets);
    this.#origin = origin;
    this.#sockets = this.#otherSockets?.get(origin) ?? {
      scheduler: this.#options.pools.schedulerFor(origin),
      queue: new SocketQueue(),
    };
    return this.#sockets;
  }

  /**
   * The headers as they are sent. Responses are requested uncompressed: they are so small that decoding costs more than
   * it saves. Folders build their headers once, so they are completed once.
   */
  #completeHeaders(own: HttpRequest['headers'], compressed: boolean): Record<string, string> {
    if (this.#ownHeaders !== own || this.#areCompressed !== compressed) {
      const coding = compressed ? { 'content-encoding': 'gzip' } : {};
      this.#ownHeaders = own;
      this.#areCompressed = compressed;
      this.#headers = { 'accept-encoding': 'identity', ...own, ...coding };
    }
    return this.#headers;
  }
}

export const createTransport = (options: TransportOptions): Transport => new PooledTransport(options);

const connectionClosed: Failure = { kind: 'network', code: 'connection_closed', received: 'no' };
