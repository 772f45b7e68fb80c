import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventIdOf } from '../../../core/index.ts';
import type { CdpEvent, IncomingEvent } from '../../../core/api/event.ts';
import {
  OtherSettings,
  QueueFull,
  type Claim,
  type DeadFilter,
  type DeadLetter,
  type DeliveryQueue,
  type QueuedEvent,
  type Settlement,
  type FailureHistory,
} from '../../../core/queue/queue.ts';

/** A store that a test opens as often as it likes. */
export interface Store {
  open(options?: { readonly maxBytes?: number; readonly dedupWindowMs?: number }): Promise<DeliveryQueue>;
  /** The clock the queue goes by when a call carries no time. */
  clock: { now: number };
  remove(): Promise<void>;
}

export const at = { now: 2_000, configHash: 'hash' };

export const queued = (id: string, more: Partial<QueuedEvent> = {}): QueuedEvent => ({
  id,
  acceptedAt: 1_000,
  event: { type: 'track', event: 'Order Completed', messageId: id, properties: { price: 12.5, note: 'größer – 🙂' } },
  ...more,
});
const several = (ids: string, more?: Partial<QueuedEvent>): QueuedEvent[] =>
  ids.split(' ').map((id) => queued(id, more));

const ids = (claims: readonly { readonly id: string }[]): string => claims.map(({ id }) => id).join(' ');
const seqsOf = (claims: readonly Claim[]): number[] => claims.map(({ seq }) => seq);
const done = ({ seq }: Claim): Settlement => ({ kind: 'done', seq, outcome: 'delivered' });
const again = ({ seq, attempts }: Claim, notBefore: number, counted = 1, history?: FailureHistory): Settlement => ({
  kind: 'retry',
  seq,
  notBefore,
  attempts: attempts + counted,
  history,
});
const dead = ({ seq, attempts }: Claim, code: 'vendor_rejected' | 'timeout' = 'vendor_rejected'): Settlement => ({
  kind: 'dead',
  seq,
  outcome: 'rejected',
  reason: { code, message: 'No.' },
  attempts: attempts + 1,
});

/** How the claims of a test end. */
export const settledAs =
  (kind: 'done' | 'dead') =>
  ({ seq }: Claim): Settlement =>
    kind === 'done'
      ? { kind, seq, outcome: 'delivered' }
      : { kind, seq, outcome: 'rejected', reason: { code: 'vendor_rejected', message: 'No.' }, attempts: 1 };

async function letters(queue: DeliveryQueue, connection: string, filter?: DeadFilter): Promise<DeadLetter[]> {
  const found: DeadLetter[] = [];
  for await (const letter of queue.dead(connection, filter)) found.push(letter);
  return found;
}

