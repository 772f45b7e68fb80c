import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Failure, HttpRequest } from '../api/failure.ts';
import { Exchange, type ExchangeListener, type ExchangeSurroundings, type Gateway } from './exchange.ts';
import type { Pools } from './pools.ts';
import { Queue } from './socket-turns.ts';
import { createTargeting, isLoopbackOrigin } from './target.ts';

export interface TransportOptions {
  readonly hosts: readonly string[];
  readonly compression?: 'gzip' | undefined;
  /** Where the host program pointed this destination; the only thing that can lead to another host, or to loopback. */
  readonly origin?: string | undefined;
  /** Total for one request, in milliseconds; headers and body each have as long. */
  readonly timeoutMs: number;
  /** The sockets of the runtime. */
  readonly pools: Pools;
  /** Epoch milliseconds, for when an answer came. */
  readonly now: () => number;
  /** Milliseconds that nobody sets, for deadlines. Default: now. */
  readonly elapsed?: (() => number) | undefined;
}

/** A body as it goes on the wire. Made once for a batch, kept for its retries (ALL-03). */
export interface EncodedBody {
  readonly text: string;
  readonly bytes: Buffer;
  readonly compressed: boolean;
}

/** What one exchange may take. */
export interface Bounds {
  /** Milliseconds in all; never more than the connection's own limit, or `mostMs` in its place. */
  readonly withinMs: number;
  readonly mostMs?: number | undefined;
  /** Aborted, what still waits for a socket never leaves. */
  readonly signal?: (() => AbortSignal) | undefined;
  /** Bytes of the answer that are read; `cut` says that there were more. */
  readonly replyBytes: number;
}

/** A connection's way out: host check, deadlines, no redirects, and sockets that it shares with others of its kind. */
export interface Transport {
  encodeBody(request: HttpRequest): EncodedBody | Promise<EncodedBody>;
  /** Throws before anything leaves when the URL is not one of the manifest's; after that, the listener gets its answer. */
  send(request: HttpRequest, body: EncodedBody | undefined, bounds: Bounds, listener: ExchangeListener): void;
  /** Takes nothing more; resolves when what is in flight is over. */
  close(): Promise<void>;
}

const connectMs = 5_000;
const compress = promisify(gzip);
/** Level 1 halves the CPU of the default and costs a few per cent of size on event JSON. */
const gzipOptions = { level: constants.Z_BEST_SPEED };

export function createTransport(options: TransportOptions): Transport {
  const { timeoutMs, now, elapsed = now, pools } = options;
  const target = createTargeting(options.hosts, options.origin);
  const pool = pools.join({
    guarded: options.origin === undefined,
    connectMs: Math.min(connectMs, timeoutMs),
    loopback: options.origin !== undefined && isLoopbackOrigin(options.origin),
  });
  let unsettled = 0;
  let closing: Promise<void> | undefined;
  let emptied: (() => void) | undefined;
  const around: ExchangeSurroundings = {
    inFlight: new Set(),
    now,
    elapsed,
    timeoutMs,
    tellsResets: pool.tellsResets,
    get dispatcher() {
      return pool.dispatcher;
    },
    over() {
      unsettled -= 1;
      if (unsettled === 0) emptied?.();
    },
  };
  const headersFor = createHeaders();
  const watch = createWatch(around);
  const gatewayTo = createGateways(pools);

  async function close(): Promise<void> {
    if (unsettled > 0)
      await new Promise<void>((done) => {
        emptied = done;
      });
    watch.close();
    await pool.leave();
  }

  return {
    encodeBody(request) {
      const text = request.body ?? '';
      if (request.compress === undefined) return { text, bytes: Buffer.from(text), compressed: false };
      if (options.compression !== request.compress) throw new Error(`the manifest does not allow ${request.compress}`);
      return compress(text, gzipOptions).then((bytes) => ({ text, bytes, compressed: true }));
    },
    send(request, body, { withinMs, mostMs = timeoutMs, replyBytes, signal }, listener) {
      const { origin, path } = target(request.url);
      if (closing !== undefined) return queueMicrotask(() => listener.onAnswer(closed));
      const headers = headersFor(request.headers, body?.compressed === true);
      const leaving = {
        origin,
        path,
        method: request.method,
        headers: pool.changesHeaders ? { ...headers } : headers,
        body: body?.bytes ?? null,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      };
      const exchange = new Exchange(
        leaving,
        listener,
        { withinMs, mostMs, signal },
        replyBytes,
        gatewayTo(origin),
        around,
      );
      unsettled += 1;
      watch.wind(exchange);
      exchange.start();
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

const closed: Failure = { kind: 'network', code: 'connection_closed', received: 'no' };

/** Nearly every connection talks to one origin. */
function createGateways(pools: Pools): (origin: string) => Gateway {
  let last: { readonly origin: string; readonly gateway: Gateway } | undefined;
  let all: Map<string, Gateway> | undefined;
  const open = (origin: string): Gateway => {
    const gateway = { turns: pools.turnsAt(origin), queue: new Queue() };
    (all ??= new Map()).set(origin, gateway);
    return gateway;
  };
  return (origin) => {
    if (last?.origin !== origin) last = { origin, gateway: all?.get(origin) ?? open(origin) };
    return last.gateway;
  };
}

/**
 * The headers as they go on the wire. Answers are asked for without a coding: small as they are, decoding costs more than it
 * saves. Folders make their headers once, so they are completed once.
 */
function createHeaders(): (given: HttpRequest['headers'], compressed: boolean) => Record<string, string> {
  let last: { readonly given: HttpRequest['headers']; readonly compressed: boolean; made: Record<string, string> };
  return (given, compressed) => {
    if (last?.given !== given || last.compressed !== compressed) {
      const coding = compressed ? { 'content-encoding': 'gzip' } : {};
      last = { given, compressed, made: { 'accept-encoding': 'identity', ...given, ...coding } };
    }
    return last.made;
  };
}

/**
 * The total deadline of the requests in flight. One timer looks over them a few times per timeout: a timer or an
 * AbortSignal for each request would cost more than the request.
 */
function createWatch({ inFlight, elapsed, timeoutMs }: ExchangeSurroundings) {
  const tickMs = Math.min(250, Math.max(5, Math.floor(timeoutMs / 40)));
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    const time = elapsed();
    for (const exchange of inFlight) if (exchange.expiresAt <= time) exchange.expire();
    timer = inFlight.size > 0 ? setTimeout(look, tickMs).unref() : undefined;
  };
  return {
    /** Looks again at the latest when this one may have expired. */
    wind({ expiresAt }: Exchange): void {
      timer ??= setTimeout(look, Math.min(tickMs, Math.max(0, expiresAt - elapsed()))).unref();
    },
    close(): void {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
