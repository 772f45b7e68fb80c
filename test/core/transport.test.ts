import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, test } from '@jest/globals';
import type { WireResult } from '../../core/api/destination.ts';
import type { HttpRequest } from '../../core/api/failure.ts';
import type { EncodedBody, Transport } from '../../core/http/transport.ts';
import { testTransport, type TestTransportOptions } from '../support/runtime/test-transport.ts';

type Play = (response: ServerResponse, request: IncomingMessage, body: Buffer) => unknown;
interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

let server: Server;
let seen: Seen[];
let sockets: Set<Socket>;
let arrived: () => void;
let opened: Transport[];
const defects: unknown[] = [];
const onDefect = (error: unknown): void => void defects.push(error);

beforeEach(() => {
  [seen, sockets, opened, arrived] = [[], new Set(), [], () => undefined];
  process.on('unhandledRejection', onDefect).on('uncaughtException', onDefect);
});

afterEach(async () => {
  server?.closeAllConnections();
  await Promise.all([
    ...opened.map((transport) => transport.close()),
    new Promise((done) => server?.close(done) ?? done(0)),
  ]);
  await after(0);
  process.off('unhandledRejection', onDefect).off('uncaughtException', onDefect);
  expect(defects.splice(0)).toEqual([]);
});

/** A vendor on loopback that answers every request as told. */
async function vendor(play: Play): Promise<string> {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      seen.push({ method: request.method, url: request.url, headers: request.headers, body });
      play(response, request, body);
      arrived();
    });
  });
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function transportTo(origin: string | undefined, options?: TestTransportOptions): Transport {
  const transport = testTransport(origin, options);
  opened.push(transport);
  return transport;
}

const post: HttpRequest = {
  method: 'POST',
  url: 'https://api.example.com/v1/events?x=1',
  headers: { 'content-type': 'application/json' },
  body: '{"n":1}',
};

async function send(transport: Transport, request: HttpRequest = post, withinMs = 10_000): Promise<WireResult> {
  const body = await transport.encodeBody(request, undefined);
  return sendSealed(transport, request, body, withinMs);
}

const sendSealed = (
  transport: Transport,
  request: HttpRequest,
  body: EncodedBody | undefined,
  withinMs: number,
): Promise<WireResult> =>
  new Promise((onAnswer) =>
    transport.send(request, body, { withinMs, replyBytes: 65_536, onStart: () => undefined, onAnswer }),
  );

const deaf = { withinMs: 1_000, replyBytes: 65_536, onStart: () => undefined, onAnswer: () => undefined };

const answered = (status: number, more: object = {}) => ({ kind: 'response', response: { status, ...more } });

describe('a request', () => {
  it('sends the path, headers and body it is given, and returns status, headers and text', async () => {
    const origin = await vendor((response) => {
      response.writeHead(207, { 'X-Trace': 'Abc', 'Set-Cookie': ['a=1', 'b=2'] }).end('{"ok":"é😀"}');
    });
    const before = Date.now();
    const result = await send(transportTo(origin), { ...post, body: '{"name":"é😀"}' });

    expect(seen).toMatchObject([
      { method: 'POST', url: '/v1/events?x=1', headers: { 'content-type': 'application/json' } },
    ]);
    expect(seen[0]?.body.toString()).toBe('{"name":"é😀"}');
    expect(seen[0]?.headers).toHaveProperty('content-length', '17');
    expect(seen[0]?.headers).not.toHaveProperty('content-encoding');
    expect(result).toMatchObject(
      answered(207, { body: '{"ok":"é😀"}', headers: { 'x-trace': 'Abc', 'set-cookie': 'a=1, b=2' } }),
    );
    expect(result).not.toHaveProperty('response.cut');
    expect(result.kind === 'response' && result.response.receivedAt).toBeGreaterThanOrEqual(before);
  });

  it('may have no body, and so may its answer', async () => {
    const origin = await vendor((response) => response.writeHead(204).end());
    const result = await send(transportTo(origin), { method: 'GET', url: 'https://api.example.com/', headers: {} });
    expect(result).toMatchObject(answered(204, { body: '' }));
    expect(seen).toMatchObject([{ method: 'GET', url: '/', body: Buffer.alloc(0) }]);
  });

  it('shares the sockets of the requests before it', async () => {
    const origin = await vendor((response) => response.end('{}'));
    const [one, two] = [transportTo(origin, { socketsPerOrigin: 1 }), transportTo(origin, { socketsPerOrigin: 2 })];
    for (let n = 0; n < 5; n++) await send(one);
    expect(sockets.size).toBe(1);
    await Promise.all(Array.from({ length: 6 }, () => send(two)));
    expect(sockets.size).toBe(3);
    expect(seen).toHaveLength(11);
  });

  it('ALL-02 follows no redirect', async () => {
    const origin = await vendor((response) => response.writeHead(307, { location: '/elsewhere' }).end('moved'));
    expect(await send(transportTo(origin))).toMatchObject(
      answered(307, { body: 'moved', headers: { location: '/elsewhere' } }),
    );
    expect(seen).toHaveLength(1);
  });

  it('ALL-02 to another host never leaves', async () => {
    const transport = transportTo(await vendor((response) => response.end()));
    expect(() => transport.send({ ...post, url: 'https://evil.example/' }, undefined, deaf)).toThrow(/not among/);
    expect(seen).toEqual([]);
    expect(sockets.size).toBe(0);
  });

  it('ignores an informational answer before the real one', async () => {
    const origin = await vendor((response) => {
      response.writeEarlyHints({ link: '</a>; rel=preload' });
      response.writeHead(200, { 'x-real': '1' }).end('{}');
    });
    expect(await send(transportTo(origin))).toMatchObject(answered(200, { headers: { 'x-real': '1' } }));
  });

  it('with a header that HTTP cannot carry is our defect, not the network’s', async () => {
    const transport = transportTo(await vendor((response) => response.end()));
    const result = await send(transport, { ...post, headers: { 'x-name': 'a\r\nx-evil: 1' } });
    expect(result).toMatchObject({ kind: 'crash', left: false });
    expect(seen).toEqual([]);
  });
});

