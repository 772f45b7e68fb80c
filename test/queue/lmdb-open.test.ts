// Tests core/queue/lmdb/open-queue.ts and core/queue/lmdb/store-directory.ts.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { openQueue } from '../../core/queue/lmdb/open-queue.ts';
import { salvage } from '../../core/queue/lmdb/salvage.ts';
import { canRun, itNeeds, prlimit } from '../support/machine.ts';
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
afterAll(async () => {
  await scripts.remove();
});

const data = (): string => path.join(store, 'events.mdb');
const at = { now: 2_000, configHash: '' };
// Most tests start processes.
jest.setTimeout(120_000);

/** A store with one event that was not closed. */
async function unclosed(): Promise<void> {
  const queue = await openQueue({ path: store });
  await queue.put('c', [queued('a')]);
  await queue.close();
  rmSync(path.join(store, 'closed.json'));
}

it('F-32 openQueue() and salvage() take a file: URL for a path, and name what is neither', async () => {
  const url = pathToFileURL(store);
  const queue = await openQueue({ path: url });
  await queue.put('c', [queued('a')]);
  await queue.close();
  expect(await readdir(store)).toContain('events.mdb');
  expect(await salvage({ store: url, onRecord: () => undefined })).toMatchObject({ records: 1 });
  for (const path of [new URL('https://example.com/queue'), '', undefined] as string[]) {
    await expect(openQueue({ path })).rejects.toThrow(new TypeError('openStore(): path must be a path or a file: URL'));
    await expect(salvage({ store: path, onRecord: () => undefined })).rejects.toThrow(
      new TypeError('salvage(): store must be a path or a file: URL'),
    );
  }
});

it('a store is for the user alone whose process made it', async () => {
  const queue = await openQueue({ path: store });
  await queue.put('c', [queued('a')]);
  const names = ['', ...(await readdir(store)).filter((name) => name !== 'owner.sock')];
  expect(names).toEqual(
    expect.arrayContaining(['events.mdb', 'events.mdb-lock', 'owner.1.sock', 'owner.json', 'spillway-queue.json']),
  );
  for (const name of names) expect([name, statSync(path.join(store, name)).mode & 0o077]).toEqual([name, 0]);
  await queue.close();
});

describe('a store that is made while another process asks for it', () => {
  it('is not made anew by that one', async () => {
    // Looks, finds nothing, and waits: this process is busy while the other one makes the store, puts and closes.
    const second = openQueue({ path: store });
    execFileSync(process.execPath, [scripts.script('drain'), store]);
    const queue = await second;
    expect(queue.claim('c', 9, 1).map(({ id }) => id)).toEqual(['later']);
    await queue.close();
  });
});

describe('a store whose machine lost its power while a transaction was on its way', () => {
  const metas = [0, 2048, 4096];

  /**
   * What is on the disk then: all of the transactions that were flushed, of the one on its way the page that announces it, and of its
   * other pages `share`. And the machine was started anew.
   */
  async function cut(share: number): Promise<void> {
    const queue = await openQueue({ path: `${store}.before` });
    const file = path.join(`${store}.before`, 'events.mdb');
    const put = (n: number): Promise<unknown> =>
      queue.put(
        'c',
        Array.from({ length: 40 }, (_, i) => queued(`${n}-${i}`, { lanes: [`lane-${i % 7}`] })),
      );
    for (let n = 0; n < 10; n += 1) await put(n);
    const claims = queue.claim('c', 300, 1);
    await queue.settle(
      'c',
      claims.map(({ seq }) => ({ kind: 'done', seq, outcome: 'delivered' })),
      at,
    );
    const flushed = readFileSync(file);
    await put(10);
    const after = readFileSync(file);
    await queue.close();

    const found = Buffer.from(flushed);
    const first = flushed.readBigUInt64LE(152) > flushed.readBigUInt64LE(4096 + 152) ? 4096 : 0;
    after.copy(found, first, first, first + 2048);
    for (let page = 8192; page < found.length * share; page += 4096) after.copy(found, page, page, page + 4096);
    for (const meta of metas) found[meta + 160]! ^= 1;
    mkdirSync(store);
    copyFileSync(path.join(`${store}.before`, 'spillway-queue.json'), path.join(store, 'spillway-queue.json'));
    writeFileSync(data(), found);
  }

  it.each([0, 0.3, 0.6])('has all that was acknowledged, when of its pages %d are there', async (share) => {
    await cut(share);
    const queue = await openQueue({ path: store });
    expect(queue.status(0).connections).toMatchObject([{ waiting: 100, done: 300 }]);
    expect(queue.claim('c', 999, 1)).toHaveLength(100);
    await queue.put('c', [queued('more')]);
    await queue.close();
  });

  it('stays as it was found when it is damaged besides', async () => {
    await cut(0);
    const bytes = readFileSync(data());
    const root = Number(bytes.readBigUInt64LE(2048 + 136)) * 4096;
    bytes.fill(0, root, root + 64);
    writeFileSync(data(), bytes);
    await expect(openQueue({ path: store })).rejects.toMatchObject({ code: 'damaged' });
    expect(readFileSync(data()).equals(bytes)).toBe(true);
  });
});

