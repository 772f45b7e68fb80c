import http from 'node:http';
import https from 'node:https';
import { Dispatcher, errors } from 'undici';
import { openExchange } from './exchange-control.ts';

/** Errors that say: not a byte has left. */
const neverLeft = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_TEST_NETWORK',
]);

/**
 * An undici Dispatcher that makes its requests by node:http and node:https, where nock 14 can see them. Knows undici's
 * request handlers of version 7, bodies of text or bytes, and both time-outs; no upgrades, no HTTP/2, no connection pool.
 */
export class NodeHttpDispatcher extends Dispatcher {
  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    perform(options, handler);
    return true;
  }

  override close(callback?: () => void): Promise<void> {
    callback?.();
    return Promise.resolve();
  }

  override destroy(...given: readonly unknown[]): Promise<void> {
    const callback = given.at(-1);
    if (typeof callback === 'function') callback();
    return Promise.resolve();
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
    // Node refuses some requests so, and a nock that does not fit this Node all of them.
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
    if (!neverLeft.has((error as NodeJS.ErrnoException).code ?? '')) start();
    exchange.fail(error);
  };

  within(options.headersTimeout, () => new errors.HeadersTimeoutError());
  request.on('socket', (socket) => {
    // A socket of nock's is never connecting; there the answer or the error tells that the request has left.
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
