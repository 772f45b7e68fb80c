import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import fs, {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { acquire, findOwner, StoreOwned, type Ownership } from '../../core/queue/lmdb/owner.ts';
import { openQueue } from '../../core/queue/lmdb/open-queue.ts';
import { openStore } from '../../core/queue/index.ts';
import { canRun, itNeeds } from '../support/machine.ts';
import { queued } from '../support/queue/contract.ts';
import { compiled, type Compiled } from '../support/queue/compiled.ts';
import { storeFolder } from '../support/queue/store-folder.ts';

let scripts: Compiled;
const nextStore = storeFolder();
let store: string;
beforeAll(async () => {
  scripts = await compiled();
}, 60_000);
beforeEach(() => {
  store = nextStore();
});
let children: ChildProcess[] = [];
afterEach(() => {
  jest.restoreAllMocks();
  for (const child of children) child.kill('SIGKILL');
  children = [];
});
afterAll(async () => {
  await scripts.remove();
});
// Most tests start processes.
jest.setTimeout(120_000);

const linux = { met: process.platform === 'linux', otherwise: 'only Linux is like this' };
const sockets = (directory = store): string[] =>
  readdirSync(directory)
    .filter((name) => name !== 'owner.sock' && name.endsWith('.sock'))
    .sort();
const removeSockets = (): void => {
  for (const name of readdirSync(store)) if (name.endsWith('.sock')) rmSync(path.join(store, name));
};

/** A process that has the store, and works in it. */
async function producer(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [scripts.script('produce'), store, 'p'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  child.stdout.resume();
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await ended;
}

describe('the owner of a store', () => {
  it('F-96 has the highest number; its socket is for its user alone, and stays until the next owner has written', async () => {
    const first = await openQueue({ path: store });
    expect(sockets()).toEqual(['owner.1.sock']);
    expect(statSync(path.join(store, 'owner.1.sock')).mode & 0o777).toBe(0o600);
    expect(readlinkSync(path.join(store, 'owner.sock'))).toBe('owner.1.sock');
    await first.close();
    expect(sockets()).toEqual(['owner.1.sock']);
    const second = await openQueue({ path: store });
    expect(sockets()).toEqual(['owner.2.sock']);
    expect(lstatSync(path.join(store, 'owner.sock')).isSymbolicLink()).toBe(true);
    await second.close();
  });

  it('F-96 is whoever asks once the owner was killed, and numbers of files that nobody listens on are passed over', async () => {
    await killed(await producer());
    expect(sockets()).toEqual(['owner.1.sock']);
    for (const name of ['owner.7.sock', 'o.0123456789abcdef.sock']) writeFileSync(path.join(store, name), 'no socket');
    writeFileSync(path.join(store, 'owner.json'), JSON.stringify({ pid: process.pid, started: 'long ago' }));
    await (await openQueue({ path: store })).close();
    expect(sockets()).toEqual(['owner.8.sock']);
  });

  it('F-96 F-97 keeps the store while it is stopped; within seconds the refusal names it, and says how it is', async () => {
    const child = await producer();
    child.kill('SIGSTOP');
    const since = performance.now();
    await expect(openQueue({ path: store })).rejects.toMatchObject({
      code: 'busy',
      owner: 'silent',
      message: expect.stringMatching(`process ${child.pid} has the queue store and has not answered.*kill -CONT`),
    });
    expect(performance.now() - since).toBeLessThan(6_000);
    child.kill('SIGCONT');
    await expect(openQueue({ path: store })).rejects.toMatchObject({
      owner: 'working',
      message: expect.stringContaining(`in use by process ${child.pid}`),
    });
    await killed(child);
    await (await openQueue({ path: store })).close();
  });

  it('F-96 is one of those that ask at once', async () => {
    mkdirSync(store);
    for (let round = 0; round < 20; round += 1) {
      const asked = await Promise.allSettled(Array.from({ length: 12 }, () => acquire(store, createServer())));
      const got = asked.flatMap((one): Ownership[] => (one.status === 'fulfilled' ? [one.value] : []));
      expect(got).toHaveLength(1);
      for (const one of asked) if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(StoreOwned);
      await got[0]!.removeFormer();
      got[0]!.release();
    }
    expect(sockets()).toHaveLength(1);
  });

  it('F-96 is not who took a number late, below that of an owner it did not see', async () => {
    mkdirSync(store);
    for (let number = 1; number < 6; number += 1) (await acquire(store, createServer())).release();
    const owner = await acquire(store, createServer());
    expect(owner.number).toBe(6);
    await owner.removeFormer();
    const real = fs.readdirSync.bind(fs) as (...args: unknown[]) => string[];
    // As it was before the owner came.
    jest.spyOn(fs, 'readdirSync').mockImplementationOnce((() => ['owner.4.sock']) as never);
    await expect(acquire(store, createServer())).rejects.toBeInstanceOf(StoreOwned);
    expect(real(store).filter((name) => name === 'owner.5.sock')).toHaveLength(1);
    const found = await findOwner(store);
    expect(found?.path.endsWith('owner.6.sock')).toBe(true);
    found?.letGo();
    owner.release();
    const next = await acquire(store, createServer());
    expect(next.number).toBe(7);
    next.release();
  });

  it('F-96 is no more whose number the store has no longer: what it puts is refused, and the other one goes on', async () => {
    const lost = await openQueue({ path: store });
    await lost.put('c', [queued('a')]);
    // Somebody removes the sockets, and another process finds no owner.
    removeSockets();
    expect(await scripts.drain(store)).toMatchObject({ ids: ['a'] });
    await expect(lost.put('c', [queued('b')])).rejects.toMatchObject({ code: 'taken' });
    await lost.close();
    const next = await openQueue({ path: store });
    expect(next.claim('c', 9, 1).map(({ id }) => id)).toEqual(['later']);
    await next.close();
  });

  itNeeds(linux)('F-96 is found under a path that is too long for a socket', async () => {
    store = path.join(path.dirname(store), 'long-'.repeat(40), 'store');
    const queue = await openQueue({ path: store });
    expect(sockets()).toEqual(['owner.1.sock']);
    expect(await scripts.drain(store)).toEqual({
      refused: 'busy',
      message: expect.stringContaining(`in use by process ${process.pid}`),
    });
    const client = await openStore({ path: store, share: true });
    expect(await client.put([{ connection: 'c', events: [queued('a')] }])).toEqual([{ accepted: 1, duplicates: 0 }]);
    await client.close();
    await queue.close();
    expect(await scripts.drain(store)).toMatchObject({ ids: ['a'] });
  });

  it('F-96 is told how long the path may be, on a system where that matters', async () => {
    store = path.join(path.dirname(store), 'long-'.repeat(30));
    mkdirSync(store);
    const real = existsSync;
    jest.spyOn(fs, 'existsSync').mockImplementation((name) => name !== '/proc/self/fd' && real(name));
    await expect(openQueue({ path: store })).rejects.toMatchObject({
      code: 'path',
      message: expect.stringMatching(/would have \d{3} bytes, and this system takes 100\. Name a directory/),
    });
  });

  it('F-96 of a copy is not the owner of the store, and the copy is a store of its own', async () => {
    const queue = await openQueue({ path: store });
    await queue.put('c', [queued('a')]);
    const copy = `${store}.copy`;
    mkdirSync(copy);
    if (canRun('cp', '--version')) execFileSync('cp', ['-a', `${store}/.`, copy]);
    else
      for (const name of ['spillway-queue.json', 'events.mdb'])
        copyFileSync(path.join(store, name), path.join(copy, name));
    expect(await scripts.drain(copy)).toMatchObject({ ids: ['a'] });
    await expect(openQueue({ path: store })).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringContaining('this process has the queue store open already'),
    });
    await queue.put('c', [queued('b')]);
    await queue.close();
  });

  it('F-96 is a worker of node:cluster itself, and not the process that started it', async () => {
    const primary = path.join(path.dirname(scripts.script('drain')), 'primary.js');
    writeFileSync(
      primary,
      `import cluster from 'node:cluster';
      cluster.setupPrimary({ exec: ${JSON.stringify(scripts.script('produce'))}, args: [${JSON.stringify(store)}, 'p'], silent: true });
      const worker = cluster.fork();
      worker.process.stdout.once('data', () => console.log(worker.process.pid));
      worker.process.stdout.resume();
      setInterval(() => undefined, 1_000);`,
    );
    const child = spawn(process.execPath, [primary], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const pid = Number(await new Promise((resolve) => child.stdout.once('data', resolve)));
    await expect(openQueue({ path: store })).rejects.toMatchObject({
      message: expect.stringContaining(`in use by process ${pid}`),
    });
    process.kill(pid, 'SIGSTOP');
    await killed(child);
    await expect(openQueue({ path: store })).rejects.toMatchObject({ owner: 'silent' });
    process.kill(pid, 'SIGKILL');
    let isFree = false;
    while (!isFree) isFree = (await findOwner(store)) === undefined;
    await (await openQueue({ path: store })).close();
  });

  const unshare = canRun('unshare', '-pfn', '--mount-proc', 'true');
  itNeeds({ met: unshare, otherwise: 'no namespaces may be made' })(
    'F-96 is seen from another container, which has numbers of its own for processes',
    async () => {
      const args = ['-pfnu', '--mount-proc', 'sh', '-c'];
      const drain = `hostname elsewhere; exec ${process.execPath} ${scripts.script('drain')} ${store}`;
      const elsewhere = async (): Promise<unknown> =>
        JSON.parse((await promisify(execFile)('unshare', [...args, drain], { encoding: 'utf8' })).stdout);
      const queue = await openQueue({ path: store });
      await queue.put('c', [queued('a')]);
      expect(await elsewhere()).toEqual({
        refused: 'busy',
        message: expect.stringContaining(`in use by process ${process.pid} of another container or machine`),
      });
      await queue.put('c', [queued('b')]);
      await queue.close();
      expect(await elsewhere()).toMatchObject({ ids: ['a', 'b'] });
      await killed(await producer());
      expect(await elsewhere()).toHaveProperty('ids');
    },
  );
});