describe('a store that once was full', () => {
  const free = 300_000;

  /** Makes one run of free pages at the end of the file, as a store has that was drained. The file stays small: it has holes. */
  function empty(change: (list: Buffer, at: number, end: number) => void): void {
    const file = openSync(data(), 'r+');
    const bytes = (from: number, length: number): Buffer => {
      const buffer = Buffer.alloc(length);
      readSync(file, buffer, 0, length, from);
      return buffer;
    };
    const [meta, place] = [0, 2048, 4096]
      .map((from) => [bytes(from, 200), from] as const)
      .filter(([buffer]) => buffer.readUInt32LE(24) === 0xbeefc0de)
      .sort(([a], [b]) => Number(b.readBigUInt64LE(152) - a.readBigUInt64LE(152)))[0]!;
    const last = Math.ceil(fstatSync(file).size / 4096) - 1;
    const leaf = Number(meta.readBigUInt64LE(88)) * 4096;
    const page = bytes(leaf, 4096);
    // Of each node of the leaf: where its list of pages begins. One with two numbers or more is needed.
    for (let at = 24; at < 24 + page.readUInt16LE(20); at += 2) {
      const node = page.readUInt16LE(at) + 24;
      const list = node + 8 + page.readUInt16LE(node + 6);
      if (page.readUInt32LE(node) < 24 || page.readBigUInt64LE(list) < 2n) continue;
      change(page, list, last);
      meta.writeBigUInt64LE(BigInt(last + free), 144);
      writeSync(file, page, 0, 4096, leaf);
      writeSync(file, meta, 0, 200, place);
      closeSync(file);
      truncateSync(data(), (last + free + 1) * 4096);
      return;
    }
    throw new Error('no list of free pages is long enough');
  }

  async function used(): Promise<void> {
    const queue = await openQueue({ path: store });
    for (let round = 0; round < 3; round += 1) {
      await queue.put(
        'c',
        Array.from({ length: 60 }, (_, n) => queued(`${round}-${n}`)),
      );
      const claims = queue.claim('c', 50, 1);
      await queue.settle(
        'c',
        claims.map(({ seq }) => ({ kind: 'done', seq, outcome: 'delivered' })),
        at,
      );
    }
    await queue.close();
  }

  it('is sound after a kill, with hundreds of thousands of free pages', async () => {
    await used();
    empty((page, list, last) => {
      page.writeBigInt64LE(BigInt(-free), list + 8);
      page.writeBigInt64LE(BigInt(last + 1), list + 16);
    });
    const queue = await openQueue({ path: store });
    expect(queue.status(0).connections).toMatchObject([{ connection: 'c', waiting: 30, done: 150 }]);
    await queue.put('c', [queued('more')]);
    await queue.close();
    rmSync(path.join(store, 'closed.json'));
    await (await openQueue({ path: store })).close();
  });

  it.each([
    ['beyond the end of the store', (last: number) => [-(2n ** 32n), BigInt(last + 1)]],
    ['before its first page', () => [-10n, 0n]],
    ['that are in use', (last: number) => [-1000n, BigInt(last - 10)]],
  ])('keeps every record when it has free pages %s: the copy has none of them', async (_, run) => {
    await used();
    empty((page, list, last) => {
      const [length, first] = run(last);
      page.writeBigInt64LE(length!, list + 8);
      page.writeBigInt64LE(first!, list + 16);
    });
    const queue = await openQueue({ path: store });
    expect(statSync(data()).size).toBeLessThan(1_000_000);
    // LMDB would take such pages for what comes next.
    for (let n = 0; n < 20; n += 1)
      await queue.put(
        'c',
        Array.from({ length: 20 }, (_, i) => queued(`more-${n}-${i}`)),
      );
    expect(queue.claim('c', 999, 1)).toHaveLength(430);
    expect(await queue.replay('c', 0, at.now)).toBe(150);
    await queue.close();
  });
});

