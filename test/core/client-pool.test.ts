// Tests core/http/client-pool.ts.
import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ClientPool, ClientPools, type RequestHandler } from '../../core/http/client-pool.ts';

let server: Server | undefined;
let toClose: ClientPool | ClientPools | undefined;
const sockets = new Set<Socket>();
let opened = 0;

afterEach(async () => {
  await toClose?.close();
  server?.closeAllConnections();
  await new Promise<void>((closed) => (server === undefined ? closed() : server.close(() => closed())));
  [server, toClose, opened] = [undefined, undefined, 0];
  sockets.clear();
});

async function vendor(play: (response: ServerResponse) => void = (response) => void response.end()): Promise<string> {
  server = createServer((request, response) => request.resume().on('end', () => play(response)));
  server.on('connection', (socket) => {
    opened += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((listening) => server?.listen(0, '127.0.0.1', listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** One request, in flight until it ends. */
class Request implements RequestHandler {
  settled = false;
  readonly end: Promise<number | Error>;
  #tell: (end: number | Error) => void = () => undefined;
  #status = 0;

  constructor(whenSettled: () => void = () => undefined) {
    this.end = new Promise((resolve) => {
      this.#tell = (end) => {
        this.settled = true;
        whenSettled();
        resolve(end);
      };
    });
  }

  onRequestStart(): void {}

  onResponseStart(_controller: unknown, status: number): void {
    this.#status = status;
  }

  onResponseData(): void {}

  onResponseEnd(): void {
    this.#tell(this.#status);
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#tell(error);
  }
}

const ask = { path: '/', method: 'POST', body: '{}' } as const;

describe('the sockets to one origin', () => {
  it('F-21 are no more than requests are in flight: the next request waits for the socket that has answered', async () => {
    let inFlight = 0;
    const pool = new ClientPool(await vendor(), {}, () => inFlight);
    toClose = pool;
    let left = 200;
    const ends: Promise<number | Error>[] = [];
    const send = (): void => {
      if (left === 0) return;
      left -= 1;
      inFlight += 1;
      // At once, as a batch does that takes the slot of the one before.
      const request = new Request(() => {
        inFlight -= 1;
        send();
      });
      ends.push(request.end);
      pool.dispatch(ask, request);
    };
    for (let n = 0; n < 4; n++) send();
    for (let n = 0; n < 200; n++) expect(await ends[n]).toBe(200);
    expect(opened).toBe(4);
  });

  it('F-21 do not open for a request that has settled while it waited', async () => {
    const answers: ServerResponse[] = [];
    const pool = new ClientPool(await vendor((response) => void answers.push(response)), {}, () => 1);
    toClose = pool;
    const [first, gone, last] = [new Request(), new Request(), new Request()];
    for (const request of [first, gone, last]) pool.dispatch(ask, request);
    gone.settled = true;
    while (answers.length < 1) await after(5);
    answers[0]?.end();
    while (answers.length < 2) await after(5);
    answers[1]?.end();
    expect(await Promise.all([first.end, last.end])).toEqual([200, 200]);
    await after(20);
    expect([answers.length, opened]).toEqual([2, 1]);
  });

  it('F-21 serve on after a request that undici refuses', async () => {
    const pool = new ClientPool(await vendor(), {}, () => 1);
    toClose = pool;
    const [invalid, valid] = [new Request(), new Request()];
    pool.dispatch({ ...ask, method: 'NO METHOD' as 'POST' }, invalid);
    pool.dispatch(ask, valid);
    expect(await invalid.end).toMatchObject({ code: 'UND_ERR_INVALID_ARG' });
    expect(await valid.end).toBe(200);
  });

  it('F-21 open again where the vendor closed them, used or not', async () => {
    const pool = new ClientPool(await vendor(), {}, () => 1);
    toClose = pool;
    const first = new Request();
    pool.dispatch(ask, first);
    expect(await first.end).toBe(200);
    await after(20);
    for (const socket of sockets) {
      socket.destroy();
      await once(socket, 'close');
    }
    await after(20);
    const [second, third] = [new Request(), new Request()];
    pool.dispatch(ask, second);
    pool.dispatch(ask, third);
    expect(await Promise.all([second.end, third.end])).toEqual([200, 200]);
    expect(opened).toBe(2);
  });

  it('F-21 serve on after a vendor that nobody could reach, and that closes after each answer', async () => {
    let fails = true;
    const origin = await vendor((response) => void response.setHeader('connection', 'close').end());
    const connect = async (_options: unknown, callback: (...result: [Error | null, Socket | null]) => void) => {
      const { connect: open } = await import('node:net');
      if (fails) return callback(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), null);
      const socket = open({ port: Number(new URL(origin).port), host: '127.0.0.1' });
      socket.once('connect', () => callback(null, socket));
    };
    const pool = new ClientPool(origin, { connect: connect as never }, () => 1);
    toClose = pool;
    const lost = new Request();
    pool.dispatch(ask, lost);
    expect(await lost.end).toMatchObject({ code: 'ECONNREFUSED' });
    fails = false;
    const requests = Array.from({ length: 5 }, () => new Request());
    for (const request of requests) pool.dispatch(ask, request);
    expect(await Promise.all(requests.map(({ end }) => end))).toEqual(Array(5).fill(200));
  });
});

describe('the sockets to several origins', () => {
  it('F-21 are counted for each origin alone', async () => {
    const origin = await vendor();
    const asked: string[] = [];
    const pools = new ClientPools({}, (name) => asked.push(name));
    toClose = pools;
    const [first, second] = [new Request(), new Request()];
    pools.dispatch({ ...ask, origin }, first);
    pools.dispatch({ ...ask, origin: origin.replace('127.0.0.1', 'localhost') }, second);
    expect(await Promise.all([first.end, second.end])).toEqual([200, 200]);
    expect(asked).toEqual([origin, origin.replace('127.0.0.1', 'localhost')]);
  });
});
