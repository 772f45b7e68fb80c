import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openQueue } from '../../core/queue/lmdb/open-queue.ts';
import { salvage } from '../../core/queue/lmdb/salvage.ts';
import { recordKinds, type QueueRecord } from '../../core/queue/lmdb/record.ts';
import { queued, settledAs } from '../support/queue/contract.ts';

let root: string;
let store: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'queue-salvage-'));
  store = path.join(root, 'store');
});
afterEach(() => rm(root, { recursive: true }));

const data = (): string => path.join(store, 'events.mdb');

type Found = Pick<QueueRecord, 'id' | 'kind' | 'seq'>;
async function salvaged(): Promise<Found[]> {
  const found: Found[] = [];
  await salvage({ store, onRecord: ({ id, kind, seq }) => found.push({ id, kind, seq }) });
  return found;
}

/** What is in the store: 60 that wait, some of them long, 40 dead, 20 done. All else was delivered, and pruned. */
async function fill(): Promise<ReadonlySet<string>> {
  const clock = { now: 1_000 };
  const queue = await openQueue({ path: store, now: () => clock.now });
  const put = async (name: string, count: number): Promise<void> => {
    const text = (n: number): string => 'y'.repeat(n % 10 === 0 ? 9_000 : 300);
    await queue.put(
      'c',
      Array.from({ length: count }, (_, n) =>
        queued(`${name}-${n}`, { event: { type: 'track', event: 'x', properties: { text: text(n) } } }),
      ),
    );
  };
  const end = async (count: number, kind: 'done' | 'dead'): Promise<void> => {
    const claims = queue.claim('c', count, clock.now);
    await queue.settle('c', claims.map(settledAs(kind)), { now: clock.now, configHash: '' });
  };
  for (let round = 0; round < 5; round += 1) {
    await put(`gone${round}`, 100);
    await end(100, 'done');
    clock.now += 1_000;
    await queue.prune(clock.now, clock.now);
  }
  await put('last', 120);
  await end(20, 'done');
  await end(40, 'dead');
  await queue.close();
  const kinds = (n: number): string => (n < 20 ? 'done' : n < 60 ? 'dead' : 'waiting');
  return new Set(Array.from({ length: 120 }, (_, n) => `last-${n} ${kinds(n)}`));
}
const named = ({ id, kind }: Found): string => `${id} ${kind}`;

describe('salvage', () => {
  it('finds each event once, in its newest state, with what was delivered and forgotten among them', async () => {
    const inStore = await fill();
    const found = await salvaged();
    const [stored, others] = [
      found.filter((one) => inStore.has(named(one))),
      found.filter((one) => !inStore.has(named(one))),
    ];
    expect(stored).toHaveLength(inStore.size);
    expect(others.every(({ id }) => id.startsWith('gone'))).toBe(true);
    const seqs = found.map(({ seq }) => seq);
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
  });

  it('finds an older state of a record whose last one is broken: what waits may have been delivered', async () => {
    const inStore = await fill();
    const bytes = readFileSync(data());
    const sound = new Map((await salvaged()).map((one) => [one.seq, one]));
    // Every state that was written last, wherever a copy of it lies: an older one of the same event may be left.
    let broken = 0;
    const mark = Buffer.from([0xd5, 0x53, 0x71, 0x8e]);
    for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + 1)) {
      const kind = recordKinds[bytes[at + 5]!];
      const one = sound.get(bytes.readUIntLE(at + 20, 6));
      if (kind === 'waiting' || one === undefined || !inStore.has(named(one)) || one.kind !== kind) continue;
      bytes[at + 40]! ^= 1;
      broken += 1;
    }
    expect(broken).toBeGreaterThanOrEqual(60);
    writeFileSync(data(), bytes);
    const found = (await salvaged()).filter((one) => one.id.startsWith('last') && !inStore.has(named(one)));
    expect(found.length).toBeGreaterThan(0);
    expect(found.map(({ kind }) => kind)).toEqual(found.map(() => 'waiting'));
  });
});
