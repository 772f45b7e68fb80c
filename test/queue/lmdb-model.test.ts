// Tests core/queue/lmdb/lmdb-queue.ts against a model in memory.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openQueue } from '../../core/queue/lmdb/open-queue.ts';
import type { Claim, ClaimKind, DeliveryQueue, Settlement } from '../../core/queue/queue.ts';
import { queued } from '../support/queue/contract.ts';

type Step =
  | { readonly do: 'put'; readonly lanes: readonly (readonly string[] | undefined)[] }
  | { readonly do: 'claim'; readonly most: number; readonly kind?: ClaimKind | undefined }
  | { readonly do: 'settle'; readonly how: readonly ('done' | 'dead' | 'again' | 'later' | 'release')[] }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'revive' | 'restart' };

const lane = fc.constantFrom('a', 'b', 'c', 'd', 'e');
/** None, one, or several; the same twice, too. */
const lanesOfOne = fc.oneof(
  { weight: 2, arbitrary: fc.constant(undefined) },
  { weight: 4, arbitrary: fc.tuple(lane) },
  { weight: 2, arbitrary: fc.array(lane, { maxLength: 4 }) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      lanes: fc.array(lanesOfOne, { minLength: 1, maxLength: 90 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('claim' as const),
      most: fc.integer({ min: 1, max: 80 }),
      kind: fc.constantFrom(undefined, undefined, 'fresh' as const, 'latest' as const, 'failed' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      how: fc.array(fc.constantFrom('done', 'done', 'done', 'dead', 'again', 'later', 'release'), {
        minLength: 1,
        maxLength: 9,
      }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('revive' as const, 'restart' as const) }) },
);

interface Row {
  readonly id: string;
  readonly lanes: readonly string[];
  seq: number;
  attempts: number;
  notBefore: number;
  state: 'waiting' | 'claimed' | 'done' | 'dead';
}

/** The same queue as a list: no index of lanes, no disk, no haste. */
class Model {
  rows: Row[] = [];
  #seq = 0;

  put(ids: readonly { readonly id: string; readonly lanes?: readonly string[] | undefined }[]): void {
    for (const { id, lanes = [] } of ids)
      this.rows.push({ id, lanes, seq: (this.#seq += 1), attempts: 0, notBefore: 0, state: 'waiting' });
  }
  claim(most: number, now: number, kind: ClaimKind | undefined): string[] {
    const held = new Set(this.rows.filter((row) => row.state === 'claimed').flatMap((row) => row.lanes));
    let taken: Row[] = [];
    for (const row of this.rows) {
      if (row.state !== 'waiting' || (taken.length === most && kind !== 'failed')) continue;
      const asked = kind === undefined || (kind === 'failed') === row.attempts > 0;
      const goes = row.notBefore <= now && asked && !row.lanes.some((one) => held.has(one));
      if (goes) taken.push(row);
      if (!goes || kind === 'failed') for (const one of row.lanes) held.add(one);
    }
    if (kind === 'failed') taken = taken.sort((a, b) => a.attempts - b.attempts || a.seq - b.seq).slice(0, most);
    for (const row of taken) row.state = 'claimed';
    return taken.map(({ id, attempts }) => `${id} ${attempts}`);
  }
  /** Which are the latest on disk is the store's to say; each has to be one that never came back, and the next of its lane. */
  claimLatest(ids: readonly string[], now: number): void {
    for (const id of ids) {
      const row = this.of(id);
      expect(row).toMatchObject({ state: 'waiting', attempts: 0 });
      expect(row.notBefore).toBeLessThanOrEqual(now);
      const before = this.rows.filter((one) => one === row || one.lanes.some((name) => row.lanes.includes(name)));
      const there = before.filter(({ state, seq }) => seq <= row.seq && (state === 'waiting' || state === 'claimed'));
      expect(there).toEqual([row]);
      row.state = 'claimed';
    }
  }
  revive(): number {
    const dead = this.rows.filter((row) => row.state === 'dead');
    this.rows = this.rows.filter((row) => row.state !== 'dead');
    this.put(dead);
    return dead.length;
  }
  of(id: string): Row {
    return this.rows.findLast((row) => row.id === id)!;
  }
  count(...states: Row['state'][]): number {
    return this.rows.filter(({ state }) => states.includes(state)).length;
  }
}

async function run(
  queue: DeliveryQueue,
  reopen: () => Promise<DeliveryQueue>,
  steps: readonly Step[],
): Promise<DeliveryQueue> {
  const model = new Model();
  let claims: Claim[] = [];
  let now = 1;
  let made = 0;
  for (const one of steps) {
    if (one.do === 'put') {
      const events = one.lanes.map((lanes) =>
        queued(`e${(made += 1)}`, { lanes, event: { type: 'track', event: 'x' } }),
      );
      const half = Math.ceil(events.length / 2);
      await Promise.all([queue.put('c', events.slice(0, half)), queue.put('c', events.slice(half))]);
      model.put(events);
    } else if (one.do === 'claim') {
      // What failed before a restart is known once it was passed.
      if (one.kind === 'failed')
        queue.release(
          'c',
          queue.claim('c', Number.MAX_SAFE_INTEGER, now, undefined, 'fresh').map(({ seq }) => seq),
        );
      const taken = queue.claim('c', one.most, now, undefined, one.kind);
      if (one.kind === 'latest')
        model.claimLatest(
          taken.map(({ id }) => id),
          now,
        );
      else expect(taken.map(({ id, attempts }) => `${id} ${attempts}`)).toEqual(model.claim(one.most, now, one.kind));
      claims.push(...taken);
    } else if (one.do === 'settle') {
      // Some of what is claimed, and not in the order it was claimed in.
      const some = claims.filter((_, index) => index % 3 !== made % 3).reverse();
      const settlements: Settlement[] = [];
      const released: number[] = [];
      for (const [index, { id, seq, attempts }] of some.entries()) {
        const how = one.how[index % one.how.length]!;
        const row = model.of(id);
        row.state = how === 'done' || how === 'dead' ? how : 'waiting';
        if (how === 'release') released.push(seq);
        else if (how === 'done') settlements.push({ kind: 'done', seq, outcome: 'delivered' });
        else if (how === 'dead') {
          const reason = { code: 'timeout', message: 'No answer.' } as const;
          settlements.push({ kind: 'dead', seq, outcome: 'deferred', reason, attempts: attempts + 1 });
        } else {
          row.attempts += 1;
          row.notBefore = how === 'later' ? now + 20 + (index % 7) : now;
          settlements.push({ kind: 'retry', seq, notBefore: row.notBefore, attempts: row.attempts });
        }
      }
      queue.release('c', released);
      await queue.settle('c', settlements, { now, configHash: '' });
      claims = claims.filter((claim) => !some.includes(claim));
    } else if (one.do === 'wait') now += one.ms;
    else if (one.do === 'revive') expect(await queue.requeue('c')).toBe(model.revive());
    else {
      queue = await reopen();
      claims = [];
      for (const row of model.rows) if (row.state === 'claimed') row.state = 'waiting';
    }
    const { waiting = 0, done = 0, dead = 0 } = queue.status(now).connections[0] ?? {};
    expect({ waiting, done, dead }).toEqual({
      waiting: model.count('waiting', 'claimed'),
      done: model.count('done'),
      dead: model.count('dead'),
    });
  }
  return queue;
}

test('the queue on LMDB does what a list would do, whatever is done to it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      const folder = await mkdtemp(path.join(tmpdir(), 'queue-model-'));
      const open = () => openQueue({ path: folder, dedupWindowMs: 0, now: () => 1 });
      let queue = await open();
      try {
        const reopen = async () => {
          await queue.close();
          return (queue = await open());
        };
        await run(queue, reopen, steps);
      } finally {
        await queue.close();
        await rm(folder, { recursive: true });
      }
    }),
    // Every run opens stores on disk: to shrink one takes minutes.
    { numRuns: 40, endOnFailure: true },
  );
}, 120_000);
