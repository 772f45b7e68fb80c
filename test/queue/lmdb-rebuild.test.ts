// Tests core/queue/lmdb/verify-store.ts and core/queue/lmdb/store-copy.ts.
import { execFileSync, fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { LmdbQueue } from '../../core/queue/lmdb/lmdb-queue.ts';
import { openQueue } from '../../core/queue/lmdb/open-queue.ts';
import { openTables, type Tables } from '../../core/queue/lmdb/tables.ts';
import type { DeliveryQueue } from '../../core/queue/queue.ts';
import { itNeeds, prlimit } from '../support/machine.ts';
import { queued, settledAs } from '../support/queue/contract.ts';
import { compiled, type Compiled } from '../support/queue/compiled.ts';
import type { Drained } from '../support/queue/drain.ts';

let root: string;
let scripts: Compiled;
let count = 0;
let store: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'queue-rebuild-'));
  scripts = await compiled();
}, 60_000);
beforeEach(() => {
  count += 1;
  store = path.join(root, String(count));
});
let children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
});
afterAll(async () => {
  await scripts.remove();
  await rm(root, { recursive: true });
});
// Most tests start processes.
jest.setTimeout(120_000);

const data = (): string => path.join(store, 'events.mdb');
const inode = (): number => statSync(data()).ino;
const bytes = (): number => statSync(data()).size;
const unclose = (): void => rmSync(path.join(store, 'closed.json'));
const at = { now: 2_000, configHash: '' };
const file = { file: '/events.ndjson', destination: 'mailbox', connection: 'c' };
const outcome = { id: 7, outcome: { kind: 'delivered', eventId: 'e7', attempts: 1 } } as const;

/** 2,000 events were delivered and pruned, 40 were delivered since, 40 are dead letters, 40 wait in three lanes. */
async function fill(): Promise<void> {
  const clock = { now: 1_000 };
  const queue = await openQueue({ path: store, now: () => clock.now });
  const put = (name: string, many: number): Promise<unknown> =>
    queue.put(
      { id: 'c', destination: 'mailbox', settings: 'some' },
      Array.from({ length: many }, (_, n) => queued(`${name}-${n}`, { lanes: n % 4 === 0 ? [] : [`lane ${n % 3}`] })),
    );
  await put('gone', 2_000);
  await end(queue, 2_000, 'done');
  clock.now = 3_000;
  await queue.prune(clock.now, clock.now);
  await put('last', 120);
  await (await queue.deliveryLog(file)).record([[7, outcome]]);
  await end(queue, 40, 'done');
  await end(queue, 40, 'dead');
  await queue.close();
}

async function end(queue: DeliveryQueue, many: number, kind: 'done' | 'dead'): Promise<void> {
  for (let left = many; left > 0;) {
    const claims = queue.claim('c', left, 9_999);
    left -= claims.length;
    await queue.settle('c', claims.map(settledAs(kind)), at);
  }
}

/** Everything that fill() has left there, each event once; in a lane, in order. */
async function expectAll(queue: LmdbQueue): Promise<void> {
  expect(queue.status(1).connections).toMatchObject([
    { waiting: 40, dead: 40, done: 40, registered: { destination: 'mailbox', hasLanes: true, settings: 'some' } },
  ]);
  expect(await queue.put('c', [queued('last-1'), queued('gone-7')])).toEqual({ accepted: 0, duplicates: 2 });
  expect((await queue.deliveryLog(file)).get(7)).toEqual(outcome);
  const letters: string[] = [];
  for await (const { id } of queue.dead('c')) letters.push(id);
  const byLane = new Map<string, number[]>();
  const ids: string[] = [...letters];
  for (let claims = queue.claim('c', 7, 9_999); claims.length > 0; claims = queue.claim('c', 7, 9_999)) {
    for (const { id, seq, lanes: [lane = ''] = [] } of claims) {
      ids.push(id);
      byLane.set(lane, [...(byLane.get(lane) ?? []), seq]);
    }
    await queue.settle(
      'c',
      claims.map(({ seq }) => ({ kind: 'done', seq, outcome: 'delivered' })),
      at,
    );
  }
  expect([...byLane.keys()].sort()).toEqual(['', 'lane 0', 'lane 1', 'lane 2']);
  for (const seqs of byLane.values()) expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
  expect(new Set(ids).size).toBe(80);
  expect(ids).toHaveLength(80);
  expect(await queue.replay('c', 0, at.now)).toBe(80);
}

