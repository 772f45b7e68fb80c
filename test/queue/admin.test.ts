// Tests core/queue/admin/routes.ts, core/queue/admin/server.ts and core/queue/admin/client.ts.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { OwnerGone, reachOwner, type OwnerClient } from '../../core/queue/admin/client.ts';
import { busyRefusal } from '../../core/queue/admin/reach-owner.ts';
import { storeRoutes } from '../../core/queue/admin/routes.ts';
import { StoreServer } from '../../core/queue/admin/server.ts';
import { QueueFull, type DeadLetter, type DeliveryStore, type QueuedEvent } from '../../core/queue/index.ts';
import { openParts, openQueue } from '../../core/queue/lmdb/open-queue.ts';
import { acquire } from '../../core/queue/lmdb/owner.ts';
import type { DeliveryQueue } from '../../core/queue/queue.ts';
import { lmdbPromises } from '../../core/queue/lmdb/lmdb-store.ts';
import { canRun, itNeeds } from '../support/machine.ts';
import { fakeConnection } from '../support/queue/store-connection.ts';
import { track } from '../support/runtime/test-connection.ts';

const queued = (id: string) => ({ id, event: track(id), acceptedAt: 1_000 });
const refused = (id: string) => ({
  ...queued(id),
  outcome: { kind: 'rejected' as const, eventId: id, reason: { code: 'unmapped_event' as const, message: 'no token' } },
});

let directory: string;
let queue: DeliveryQueue;
let store: DeliveryStore;
let clients: OwnerClient[];

beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'admin-'));
  clients = [];
  ({ queue, store } = await openParts({ path: directory, maxBytes: 40_000 }));
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await queue.close();
  rmSync(directory, { recursive: true });
});

async function reach(): Promise<OwnerClient> {
  const client = await reachOwner(directory, lmdbPromises);
  if (client === undefined) throw new Error('nobody answers');
  clients.push(client);
  return client;
}
/** A single put. */
const put = (to: DeliveryStore, connection: string, events: readonly QueuedEvent[]) => to.put([{ connection, events }]);
const kept = (accepted: number, duplicates = 0) => [{ accepted, duplicates }];
async function all(letters: AsyncIterable<DeadLetter>): Promise<DeadLetter[]> {
  const found: DeadLetter[] = [];
  for await (const letter of letters) found.push(letter);
  return found;
}
const link = (): string => path.join(directory, 'owner.sock');

