import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import type { HttpRequest } from '../api/failure.ts';
import { Exchange, type ExchangeListener, type ExchangeSurroundings } from './exchange.ts';
import { telling } from './socket-reset.ts';
import { createTargeting, publicLookup } from './target.ts';

export interface TransportOptions {
  readonly hosts: readonly string[];
  readonly compression?: 'gzip' | undefined;
  /** Where the host program pointed this destination; the only thing that can lead to another host, or to loopback. */
  readonly origin?: string | undefined;
  readonly concurrency: number;
  /** Total for one request, in milliseconds; headers and body each have as long. */
  readonly timeoutMs: number;
  readonly dispatcher?: ((options: Agent.Options) => Dispatcher) | undefined;
  /** Epoch milliseconds, for when an answer came. */
  readonly now: () => number;
  /** Milliseconds that nobody sets, for deadlines. Default: now. */
  readonly elapsed?: (() => number) | undefined;
}

/** A body as it goes on the wire. Made once for a batch, kept for its retries (ALL-03). */
export interface Sealed {
  readonly text: string;
  readonly bytes: Buffer;
  readonly compressed: boolean;
}

/** What one exchange may take. */
export interface Bounds {
  /** Milliseconds in all; never more than the connection's own limit, or `mostMs` in its place. */
  readonly withinMs: number;
  readonly mostMs?: number | undefined;
  /** Bytes of the answer that are read; `cut` says that there were more. */
  readonly replyBytes: number;
}

/** A connection's way out: its own sockets, host check, deadlines, and no redirects. */
export interface Transport {
  seal(request: HttpRequest): Sealed | Promise<Sealed>;
  /** Throws before anything leaves when the URL is not one of the manifest's; after that, the listener gets its answer. */
  send(request: HttpRequest, body: Sealed | undefined, bounds: Bounds, listener: ExchangeListener): void;
  close(): Promise<void>;
}

const connectMs = 5_000;
const keepAliveMs = 30_000;
const compress = promisify(gzip);
/** Level 1 halves the CPU of the default and costs a few per cent of size on event JSON. */
const gzipOptions = { level: constants.Z_BEST_SPEED };

export function createTransport(options: TransportOptions): Transport {
  const { timeoutMs, now, elapsed = now } = options;
  const target = createTargeting(options.hosts, options.origin);
  const agentOptions: Agent.Options = {
    connections: options.concurrency,
    pipelining: 1,
    keepAliveTimeout: keepAliveMs,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connect: {
      timeout: Math.min(connectMs, timeoutMs),
      ...(options.origin === undefined ? { lookup: publicLookup } : {}),
    },
  };
  const dispatcher =
    options.dispatcher?.(agentOptions) ??
    new Agent({
      ...agentOptions,
      connect: telling(buildConnector(agentOptions.connect as buildConnector.BuildOptions)),
    });
  const around: ExchangeSurroundings = {
    inFlight: new Set(),
    now,
    elapsed,
    timeoutMs,
    tellsResets: options.dispatcher === undefined,
  };
  const headersFor = createHeaders();
  const watch = createWatch(around);
  let closing: Promise<void> | undefined;

  return {
    seal(request) {
      const text = request.body ?? '';
      if (request.compress === undefined) return { text, bytes: Buffer.from(text), compressed: false };
      if (options.compression !== request.compress) throw new Error(`the manifest does not allow ${request.compress}`);
      return compress(text, gzipOptions).then((bytes) => ({ text, bytes, compressed: true }));
    },
    send(request, body, { withinMs, mostMs = timeoutMs, replyBytes }, listener) {
      const { origin, path } = target(request.url);
      const exchange = new Exchange(listener, Math.min(withinMs, mostMs), replyBytes, around);
      watch.wind(exchange);
      const compressed = body?.compressed === true;
      try {
        dispatcher.dispatch(
          {
            origin,
            path,
            method: request.method,
            headers: headersFor(request.headers, compressed),
            body: body?.bytes ?? null,
            headersTimeout: timeoutMs,
            bodyTimeout: timeoutMs,
          },
          exchange,
        );
      } catch (error) {
        exchange.onResponseError(undefined as never, error instanceof Error ? error : new Error(String(error)));
      }
    },
    close() {
      closing ??= dispatcher.close().then(() => watch.close());
      return closing;
    },
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
