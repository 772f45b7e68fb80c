import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Failure, HttpRequest } from '../api/failure.ts';
import { framedBytes, type BodyParts } from '../api/frame.ts';
import { Exchange, type ExchangeListener, type ExchangeContext, type OriginSockets } from './exchange.ts';
import { InFlight } from './in-flight.ts';
import type { Pools, SharedPool } from './pools.ts';
import { SocketQueue } from './socket-scheduler.ts';
import { isLoopbackOrigin, type TargetCheck } from './target.ts';

export interface TransportOptions {
  /** The host check: where a URL leads, or throws. */
  readonly target: TargetCheck;
  readonly compression?: 'gzip' | undefined;
  /** Where the host program points this destination: unguarded, whatever it is. */
  readonly origin?: string | undefined;
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
  /** Refuses new requests; resolves when those in flight have settled. */
  close(): Promise<void>;
}

/** The sockets of a kind of targets. */
interface Route {
  readonly pool: SharedPool;
  readonly context: ExchangeContext;
}

const connectMs = 5_000;
const compress = promisify(gzip);
/** Level 1 halves the CPU time of the default and costs a few per cent of size on event JSON. */
const gzipOptions = { level: constants.Z_BEST_SPEED };

const bytesOf = (text: string, parts: BodyParts | undefined): Buffer =>
  parts === undefined ? Buffer.from(text) : framedBytes(parts);

export function createTransport(options: TransportOptions): Transport {
  const { timeoutMs, now, elapsed = now, pools, target } = options;
  const join = (guarded: boolean, loopback: boolean): SharedPool =>
    pools.join({ guarded, connectMs: Math.min(connectMs, timeoutMs), loopback });
  const redirected = options.origin !== undefined;
  const joined = [join(!redirected, redirected && isLoopbackOrigin(options.origin))] as [SharedPool, ...SharedPool[]];
  let unsettled = 0;
  let closing: Promise<void> | undefined;
  let onIdle: (() => void) | undefined;
  const inFlight: ExchangeContext['inFlight'] = new InFlight();
  const contextOf = (pool: SharedPool): ExchangeContext => ({
    inFlight,
    now,
    elapsed,
    timeoutMs,
    pool,
    onSettled() {
      unsettled -= 1;
      if (unsettled === 0) onIdle?.();
    },
  });
  const ordinary: Route = { pool: joined[0], context: contextOf(joined[0]) };
  let local: Route | undefined;

  /** Only loopback that the host program allows is reached without the guard, and never through a proxy. */
  function routeTo(origin: string): Route {
    if (redirected || options.allowsLoopback !== true || !isLoopbackOrigin(origin)) return ordinary;
    if (local !== undefined) return local;
    const pool = join(false, true);
    joined.push(pool);
    local = { pool, context: contextOf(pool) };
    return local;
  }
  const completeHeaders = createHeaderCompletion();
  const deadlines = createDeadlineTimer(ordinary.context);
  const socketsFor = createOriginSockets(pools);

  async function close(): Promise<void> {
    if (unsettled > 0)
      await new Promise<void>((done) => {
        onIdle = done;
      });
    deadlines.close();
    await Promise.all(joined.map((pool) => pool.leave()));
  }

  return {
    encodeBody(request, last, parts) {
      const text = request.body;
      if (text === undefined) return undefined;
      if (last?.text === text && last.compressed === (request.compress !== undefined)) return last;
      if (request.compress === undefined) return { text, bytes: bytesOf(text, parts), compressed: false };
      if (options.compression !== request.compress) throw new Error(`the manifest does not allow ${request.compress}`);
      return compress(bytesOf(text, parts), gzipOptions).then((bytes) => ({ text, bytes, compressed: true }));
    },
    send(request, body, listener) {
      const { origin, path } = target(request.url);
      if (closing !== undefined) return queueMicrotask(() => listener.onAnswer(connectionClosed));
      const { pool, context } = routeTo(origin);
      const headers = completeHeaders(request.headers, body?.compressed === true);
      const dispatch = {
        origin,
        path,
        method: request.method,
        headers: pool.changesHeaders ? { ...headers } : headers,
        body: body?.bytes ?? null,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      };
      const exchange = new Exchange(dispatch, listener, socketsFor(origin), context);
      unsettled += 1;
      deadlines.schedule(exchange);
      exchange.start();
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

const connectionClosed: Failure = { kind: 'network', code: 'connection_closed', received: 'no' };

/** Nearly every connection talks to one origin, so the last one is cached. */
function createOriginSockets(pools: Pools): (origin: string) => OriginSockets {
  let last: { readonly origin: string; readonly sockets: OriginSockets } | undefined;
  let all: Map<string, OriginSockets> | undefined;
  const open = (origin: string): OriginSockets => {
    const sockets = { scheduler: pools.schedulerFor(origin), queue: new SocketQueue() };
    (all ??= new Map()).set(origin, sockets);
    return sockets;
  };
  return (origin) => {
    if (last?.origin !== origin) last = { origin, sockets: all?.get(origin) ?? open(origin) };
    return last.sockets;
  };
}

/**
 * The headers as they are sent. Responses are requested uncompressed: they are so small that decoding costs more than
 * it saves. Folders build their headers once, so they are completed once.
 */
function createHeaderCompletion(): (own: HttpRequest['headers'], compressed: boolean) => Record<string, string> {
  let last: {
    readonly own: HttpRequest['headers'];
    readonly compressed: boolean;
    readonly all: Record<string, string>;
  };
  return (own, compressed) => {
    if (last?.own !== own || last.compressed !== compressed) {
      const coding = compressed ? { 'content-encoding': 'gzip' } : {};
      last = { own, compressed, all: { 'accept-encoding': 'identity', ...own, ...coding } };
    }
    return last.all;
  };
}

/**
 * Enforces the deadlines of the requests in flight. One timer checks them all a few times per timeout: a timer or an
 * AbortSignal per request would cost more than the request.
 */
function createDeadlineTimer({ inFlight, elapsed, timeoutMs }: ExchangeContext) {
  const tickMs = Math.min(250, Math.max(5, Math.floor(timeoutMs / 40)));
  let timer: NodeJS.Timeout | undefined;
  const check = (): void => {
    const time = elapsed();
    for (let exchange = inFlight.first; exchange !== undefined;) {
      // Read before, because an exchange that expires leaves the list.
      const { nextInFlight }: Exchange = exchange;
      if (exchange.expiresAt <= time) exchange.expire();
      exchange = nextInFlight;
    }
    timer = inFlight.first === undefined ? undefined : setTimeout(check, tickMs).unref();
  };
  return {
    /** Makes sure of a check by the time that this one may have expired. */
    schedule({ expiresAt }: Exchange): void {
      timer ??= setTimeout(check, Math.min(tickMs, Math.max(0, expiresAt - elapsed()))).unref();
    },
    close(): void {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