/** Changes the tables behind the back of the queue. */
async function change(act: (tables: Tables) => void): Promise<void> {
  const tables = openTables(data(), { readOnly: false, bytes: 2 ** 20 });
  tables.root.transactionSync(() => act(tables));
  await tables.root.close();
}

describe('F-97 a store that was not closed', () => {
  it('is copied into a fresh file, which has everything and no free space', async () => {
    await fill();
    unclose();
    const before = { inode: inode(), bytes: bytes() };
    const queue = await openQueue({ path: store, now: () => 3_000 });
    expect(inode()).not.toBe(before.inode);
    expect(bytes()).toBeLessThan(before.bytes / 2);
    expect(readdirSync(store).filter((name) => name.includes('copy'))).toEqual([]);
    await expectAll(queue);
    await queue.close();
    const again = { inode: inode() };
    await (await openQueue({ path: store })).close();
    expect(inode()).toBe(again.inode);
  });

  it('has its index of lanes made anew, whatever was in it', async () => {
    await fill();
    await change(({ lanes }) => {
      for (const [n, key] of [...lanes.getKeys()].entries())
        if (n % 2 === 0) lanes.removeSync(key);
        else lanes.putSync(key, Buffer.from('x'));
      lanes.putSync(Buffer.from('nonsense'), Buffer.alloc(9));
    });
    const queue = await openQueue({ path: store, now: () => 3_000 });
    await expectAll(queue);
    expect(queue.status(1).bytes).toBeGreaterThan(0);
    await queue.close();
    unclose();
    await (await openQueue({ path: store })).close();
  });

  it.each(['log', 'done', 'dead', 'seen'] as const)(
    'is damaged where an entry of %s is missing, and stays as it is',
    async (name) => {
      await fill();
      await change((tables) => {
        const [key] = [...tables[name].getKeys({ limit: 1, offset: 5 })];
        // The table of ids has no count but its own: LMDB keeps that right, so the entry moves to the wrong place.
        if (name !== 'seen') tables[name].removeSync(key!);
      });
      if (name === 'seen') {
        const file = readFileSync(data());
        for (let from = file.indexOf('last-7'); from !== -1; from = file.indexOf('last-7', from + 1)) file[from] = 0x01;
        writeFileSync(data(), file);
      }
      const before = readFileSync(data());
      await expect(openQueue({ path: store })).rejects.toMatchObject({ code: 'damaged' });
      expect(readFileSync(data()).equals(before)).toBe(true);
    },
  );

  itNeeds(prlimit)('opens as it is without room for a copy, when all of it verifies; else it is refused', async () => {
    await fill();
    unclose();
    const before = inode();
    const drain = (): Drained => {
      // So large is the store itself; the copy would be larger than a process may write.
      const args = [`--fsize=330000`, process.execPath, scripts.script('drain'), store];
      return JSON.parse(execFileSync('prlimit', args, { encoding: 'utf8' })) as Drained;
    };
    await change(({ lanes }) => void lanes.removeSync([...lanes.getKeys()][0]!));
    expect(drain()).toMatchObject({ refused: 'damaged', message: expect.stringContaining('not in the index') });
    expect(inode()).toBe(before);
    await (await openQueue({ path: store })).close();
    unclose();
    const repaired = inode();
    expect(repaired).not.toBe(before);
    expect(drain()).toHaveProperty('ids');
    expect(inode()).toBe(repaired);
  });
});

