// Tests core/queue/lmdb/verify-store.ts, core/queue/lmdb/quarantine.ts and core/queue/lmdb/salvage.ts.
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openQueue } from '../../core/queue/lmdb/open-queue.ts';
import { salvage } from '../../core/queue/lmdb/salvage.ts';
import { decode, type QueueRecord } from '../../core/queue/lmdb/record.ts';
import type { DeliveryQueue } from '../../core/queue/queue.ts';
import { queued } from '../support/queue/contract.ts';
import { compiled, type Compiled } from '../support/queue/compiled.ts';
import { storeFolder } from '../support/queue/store-folder.ts';
import type { Drained } from '../support/queue/drain.ts';
import { copyStore } from '../support/queue/copy-store.ts';

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
const slow = 120_000;

async function salvaged(folder = store): Promise<QueueRecord[]> {
  const records: QueueRecord[] = [];
  await salvage({ store: folder, onRecord: (record) => records.push(record) });
  return records;
}

/** Waiting, done and dead ones, small and long, on pages that were used more than once. */
async function fill(queue: DeliveryQueue): Promise<void> {
  for (let round = 0; round < 4; round += 1) {
    await queue.put(
      'c',
      Array.from({ length: 50 }, (_, n) =>
        queued(`e${round}-${n}`, {
          lanes: n % 3 === 0 ? undefined : [`lane-${n % 7}`],
          event: { type: 'track', event: 'x', properties: { text: 'y'.repeat(n % 10 === 0 ? 9_000 : 300) } },
        }),
      ),
    );
    const claims = queue.claim('c', 30, 1);
    await queue.settle(
      'c',
      claims.map(({ seq }, n) =>
        n % 5 === 0
          ? { kind: 'dead', seq, outcome: 'rejected', reason: { code: 'vendor_rejected', message: 'No.' }, attempts: 1 }
          : { kind: 'done', seq, outcome: 'delivered' },
      ),
      at,
    );
  }
}

describe('who may have a store', () => {
  it('is one process at a time, and the message names it', async () => {
    const queue = await openQueue({ path: store });
    await expect(openQueue({ path: store })).rejects.toMatchObject({ code: 'busy', path: store });
    expect(await scripts.drain(store)).toEqual({
      refused: 'busy',
      message: expect.stringContaining(`in use by process ${process.pid}`),
    });
    await queue.put('c', [queued('a')]);
    await queue.close();
    expect(await scripts.drain(store)).toMatchObject({ ids: ['a'] });
  });
});

describe('what is not opened, and stays as it is', () => {
  it('is a folder with something else in it, or a file', async () => {
    mkdirSync(store);
    writeFileSync(path.join(store, 'events.mdb'), 'something else');
    await expect(openQueue({ path: store })).rejects.toMatchObject({ code: 'foreign' });
    expect(readFileSync(data(), 'utf8')).toBe('something else');
    expect(await readdir(store)).toEqual(['events.mdb']);
    await expect(openQueue({ path: data() })).rejects.toMatchObject({ code: 'foreign' });
  });

  it('is a store of a newer format', async () => {
    await (await openQueue({ path: store })).close();
    writeFileSync(path.join(store, 'spillway-queue.json'), '{"store":"spillway-queue","format":3,"made":true}');
    await expect(openQueue({ path: store })).rejects.toMatchObject({
      code: 'newer',
      message: expect.stringContaining('has format 3, this version knows 2'),
    });
  });

  it('is a store of an older format, which the version that made it has to deliver', async () => {
    await (await openQueue({ path: store })).close();
    writeFileSync(path.join(store, 'spillway-queue.json'), '{"store":"spillway-queue","format":1,"made":true}');
    await expect(openQueue({ path: store })).rejects.toMatchObject({
      code: 'older',
      message: expect.stringContaining('Deliver its events with the version of spillway that made it'),
    });
  });

  const isRoot = process.getuid?.() === 0;
  (isRoot ? it.skip : it)(
    `is a folder that may only be read${isRoot ? ' (skipped: root may write anywhere)' : ''}`,
    async () => {
      mkdirSync(store, { mode: 0o500 });
      await expect(openQueue({ path: store })).rejects.toMatchObject({ code: 'unwritable' });
    },
  );
});

describe('a record that is not what was written', () => {
  it(
    'goes to quarantine, with a signal, and holds back nothing',
    async () => {
      let queue = await openQueue({ path: store });
      await queue.put(
        'c',
        ['a1', 'a2', 'a3'].map((id) => queued(id, { lanes: ['a'] })),
      );
      await queue.close();
      const bytes = readFileSync(data());
      bytes[bytes.lastIndexOf('"messageId":"a2"') + 14]! ^= 1;
      writeFileSync(data(), bytes);
      const signals: unknown[] = [];
      queue = await openQueue({ path: store, onSignal: (signal) => signals.push(signal) });
      const claims = queue.claim('c', 9, 1);
      expect(claims.map(({ id }) => id)).toEqual(['a1', 'a3']);
      expect(signals).toMatchObject([{ kind: 'defect', slug: 'c', where: 'queue record' }]);
      await queue.settle(
        'c',
        claims.map(({ seq }) => ({ kind: 'done', seq, outcome: 'delivered' })),
        at,
      );
      expect(queue.status(1)).toMatchObject({ quarantined: 1, connections: [{ waiting: 0, done: 2 }] });
      await queue.close();
      const [file] = await readdir(path.join(store, 'quarantine'));
      const kept = readFileSync(path.join(store, 'quarantine', file!));
      expect(decode(kept)).toBe('bad');
      expect(kept.includes('Order Completed')).toBe(true);
    },
    slow,
  );
});

