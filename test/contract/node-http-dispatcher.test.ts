import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import nock from 'nock';
import type { Dispatcher } from 'undici';
import { NodeHttpDispatcher } from '../../core/testing/index.ts';

const server = http.createServer((request, response) => {
  const { act } = request.headers;
  if (act === 'hang') return;
  if (act === 'reset') return void request.socket.destroy();
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    response.writeHead(202, { 'x-got': body });
    response.write('half');
    if (act === 'break') setImmediate(() => request.socket.destroy());
    else if (act !== 'stall') response.end(' full');
  });
});
beforeAll(() => new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve)));
beforeEach(() => nock.enableNetConnect('127.0.0.1'));
afterAll(() => {
  server.closeAllConnections();
  return new Promise((resolve) => void server.close(resolve));
});

const origin = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** What a handler is told, in order; it may abort at any point. */
function told(options: Partial<Dispatcher.DispatchOptions>, abortAt?: string): Promise<readonly unknown[]> {
  const log: unknown[] = [];
  return new Promise((resolve) => {
    const note = (controller: Dispatcher.DispatchController, what: string, more?: unknown): void => {
      log.push(more === undefined ? what : [what, more]);
      if (what === abortAt) controller.abort(new Error('enough'));
      if (what === 'end' || what === 'error') setTimeout(() => resolve(log), 20);
    };
    new NodeHttpDispatcher().dispatch(
      { origin: origin(), path: '/events?a=b', method: 'POST', headers: {}, body: 'body', ...options },
      {
        onRequestStart: (controller) => note(controller, 'start'),
        onResponseStart: (controller, status) => note(controller, 'status', status),
        onResponseData: (controller, chunk) => note(controller, 'data', chunk.toString()),
        onResponseEnd: (controller) => note(controller, 'end'),
        onResponseError: (controller, error) =>
          note(controller, 'error', (error as { code?: string }).code ?? error.message),
      },
    );
  });
}

test('tells a request and its answer as undici does', async () => {
  expect(await told({})).toEqual(['start', ['status', 202], ['data', 'half'], ['data', ' full'], 'end']);
});

test('a reset and both time-outs come after the start, a refused connection without one', async () => {
  expect(await told({ headers: { act: 'reset' } })).toEqual(['start', ['error', 'ECONNRESET']]);
  expect(await told({ headers: { act: 'hang' }, headersTimeout: 30 })).toEqual([
    'start',
    ['error', 'UND_ERR_HEADERS_TIMEOUT'],
  ]);
  const stalled = await told({ headers: { act: 'stall' }, bodyTimeout: 30 });
  expect(stalled).toEqual(['start', ['status', 202], ['data', 'half'], ['error', 'UND_ERR_BODY_TIMEOUT']]);
  const broken = await told({ headers: { act: 'break' } });
  expect(broken).toEqual(['start', ['status', 202], ['data', 'half'], ['error', 'ECONNRESET']]);
  expect(await told({ origin: 'http://127.0.0.1:1' })).toEqual([['error', 'ECONNREFUSED']]);
});

test('an abort ends the exchange with its reason, and nothing is told after it', async () => {
  expect(await told({}, 'start')).toEqual(['start', ['error', 'enough']]);
});

test('nock sees the request, and its errors are told like real ones', async () => {
  const options = { origin: 'https://vendor.example.com', headers: { 'x-one': '1' } };
  nock('https://vendor.example.com', { reqheaders: { 'x-one': '1' } })
    .post('/events', 'body')
    .query({ a: 'b' })
    .reply(200, 'ok');
  expect(await told(options)).toEqual(['start', ['status', 200], ['data', 'ok'], 'end']);
  for (const [code, started] of [
    ['ECONNRESET', true],
    ['ECONNREFUSED', false],
  ] as const) {
    nock('https://vendor.example.com')
      .post('/events')
      .query(true)
      .replyWithError(Object.assign(new Error(code), { code }));
    expect(await told(options)).toEqual([...(started ? ['start'] : []), ['error', code]]);
  }
});