describe('a store that cannot be had, for a reason outside of it', () => {
  const isRoot = process.getuid?.() === 0;
  /** As a user that may not do everything. */
  async function asUser<T>(act: () => Promise<T>): Promise<T> {
    if (!isRoot) return act();
    process.seteuid!(65_534);
    try {
      return await act();
    } finally {
      process.seteuid!(0);
    }
  }

  it.each(['events.mdb', 'events.mdb-lock', 'spillway-queue.json'])(
    'is refused as not writable, not as damaged, when %s is of another user',
    async (name) => {
      await (await openQueue({ path: store })).close();
      chmodSync(store, 0o777);
      chmodSync(path.join(store, name), 0);
      await expect(asUser(() => openQueue({ path: store }))).rejects.toMatchObject({
        name: 'StoreRefused',
        code: 'unwritable',
        message: expect.stringMatching(/cannot read and write there \(EACCES.*Give it the right/s),
      });
      chmodSync(path.join(store, name), 0o666);
      await (await openQueue({ path: store })).close();
    },
  );

  it('is not said to hold no data file by salvage, when that may not be read', async () => {
    await (await openQueue({ path: store })).close();
    chmodSync(data(), 0);
    await expect(asUser(() => salvage({ store, onRecord: () => undefined }))).rejects.toMatchObject({
      code: 'unwritable',
      message: expect.stringContaining('EACCES'),
    });
  });

  it('is not judged when it is larger than what can be mapped', async () => {
    await (await openQueue({ path: store })).close();
    await expect(openQueue({ path: store, maxBytes: 2 ** 46 })).rejects.toMatchObject({
      name: 'StoreRefused',
      code: 'unread',
      message: expect.stringMatching(/too little memory \(ENOMEM/),
    });
    await (await openQueue({ path: store, maxBytes: 2 ** 20 })).close();
  });

  itNeeds(prlimit)(
    'is not judged when the process that looks through it, or the one that opens it, may not map it',
    async () => {
      await unclosed();
      for (const limit of [1.5, 3.5]) {
        const args = [`--as=${limit * 2 ** 30}`, process.execPath, scripts.script('drain'), store];
        expect(JSON.parse(execFileSync('prlimit', args, { encoding: 'utf8' }))).toEqual({
          refused: 'unread',
          message: expect.stringMatching(/too little memory \(ENOMEM.*ulimit -v/),
        });
      }
    },
  );

  itNeeds(prlimit)('is not made where there is no room for it', async () => {
    const end = execFileSync('prlimit', ['--fsize=100000', process.execPath, scripts.script('drain'), store]);
    expect(JSON.parse(String(end))).toEqual({
      refused: 'unwritable',
      message: expect.stringMatching(/no room to write there \(EFBIG/),
    });
    expect(await scripts.drain(store)).toMatchObject({ ids: [] });
  });

  const mount = canRun('unshare', '-m', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir());
  itNeeds({ met: mount, otherwise: 'no tmpfs may be mounted' })(
    'is made on a disk that is nearly full, or refused; LMDB does not get to end the process',
    async () => {
      mkdirSync(store);
      const ends = [2, 7, 9, 11, 13, 40, 80, 120].map((blocks) => {
        const fill = `mount -t tmpfs -o size=800k tmpfs ${store} && head -c ${800 * 1024 - blocks * 4096 - 4096} /dev/zero > ${store}/fill`;
        const drain = `${process.execPath} ${scripts.script('drain')} ${store}/queue`;
        const said = execFileSync('unshare', ['-m', 'sh', '-c', `${fill} && ${drain}`], { encoding: 'utf8' });
        return (JSON.parse(said) as { readonly refused?: string }).refused ?? 'made';
      });
      expect(ends).toEqual([...Array<string>(6).fill('unwritable'), 'made', 'made']);
    },
  );
});

describe('the process that looks through a store that was not closed', () => {
  /** Another host, with another child beside it. */
  async function withChild(child: string | undefined): Promise<unknown> {
    const folder = await mkdtemp(path.join(process.cwd(), 'node_modules', '.queue-'));
    try {
      writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
      copyFileSync(scripts.script('drain'), path.join(folder, 'drain.js'));
      const place = path.join(folder, 'core/queue/lmdb');
      mkdirSync(place, { recursive: true });
      if (child !== undefined) writeFileSync(path.join(place, 'verify-child.js'), child);
      await unclosed();
      const before = readFileSync(data());
      const said = execFileSync(process.execPath, [path.join(folder, 'drain.js'), store], { encoding: 'utf8' });
      expect(readFileSync(data()).equals(before)).toBe(true);
      return JSON.parse(said);
    } finally {
      await rm(folder, { recursive: true });
    }
  }
  const begin = `process.send('reading', () => `;
  const notJudged = (why: string): unknown => ({
    refused: 'unread',
    message: expect.stringMatching(new RegExp(`could not be looked through \\(.*${why}.*It was not judged`)),
  });

  it.each([
    ['is not there, because the host is one bundled file', undefined, 'verify-child.js is not there'],
    ['ends before it reads', `import 'not-there';`, "Cannot find package 'not-there'"],
    ['dies before it reads', `process.kill(process.pid, 'SIGSEGV')`, 'SIGSEGV'],
    ['is killed for want of memory', `${begin} process.kill(process.pid, 'SIGKILL'))`, 'SIGKILL'],
    ['is stopped together with its parent', `${begin} process.kill(process.pid, 'SIGINT'))`, 'SIGINT'],
    [
      'has not enough memory itself',
      `${begin} { process.stderr.write('FATAL ERROR: JavaScript heap out of memory\\n'); process.abort(); })`,
      'out of memory',
    ],
  ])('says nothing about the store when it %s', async (_, child, why) => {
    expect(await withChild(child)).toEqual(notJudged(why));
    expect(await scripts.drain(store)).toMatchObject({ ids: ['a'] });
  });

  it('says nothing about the store when it may not read it', async () => {
    const child = `${begin} process.send({ sound: false, what: 'Cannot allocate memory', errno: 'ENOMEM' }))`;
    expect(await withChild(child)).toMatchObject({ refused: 'unread' });
  });

  it.each(['SIGBUS', 'SIGABRT'])('shows that it is damaged when it dies of reading it (%s)', async (signal) => {
    expect(await withChild(`${begin} process.kill(process.pid, '${signal}'))`)).toMatchObject({
      refused: 'damaged',
      message: expect.stringContaining(signal),
    });
  });

  it('is found from whatever folder the host was started in, run from source, too', async () => {
    await unclosed();
    const tsx = pathToFileURL(createRequire(path.resolve('package.json')).resolve('tsx')).href;
    const said = execFileSync(process.execPath, ['--import', tsx, path.resolve('test/support/queue/drain.ts'), store], {
      cwd: path.dirname(store),
      encoding: 'utf8',
    });
    expect(JSON.parse(said)).toMatchObject({ ids: ['a'] });
  });
});

it('the lock of LMDB is shared with who takes the store over from its owner', async () => {
  await (await openQueue({ path: store })).close();
  const { ino } = statSync(`${data()}-lock`);
  await (await openQueue({ path: store })).close();
  expect(statSync(`${data()}-lock`).ino).toBe(ino);
  // When no process holds it, its content does not matter.
  writeFileSync(`${data()}-lock`, 'not what LMDB wrote');
  await (await openQueue({ path: store })).close();
});