/** What an implementation of DeliveryQueue for a host keeps to. MemoryQueue is for tests alone, and says what it lacks. */
export function describeQueue(name: string, make: () => Promise<Store>): void {
  describe(`the delivery queue on ${name}`, () => {
    let store: Store;
    let queue: DeliveryQueue;
    beforeEach(async () => {
      store = await make();
      queue = await store.open();
    });
    afterEach(async () => {
      await queue.close();
      await store.remove();
    });
    const reopen = async (options?: Parameters<Store['open']>[0]): Promise<void> => {
      await queue.close();
      queue = await store.open(options);
    };
    const take = (most = 100, now = 1_000, connection = 'c'): readonly Claim[] => queue.claim(connection, most, now);
    const drain = async (connection = 'c', now = 1_000): Promise<string> => {
      const seen: string[] = [];
      for (let claims = take(7, now, connection); claims.length > 0; claims = take(7, now, connection)) {
        seen.push(...claims.map(({ id }) => id));
        await queue.settle(connection, claims.map(done), at);
      }
      return seen.join(' ');
    };
    const backlog = (connection = 'c', now = 1_000) =>
      queue.status(now).connections.find((one) => one.connection === connection);

    it('gives out what was put, as it was put, once', async () => {
      const { event, ...known } = queued('a', { lanes: ['device'] });
      expect(await queue.put('c', [{ event, ...known }])).toEqual({ accepted: 1, duplicates: 0 });
      const [claim, ...others] = take();
      expect(others).toEqual([]);
      expect(claim).toEqual({ ...known, text: JSON.stringify(event), seq: expect.any(Number), attempts: 0 });
      expect(take()).toEqual([]);
    });

    it('gives out nothing of another connection', async () => {
      await queue.put('c', several('a'));
      await queue.put('d', several('a b'));
      expect(ids(take(9, 1_000, 'd'))).toBe('a b');
      expect(ids(take())).toBe('a');
      expect(take(9, 1_000, 'nobody')).toEqual([]);
    });

    it('takes nothing out that was put twice, in one call or in two, until the window has passed', async () => {
      await reopen({ dedupWindowMs: 5_000 });
      expect(await queue.put('c', several('a b a'))).toEqual({ accepted: 2, duplicates: 1 });
      expect(await drain()).toBe('a b');
      expect(await queue.put('c', several('b c'))).toEqual({ accepted: 1, duplicates: 1 });
      await reopen({ dedupWindowMs: 5_000 });
      store.clock.now += 4_999;
      expect(await queue.put('c', several('a'))).toEqual({ accepted: 0, duplicates: 1 });
      store.clock.now += 1;
      expect(await queue.put('c', several('a'))).toEqual({ accepted: 1, duplicates: 0 });
      expect(await drain()).toBe('c a');
      expect(await queue.put('d', several('a'))).toEqual({ accepted: 1, duplicates: 0 });
    });

    it('tells ids apart that are long and begin alike', async () => {
      const long = 'x'.repeat(3_000);
      expect(await queue.put('c', [queued(`${long}1`), queued(`${long}2`), queued(`${long}1`)])).toEqual({
        accepted: 2,
        duplicates: 1,
      });
    });

    it('keeps two puts apart that are made at once, and in the order they were made', async () => {
      const [first, second, third] = await Promise.all([
        queue.put('c', several('a b c')),
        queue.put('c', several('d b e')),
        queue.put('c', several('f')),
      ]);
      expect([first, second, third]).toEqual([
        { accepted: 3, duplicates: 0 },
        { accepted: 2, duplicates: 1 },
        { accepted: 1, duplicates: 0 },
      ]);
      expect(await drain()).toBe('a b c d e f');
    });

    it('goes by age where there are no lanes, and what goes again waits for its time alone', async () => {
      await queue.put('c', several('a b c d'));
      const claims = take(2);
      await queue.settle('c', [again(claims[0]!, 5_000), again(claims[1]!, 3_000)], at);
      expect(ids(take())).toBe('c d');
      expect(queue.nextAt('c')).toBe(3_000);
      expect(take(9, 2_999)).toEqual([]);
      expect(ids(take(9, 3_000))).toBe('b');
      expect(queue.nextAt('c')).toBe(5_000);
      expect(take(9, 5_000)).toEqual([expect.objectContaining({ id: 'a', attempts: 1 })]);
      expect(queue.nextAt('c')).toBeUndefined();
    });

    it('gives out several of a lane in a row, then none until the last of them is settled', async () => {
      await queue.put('c', [
        ...several('a1 a2 a3', { lanes: ['a'] }),
        ...several('b1', { lanes: ['b'] }),
        ...several('n1'),
      ]);
      await queue.put('c', several('a4', { lanes: ['a'] }));
      const claims = take(2);
      expect(ids(claims)).toBe('a1 a2');
      const others = take();
      expect(ids(others)).toBe('b1 n1');
      await queue.settle('c', [done(claims[1]!)], at);
      expect(take()).toEqual([]);
      await queue.settle('c', [done(claims[0]!)], at);
      expect(ids(take())).toBe('a3 a4');
    });

    it('holds back a lane whose first goes again, and no other', async () => {
      await queue.put('c', [...several('a1 a2', { lanes: ['a'] }), ...several('b1', { lanes: ['b'] })]);
      const claims = take(2);
      await queue.settle('c', [again(claims[0]!, 9_000), again(claims[1]!, 1_000, 0)], at);
      const [b] = take(9, 8_999);
      expect(b).toMatchObject({ id: 'b1' });
      await queue.put('c', [...several('a3', { lanes: ['a'] }), ...several('b2', { lanes: ['b'] })]);
      await queue.settle('c', [done(b!)], at);
      expect(ids(take(9, 8_999))).toBe('b2');
      expect(queue.nextAt('c')).toBe(9_000);
      expect(take(9, 9_000)).toMatchObject([
        { id: 'a1', attempts: 1 },
        { id: 'a2', attempts: 0 },
        { id: 'a3', attempts: 0 },
      ]);
    });

    it('F-97 an always-failing device holds back its own events, and none of 3,000 other devices', async () => {
      const devices = Array.from({ length: 3_000 }, (_, n) => `device-${n}`);
      await queue.put('c', [
        ...several('bad-1 bad-2', { lanes: ['bad'] }),
        ...devices.map((device) => queued(device, { lanes: [device] })),
      ]);
      for (let failures = 0; failures < 3; failures += 1) {
        const [bad] = take(1, 9_000);
        await queue.settle('c', [again(bad!, 9_000)], at);
      }
      const claims = take(9_999, 8_999);
      expect(ids(claims)).toBe(devices.join(' '));
      expect(ids(take(9, 9_000))).toBe('bad-1 bad-2');
    });

    it('F-70 gives out an event of several lanes when it is the first in each of them, and not before', async () => {
      await queue.put('c', [
        ...several('a', { lanes: ['adid'] }),
        ...several('b', { lanes: ['idfv'] }),
        ...several('both', { lanes: ['adid', 'idfv'] }),
        ...several('later', { lanes: ['idfv', 'gps'] }),
        ...several('other', { lanes: ['fire'] }),
      ]);
      const [a] = take(1);
      const [b] = take(1);
      expect([a, b]).toMatchObject([{ id: 'a' }, { id: 'b' }]);
      // Nothing overtakes what waits, in none of its lanes; the others go on.
      await queue.put('c', [...several('a2', { lanes: ['adid'] }), ...several('g', { lanes: ['gps'] })]);
      expect(ids(take())).toBe('other');
      await queue.settle('c', [done(b!)], at);
      expect(take()).toEqual([]);
      await queue.settle('c', [done(a!)], at);
      const rest = take();
      expect(rest.map(({ id, lanes }) => [id, lanes])).toEqual([
        ['both', ['adid', 'idfv']],
        ['later', ['idfv', 'gps']],
        ['a2', ['adid']],
        ['g', ['gps']],
      ]);
      queue.release('c', seqsOf(rest));
      await reopen();
      expect(ids(take())).toBe('both later other a2 g');
    });

    it('F-70 holds back all lanes of an event that waits for its time, also after a restart, and no other', async () => {
      await queue.put('c', [
        ...several('xy', { lanes: ['x', 'y'] }),
        ...several('x1', { lanes: ['x'] }),
        ...several('yz', { lanes: ['y', 'z'] }),
        ...several('z1', { lanes: ['z'] }),
        ...several('w1', { lanes: ['w'] }),
      ]);
      const [xy] = take(1);
      await queue.settle('c', [again(xy!, 9_000)], at);
      expect(ids(take(9, 8_999))).toBe('w1');
      expect(queue.nextAt('c')).toBe(9_000);
      await reopen();
      expect(ids(queue.claim('c', 9, 8_999, undefined, 'fresh'))).toBe('w1');
      expect(queue.claim('c', 9, 8_999, undefined, 'latest')).toEqual([]);
      const failed = queue.claim('c', 9, 9_000, undefined, 'failed');
      expect(ids(failed)).toBe('xy');
      expect(queue.claim('c', 9, 9_000, undefined, 'fresh')).toEqual([]);
      await queue.settle('c', failed.map(done), at);
      expect(ids(queue.claim('c', 9, 9_000, undefined, 'latest'))).toBe('yz x1');
    });

    it('keeps a lane in order, in whatever order its events come back', async () => {
      await queue.put('c', several('a1 a2 a3', { lanes: ['a'] }));
      const [a1, a2, a3] = take();
      await queue.settle('c', [again(a3!, 0, 0), again(a2!, 1_000), again(a1!, 5_000)], at);
      for (const kind of ['fresh', 'failed', 'latest', undefined] as const)
        expect([kind, queue.claim('c', 9, 4_999, undefined, kind)]).toEqual([kind, []]);
      const [first] = queue.claim('c', 9, 5_000, undefined, 'failed');
      expect(first).toMatchObject({ id: 'a1' });
      await queue.settle('c', [done(first!)], at);
      expect(ids(queue.claim('c', 9, 5_000, undefined, 'fresh'))).toBe('');
      expect(ids(queue.claim('c', 9, 5_000, undefined, 'failed'))).toBe('a2');
    });

    it('F-70 no two events wait for each other, however their lanes cross', async () => {
      const names = ['a', 'b', 'c', 'd', 'e'];
      const events = Array.from({ length: 60 }, (_, n) =>
        queued(`e${n}`, { lanes: [names[n % 5]!, names[(n * 3 + 1) % 5]!, names[(n * 7 + 2) % 5]!] }),
      );
      await queue.put('c', events);
      const left = new Map(events.map(({ id, lanes }) => [id, lanes]));
      const out: Claim[] = [];
      for (let round = 0; left.size > 0; round += 1) {
        expect(round).toBeLessThan(1_000);
        const claims = take(1 + (round % 3), 10_000 + round);
        const together = new Set(claims.map(({ id }) => id));
        for (const { id, lanes = [] } of claims) {
          // Those of its lanes that came before it are gone, or left with it.
          for (const [before, others = []] of left) {
            if (before === id) break;
            if (!together.has(before))
              expect([before, others.filter((lane) => lanes.includes(lane))]).toEqual([before, []]);
          }
        }
        out.push(...claims);
        const claim = out.splice((round * 7) % Math.max(1, out.length), 1)[0];
        if (claim === undefined) continue;
        if (round % 5 === 0) queue.release('c', [claim.seq]);
        else if (round % 5 === 1) await queue.settle('c', [again(claim, 10_000 + round + 2)], at);
        else {
          await queue.settle('c', [done(claim)], at);
          left.delete(claim.id);
        }
      }
    });

    it('tells lanes apart that are long and begin alike, and a lane that is named twice is one', async () => {
      const long = 'größer '.repeat(500);
      await queue.put('c', [
        ...several('a1', { lanes: [`${long}a`, `${long}a`] }),
        ...several('a2', { lanes: [`${long}a`] }),
        ...several('b1', { lanes: [`${long}b`] }),
        ...several('n1', { lanes: [] }),
      ]);
      const [a1] = take(1);
      expect(a1).toMatchObject({ id: 'a1', lanes: [`${long}a`] });
      expect(ids(take())).toBe('b1 n1');
      await queue.settle('c', [done(a1!)], at);
      expect(ids(take())).toBe('a2');
    });

    it('counts what a lane takes in the store, and gives it back', async () => {
      const { bytes: before } = queue.status(0);
      await queue.put('c', [queued('a', { lanes: ['l'] })]);
      await queue.put('d', [queued('a', { lanes: ['l', 'm'.repeat(100)] })]);
      await queue.settle('c', take().map(done), at);
      await queue.purge('d');
      await queue.prune(9_000, 9e12);
      expect(queue.status(0).bytes).toBe(before);
    });

    it('F-90 claims events that never failed apart from those that did, and of these the one with the fewest failures first', async () => {
      await queue.put('c', [
        ...several('a b c d e'),
        ...several('x1 x2', { lanes: ['x'] }),
        ...several('y1 y2', { lanes: ['y'] }),
      ]);
      const claims = take();
      const [a, b, c, , , x1] = claims;
      await queue.settle(
        'c',
        [again(a!, 1_000, 3), again(b!, 1_000, 1), again(c!, 3_000, 1), again(x1!, 1_000, 2)],
        at,
      );
      queue.release('c', seqsOf(claims.filter((one) => ![a, b, c, x1].includes(one))));
      expect(ids(take(9, 1_000))).toBe('a b d e x1 x2 y1 y2');
      await reopen();
      // What failed holds back its lane.
      const fresh = queue.claim('c', 9, 2_000, undefined, 'fresh');
      expect(ids(fresh)).toBe('d e y1 y2');
      expect(queue.claim('c', 9, 2_000, undefined, 'fresh')).toEqual([]);
      // Of a lane the first alone, so that nothing waits for what comes of it but its own lane.
      expect(ids(queue.claim('c', 2, 2_000, undefined, 'failed'))).toBe('b x1');
      const last = queue.claim('c', 9, 2_000, undefined, 'failed');
      expect(ids(last)).toBe('a');
      await queue.settle('c', fresh.map(done), at);
      queue.release('c', seqsOf(last));
      expect(queue.claim('c', 9, 2_000, undefined, 'fresh')).toEqual([]);
      expect(ids(queue.claim('c', 9, 3_000, undefined, 'failed'))).toBe('c a');
    });

    it('F-90 gives out the latest that never came back, of each lane its next, and each of them once', async () => {
      const many = Array.from({ length: 300 }, (_, n) => `n${n}`);
      await queue.put('c', [
        ...several(many.join(' ')),
        ...several('x1 x2', { lanes: ['x'] }),
        ...several('y1 y2 y3', { lanes: ['y'] }),
      ]);
      await reopen();
      const latest = queue.claim('c', 4, 1_000, undefined, 'latest');
      expect(ids(latest)).toBe('y1 x1 n299 n298');
      // A lane of which one is claimed has no next one.
      const more = queue.claim('c', 2, 1_000, undefined, 'latest');
      expect(ids(more)).toBe('n297 n296');
      expect(ids(queue.claim('c', 1, 1_000, 1, 'latest'))).toBe('n295');
      await queue.settle('c', [done(latest[2]!), again(more[0]!, 3_000, 1), done(latest[0]!)], at);
      queue.release('c', [latest[3]!.seq, more[1]!.seq]);
      const rest = take(999, 1_000);
      expect(new Set(ids(rest).split(' '))).toEqual(new Set([...many.slice(0, 295), 'n296', 'n298', 'y2', 'y3']));
      expect(rest).toHaveLength(299);
      expect(ids(queue.claim('c', 9, 3_000, undefined, 'failed'))).toBe('n297');
    });

    it('F-90 keeps what an event went through, across a close', async () => {
      const history = { throttled: 2, answers: 3, since: 900 };
      await queue.put('c', several('a b'));
      const [a, b] = take();
      await queue.settle('c', [again(a!, 1_000, 1, history), again(b!, 1_000, 0, history)], at);
      await reopen();
      expect(queue.claim('c', 9, 2_000, undefined, 'fresh')).toEqual([]);
      const back = queue.claim('c', 9, 2_000, undefined, 'failed');
      expect(back).toMatchObject([
        { id: 'b', attempts: 0, history },
        { id: 'a', attempts: 1, history },
      ]);
      queue.release('c', seqsOf(back));
      expect(queue.claim('c', 9, 2_000, undefined, 'failed')).toEqual(back);
    });

    it('gives claims back as they were, in their old place', async () => {
      await queue.put('c', [...several('a1 a2 a3', { lanes: ['a'] }), ...several('n1 n2')]);
      const claims = take(2);
      const more = take(1);
      queue.release('c', seqsOf([...claims, ...more]));
      expect(take()).toMatchObject([
        { id: 'a1', attempts: 0 },
        { id: 'a2' },
        { id: 'a3' },
        { id: 'n1', attempts: 0 },
        { id: 'n2' },
      ]);
    });

    it('refuses to settle what is not claimed, and changes nothing then', async () => {
      await queue.put('c', several('a b'));
      const [claim] = take(1);
      const never: Settlement = { kind: 'done', seq: claim!.seq + 1, outcome: 'delivered' };
      await expect(queue.settle('c', [done(claim!), never], at)).rejects.toThrow('not claimed');
      await expect(queue.settle('c', [done(claim!), done(claim!)], at)).rejects.toThrow('twice');
      await queue.settle('c', [done(claim!)], at);
      await expect(queue.settle('c', [done(claim!)], at)).rejects.toThrow('not claimed');
      expect(backlog()).toMatchObject({ waiting: 1, done: 1 });
    });

    it('keeps everything across a close: order, attempts, times, ids; and gives claims back', async () => {
      await queue.put('c', [
        ...several('a1 a2', { lanes: ['a'] }),
        ...several('b1', { lanes: ['b'] }),
        ...several('n1 n2 n3'),
      ]);
      const claims = take();
      const [a1, a2, b1, n1] = claims;
      await queue.settle('c', [again(a1!, 4_000), again(a2!, 0, 0), done(b1!), again(n1!, 6_000)], at);
      await reopen();
      const back = take(9, 2_500);
      expect(ids(back)).toBe('n2 n3');
      expect(queue.nextAt('c')).toBe(4_000);
      const later = take(9, 6_000);
      expect(later).toMatchObject([
        { id: 'a1', attempts: 1 },
        { id: 'a2', attempts: 0 },
        { id: 'n1', attempts: 1 },
      ]);
      expect(await queue.put('c', several('a1 b1 n3'))).toEqual({ accepted: 0, duplicates: 3 });
      expect(backlog()).toMatchObject({ waiting: 5, done: 1, dead: 0 });
    });

    it('keeps the order of a lane across many puts and restarts', async () => {
      const lanes = ['a', 'b', 'c'];
      const seen: Record<string, string[]> = { a: [], b: [], c: [] };
      for (let round = 0; round < 6; round += 1) {
        for (let part = 0; part < 5; part += 1)
          await queue.put(
            'c',
            lanes.flatMap((lane) =>
              [0, 1, 2, 3].map((n) => queued(`${lane}-${round}-${part}-${n}`, { lanes: [lane] })),
            ),
          );
        const claims = take(20);
        for (const { lanes: [lane] = [], id } of claims) seen[lane!]!.push(id);
        await queue.settle('c', claims.map(done), at);
        await reopen();
      }
      for (let claims = take(11); claims.length > 0; claims = take(11)) {
        for (const { lanes: [lane] = [], id } of claims) seen[lane!]!.push(id);
        await queue.settle('c', claims.map(done), at);
      }
      for (const lane of lanes) {
        expect(seen[lane]).toHaveLength(120);
        expect(seen[lane]).toEqual([...seen[lane]!].sort());
      }
    });

    it('turns into a dead letter what will never go, with all it takes to judge it', async () => {
      const event = queued('a', { lanes: ['device'] });
      await queue.put('c', [event, queued('b')]);
      const claims = take();
      await queue.settle('c', [dead(claims[0]!), done(claims[1]!)], { now: 7_000, configHash: 'abc' });
      await reopen();
      expect(take()).toEqual([]);
      expect(await letters(queue, 'c')).toEqual([
        {
          ...event,
          connection: 'c',
          seq: claims[0]!.seq,
          diedAt: 7_000,
          outcome: 'rejected',
          reason: { code: 'vendor_rejected', message: 'No.' },
          attempts: 1,
          configHash: 'abc',
        },
      ]);
    });

    it('settles at once what comes with its outcome', async () => {
      const reason = { code: 'unmapped_event', message: 'No rule for it.' } as const;
      await queue.put('c', [
        queued('a', { outcome: { kind: 'skipped', eventId: 'a', reason } }),
        queued('b', { outcome: { kind: 'rejected', eventId: 'b', reason } }),
      ]);
      expect(take()).toEqual([]);
      expect(backlog()).toMatchObject({ waiting: 0, done: 1, dead: 1 });
      expect(await letters(queue, 'c')).toMatchObject([
        { id: 'b', reason, outcome: 'rejected', attempts: 0, configHash: '' },
      ]);
    });

    it('finds dead letters by reason, by time and by place', async () => {
      await queue.put('c', several('a b c'));
      const [a, b, c] = take();
      await queue.settle('c', [dead(a!)], { now: 10, configHash: '' });
      await queue.settle('c', [dead(b!, 'timeout')], { now: 20, configHash: '' });
      await queue.settle('c', [dead(c!)], { now: 30, configHash: '' });
      expect(ids(await letters(queue, 'c', { reason: 'vendor_rejected' }))).toBe('a c');
      expect(ids(await letters(queue, 'c', { since: 20 }))).toBe('b c');
      expect(ids(await letters(queue, 'c', { since: 20, reason: 'vendor_rejected' }))).toBe('c');
      expect(ids(await letters(queue, 'c', { seq: b!.seq }))).toBe('b');
      expect(await letters(queue, 'nobody')).toEqual([]);
    });

    it('revives dead letters at the tail, once, with their attempts forgotten', async () => {
      await queue.put('c', several('a b c'));
      const [a, b, c] = take();
      await queue.settle('c', [dead(a!), dead(b!, 'timeout'), dead(c!)], at);
      await queue.put('c', several('d'));
      store.clock.now = 9_000;
      const both = await Promise.all([
        queue.requeue('c', { reason: 'vendor_rejected' }),
        queue.requeue('c', { reason: 'vendor_rejected' }),
      ]);
      expect(both).toEqual([2, 0]);
      expect(ids(await letters(queue, 'c'))).toBe('b');
      expect(take()).toMatchObject([
        { id: 'd' },
        { id: 'a', attempts: 0, acceptedAt: 9_000 },
        { id: 'c', attempts: 0, text: JSON.stringify(queued('c').event) },
      ]);
      expect(backlog()).toMatchObject({ waiting: 3, dead: 1 });
    });

    it('replays what was done between two times, under new ids, as often as it is asked to', async () => {
      await queue.put('c', several('a b c d'));
      const claims = take();
      for (const [index, claim] of claims.entries())
        await queue.settle('c', [done(claim)], { now: 100 * (index + 1), configHash: '' });
      expect(await queue.replay('c', 200, 300)).toBe(2);
      expect(await queue.replay('c', 301, 399)).toBe(0);
      const again = take();
      expect(again.map(({ text }) => eventIdOf(text))).toEqual(['b', 'c']);
      expect(again.some(({ id }) => ['b', 'c'].includes(id))).toBe(false);
      await queue.settle('c', again.map(done), { now: 250, configHash: '' });
      expect(await queue.replay('c', 200, 300)).toBe(4);
      expect(new Set([...again, ...take()].map(({ id }) => id)).size).toBe(6);
    });

    it('forgets what was done before a time, and no more', async () => {
      await queue.put('c', several('a b c'));
      const [a, b, c] = take();
      await queue.settle('c', [done(a!)], { now: 10, configHash: '' });
      await queue.settle('c', [dead(b!)], { now: 10, configHash: '' });
      await queue.settle('c', [done(c!)], { now: 20, configHash: '' });
      const before = queue.status(0).bytes;
      expect(await queue.prune(20, 2_000)).toBe(1);
      expect(await queue.prune(20, 2_000)).toBe(0);
      expect(backlog()).toMatchObject({ waiting: 0, dead: 1, done: 1 });
      expect(queue.status(0).bytes).toBeLessThan(before);
      expect(await queue.replay('c', 0, 1_000)).toBe(1);
      expect(await queue.put('c', several('a'))).toEqual({ accepted: 0, duplicates: 1 });
    });

    const big = (id: string): QueuedEvent =>
      queued(id, { event: { type: 'track', event: 'Big', properties: { text: 'x'.repeat(1_000) } } });

    it('is full when waiting events and dead letters reach the byte budget: refuses the whole put, and says what there is', async () => {
      await reopen({ maxBytes: 3_000 });
      await queue.put('c', [big('a'), big('b')]);
      await expect(queue.put('c', [queued('small'), big('c')])).rejects.toThrow(QueueFull);
      expect(backlog()).toMatchObject({ waiting: 2 });
      const claims = take();
      await queue.settle('c', [dead(claims[0]!), again(claims[1]!, 5_000)], at);
      await expect(queue.put('d', [big('c')])).rejects.toThrow(
        '1 events wait, 1 are dead letters, 0 are kept for replay',
      );
      await expect(queue.requeue('c').then(() => queue.replay('c', 0, 1e9))).resolves.toBe(0);
      expect(backlog()).toMatchObject({ waiting: 2 });
    });

    it('keeps its byte budget until it is opened with another', async () => {
      await reopen({ maxBytes: 2_000 });
      await reopen();
      expect(queue.status(0).maxBytes).toBe(2_000);
      await queue.put('c', [big('a')]);
      await expect(queue.put('c', [big('b')])).rejects.toThrow(QueueFull);
      await reopen({ maxBytes: 5_000 });
      await reopen();
      expect(await queue.put('c', [big('b')])).toMatchObject({ accepted: 1 });
    });

    it('is as quick with a long dedup window in a store that was made without one', async () => {
      await reopen({ dedupWindowMs: 0 });
      await queue.put('c', several('a'));
      store.clock.now = 1_800_000_000_000;
      await reopen({ dedupWindowMs: 86_400_000 });
      const before = process.cpuUsage();
      for (let n = 0; n < 10; n += 1) await queue.put('c', several(`${n}`));
      // A look for each second of the day took a second.
      expect(process.cpuUsage(before).user / 1_000).toBeLessThan(600);
      expect(await queue.put('c', several('a 3'))).toEqual({ accepted: 1, duplicates: 1 });
    });

    it('lets go of what is kept for replay, the oldest first, where a put needs the room', async () => {
      await reopen({ maxBytes: 4_500 });
      await queue.put('c', [big('a'), big('b')]);
      await queue.put('d', [big('x')]);
      const [a, b] = take();
      const [x] = take(9, 1_000, 'd');
      await queue.settle('c', [done(b!)], { now: 30, configHash: '' });
      await queue.settle('d', [done(x!)], { now: 20, configHash: '' });
      await queue.settle('c', [done(a!)], { now: 10, configHash: '' });
      await Promise.all([queue.put('d', [big('y')]), queue.put('c', [big('e')])]);
      expect(backlog()).toMatchObject({ waiting: 1, done: 1 });
      expect(backlog('d')).toMatchObject({ waiting: 1, done: 0 });
      expect(queue.status(0).bytes).toBeLessThanOrEqual(4_500);
      await reopen({ maxBytes: 4_500 });
      expect(backlog()).toMatchObject({ waiting: 1, done: 1 });
      await expect(queue.replay('c', 0, 1e9).then(() => queue.replay('c', 0, 1e9))).rejects.toThrow(QueueFull);
      expect(await drain('d')).toBe('y');
    });

    it('keeps what is kept for replay where even all of it would not make the room', async () => {
      await reopen({ maxBytes: 3_000 });
      await queue.put('c', [big('a')]);
      await queue.settle('c', take().map(done), at);
      await expect(queue.put('c', [big('b'), big('c'), big('d')])).rejects.toThrow(QueueFull);
      expect(backlog()).toMatchObject({ waiting: 0, done: 1 });
    });

    it('F-97 purges all there is of a connection, the ids of the window too, and nothing of another', async () => {
      const many = Array.from({ length: 1_200 }, (_, index) => queued(`m-${index}`, { lanes: [`lane ${index % 3}`] }));
      await queue.put('c', [...several('x y z'), ...many]);
      await queue.put('d', several('x y'));
      const [x, y, z] = take(3);
      await queue.settle('c', [done(x!), dead(y!), again(z!, 5_000)], at);
      expect(backlog()).toMatchObject({ waiting: 1_201, dead: 1, done: 1 });
      expect(await queue.purge('c')).toBe(1_203);
      expect(backlog() ?? { waiting: 0, dead: 0, done: 0 }).toMatchObject({ waiting: 0, dead: 0, done: 0 });
      expect(take(9, 9_000)).toEqual([]);
      expect(await letters(queue, 'c')).toEqual([]);
      expect(await queue.replay('c', 0, 9_000)).toBe(0);
      expect(await queue.put('c', several('m-1 x', { lanes: ['lane 1'] }))).toEqual({ accepted: 2, duplicates: 0 });
      await reopen();
      expect(await drain()).toBe('m-1 x');
      expect(await drain('d')).toBe('x y');
      expect(await queue.purge('nobody')).toBe(0);
    });

    it('F-97 purges nothing of a connection while some of it is claimed', async () => {
      await queue.put('c', several('a b'));
      const claims = take(1);
      await expect(queue.purge('c')).rejects.toThrow('events of c are claimed');
      queue.release('c', seqsOf(claims));
      expect(await drain()).toBe('a b');
    });

    describe('what a put says of its connection', () => {
      const first = { id: 'c', destination: 'acme', settings: 's1' };
      const registered = () => backlog()?.registered;

      it('is kept with its events across a close, also of a put without events, until all is purged', async () => {
        await queue.put(first, []);
        expect(registered()).toEqual({ destination: 'acme', hasLanes: false, settings: 's1' });
        await queue.put(first, several('a'));
        expect(registered()).toMatchObject({ hasLanes: false });
        await queue.put(first, several('b', { lanes: ['l'] }));
        await reopen();
        expect(registered()).toEqual({ destination: 'acme', hasLanes: true, settings: 's1' });
        expect(await drain()).toBe('a b');
        expect(registered()).toMatchObject({ hasLanes: true });
        expect(await queue.purge('c')).toBe(2);
        expect(registered()).toBeUndefined();
        await reopen();
        expect(registered()).toBeUndefined();
      });

      it('is refused with other settings, all of it, unless these were checked against what waits', async () => {
        await queue.put(first, several('a'));
        const second = { ...first, settings: 's2' };
        await expect(queue.put(second, several('b'))).rejects.toThrow(OtherSettings);
        await expect(queue.put({ ...second, checked: 's0' }, several('b'))).rejects.toThrow(OtherSettings);
        expect(backlog()).toMatchObject({ waiting: 1, registered: { settings: 's1' } });
        expect(await queue.put({ ...second, checked: 's1' }, several('b'))).toEqual({ accepted: 1, duplicates: 0 });
        // Whoever has checked against the first ones must look again.
        await expect(queue.put({ ...first, settings: 's3', checked: 's1' }, several('d'))).rejects.toThrow(
          OtherSettings,
        );
        await Promise.all([
          queue.put({ ...first, settings: 's4', checked: 's2' }, several('e')),
          expect(queue.put({ ...first, settings: 's5', checked: 's2' }, several('f'))).rejects.toThrow(OtherSettings),
        ]);
        expect(await drain()).toBe('a b e');
      });

      it('is another destination once nothing waits; the former ones are remembered with their times', async () => {
        await queue.put(first, several('a'));
        const other = { id: 'c', destination: 'other' };
        await expect(queue.put(other, [])).rejects.toThrow('1 events wait for acme, not for other');
        await queue.settle(
          'c',
          take().map((claim) => dead(claim)),
          at,
        );
        store.clock.now = 7_000;
        await queue.put(other, []);
        expect(registered()).toEqual({
          destination: 'other',
          hasLanes: false,
          former: [{ destination: 'acme', until: 7_000 }],
        });
        store.clock.now = 6_000;
        await queue.put({ ...first, settings: 's2' }, []);
        await reopen();
        expect(registered()).toEqual({
          destination: 'acme',
          hasLanes: false,
          settings: 's2',
          former: [
            { destination: 'acme', until: 7_000 },
            { destination: 'other', until: 7_000 },
          ],
        });
      });

      it('has unknown settings once events came back into lanes, or were put into some without settings', async () => {
        await queue.put(first, several('a b'));
        const [a, b] = take();
        await queue.settle('c', [dead(a!), done(b!)], at);
        await queue.requeue('c');
        expect(registered()).toMatchObject({ settings: 's1', hasLanes: false });
        await queue.replay('c', 0, 1e9, () => ['l']);
        await reopen();
        expect(registered()).toEqual({ destination: 'acme', hasLanes: true });
        await queue.put(first, []);
        await queue.put('c', several('d', { lanes: ['l'] }));
        expect(registered()).toEqual({ destination: 'acme', hasLanes: true });
      });
    });

    it('shows what waits, claimed or not, page by page, and claims nothing', async () => {
      await queue.put('c', [...several('a b', { lanes: ['l'] }), ...several('d e')]);
      const [a] = take(1);
      const page = queue.peek('c', 3);
      expect(page[0]).toEqual(a);
      expect(page.map(({ id, lanes }) => [id, lanes])).toEqual([
        ['a', ['l']],
        ['b', ['l']],
        ['d', undefined],
      ]);
      expect(ids(queue.peek('c', 3, page[2]!.seq))).toBe('e');
      expect(queue.peek('nobody', 3)).toEqual([]);
      expect(ids(take())).toBe('d e');
    });

    it('forgets dead letters that are dropped, and no others', async () => {
      await queue.put('c', several('a b c'));
      const [a, b, c] = take();
      await queue.settle('c', [dead(a!), dead(b!, 'timeout'), dead(c!)], at);
      expect(await queue.drop('c', { reason: 'vendor_rejected' })).toBe(2);
      expect(await queue.drop('nobody')).toBe(0);
      expect(ids(await letters(queue, 'c'))).toBe('b');
      expect(backlog()).toMatchObject({ waiting: 0, dead: 1, done: 0 });
    });

    it('revives the letters there are when it is asked, not those that die again meanwhile', async () => {
      const events = Array.from({ length: 2_600 }, (_, n) => queued(`e${n}`));
      await queue.put('c', events);
      await queue.settle(
        'c',
        take(2_600).map((claim) => dead(claim)),
        at,
      );
      const revived = queue.requeue('c');
      let over = false;
      void revived.then(() => (over = true));
      let died = 0;
      for (let rounds = 0; !over && rounds < 500; rounds += 1) {
        const claims = take(400);
        died += claims.length;
        await queue.settle(
          'c',
          claims.map((claim) => dead(claim)),
          at,
        );
        await new Promise((resolve) => void setImmediate(resolve));
      }
      expect(await revived).toBe(2_600);
      expect(died).toBeLessThanOrEqual(2_600);
      expect(backlog()).toMatchObject({ waiting: 2_600 - died, dead: died });
    });

    it('gives a lane to what was settled before it had one, when it comes back', async () => {
      const reason = { code: 'unmapped_event', message: 'No rule for it.' } as const;
      await queue.put('c', [
        queued('a', { outcome: { kind: 'skipped', eventId: 'a', reason } }),
        queued('b', { outcome: { kind: 'rejected', eventId: 'b', reason } }),
        queued('c', { lanes: ['own'], outcome: { kind: 'rejected', eventId: 'c', reason } }),
      ]);
      const lanesOf = ({ messageId }: IncomingEvent): string[] => [`lane of ${messageId}`];
      await queue.requeue('c', {}, lanesOf);
      await queue.replay('c', 0, 1e9, lanesOf);
      expect(take().map(({ lanes }) => lanes)).toEqual([['lane of b'], ['own'], ['lane of a']]);
    });

    it('remembers over a restart which events are ambiguous, and which dead letters have an unknown outcome', async () => {
      await queue.put('c', several('a b c'));
      const [a, b, c] = take();
      await queue.settle('c', [{ kind: 'retry', seq: a!.seq, notBefore: 0, attempts: 0, ambiguous: true }], at);
      await queue.settle(
        'c',
        [
          {
            kind: 'dead',
            seq: b!.seq,
            outcome: 'unknown',
            reason: { code: 'ambiguous_delivery', message: 'No answer.' },
            attempts: 1,
          },
          dead(c!),
        ],
        at,
      );
      await reopen();
      await queue.requeue('c');
      const claims = take();
      expect(claims.map(({ id, ambiguous }) => [id, ambiguous])).toEqual([
        ['a', true],
        ['b', true],
        ['c', undefined],
      ]);
      await queue.settle('c', [again(claims[0]!, 0)], at);
      expect(take(1)).toMatchObject([{ id: 'a', attempts: 1, ambiguous: true }]);
    });

    it('gives out no more than the bytes it is asked for, and always one', async () => {
      await queue.put('c', [big('a'), big('b'), big('c'), ...several('d e', { lanes: ['l'] })]);
      expect(ids(queue.claim('c', 9, 1_000, 1))).toBe('a');
      expect(ids(queue.claim('c', 9, 1_000, 2_000))).toBe('b c');
      expect(ids(queue.claim('c', 9, 1_000, 1e9))).toBe('d e');
    });

    it('tells of one connection alone, and how many wait without a look at any', async () => {
      await queue.put('c', several('a b'));
      await queue.put('d', several('x'));
      take(1);
      expect(queue.status(1_000, 'd').connections).toEqual([
        { connection: 'd', waiting: 1, oldestMs: 0, dead: 0, done: 0 },
      ]);
      expect(queue.status(1_000, 'nobody').connections).toEqual([]);
      expect([queue.waiting('c'), queue.waiting('d'), queue.waiting('nobody')]).toEqual([2, 1, 0]);
    });

    it('counts what waits, what is dead, what is done and how old the oldest is', async () => {
      expect(queue.status(5_000)).toMatchObject({ connections: [], bytes: 0, quarantined: 0 });
      await queue.put('d', several('x', { acceptedAt: 4_000 }));
      await queue.put('c', [
        ...several('a', { lanes: ['l'], acceptedAt: 1_500 }),
        ...several('b', { acceptedAt: 2_000 }),
      ]);
      const expected = [
        { connection: 'c', waiting: 2, oldestMs: 3_500, dead: 0, done: 0 },
        { connection: 'd', waiting: 1, oldestMs: 1_000, dead: 0, done: 0 },
      ];
      expect(queue.status(5_000).connections).toEqual(expected);
      const [a, b] = take();
      expect(queue.status(5_000).connections).toEqual(expected);
      await queue.settle('c', [done(a!), again(b!, 9_000)], at);
      expect(queue.status(5_000).connections[0]).toEqual({
        connection: 'c',
        waiting: 1,
        oldestMs: 3_000,
        dead: 0,
        done: 1,
      });
      const { bytes } = queue.status(0);
      await reopen();
      expect(queue.status(5_000)).toMatchObject({ bytes, connections: [{ waiting: 1, oldestMs: 3_000, done: 1 }, {}] });
    });

    it('knows the oldest at any time, in whatever order they are settled', async () => {
      const events = Array.from({ length: 60 }, (_, n) =>
        queued(`e${n}`, { lanes: n % 7 === 0 ? undefined : [`l${n % 5}`], acceptedAt: 1_000 + n }),
      );
      await queue.put('c', events);
      const left = new Set(events.map(({ acceptedAt }) => acceptedAt));
      const oldest = (): number => 2_000 - (backlog('c', 2_000)?.oldestMs ?? 0);
      for (let claims = take(20); claims.length > 0; claims = take(20)) {
        for (const [index, claim] of [...claims].sort((a, b) => ((a.seq * 7) % 11) - ((b.seq * 7) % 11)).entries()) {
          expect(oldest()).toBe(Math.min(...left));
          if (index % 6 === 5) queue.release('c', [claim.seq]);
          else await queue.settle('c', [index % 3 === 0 ? dead(claim) : done(claim)], at);
          if (index % 6 !== 5) left.delete(claim.acceptedAt);
        }
      }
      expect(left.size).toBe(0);
      expect(backlog('c', 2_000)?.oldestMs).toBe(0);
    });

    it('takes an id once that is put on both sides of midnight while the first put is on its way', async () => {
      await reopen({ dedupWindowMs: 3_600_000 });
      store.clock.now = 86_400_000 - 1;
      const first = queue.put('c', several('a'));
      store.clock.now += 1;
      expect(await Promise.all([first, queue.put('c', several('a'))])).toEqual([
        { accepted: 1, duplicates: 0 },
        { accepted: 0, duplicates: 1 },
      ]);
    });

    it('works off ten thousand events of one lane and of none, in order', async () => {
      const text = (n: number): string => String(n).padStart(5, '0');
      const event: CdpEvent = { type: 'track', event: 'x' };
      for (let from = 0; from < 10_000; from += 1_000)
        await queue.put(
          'c',
          Array.from({ length: 1_000 }, (_, n) =>
            queued(text(from + n), { event, lanes: (from + n) % 2 === 0 ? ['lane'] : undefined }),
          ),
        );
      const seen: string[] = [];
      for (let claims = take(300); claims.length > 0; claims = take(300)) {
        seen.push(...claims.map(({ id }) => id));
        await queue.settle('c', claims.map(done), at);
      }
      expect(seen).toEqual(Array.from({ length: 10_000 }, (_, n) => text(n)));
    }, 30_000);

    it('is of no use after close', async () => {
      await queue.close();
      await expect(queue.put('c', several('a'))).rejects.toThrow('closed');
      expect(() => take()).toThrow('closed');
      queue = await store.open();
    });
  });
}