describe('compression', () => {
  const zipped: HttpRequest = { ...post, compress: 'gzip' };

  it('is gzip where the manifest allows it, made once and kept for retries (ALL-03)', async () => {
    const transport = transportTo(await vendor((response) => response.end('{}')), { compression: 'gzip' });
    const sealed = await transport.encodeBody(zipped, undefined);
    await sendSealed(transport, zipped, sealed, 1_000);
    await sendSealed(transport, zipped, sealed, 1_000);
    const [first, second] = seen;
    expect(first?.headers).toMatchObject({ 'content-encoding': 'gzip', 'content-type': 'application/json' });
    expect(first?.headers['content-length']).toBe(String(sealed?.bytes.length));
    expect(gunzipSync(first?.body ?? Buffer.alloc(0)).toString()).toBe(post.body);
    expect(second?.body.equals(first?.body ?? Buffer.alloc(0))).toBe(true);
  });

  it('is refused where the manifest does not', () => {
    expect(() => transportTo(undefined).encodeBody(zipped, undefined)).toThrow('the manifest does not allow gzip');
  });
});

describe('a long answer', () => {
  const cap = 64 * 1024;

  it('of 64 KiB is read to its end', async () => {
    const origin = await vendor((response) => response.end('x'.repeat(cap)));
    const result = await send(transportTo(origin));
    expect(result.kind === 'response' && [result.response.body.length, result.response.cut]).toEqual([cap, undefined]);
  });

  it('of more is cut there, and the rest is not read', async () => {
    let hungUp: Promise<unknown> | undefined;
    const origin = await vendor((response) => {
      hungUp = new Promise((told) => response.on('close', told));
      response.write('x'.repeat(cap + 1));
    });
    const result = await send(transportTo(origin, { timeoutMs: 60_000 }));
    expect(result.kind === 'response' && [result.response.body.length, result.response.cut]).toEqual([cap, true]);
    await hungUp;
  });

  it('does not harm the requests after it', async () => {
    let first = true;
    const transport = transportTo(
      await vendor((response) => {
        response.end(first ? 'x'.repeat(cap * 4) : '{}');
        first = false;
      }),
    );
    expect(await send(transport)).toMatchObject(answered(200, { cut: true }));
    expect(await send(transport)).toMatchObject(answered(200, { body: '{}' }));
  });
});

describe('a connection that breaks', () => {
  const partly = (status: number) => (response: ServerResponse) => {
    response.writeHead(status, { 'content-length': '64' });
    response.write('{"sta', () => setTimeout(() => response.socket?.resetAndDestroy(), 20));
  };

  it('before it stands leaves the request here', async () => {
    const origin = await vendor(() => undefined);
    await new Promise((closed) => server.close(closed));
    expect(await send(transportTo(origin))).toEqual({ kind: 'network', code: 'ECONNREFUSED', received: 'no' });
  });

  it('leads inside our network: the request stays here', async () => {
    const transport = transportTo(undefined, { hosts: ['localhost'] });
    const result = await send(transport, { ...post, url: 'https://localhost/' });
    expect(result).toEqual({ kind: 'network', code: 'ERR_ADDRESS_NOT_PUBLIC', received: 'no' });
  });

  test.each<[string, Play]>([
    ['by a reset', (response) => response.socket?.resetAndDestroy()],
    ['by an orderly end', (response) => response.socket?.end()],
    ['by something that is not HTTP', (response) => response.socket?.end('SSH-2.0-OpenSSH\r\n')],
  ])('before the answer, %s: the vendor may have it', async (_title, play) => {
    expect(await send(transportTo(await vendor(play)))).toMatchObject({ kind: 'network', received: 'maybe' });
    expect(seen).toHaveLength(1);
  });

  it('within a yes gives no yes', async () => {
    expect(await send(transportTo(await vendor(partly(200))))).toMatchObject({ kind: 'network', received: 'maybe' });
  });

  test.each([307, 400, 500])('within a refusal (%i) is still a refusal', async (status) => {
    const result = await send(transportTo(await vendor(partly(status))));
    expect(result).toMatchObject(answered(status, { body: '{"sta', cut: true }));
  });
});

