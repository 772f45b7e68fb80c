// Tests core/queue/admin/routes.ts and core/queue/admin/shared-store.ts, through the commands.
import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals';
import { openQueue } from '../../core/queue/lmdb/open-queue.ts';
import { fakeTerminal, type Ran } from '../support/cli/fake-terminal.ts';
import { startVendorServer } from '../support/cli/vendor-server.ts';
import { createStore } from '../support/cli/store.ts';
import { createWorkspace, eventLine, eventLines, testDestinations, testSettings } from '../support/cli/workspace.ts';

// The first test waits for all of the program to be compiled.
jest.setTimeout(60_000);
const workspace = createWorkspace();
afterAll(workspace.remove);
const config = workspace.write('work.json', {
  connections: [{ id: 'shop', destination: 'mailbox', config: testSettings }],
});
const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

let leave: (() => Promise<void>) | undefined;
afterEach(async () => {
  await leave?.();
  leave = undefined;
});

type Store = ReturnType<typeof createStore>;
let stores = 0;

/** A store in which one event was done, one waits and two are dead letters; with a worker beside it, which the vendor refuses. */
async function standing(beside: boolean): Promise<Store> {
  const store = createStore(workspace, `store-${++stores}`);
  const first = [
    eventLine('done', 'Ignored'),
    eventLine('dead-1', 'Broken'),
    eventLine('dead-2', 'Broken'),
    eventLine('waits'),
  ];
  await store.enqueue('shop', config, `${first.join('\n')}\n`);
  if (!beside) return store;
  const server = await startVendorServer(() => ({ status: 401 }));
  const box = fakeTerminal('', { SPILLWAY_DESTINATIONS: testDestinations });
  const origin = ['--origin', `mailbox=${server.origin}`];
  const ran = box.run('work', '--store', store.store, '--config', config, ...origin, '--quiet');
  while (server.batches === 0) await pause(5);
  leave = async () => {
    box.send('SIGTERM');
    await ran;
    await server.stop();
  };
  return store;
}

/** What depends on the moment and the place. */
const plain = ({ store }: Store, text: string): string =>
  text
    .replaceAll(store, 'STORE')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/^(shop +mailbox +\d+ +)\d+ m?s */gm, '$1AGE ');

type Act = (store: Store) => Promise<Ran>;
const put =
  (input: string | Buffer, ...flags: string[]): Act =>
  ({ enqueue }) =>
    enqueue('shop', config, input, ...flags);
const say =
  (...args: string[]): Act =>
  ({ run }) =>
    run(...args);
/** What queue status says of the store; of the worker there is nothing to say without one. */
const status: Act = async ({ run }) => {
  const { code, stdout, stderr } = await run('queue', 'status', '--json');
  const { connections, bytes, maxBytes, quarantined } = JSON.parse(stdout) as Record<string, unknown> & {
    connections: Record<string, unknown>[];
  };
  const backlogs = connections.map(({ connection, destination, waiting, dead, done, deadByReason }) => ({
    connection,
    destination,
    waiting,
    dead,
    done,
    deadByReason,
  }));
  return { code, stdout: JSON.stringify([backlogs, bytes, maxBytes, quarantined]), stderr };
};
const table: Act = async ({ run }) => {
  const { code, stdout, stderr } = await run('queue', 'status');
  const lines = stdout
    .split('\n')
    .filter((line) => !/ bytes on disk, |spillway work is running|^shop: (held|working|idle)/.test(line));
  return { code, stdout: lines.join('\n'), stderr };
};
const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
const separators = JSON.stringify({
  type: 'track',
  event: 'a\u2028b\u2029c\u0085d\re',
  messageId: 'ends\u2028of lines',
});

