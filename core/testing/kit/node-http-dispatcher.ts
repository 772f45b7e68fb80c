import http from 'node:http';
import https from 'node:https';
import { errors, type Dispatcher } from 'undici';
import { openExchange } from './exchange-control.ts';
import { PoollessDispatcher } from './poolless-dispatcher.ts';

/** Error codes that mean that nothing was sent. */
const notSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ERR_TEST_NETWORK']);

/**
 * An undici Dispatcher that sends with node:http and node:https, where nock 14 can intercept. It supports the request
 * handlers of undici 7, bodies of text or bytes, and both time-outs; no upgrades, no HTTP/2, no connection pool.
 */
export class NodeHttpDispatcher extends PoollessDispatcher {
  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    perform(options, handler);
    return true;
  }
}

function perform(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
  const exchange = openExchange(handler, () => request.destroy());
  const url = new URL(options.path, String(options.origin));
  const { body } = options;
  if (!isSendable(body))
    return exchange.fail(new errors.InvalidArgumentError('this dispatcher sends text and bytes only'));
  const headers = {
    ...(options.headers as http.OutgoingHttpHeaders),
    ...(body === undefined || body === null ? {} : { 'content-length': Buffer.byteLength(body) }),
  };
  let request: http.ClientRequest;
  try {
    request = (url.protocol === 'https:' ? https : http).request(url, {
      method: options.method,
      headers,
      agent: false,
    });
  } catch (error) {
    // Node throws for some requests, and a nock that does not fit this Node for all of them.
    return exchange.fail(error as Error);
  }

  let started = false;
  const start = (): void => {
    if (started) return;
    started = true;
    exchange.send(() => handler.onRequestStart?.(exchange.controller, {}));
  };
  let timer: NodeJS.Timeout | undefined;
  const within = (ms: number | null | undefined, late: () => Error): void => {
    clearTimeout(timer);
    if (ms !== undefined && ms !== null && ms > 0) timer = setTimeout(() => request.destroy(late()), ms);
  };
  const fail = (error: Error): void => {
    clearTimeout(timer);
    if (!notSent.has((error as NodeJS.ErrnoException).code ?? '')) start();
    exchange.fail(error);
  };

  within(options.headersTimeout, () => new errors.HeadersTimeoutError());
  request.on('socket', (socket) => {
    // nock's sockets never connect; with them the answer or the error shows that the request was sent.
    if (socket.connecting) socket.once('connect', start);
  });
  request.on('error', fail);
  request.on('response', (response) => {
    start();
    within(options.bodyTimeout, () => new errors.BodyTimeoutError());
    exchange.send(() => {
      handler.onResponseStart?.(
        exchange.controller,
        response.statusCode ?? 0,
        response.headers,
        response.statusMessage,
      );
    });
    response.on('data', (chunk: Buffer) => {
      within(options.bodyTimeout, () => new errors.BodyTimeoutError());
      exchange.send(() => handler.onResponseData?.(exchange.controller, chunk));
    });
    response.on('error', fail);
    response.on('end', () => {
      clearTimeout(timer);
      exchange.send(() => handler.onResponseEnd?.(exchange.controller, response.trailers));
    });
  });
  request.end(body ?? undefined);
}

const isSendable = (body: Dispatcher.DispatchOptions['body']): body is string | Uint8Array | null | undefined =>
  body === undefined || body === null || typeof body === 'string' || body instanceof Uint8Array;