describe('time', () => {
  const trickle = (status: number) => (response: ServerResponse) => {
    response.writeHead(status);
    const drip = setInterval(() => response.write('.'), 20);
    response.on('close', () => clearInterval(drip));
  };
  const timed = async (transport: Transport, withinMs?: number): Promise<[WireResult, number]> => {
    const startedAt = performance.now();
    const result = await send(transport, post, withinMs);
    return [result, performance.now() - startedAt];
  };

  test.each<[string, Play]>([
    ['no headers', () => undefined],
    ['headers without a body', (response) => response.writeHead(200).flushHeaders()],
    ['a body that trickles on and on', trickle(200)],
  ])('runs out on %s', async (_title, play) => {
    const [result, ms] = await timed(transportTo(await vendor(play), { timeoutMs: 300 }));
    expect(result).toEqual({ kind: 'timeout', afterMs: 300 });
    expect(ms).toBeGreaterThan(290);
    expect(ms).toBeLessThan(1_500);
  });

  it('that runs out within a refusal leaves it a refusal', async () => {
    const [result] = await timed(transportTo(await vendor(trickle(503)), { timeoutMs: 200 }));
    expect(result).toMatchObject(answered(503, { cut: true }));
  });

  it('is the deadline’s where that is shorter than the timeout', async () => {
    const [result, ms] = await timed(transportTo(await vendor(() => undefined), { timeoutMs: 30_000 }), 150);
    expect(result).toEqual({ kind: 'timeout', afterMs: 150 });
    expect(ms).toBeLessThan(1_500);
  });

  it('runs out on no answer that came while the process did something else', async () => {
    const shared = new Int32Array(new SharedArrayBuffer(8));
    // On a thread of its own: it answers once it is told to, and says so.
    const thread = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
      const server = require('node:http').createServer((request, response) => {
        parentPort.postMessage('asked');
        Atomics.wait(workerData, 0, 0);
        response.end('{}', () => {
          Atomics.store(workerData, 1, 1);
          Atomics.notify(workerData, 1);
        });
      });
      server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`,
      { eval: true, workerData: shared },
    );
    const [port] = (await once(thread, 'message')) as [number];
    const result = send(transportTo(`http://127.0.0.1:${port}`, { timeoutMs: 300 }));
    await once(thread, 'message');
    Atomics.store(shared, 0, 1);
    Atomics.notify(shared, 0);
    Atomics.wait(shared, 1, 0, 5_000);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    expect(await result).toMatchObject(answered(200));
    await thread.terminate();
  });

  it('F-21 begins with its socket where it has to wait for one, and is no longer then', async () => {
    const plays: Play[] = [(response) => void setTimeout(() => response.end('{}'), 400), trickle(200)];
    const origin = await vendor((...all) => plays.shift()?.(...all));
    const transport = transportTo(origin, { socketsPerOrigin: 1, timeoutMs: 600 });
    const first = send(transport);
    const [result, ms] = await timed(transport, 8_000);
    expect(await first).toMatchObject(answered(200));
    expect(result).toEqual({ kind: 'timeout', afterMs: 600 });
    expect(ms).toBeGreaterThan(950);
    expect(ms).toBeLessThan(3_000);
  });

  it('that runs out before the request left is no timeout: it can go again', async () => {
    const hold: ServerResponse[] = [];
    const transport = transportTo(await vendor((response) => hold.push(response)), { socketsPerOrigin: 1 });
    const first = send(transport, post);
    const second = send(transport, { ...post, body: 'too late' }, 100);
    expect(await second).toEqual({ kind: 'network', code: 'ETIMEDOUT', received: 'no' });
    hold[0]?.end('{}');
    expect(await first).toMatchObject(answered(200));
    const third = send(transport, { ...post, body: 'third' });
    await new Promise<void>((told) => (arrived = told));
    hold[1]?.end('{}');
    expect(await third).toMatchObject(answered(200));
    expect(seen.map(({ body }) => body.toString())).toEqual([post.body, 'third']);
  });
});

describe('close()', () => {
  it('waits for what is in flight, and takes nothing more', async () => {
    const transport = transportTo(await vendor((response) => void setTimeout(() => response.end('{}'), 100)));
    const inFlight = send(transport);
    await new Promise<void>((told) => (arrived = told));
    let closed = false;
    const closing = transport.close().then(() => (closed = true));
    expect(closed).toBe(false);
    expect(await inFlight).toMatchObject(answered(200));
    await closing;
    await transport.close();
    expect(await send(transport)).toMatchObject({ kind: 'network', received: 'no' });
    expect(seen).toHaveLength(1);
  });

  it('keeps the deadline of what is in flight', async () => {
    const origin = await vendor((response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(drip));
    });
    const transport = transportTo(origin, { timeoutMs: 300 });
    const inFlight = send(transport);
    await new Promise<void>((told) => (arrived = told));
    const closing = transport.close();
    expect(await inFlight).toEqual({ kind: 'timeout', afterMs: 300 });
    await closing;
  });
});