describe('a store that is open', () => {
  it('says what it refuses, as it would at home', async () => {
    const client = await reach();
    const many = Array.from({ length: 500 }, (_, n) => queued(`e${n}`));
    await expect(put(client, 'acme', many)).rejects.toBeInstanceOf(QueueFull);
    expect(await put(client, 'acme', [queued('small')])).toEqual(kept(1));
  });

  it('answers on after a put that it refused before all of it had come', async () => {
    const client = await reach();
    const large = { ...queued('large'), event: { ...track('large'), properties: { text: 'x'.repeat(100_000) } } };
    const bad = { ...queued('bad'), event: undefined as never };
    const many = Array.from({ length: 50 }, () => large);
    await expect(put(client, 'acme', [bad, ...many])).rejects.toThrow('a put is a line');
    expect(await put(client, 'acme', [queued('small')])).toEqual(kept(1));
  });

  it('F-93 keeps what is no event but has an outcome, whatever ends of lines its texts hold', async () => {
    const client = await reach();
    const odd = [42, 'a\u2028b\u2029c\u0085d\re\nf', null, [1], { 'a/b': '\ud800' }];
    const lines = odd.map((event, n) => ({ ...refused(`o${n}`), event: event as never }));
    expect(await put(client, 'odd/ünd %2F ?', lines)).toEqual([{ ...kept(5)[0], settled: [0, 1, 2, 3, 4] }]);
    expect((await all(client.dead('odd/ünd %2F ?'))).map(({ event }) => event)).toEqual(odd);
  });

  it('answers several callers at once, and goes by the lanes of its own worker', async () => {
    const [client, other] = [await reach(), await reach()];
    await put(client, 'acme', [refused('a'), refused('b'), refused('c')]);
    const letters = await all(client.dead('acme', { reason: 'unmapped_event', since: 0 }));
    expect(letters.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    for await (const { id } of client.dead('acme')) {
      expect(id).toBe('a');
      break;
    }
    const connection = fakeConnection('acme');
    const routed: string[] = [];
    const worker = store.work({
      ...connection,
      routeOf: (event) => (routed.push((event as { messageId: string }).messageId), { kind: 'payload' }),
    });
    const [seq, last] = [letters[0]?.seq ?? 0, letters[2]?.seq ?? 0];
    expect(await Promise.all([client.requeue('acme', { seq }), other.drop('acme', { seq: last })])).toEqual([1, 1]);
    await worker.idle();
    expect([routed, connection.delivered]).toEqual([['a'], ['a']]);
    await worker.stop(0);
    expect((await client.status('acme')).connections).toMatchObject([{ waiting: 0, dead: 1, done: 1 }]);
  });

  it('delivers nothing for another process', async () => {
    const client = await reach();
    expect(() => client.work()).toThrow('another process has the queue store');
  });

  it('F-96 sends no faster than it is read', async () => {
    const letters = jest.spyOn(queue, 'dead').mockImplementation(async function* () {
      for (let seq = 0; seq < 100_000; seq += 1) {
        sent = seq;
        yield { ...refused('x'), seq, event: track('x'.repeat(10_000)) } as unknown as DeadLetter;
      }
    });
    let sent = 0;
    const stalled = connect({ path: link() });
    stalled.write('GET /connections/acme/dead HTTP/1.1\r\nhost: store\r\n\r\n');
    await once(stalled, 'readable');
    let before = -1;
    while (sent !== before) {
      before = sent;
      await new Promise((resolve) => void setTimeout(resolve, 300));
    }
    expect(sent).toBeLessThan(2_000);
    letters.mockRestore();
    stalled.destroy();
  });
});

describe('what another program may ask', () => {
  const begun = '{"put":"acme"}\n';
  const ask = async (
    method: string,
    at: string,
    body?: string | Uint8Array | ReadableStream,
  ): Promise<readonly [number, unknown]> => {
    const sent = body === undefined ? {} : { body, duplex: 'half' as const };
    const request = new Request(`http://store${at}`, { method, ...sent });
    const response = await storeRoutes(store)(request);
    return [response.status, await response.json()];
  };
  const error = (name: string, message: unknown) => ({ error: expect.objectContaining({ name, message }) });

  it('is answered with a status of HTTP, and takes nothing that is no event to queue', async () => {
    const notQueued = error('BadRequest', expect.stringContaining('a put is a line {"put": CONNECTION}'));
    for (const body of [
      `${begun}{"id":"a","event":{}}`,
      `${begun}null`,
      `${begun}{"id":1,"acceptedAt":1,"event":{}}`,
      `${begun}{"id":"a","acceptedAt":1}`,
      JSON.stringify(queued('a')),
    ])
      expect([body, ...(await ask('POST', '/puts', body))]).toEqual([body, 400, notQueued]);
    for (const body of ['{"id"', '7', `${begun}"text"`])
      expect([body, (await ask('POST', '/puts', body))[1]]).toEqual([
        body,
        error('BadRequest', 'a put is a line of JSON for each connection and each event'),
      ]);
    for (const body of ['{"put":7}', '{"put":null}', '{"put":{"id":"a"}}'])
      expect([body, (await ask('POST', '/puts', body))[1]]).toEqual([
        body,
        error('BadRequest', 'a put names its connection by its id, or by its settings: id, destination'),
      ]);
    expect(queue.waiting('acme')).toBe(0);
    expect(await ask('POST', '/connections/acme/replay?from=a&to=1')).toEqual([
      400,
      error('BadRequest', 'from is not a number'),
    ]);
    for (const [method, at] of [
      ['GET', '/'],
      ['GET', '/connections/acme/'],
      ['DELETE', '/status'],
      ['GET', '/constructor'],
    ] as const)
      expect((await ask(method, at))[0]).toBe(404);
    const many = Array.from({ length: 500 }, (_, n) => JSON.stringify(queued(`e${n}`))).join('\n');
    expect((await ask('POST', '/puts', begun + many))[0]).toBe(429);
    await queue.close();
    expect(await ask('POST', '/puts', begun + JSON.stringify(queued('late')))).toEqual([
      503,
      { error: expect.objectContaining({ code: 'closed' }) },
    ]);
  });

  it('is told of a put that is not UTF-8, or larger than a put may be', async () => {
    const notText = Buffer.concat([Buffer.from(begun), Buffer.from([0xff])]);
    expect(await ask('POST', '/puts', notText)).toEqual([
      400,
      error('BadRequest', 'a put is a line of JSON for each connection and each event'),
    ]);
    const spaces = Buffer.concat([Buffer.alloc(4 * 1024 * 1024 - 1, ' '), Buffer.from('\n')]);
    const full = (chunks: number) => ReadableStream.from(Array.from({ length: chunks }, () => spaces));
    expect(await ask('POST', '/puts', full(64))).toEqual([200, []]);
    expect(await ask('POST', '/puts', full(65))).toEqual([
      413,
      error('BadRequest', `a put has at most ${64 * spaces.length} bytes`),
    ]);
  });

  itNeeds({ met: canRun('curl', '--version'), otherwise: 'no curl on this machine' })(
    'is asked with curl as well, as docs/queue.md shows',
    async () => {
      const curl = async (...args: string[]): Promise<string> =>
        (await promisify(execFile)('curl', ['--silent', '--show-error', '--unix-socket', link(), ...args])).stdout;
      const event = JSON.stringify(refused('a'));
      expect(await curl('--data-binary', `{"put":"shop"}\n${event}\n`, 'http://store/puts')).toBe(
        '[{"accepted":1,"duplicates":0,"settled":[0]}]',
      );
      expect(JSON.parse(await curl('http://store/status'))).toMatchObject({
        connections: [{ connection: 'shop', dead: 1 }],
        processes: [{ pid: process.pid }],
      });
      expect(JSON.parse(await curl('http://store/connections/shop/dead'))).toMatchObject({ id: 'a' });
    },
  );
});

describe('an owner that ends', () => {
  it('answers first what it was asked, and what comes after is not done', async () => {
    const client = await reach();
    const other = await reach();
    let begun = (): void => undefined;
    const asked = new Promise<void>((resolve) => (begun = resolve));
    let letGo = (): void => undefined;
    const wait = new Promise<void>((resolve) => (letGo = resolve));
    const putAll = queue.putAll.bind(queue);
    jest.spyOn(queue, 'putAll').mockImplementation(async (...args) => {
      begun();
      await wait;
      return putAll(...args);
    });
    const first = put(client, 'acme', [queued('a')]);
    await asked;
    const closing = queue.close();
    const late = await put(other, 'acme', [queued('b')]).catch((error: unknown) => error);
    expect(late).toBeInstanceOf(OwnerGone);
    expect(late).toMatchObject({ maybeDone: false });
    await expect(reachOwner(directory, lmdbPromises)).resolves.toBeUndefined();
    expect(await busyRefusal(directory)).toMatchObject({
      owner: 'ending',
      message: expect.stringContaining('is closing the queue store'),
    });
    letGo();
    expect(await first).toEqual(kept(1));
    await closing;
    const gone = await put(client, 'acme', [queued('c')]).catch((error: unknown) => error);
    expect(gone).toMatchObject({ name: 'OwnerGone', maybeDone: false });
    queue = await openQueue({ path: directory });
    expect(queue.claim('acme', 9, Date.now()).map(({ id }) => id)).toEqual(['a']);
  });

  it('does not wait for who stays on the line, sends half of a request, or reads nothing', async () => {
    const letter = { ...refused('x'), event: track('x'.repeat(10_000)) } as unknown as DeadLetter;
    jest.spyOn(queue, 'dead').mockImplementation(async function* () {
      for (;;) yield letter;
    });
    const sockets = await Promise.all(
      [
        '',
        'POST /puts HTTP/1.1\r\nhost: a\r\ncontent-length: 99\r\n\r\n{',
        'GET /connections/a/dead HTTP/1.1\r\nhost: a\r\n\r\n',
      ].map(async (text) => {
        const socket = connect({ path: link(), allowHalfOpen: true }).on('error', () => undefined);
        await once(socket, 'connect');
        socket.write(text);
        return socket;
      }),
    );
    await once(sockets[2]!, 'readable');
    const since = performance.now();
    await queue.close();
    expect(performance.now() - since).toBeLessThan(5_000);
    for (const socket of sockets) socket.destroy();
  });
});

describe('F-96 an owner that is not there yet, or that is silent', () => {
  beforeEach(() => queue.close());

  it('says that it starts, and answers nothing of the store', async () => {
    const server = new StoreServer();
    const owner = await acquire(directory, server.http);
    expect(await reachOwner(directory, lmdbPromises)).toBeUndefined();
    await expect(openQueue({ path: directory })).rejects.toMatchObject({
      code: 'busy',
      owner: 'starting',
      message: expect.stringContaining(`process ${process.pid} is opening the queue store`),
    });
    owner.release();
  });

  it('is told of in the middle of a call, within seconds, however long the answer itself may take', async () => {
    let isSilent = false;
    const server = createServer((request, response) => {
      if (isSilent) return;
      if (request.url === '/owner')
        response.end(JSON.stringify({ pid: 1, host: 'h', startedAt: '', state: 'working' }));
    });
    const owner = await acquire(directory, server);
    const client = await reach();
    let answer: unknown;
    const call = client.status().catch((error: unknown) => (answer = error));
    await new Promise((resolve) => void setTimeout(resolve, 9_000));
    expect(answer).toBeUndefined();
    isSilent = true;
    await call;
    expect(answer).toMatchObject({ code: 'busy', owner: 'silent' });
    owner.release();
  }, 40_000);
});
