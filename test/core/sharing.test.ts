// Tests core/http/pools.ts, core/http/socket-scheduler.ts and core/runtime/connection-ids.ts.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { afterEach, describe, expect, it, test } from '@jest/globals';
import { Agent } from 'undici';
import {
  createRuntime,
  type DestinationManifest,
  type Runtime,
  type RuntimeOptions,
  type Signal,
} from '../../core/index.ts';
import { createConnectionIds } from '../../core/runtime/connection-ids.ts';
import { createPools } from '../../core/http/pools.ts';
import { publicLookup } from '../../core/http/public-lookup.ts';
import { SocketQueue, SocketScheduler } from '../../core/http/socket-scheduler.ts';
import { acme, testConnection, kinds, open, track, tracks } from '../support/runtime/test-connection.ts';

let server: Server | undefined;
const sockets = new Set<Socket>();
let arrived: string[] = [];
const opened: Runtime[] = [];

afterEach(async () => {
  server?.closeAllConnections();
  await Promise.all(opened.splice(0).map((runtime) => runtime.close()));
  await new Promise<void>((closed) => (server === undefined ? closed() : server.close(() => closed())));
  [server, arrived] = [undefined, []];
  sockets.clear();
});

/** A vendor on loopback that says yes after a while. */
async function vendor(play: (response: ServerResponse, path: string) => void): Promise<string> {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      arrived.push(...[...body.matchAll(/"id":"([^"]*)"/g)].map(([, id]) => id ?? ''));
      play(response, body);
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((listening) => server?.listen(0, '127.0.0.1', listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const yesAfter =
  (ms: number) =>
  (response: ServerResponse): void =>
    void setTimeout(() => response.end(), ms);

const alone: Partial<DestinationManifest> = { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 } };

function runtimeTo(origin: string, more: Partial<RuntimeOptions> = {}, told = alone): Runtime {
  const runtime = createRuntime({ destinations: [acme({}, told)], origins: { acme: origin }, ...more });
  opened.push(runtime);
  return runtime;
}

describe('the connections of a runtime', () => {
  it('F-21 share their sockets, no more than the host allows', async () => {
    let most = 0;
    const origin = await vendor((response) => {
      most = Math.max(most, sockets.size);
      yesAfter(5)(response);
    });
    const runtime = runtimeTo(origin, { socketsPerOrigin: 3 });
    const outcomes = await Promise.all(Array.from({ length: 60 }, (_, n) => open(runtime).deliver([track(`e${n}`)])));
    expect(kinds(outcomes.flat())).toEqual(Array(60).fill('delivered'));
    expect(most).toBe(3);
  });

  it('F-21 take turns at the sockets, so that a busy one keeps no other waiting for long', async () => {
    const runtime = runtimeTo(await vendor(yesAfter(10)), { socketsPerOrigin: 1 });
    const [busy, calm] = [open(runtime), open(runtime)];
    const much = busy.deliver(tracks(30));
    while (arrived.length < 5) await after(1);
    const before = arrived.length;
    await calm.deliver([track('calm')]);
    expect(arrived.indexOf('calm')).toBeLessThanOrEqual(before + 1);
    await much;
  });

  it('F-21 give a request its whole time from its socket on', async () => {
    const runtime = runtimeTo(
      await vendor(yesAfter(250)),
      { socketsPerOrigin: 1 },
      {
        ...alone,
        pace: { concurrency: 4, timeoutMs: 400 },
      },
    );
    const outcomes = await Promise.all([0, 1, 2, 3].map((n) => open(runtime).deliver([track(`e${n}`)])));
    expect(outcomes.flat()).toEqual([0, 1, 2, 3].map((n) => ({ kind: 'delivered', eventId: `e${n}`, attempts: 1 })));
  });

  it('F-21 send nothing of an event whose time ran out before it had a socket', async () => {
    const waiting: ServerResponse[] = [];
    const origin = await vendor((response) =>
      arrived.length === 1 ? void waiting.push(response) : void response.end(),
    );
    const runtime = runtimeTo(origin, { socketsPerOrigin: 1 });
    const first = open(runtime).deliver([track('first')]);
    while (waiting.length === 0) await after(1);
    const [late] = await open(runtime).deliver([track('late')], { withinMs: 100 });
    expect(late).toMatchObject({ kind: 'deferred', reason: { code: 'network' } });
    waiting[0]?.end();
    expect(kinds(await first)).toEqual(['delivered']);
    expect(kinds(await open(runtime).deliver([track('third')]))).toEqual(['delivered']);
    expect(arrived).toEqual(['first', 'third']);
  });

  it.each(['its connection is closed', 'its call is stopped'])(
    'F-21 send nothing that waits for a socket when %s, and wait for nobody else’s',
    async (how) => {
      const runtime = runtimeTo(await vendor(yesAfter(1_500)), { socketsPerOrigin: 1 });
      const first = open(runtime).deliver([track('first')]);
      while (arrived.length === 0) await after(1);
      const waiting = open(runtime);
      const stop = new AbortController();
      const outcomes = waiting.deliver([track('second')], { signal: stop.signal });
      await after(20);
      const startedAt = performance.now();
      if (how === 'its call is stopped') stop.abort();
      else await waiting.close();
      expect(kinds(await outcomes)).toEqual(['deferred']);
      expect(performance.now() - startedAt).toBeLessThan(1_000);
      expect(kinds(await first)).toEqual(['delivered']);
      expect(kinds(await open(runtime).deliver([track('third')]))).toEqual(['delivered']);
      expect(arrived).toEqual(['first', 'third']);
    },
  );

  it('F-21 close one by one: each waits for its own requests, and for no other’s', async () => {
    const waiting: ServerResponse[] = [];
    const origin = await vendor((response, body) => (body.includes('slow') ? waiting.push(response) : response.end()));
    const runtime = runtimeTo(origin);
    const [slow, quick] = [open(runtime), open(runtime)];
    const outcome = slow.deliver([track('slow')]);
    await quick.deliver([track('quick')]);
    while (waiting.length === 0) await after(1);
    await quick.close();
    let closed = false;
    const closing = slow.close().then(() => (closed = true));
    await after(30);
    expect(closed).toBe(false);
    waiting[0]?.end();
    expect(kinds(await outcome)).toEqual(['delivered']);
    await closing;
  });

  it('F-21 let the sockets go with the last of them', async () => {
    const runtime = runtimeTo(await vendor(yesAfter(0)));
    const [one, other] = [open(runtime), open(runtime)];
    await Promise.all([one.deliver([track('a')]), other.deliver([track('b')])]);
    await one.close();
    await after(30);
    expect(sockets.size).toBeGreaterThan(0);
    await other.close();
    await after(30);
    expect(sockets.size).toBe(0);
    expect(kinds(await open(runtime).deliver([track('c')]))).toEqual(['delivered']);
  });

  test.each([0, 1.5, Number.NaN, '3'])('F-21 cannot have %p sockets', (socketsPerOrigin) => {
    expect(() => createRuntime({ destinations: [acme()], socketsPerOrigin: socketsPerOrigin as number })).toThrow(
      /socketsPerOrigin must be/,
    );
  });
});

describe('a dispatcher of the host’s', () => {
  it('F-21 may serve several runtimes, and is never closed', async () => {
    const dispatcher = new Agent();
    const origin = await vendor((response) => response.writeHead(200, { 'content-length': 0 }).end());
    const [one, other] = [runtimeTo(origin, { dispatcher }), runtimeTo(origin, { dispatcher })];
    const [a, b] = [open(one), open(one)];
    await Promise.all([a.deliver([track('a')]), b.deliver([track('b')])]);
    await a.close();
    expect(kinds(await b.deliver([track('c')]))).toEqual(['delivered']);
    await one.close();
    expect(dispatcher.closed).toBe(false);
    expect(kinds(await open(other).deliver([track('d')]))).toEqual(['delivered']);
    await other.close();
    expect(dispatcher.closed).toBe(false);
    await dispatcher.close();
  });

  it('F-21 made by a factory may be one and the same each time, and closed by its owner before', async () => {
    const dispatcher = new Agent();
    const origin = await vendor((response) => response.writeHead(200, { 'content-length': 0 }).end());
    const [one, other] = [() => dispatcher, () => dispatcher].map((make) => runtimeTo(origin, { dispatcher: make }));
    for (const runtime of [one, other])
      expect(kinds(await open(runtime as Runtime).deliver([track('a')]))).toEqual(['delivered']);
    await one?.close();
    await expect(other?.close()).resolves.toBeUndefined();
  });

  it('F-21 that is none is refused by name', () => {
    expect(() => createRuntime({ destinations: [acme()], dispatcher: {} as never })).toThrow(/dispatcher must be/);
  });
});

describe('the id of a connection', () => {
  it('F-21 is the slug, then the slug with a number', () => {
    const { runtime } = testConnection();
    expect([open(runtime), open(runtime)].map(({ id }) => id)).toEqual(['acme#2', 'acme#3']);
  });

  it('F-21 that is open already is a wrong option, until that connection is told to close', async () => {
    const { runtime } = testConnection({ connection: { id: 'shop' } });
    const again = runtime.open('acme', { account: 'a' }, { id: 'shop' });
    expect(again).toEqual({
      kind: 'invalid',
      issues: [{ path: 'options.id', message: expect.stringContaining('is the id of a connection that is open') }],
    });
    const other = open(runtime, { id: 'other' });
    const closing = other.close();
    expect(open(runtime, { id: 'other' }).id).toBe('other');
    await closing;
    expect(runtime.open('acme', { account: 'a' }, { id: 'other' }).kind).toBe('invalid');
  });

  it('F-21 is found at once among very many', () => {
    const ids = createConnectionIds();
    const startedAt = performance.now();
    for (let n = 0; n < 50_000; n++) ids.open(ids.free('acme'));
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(ids.free('acme')).toBe('acme#50001');
  });

  it('F-21 is in every signal', async () => {
    const signals: Signal[] = [];
    const { connection, clock } = testConnection({
      script: (_, position) => ({ status: [500, 200, 401][position] ?? 401 }),
      connection: { id: 'shop-1' },
      runtime: { onSignal: (signal) => void signals.push(signal) },
    });
    await clock.run(connection.deliver(tracks(2)));
    await clock.run(connection.deliver(tracks(1)));
    expect([...new Set(signals.map(({ kind }) => kind))].toSorted()).toEqual([
      'connection_suspended',
      'event_settled',
      'request_finished',
      'retry_scheduled',
    ]);
    expect(new Set(signals.map(({ connection: id }) => id))).toEqual(new Set(['shop-1']));
  });
});

describe('a runtime that is closed', () => {
  it('F-21 opens nothing more', async () => {
    const { runtime } = testConnection();
    const closing = runtime.close();
    expect(() => runtime.open('acme', { account: 'a' })).toThrow('the runtime is closed');
    await closing;
    expect(() => runtime.open('acme', { account: 'a' })).toThrow('the runtime is closed');
  });
});

describe('the turns at the sockets of an origin', () => {
  it('F-21 go round the connections, and pass over whoever gave up', () => {
    const scheduler = new SocketScheduler(1);
    const went: string[] = [];
    const queues = { a: new SocketQueue(), b: new SocketQueue() };
    const waiter = (name: string) => ({ settled: false, onSocket: () => void went.push(name), dismiss: () => 0 });
    const [gone, ...others] = ['a1', 'a2', 'a3', 'b1'].map(waiter);
    expect(scheduler.acquire(queues.a, waiter('first'))).toBe(true);
    if (gone !== undefined) scheduler.acquire(queues.a, gone);
    for (const [at, other] of others.entries()) scheduler.acquire(at < 2 ? queues.a : queues.b, other);
    if (gone !== undefined) gone.settled = true;
    for (let n = 0; n < 4; n++) scheduler.release();
    expect(went).toEqual(['a2', 'b1', 'a3']);
    expect(scheduler.acquire(queues.b, waiter('last'))).toBe(true);
    expect(scheduler.acquire(queues.b, waiter('too many'))).toBe(false);
  });
});

describe('the time a socket may take', () => {
  it('F-22 is long enough for several addresses, though Node gives each up after 250 ms', () => {
    const asked: (Agent.Options | undefined)[] = [];
    const dispatcher = (options: Agent.Options) => {
      asked.push(options);
      return new Agent(options);
    };
    const pools = createPools({ socketsPerOrigin: 7, dispatcher });
    void pools.join({ guarded: true, connectMs: 5_000, loopback: false }).dispatcher;
    void pools.join({ guarded: false, connectMs: 20, loopback: true }).dispatcher;
    expect(asked).toMatchObject([
      { connections: 7, connect: { timeout: 5_000, autoSelectFamilyAttemptTimeout: 1_666, lookup: publicLookup } },
      { connections: 7, connect: { timeout: 20, autoSelectFamilyAttemptTimeout: 10 } },
    ]);
    expect(asked[1]).not.toHaveProperty('connect.lookup');
    return pools.close();
  });
});