describe('a file that was damaged while nobody had it open', () => {
  let sound: string;
  let bytes: Buffer;
  /** Where the newest state of each record lies, and what it is. */
  let spots: { readonly id: string; readonly kind: string; readonly from: number; readonly to: number }[];
  beforeAll(async () => {
    sound = nextStore();
    const queue = await openQueue({ path: sound });
    await fill(queue);
    await queue.close();
    bytes = readFileSync(path.join(sound, 'events.mdb'));
    spots = [];
    for (const record of await salvaged(sound)) spots.push(...spotsOf(record, bytes));
  }, slow);

  /** Every copy of a record: a page that was copied leaves one behind. */
  function spotsOf({ seq, stamp, id, kind }: QueueRecord, file: Buffer): typeof spots {
    const found: typeof spots = [];
    const mark = Buffer.alloc(12);
    mark.writeUIntLE(seq, 0, 6);
    mark.writeUIntLE(stamp, 6, 6);
    for (let at = file.indexOf(mark); at !== -1; at = file.indexOf(mark, at + 1)) {
      const from = at - 20;
      const length = 32 + file.readUInt32LE(from + 8) + file.readUInt32LE(from + 12);
      if (file.readUInt32LE(from) === 0x8e7153d5) found.push({ id, kind, from, to: from + length });
    }
    return found;
  }

  /** Pseudo-random, the same every time. */
  let state = 20_261_128;
  const below = (most: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state % most;
  };
  const page = 4096;
  type Damage = { readonly name: string; readonly from: number; readonly to: number; readonly bytes: Buffer };
  const changed = (name: string, from: number, to: number, change: (copy: Buffer) => void): Damage => {
    const copy = Buffer.from(bytes);
    change(copy);
    return { name, from, to, bytes: copy };
  };
  const damages: Record<string, () => Damage> = {
    'a flipped bit': () => {
      const at = below(bytes.length);
      return changed(`bit of ${at}`, at, at + 1, (copy) => (copy[at]! ^= 1 << below(8)));
    },
    'a flipped bit in the head of a page': () => {
      const at = below(bytes.length / page) * page + below(40);
      return changed(`bit of ${at}`, at, at + 1, (copy) => (copy[at]! ^= 1 << below(8)));
    },
    'zeroed bytes': () => {
      const at = below(bytes.length - 100);
      return changed(`zero ${at}`, at, at + 100, (copy) => copy.fill(0, at, at + 100));
    },
    'a zeroed page': () => {
      const at = below(bytes.length / page) * page;
      return changed(`zero page ${at / page}`, at, at + page, (copy) => copy.fill(0, at, at + page));
    },
    'a torn end': () => {
      const at = below(bytes.length);
      return { name: `torn at ${at}`, from: at, to: bytes.length, bytes: bytes.subarray(0, at) };
    },
  };

  it.each(Object.keys(damages))(
    'with %s is refused, or gives out every intact record; salvage finds every intact record',
    async (name) => {
      const told = { works: 0, refused: 0 };
      for (let round = 0; round < 5; round += 1) {
        const damage = damages[name]!();
        const copy = path.join(store, String(round));
        copyStore(sound, copy);
        writeFileSync(path.join(copy, 'events.mdb'), damage.bytes);
        const intact = spots.filter(({ from, to }) => to <= damage.from || from >= damage.to);
        const expected = new Set(intact.map(({ id, kind }) => `${id} ${kind}`));
        const found = new Set((await salvaged(copy)).map(({ id, kind }) => `${id} ${kind}`));
        expect([damage.name, [...expected].filter((one) => !found.has(one))]).toEqual([damage.name, []]);
        const end = await scripts.drain(copy);
        if ('died' in end) throw new Error(`${damage.name}: ${end.died}`);
        if ('refused' in end) {
          told.refused += 1;
          expect(end).toMatchObject({ refused: 'damaged', message: expect.stringContaining('spillway queue salvage') });
          expect(readFileSync(path.join(copy, 'events.mdb')).equals(damage.bytes)).toBe(true);
          continue;
        }
        told.works += 1;
        const given = end.ids.length + end.dead.length;
        expect([damage.name, given + end.quarantined]).toEqual([damage.name, 200]);
        expect(end.quarantined).toBeLessThanOrEqual(spots.length - intact.length);
      }
      expect(told.works + told.refused).toBe(5);
    },
    slow,
  );

  it.each([
    ['is of a later transaction', 8],
    ['has wrong bounds', 22],
  ])(
    'gives out everything where a page of its tree %s: LMDB would write past its end, but the copy has no such page',
    async (_, at) => {
      const copy = Buffer.from(bytes);
      for (let from = 2 * page; from < copy.length; from += page) {
        const flags = copy.readUInt16LE(from + 18);
        const isOfTree = copy.readBigUInt64LE(from) === BigInt(from / page) && (flags === 1 || flags === 2);
        if (isOfTree) copy[from + at + 1]! |= 0x80;
      }
      copyStore(sound, store);
      writeFileSync(data(), copy);
      const end = await scripts.drain(store);
      expect(end).toMatchObject({ quarantined: 0 });
      const { ids, dead } = end as Extract<Drained, { ids: unknown }>;
      expect(ids.length + dead.length).toBe(200);
    },
    slow,
  );

  it(
    'is refused when it is gone, or empty',
    async () => {
      copyStore(sound, store);
      truncateSync(data());
      await expect(openQueue({ path: store })).rejects.toMatchObject({ name: 'StoreDamaged', code: 'damaged' });
      rmSync(data());
      await expect(openQueue({ path: store })).rejects.toMatchObject({ name: 'StoreDamaged', code: 'damaged' });
      expect(existsSync(data())).toBe(false);
    },
    slow,
  );

  it(
    'gives up its records to salvage even with every page of the tree above them gone',
    async () => {
      copyStore(sound, store);
      const copy = Buffer.from(bytes);
      for (let at = 0; at < copy.length; at += page) {
        const { from } = spots.find((spot) => spot.from < at + page && spot.to > at) ?? {};
        if (from === undefined) copy.fill(0xff, at, at + page);
        else copy.fill(0xff, at, at + 20);
      }
      writeFileSync(data(), copy);
      const whole = await salvaged(sound);
      // Heads of pages inside a long value are its own bytes.
      const short = whole.filter(({ event }) => JSON.stringify(event).length < 1_000);
      expect(short.length).toBeGreaterThan(150);
      expect(await salvaged()).toEqual(expect.arrayContaining(short));
    },
    slow,
  );
});