const commands: readonly (readonly [what: string, ...acts: Act[]])[] = [
  ...['42', '-0', '1e999', '"x"', '""', 'null', 'true', 'false', '[1]', '[]', '{}', deep].map(
    (line) => [`enqueue of the line ${line.slice(0, 9)}`, put(`${eventLines(2)}${line}\n${eventLines(2, 3)}`)] as const,
  ),
  ['enqueue of every other end of a line', put(`${separators}\n${eventLines(1)}`)],
  [
    'enqueue of lone surrogates and a zero',
    put(`${eventLine('a')}\n{"type":"track","event":"\\ud800\\u0000","messageId":"b"}`),
  ],
  [
    'enqueue of an event with a key of every object',
    put('{"type":"track","event":"x","__proto__":{"a":1},"toJSON":1}'),
  ],
  ['enqueue of an event without messageId', put('{"type":"track","event":"x"}\n{"type":"track","event":"x"}')],
  [
    'enqueue of lines that cannot be read',
    put(Buffer.concat([Buffer.from('\uFEFF{"a\n\n'), Buffer.from([0xff, 0x0a])])),
  ],
  ['enqueue of what was put before', put(eventLines(3)), put(eventLines(4), '--json')],
  ['enqueue of nothing', put('')],
  ['enqueue of more than a batch', put(eventLines(1_200))],
  ['queue status', table],
  ['queue status for machines', status],
  ['dead list', say('dead', 'list')],
  ['dead list for machines', say('dead', 'list', '--json')],
  ['dead list of a connection that is not there', say('dead', 'list', '--connection', 'nobody')],
  ['dead list of a reason', say('dead', 'list', '--reason', 'vendor_rejected')],
  ['dead show', say('dead', 'show', 'dead-2')],
  ['dead show of none', say('dead', 'show', 'none')],
  ['dead show of other ends of a line', put(separators), say('dead', 'show', 'ends\u2028of lines')],
  ['dead export', put('"\u2028"\n42\n'), say('dead', 'export')],
  ['dead requeue', say('dead', 'requeue', 'dead-1'), say('dead', 'list', '--json'), status],
  ['dead requeue --dry-run', say('dead', 'requeue', '--dry-run')],
  ['dead drop', say('dead', 'drop', '--yes'), say('dead', 'list'), status],
  ['replay', say('replay', 'shop', '--config', config, '--from', '2020-01-01'), status],
];

describe('a command answers beside a running work as it does without', () => {
  test.each(commands)('F-93 %s', async (_, ...acts) => {
    const both: string[][] = [];
    for (const beside of [false, true]) {
      const store = await standing(beside);
      const said: string[] = [];
      for (const act of acts) {
        const { code, stdout, stderr } = await act(store);
        said.push(plain(store, `${code}\n${stdout}\n${stderr}`));
        expect(code).not.toBe(70);
      }
      // Nothing is claimed, let alone settled, while the vendor refuses the credentials, so all of it is still there.
      said.push(plain(store, (await store.run('dead', 'export')).stdout.replaceAll(/"configHash":"\w*"/g, '')));
      await leave?.();
      leave = undefined;
      const queue = await openQueue({ path: store.store });
      const claims = queue.claim('shop', 5_000, Date.now());
      said.push(plain(store, JSON.stringify(claims.map(({ id, lanes, text }) => ({ id, lanes, text })))));
      await queue.close();
      both.push(said);
    }
    expect(both[1]).toEqual(both[0]);
  });

  test.each([false, true])(
    'F-97 queue compact copies the store into a fresh file (beside a running work: %s), or says why not',
    async (beside) => {
      const store = await standing(beside);
      const file = path.join(store.store, 'events.mdb');
      const { ino } = statSync(file);
      // Where the copy would begin.
      const obstacle = `${file}.copy.next`;
      mkdirSync(obstacle);
      const refused = await store.run('queue', 'compact');
      expect(refused).toMatchObject({ code: 74, stderr: expect.stringContaining('there is no room for a copy') });
      expect(statSync(file).ino).toBe(ino);
      rmdirSync(obstacle);
      const { code, stdout, stderr } = await store.run('queue', 'compact');
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toBe(`${/^\d+/.exec(stdout)?.[0]} bytes on disk before, ${statSync(file).size} bytes now\n`);
      expect(statSync(file).ino).not.toBe(ino);
      const again = [eventLine('waits'), eventLine('new')].join('\n');
      expect(await store.enqueue('shop', config, again)).toMatchObject({ code: 0 });
      expect(await store.backlog('shop')).toMatchObject({ waiting: 2, dead: 2 });
    },
  );

  test('F-93 a full queue says what takes its room as it is now', async () => {
    for (const beside of [false, true]) {
      const store = await standing(false);
      await store.enqueue('shop', config, '', '--max-bytes', '200kB');
      if (beside) {
        const server = await startVendorServer(() => ({ status: 401 }));
        const box = fakeTerminal('', { SPILLWAY_DESTINATIONS: testDestinations });
        const ran = box.run(
          'work',
          '--store',
          store.store,
          '--config',
          config,
          '--quiet',
          '--origin',
          `mailbox=${server.origin}`,
        );
        while (server.batches === 0) await pause(5);
        leave = async () => {
          box.send('SIGTERM');
          await ran;
          await server.stop();
        };
      }
      const { code, stdout, stderr } = await store.enqueue('shop', config, eventLines(4_000), '--json');
      const { accepted } = JSON.parse(stdout) as { accepted: number };
      expect(code).toBe(75);
      expect(accepted).toBeGreaterThan(0);
      expect(stderr).toMatch(
        new RegExp(`of 200000 bytes are in use: ${accepted + 1} waiting events, \\d kept for replay, 2 dead`),
      );
      await leave?.();
      leave = undefined;
    }
  });
});