describe('F-97 a copy that is cut short', () => {
  it.each(['during a copy', 'before a swap', 'during a swap', 'after a swap'])(
    '%s, by the end of the process that makes it, harms nothing',
    async (moment) => {
      await fill();
      unclose();
      const before = inode();
      const env = { ...process.env, SPILLWAY_FAILPOINT: moment };
      const said = execFileSync(process.execPath, [scripts.script('drain'), store], { env, encoding: 'utf8' });
      const drained = JSON.parse(said) as Drained;
      expect(inode() === before).toBe(moment === 'during a copy' || moment === 'before a swap');
      expect(readdirSync(store).filter((name) => name.includes('copy'))).toEqual([]);
      if (moment === 'during a copy') {
        // A kill from outside says nothing about the store.
        expect(drained).toMatchObject({ refused: 'unread' });
        const queue = await openQueue({ path: store, now: () => 3_000 });
        await expectAll(queue);
        await queue.close();
      } else {
        expect(drained).toMatchObject({ replayed: 40, quarantined: 0 });
        const { ids, dead } = drained as Extract<Drained, { ids: unknown }>;
        expect([ids.length, dead.length]).toEqual([80, 40]);
      }
    },
  );

  /** The child of a process that opens the store. */
  function copyingChild(): ChildProcess {
    const script = path.join(path.dirname(scripts.script('drain')), 'core/queue/lmdb/verify-child.js');
    const child = fork(script, [data(), `${data()}.copy`], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    children.push(child);
    return child;
  }

  it('is not begun by the child of a process that is gone: the next owner makes one under that name', async () => {
    await fill();
    const child = copyingChild();
    child.disconnect();
    await once(child, 'exit');
    expect(readdirSync(store).filter((name) => name.includes('copy'))).toEqual([]);
  });

  it('is not taken for another one that was begun under its name', async () => {
    await fill();
    const before = inode();
    const child = copyingChild();
    const messages: unknown[] = [];
    child.on('message', (message) => {
      messages.push(message);
      if (messages.length !== 2) return;
      copyFileSync(`${data()}.copy`, `${data()}.other`);
      renameSync(`${data()}.other`, `${data()}.copy`);
      child.send('swap');
    });
    await once(child, 'close');
    expect(messages).toEqual(['reading', { sound: true, isCopied: true }, 'failed']);
    expect(inode()).toBe(before);
  });

  it('by a kill of the process that opens the store, at any moment, harms nothing', async () => {
    await fill();
    const moments = new Set<string>();
    for (let round = 0; round < 12; round += 1) {
      rmSync(path.join(store, 'closed.json'), { force: true });
      const child = spawn(process.execPath, [scripts.script('produce'), store, `r${round}`], { stdio: 'ignore' });
      children.push(child);
      const ended = new Promise((resolve) => child.once('close', resolve));
      // Either as soon as there is a copy, or at a moment like any other.
      const isCopied = (): boolean => readdirSync(store).some((name) => name.includes('copy'));
      const until = performance.now() + (round % 2 === 0 ? 5_000 : 60 + 60 * round);
      while (performance.now() < until && !(round % 2 === 0 && isCopied())) await setImmediate();
      moments.add(isCopied() ? 'with a copy' : 'without');
      child.kill('SIGKILL');
      await ended;
    }
    const queue = await openQueue({ path: store, now: () => 3_000 });
    expect(readdirSync(store).filter((name) => name.includes('copy'))).toEqual([]);
    const letters: string[] = [];
    for await (const { id } of queue.dead('c')) letters.push(id);
    expect(letters).toHaveLength(40);
    await queue.close();
    expect(moments).toContain('with a copy');
  });
});

describe('F-96 an owner that lost its sockets', () => {
  const removeSockets = (): void => {
    for (const name of readdirSync(store)) if (name.endsWith('.sock')) rmSync(path.join(store, name));
  };

  it('confirms nothing that the copy of the next owner has not', async () => {
    const lost = await openQueue({ path: store });
    const confirmed: string[] = [];
    let refusal: unknown;
    const putting = (async () => {
      for (let n = 0; refusal === undefined && n < 100; n += 1) {
        await lost.put('c', [queued(`e${n}`)]).then(
          () => confirmed.push(`e${n}`),
          (error: unknown) => (refusal = error),
        );
        await setTimeout(200);
      }
    })();
    await setTimeout(500);
    removeSockets();
    // It comes between two commits, or is refused.
    let end = await scripts.drain(store);
    for (let time = 0; time < 20 && 'refused' in end && end.refused === 'busy'; time += 1) {
      removeSockets();
      end = await scripts.drain(store);
    }
    await putting;
    await lost.close();
    expect(refusal).toMatchObject({ code: 'taken' });
    expect(confirmed.length).toBeGreaterThan(2);
    expect(end).toMatchObject({ ids: confirmed });
  });

  it('keeps the store while it writes all the time', async () => {
    const child = spawn(process.execPath, [scripts.script('produce'), store, 'p'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    while (printed === '') await setTimeout(5);
    removeSockets();
    const refused = { refused: 'busy', message: expect.stringContaining('a process writes to the queue store') };
    expect(await scripts.drain(store)).toEqual(refused);
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
    const { ids } = (await scripts.drain(store)) as Extract<Drained, { ids: unknown }>;
    const there = new Set(ids.map((id) => id.replace(/~\d+$/, '')));
    const put = printed
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('put '));
    expect(put.length).toBeGreaterThan(40);
    expect(put.filter((line) => !there.has(line.slice(4)))).toEqual([]);
  });
});
