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
import { busyRefusal, OwnerGone, reachOwner, type OwnerClient } from '../../core/queue/admin/client.ts';
import type { StoreHost } from '../../core/queue/admin/protocol.ts';
import { storeRoutes } from '../../core/queue/admin/routes.ts';
import { StoreServer } from '../../core/queue/admin/server.ts';
import { acquire } from '../../core/queue/lmdb/owner.ts';
import { openQueue, OtherSettings, QueueFull, type DeadLetter, type DeliveryQueue } from '../../core/queue/index.ts';
import { canRun, itNeeds } from '../support/machine.ts';
import { track } from '../support/runtime/test-connection.ts';

const queued = (id: string) => ({ id, event: track(id), acceptedAt: 1_000 });
const refused = (id: string) => ({
  ...queued(id),
  outcome: { kind: 'rejected' as const, eventId: id, reason: { code: 'unmapped_event' as const, message: 'no token' } },
});

let directory: string;
let queue: DeliveryQueue;
let changed: string[];
let host: StoreHost | undefined;
let clients: OwnerClient[];

beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'admin-'));
  changed = [];
  clients = [];
  host = {
    connections: () => ({ acme: { destination: 'adjust', worker: { state: 'idle' } } }),
    lanesOf:
      () =>
      ({ messageId }) => [`lane of ${messageId}`],
    changed: (connection) => void changed.push(connection),
  };
  queue = await openQueue({ path: directory, maxBytes: 40_000, host: () => host });
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await queue.close();
  rmSync(directory, { recursive: true });
});

async function reach(): Promise<OwnerClient> {
  const client = await reachOwner(directory);
  if (client === undefined) throw new Error('nobody answers');
  clients.push(client);
  return client;
}
async function all(letters: AsyncIterable<DeadLetter>): Promise<DeadLetter[]> {
  const found: DeadLetter[] = [];
  for await (const letter of letters) found.push(letter);
  return found;
}
const link = (): string => path.join(directory, 'owner.sock');