describe('a process that is killed', () => {
  it(
    'loses nothing that was acknowledged, and gives out nothing again that was settled',
    async () => {
      const put = new Set<string>();
      const done = new Set<string>();
      for (let run = 0; run < 4; run += 1) {
        const child = spawn(process.execPath, [scripts.script('produce'), store, String(run)]);
        let printed = '';
        let complained = '';
        const ended = new Promise((resolve) => child.once('close', resolve));
        child.stderr.setEncoding('utf8').on('data', (text: string) => (complained += text));
        const enough = 300 + 170 * run;
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          printed += text;
          if (printed.split('\n').length > enough) child.kill('SIGKILL');
        });
        await ended;
        expect(complained).toBe('');
        for (const line of printed.split('\n').slice(0, -1)) {
          const [word, id = ''] = line.split(' ');
          (word === 'put' ? put : done).add(id);
        }
      }
      const end = await scripts.drain(store);
      expect(end).toHaveProperty('ids');
      const left = (end as { readonly ids: readonly string[] }).ids;
      const again = left.filter((id) => !id.includes('~'));
      const gone = new Set(left.map((id) => id.replace(/~\d+$/, '')));
      expect([...put].filter((id) => !gone.has(id))).toEqual([]);
      expect(again.filter((id) => done.has(id))).toEqual([]);
      expect(new Set(left).size).toBe(left.length);
    },
    slow,
  );
});

describe('a disk without room', () => {
  const prlimit = ((): boolean => {
    try {
      execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  })();
  (prlimit ? it : it.skip)(
    `is QueueFull, and all that was acknowledged is there${prlimit ? '' : ' (skipped: no prlimit on this machine)'}`,
    async () => {
      const child = spawn('prlimit', ['--fsize=1500000', process.execPath, scripts.script('produce'), store, 'f']);
      let printed = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
      const code = await new Promise((resolve) => child.once('close', resolve));
      const lines = printed.trim().split('\n');
      expect([code, lines.at(-1)?.trim()]).toEqual([0, 'full']);
      const acknowledged = lines.filter((line) => line.startsWith('put ')).map((line) => line.slice(4));
      expect(acknowledged.length).toBeGreaterThan(100);
      const end = await scripts.drain(store);
      expect(end).toHaveProperty('ids');
      const left = new Set((end as { readonly ids: readonly string[] }).ids.map((id) => id.replace(/~\d+$/, '')));
      expect(acknowledged.filter((id) => !left.has(id))).toEqual([]);
    },
    slow,
  );
});

it('salvage says what is not a store', async () => {
  await expect(salvage({ store, onRecord: () => undefined })).rejects.toMatchObject({ code: 'foreign' });
  mkdirSync(store);
  await expect(salvage({ store, onRecord: () => undefined })).rejects.toMatchObject({ code: 'foreign' });
  appendFileSync(data(), 'no record in it');
  expect(await salvage({ store, onRecord: () => undefined })).toEqual({ records: 0, older: 0, broken: 0 });
});