describe('a store that is open', () => {
  it('takes events from another process, and its worker is told', async () => {
    const client = await reach();
    expect(await client.put('acme', [queued('a'), queued('b')])).toEqual({ accepted: 2, duplicates: 0 });
    expect(await client.put('acme', [queued('b')])).toEqual({ accepted: 0, duplicates: 1 });
    expect(queue.waiting('acme')).toBe(2);
    expect(changed).toEqual(['acme', 'acme']);
  });

  it('remembers for what another process puts events, shows it what waits, and refuses other settings', async () => {
    const client = await reach();
    const connection = { id: 'acme', destination: 'adjust', settings: 'now & then' };
    await client.put(connection, [{ ...queued('a'), lanes: ['l'] }, queued('b')]);
    const { registered } = (await client.status('acme')).connections[0]!;
    expect(registered).toEqual({ destination: 'adjust', hasLanes: true, settings: 'now & then' });
    const [a] = queue.claim('acme', 1, Date.now());
    const page = await client.peek('acme', 1);
    expect(page).toEqual([a]);
    expect((await client.peek('acme', 9, a!.seq)).map(({ id }) => id)).toEqual(['b']);
    await expect(client.put({ ...connection, settings: 'others' }, [])).rejects.toBeInstanceOf(OtherSettings);
    expect(await client.put({ ...connection, settings: 'others', checked: 'now & then' }, [])).toMatchObject({});
    expect((await client.status('acme')).connections[0]).toMatchObject({ registered: { settings: 'others' } });
  });

  it('says what it refuses, as it would at home', async () => {
    const client = await reach();
    const many = Array.from({ length: 500 }, (_, n) => queued(`e${n}`));
    await expect(client.put('acme', many)).rejects.toBeInstanceOf(QueueFull);
    expect(await client.put('acme', [queued('small')])).toEqual({ accepted: 1, duplicates: 0 });
  });

  it('F-93 keeps what is no event but has an outcome, whatever ends of lines its texts hold', async () => {
    const client = await reach();
    const odd = [42, 'a\u2028b\u2029c\u0085d\re\nf', null, [1], { 'a/b': '\ud800' }];
    const lines = odd.map((event, n) => ({ ...refused(`o${n}`), event: event as never }));
    expect(await client.put('odd/ünd %2F ?', lines)).toEqual({ accepted: 5, duplicates: 0 });
    expect((await all(client.dead('odd/ünd %2F ?'))).map(({ event }) => event)).toEqual(odd);
  });

  it('lists, requeues with lanes, and drops dead letters; several callers at once', async () => {
    const [client, other] = [await reach(), await reach()];
    await client.put('acme', [refused('a'), refused('b'), refused('c')]);
    expect(await client.reasons('acme')).toEqual({ unmapped_event: 3 });
    const letters = await all(client.dead('acme', { reason: 'unmapped_event', since: 0 }));
    expect(letters.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(await all(client.dead('acme', { reason: 'vendor_rejected' }))).toEqual([]);
    expect(await all(client.dead('acme', { since: Date.now() + 60_000 }))).toEqual([]);
    for await (const { id } of client.dead('acme')) {
      expect(id).toBe('a');
      break;
    }
    const [seq, last] = [letters[0]?.seq ?? 0, letters[2]?.seq ?? 0];
    expect(await Promise.all([client.requeue('acme', { seq }), other.drop('acme', { seq: last })])).toEqual([1, 1]);
    expect((await client.status('acme')).connections).toMatchObject([{ waiting: 1, dead: 1 }]);
    expect(queue.claim('acme', 10, Date.now()).map(({ id, lanes }) => [id, lanes])).toEqual([['a', ['lane of a']]]);
  });

  it('replays and purges, and refuses to purge what is claimed', async () => {
    const client = await reach();
    await client.put('acme', [queued('a'), queued('b')]);
    const [a] = queue.claim('acme', 1, Date.now());
    await expect(client.purge('acme')).rejects.toThrow('events of acme are claimed');
    await queue.settle('acme', [{ kind: 'done', seq: a!.seq, outcome: 'delivered' }], {
      now: 2_000,
      configHash: '',
    });
    expect(await client.replay('acme', 1_000, 3_000)).toBe(1);
    expect(await client.replay('acme', 2_500, 3_000)).toBe(0);
    expect(await client.purge('acme')).toBe(3);
    expect((await client.status()).connections).toMatchObject([{ waiting: 0, done: 0 }]);
  });

  it('says who has it, and what that delivers; `null` where it delivers nothing', async () => {
    const client = await reach();
    expect(await client.status()).toMatchObject({
      maxBytes: 40_000,
      owner: { pid: process.pid, state: 'working', startedAt: expect.stringMatching(/^\d{4}-.*Z$/) },
      hosted: { acme: { destination: 'adjust', worker: { state: 'idle' } } },
    });
    host = undefined;
    expect(await client.status()).toMatchObject({ hosted: null });
    expect(await client.put('acme', [refused('a')])).toEqual({ accepted: 1, duplicates: 0 });
    expect(await client.requeue('acme')).toBe(1);
    expect(queue.claim('acme', 10, Date.now()).map(({ id, lanes }) => [id, lanes])).toEqual([['a', undefined]]);
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
  const ask = async (method: string, at: string, body?: string): Promise<readonly [number, unknown]> => {
    const request = new Request(`http://store${at}`, { method, ...(body === undefined ? {} : { body }) });
    const response = await storeRoutes(
      queue,
      () => new StoreServer().info(),
      () => host,
    )(request);
    return [response.status, await response.json()];
  };
  const error = (name: string, message: string) => ({ error: expect.objectContaining({ name, message }) });

  it('is answered with a status of HTTP, and takes nothing that is no event to queue', async () => {
    const events = '/connections/acme/events';
    const notQueued = error('BadRequest', 'an event of a put has an id, the time acceptedAt (epoch ms), and the event');
    for (const body of [
      '{"id":"a","event":{}}',
      'null',
      '{"id":1,"acceptedAt":1,"event":{}}',
      '{"id":"a","acceptedAt":1}',
    ])
      expect([body, ...(await ask('POST', events, body))]).toEqual([body, 400, notQueued]);
    expect(await ask('POST', events, '{"id"')).toEqual([
      400,
      error('BadRequest', 'a put is one event a line, in JSON'),
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
    expect((await ask('POST', events, many))[0]).toBe(429);
    await queue.close();
    expect(await ask('POST', events, JSON.stringify(queued('late')))).toEqual([
      503,
      { error: expect.objectContaining({ code: 'closed' }) },
    ]);
  });

  itNeeds({ met: canRun('curl', '--version'), otherwise: 'no curl on this machine' })(
    'is asked with curl as well, as docs/queue.md shows',
    async () => {
      const curl = async (...args: string[]): Promise<string> =>
        (await promisify(execFile)('curl', ['--silent', '--show-error', '--unix-socket', link(), ...args])).stdout;
      const event = JSON.stringify(refused('a'));
      expect(await curl('--data-binary', `${event}\n`, 'http://store/connections/shop/events')).toBe(
        '{"accepted":1,"duplicates":0}',
      );
      expect(JSON.parse(await curl('http://store/status'))).toMatchObject({
        connections: [{ connection: 'shop', dead: 1 }],
        owner: { pid: process.pid },
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
    const put = queue.put.bind(queue);
    jest.spyOn(queue, 'put').mockImplementation(async (...args) => {
      begun();
      await wait;
      return put(...args);
    });
    const kept = client.put('acme', [queued('a')]);
    await asked;
    const closing = queue.close();
    const late = await other.put('acme', [queued('b')]).catch((error: unknown) => error);
    expect(late).toBeInstanceOf(OwnerGone);
    expect(late).toMatchObject({ maybeDone: false });
    await expect(reachOwner(directory)).resolves.toBeUndefined();
    expect(await busyRefusal(directory)).toMatchObject({
      owner: 'ending',
      message: expect.stringContaining('is closing the queue store'),
    });
    letGo();
    expect(await kept).toEqual({ accepted: 1, duplicates: 0 });
    await closing;
    const gone = await client.put('acme', [queued('c')]).catch((error: unknown) => error);
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
        'POST /connections/a/events HTTP/1.1\r\nhost: a\r\ncontent-length: 99\r\n\r\n{',
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
    expect(await reachOwner(directory)).toBeUndefined();
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
