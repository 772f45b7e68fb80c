import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { BatchLimits, Delivery } from '../../core/index.ts';
import { createBatcher, frameBytes, batchByLimits } from '../../core/runtime/batching/batcher.ts';
import { Lanes, type LaneOptions } from '../../core/runtime/batching/lanes.ts';
import type { PendingBatch, PendingDelivery } from '../../core/runtime/batching/pending-delivery.ts';
import { answersOfAllKinds, inTurn, yes } from '../support/runtime/scripted-vendor.ts';
import { acme, testConnection, codes, kinds, track, tracks } from '../support/runtime/test-connection.ts';

const limits: BatchLimits = { maxItems: 1, maxBytes: 1_000, maxAgeMs: 1_000 };
const frame = frameBytes({ open: '[', separator: ',', close: ']' });
const delivery = (at: number, parts: Partial<PendingDelivery> = {}): PendingDelivery =>
  ({
    index: at,
    eventId: String(at),
    payload: at,
    text: String(at),
    bytes: 1,
    lanes: ['d'],
    occurredAt: at,
    takenAt: at,
    ...parts,
  }) as PendingDelivery;

class ObservedLanes extends Lanes {
  readonly inFlight: PendingBatch[] = [];

  override next(): PendingBatch | undefined {
    const batch = super.next();
    if (batch !== undefined) this.inFlight.push(batch);
    return batch;
  }

  /** All that was sent has its outcome. */
  end(): void {
    for (const batch of this.inFlight.splice(0)) this.done(batch);
  }
}

const lanesOf = (parts: Partial<LaneOptions> = {}) =>
  new ObservedLanes({
    limits,
    frame,
    span: Number.POSITIVE_INFINITY,
    capacity: Number.POSITIVE_INFINITY,
    ...parts,
  });
const times = (batch: PendingBatch | undefined) => batch?.items.map(({ occurredAt }) => occurredAt);

const numberOf = (id: string): number => Number(id.slice(1));

describe('a lane', () => {
  it('keeps one batch on its way', () => {
    const lanes = lanesOf({ span: 0 });
    lanes.add(delivery(1), 0);
    lanes.add(delivery(2), 0);
    expect(times(lanes.next())).toEqual([1]);
    expect(lanes.next()).toBeUndefined();
    lanes.end();
    expect(times(lanes.next())).toEqual([2]);
  });

  it('lets an event wait for as many later ones as its span, and no more', () => {
    const lanes = lanesOf({ span: 2 });
    for (const at of [5, 3]) lanes.add(delivery(at), 0);
    expect(lanes.ready()).toBe(0);
    lanes.add(delivery(4), 0);
    expect(times(lanes.next())).toEqual([3]);
    lanes.end();
    expect(times(lanes.next())).toEqual([4]);
    lanes.end();
    expect(times(lanes.next())).toEqual([5]);
  });

  it('does not take along what still waits for earlier ones', () => {
    const lanes = lanesOf({ limits: { ...limits, maxItems: 10 }, span: 2 });
    for (const at of [1, 5, 6]) lanes.add(delivery(at), 0);
    expect(times(lanes.next())).toEqual([1]);
    lanes.end();
    lanes.add(delivery(4), 0);
    expect(times(lanes.next())).toEqual([4, 5]);
  });

  it('fills a request by count, bytes and group', () => {
    const lanes = lanesOf({ limits: { maxItems: 3, maxBytes: 9, maxAgeMs: 0 } });
    lanes.add(delivery(1), 0);
    lanes.add(delivery(2), 0);
    lanes.add(delivery(3, { bytes: 4 }), 0);
    lanes.add(delivery(4, { group: 'g' }), 0);
    for (const at of [5, 6, 7, 8]) lanes.add(delivery(at), 0);
    lanes.flush();
    const batches: unknown[] = [];
    for (let next = lanes.next(); next !== undefined; next = lanes.next()) {
      batches.push(times(next));
      lanes.end();
    }
    expect(batches).toEqual([[1, 2], [3], [4], [5, 6, 7], [8]]);
  });

  it('keeps ties in the order of the input, and events without a time before all others', () => {
    const lanes = lanesOf({ limits: { ...limits, maxItems: 100 } });
    const order = [2, 1, 2, undefined, 1].map((at, index) => Object.assign(delivery(index), { occurredAt: at, index }));
    for (const one of order) lanes.add(one, 0);
    lanes.flush();
    expect(lanes.next()?.items.map(({ index }) => index)).toEqual([3, 1, 4, 0, 2]);
  });

  it('stands still after a deferral, and gives up what waited behind', () => {
    const lanes = lanesOf({ span: 0 });
    for (const at of [1, 2, 3]) lanes.add(delivery(at), 0);
    const first = lanes.next()?.items[0] as PendingDelivery;
    expect(lanes.block(first, 500, 100).map(({ occurredAt }) => occurredAt)).toEqual([2, 3]);
    lanes.end();
    expect(lanes.add(delivery(4), 499)).toEqual({ blockedUntil: 500, behind: [] });
    expect(lanes.add(delivery(5), 500)).toBe('waiting');
    expect(times(lanes.next())).toEqual([5]);
  });

  it('that ran full takes nobody in until it is empty, so that nobody overtakes those turned away', () => {
    const lanes = lanesOf({ span: 0, capacity: 2 });
    expect([1, 2, 3].map((at) => lanes.add(delivery(at), 0))).toEqual(['waiting', 'waiting', 'full']);
    lanes.next();
    expect(lanes.add(delivery(4), 0)).toBe('full');
    lanes.end();
    lanes.next();
    expect(lanes.add(delivery(5), 0)).toBe('full');
    lanes.end();
    expect(lanes.add(delivery(6), 0)).toBe('waiting');
  });

  it('is forgotten when it is empty', () => {
    const lanes = lanesOf({ span: 0 });
    for (let n = 0; n < 10_000; n++) {
      const names = n % 3 === 0 ? [`lane ${n}`] : [`lane ${n}`, `side ${n}`];
      lanes.add(delivery(n, { lanes: names }), n);
      const departed = lanes.next() as PendingBatch;
      expect(departed.lanes).toEqual(names);
      if (n % 2 === 0) lanes.block(departed.items[0], n + 1, n);
      lanes.end();
    }
    expect(lanes.size()).toBe(0);
    expect(lanes.clear()).toEqual([]);
    expect(lanes.oldest()).toBeUndefined();
  });

  it('lets a delivery of several leave when it is the first in each, and has all of them wait for it', () => {
    const lanes = lanesOf({ span: 0 });
    lanes.add(delivery(1, { lanes: ['a'] }), 0);
    lanes.add(delivery(2, { lanes: ['b', 'a'] }), 0);
    lanes.add(delivery(3, { lanes: ['c', 'b'] }), 0);
    expect(times(lanes.next())).toEqual([1]);
    expect(lanes.next()).toBeUndefined();
    lanes.end();
    expect(times(lanes.next())).toEqual([2]);
    expect(lanes.next()).toBeUndefined();
    lanes.end();
    expect(times(lanes.next())).toEqual([3]);
    lanes.end();
    expect(lanes.size()).toBe(0);
  });

  it('counts a delivery of several once', () => {
    const lanes = lanesOf();
    lanes.add(delivery(1, { lanes: ['a', 'b', 'c'] }), 0);
    lanes.add(delivery(2, { lanes: ['d'] }), 0);
    expect(lanes.size()).toBe(2);
    lanes.add(delivery(3, { lanes: ['b'] }), 0);
    expect(lanes.size()).toBe(3);
  });

  it('sends what is before a delivery in another of its lanes, though that still waits for earlier ones', () => {
    const lanes = lanesOf({ span: 2 });
    lanes.add(delivery(5, { lanes: ['a', 'b'] }), 0);
    lanes.add(delivery(3, { lanes: ['b'] }), 0);
    lanes.add(delivery(9, { lanes: ['c'] }), 0);
    expect(times(lanes.next())).toEqual([3]);
    lanes.end();
    expect(times(lanes.next())).toEqual([5]);
  });

  it('sends what is before that in a further lane, and so on', () => {
    const lanes = lanesOf({ span: 2 });
    lanes.add(delivery(5, { lanes: ['a'] }), 0);
    lanes.add(delivery(3, { lanes: ['a', 'b'] }), 0);
    lanes.add(delivery(1, { lanes: ['b'] }), 0);
    for (const names of [['b'], ['a', 'b'], ['a']]) {
      expect(lanes.next()?.lanes).toEqual(names);
      lanes.end();
    }
  });

  it('fills a request only with those of the same lanes that are neighbours in all of them', () => {
    const lanes = lanesOf({ limits: { ...limits, maxItems: 10 } });
    const names = [['a', 'b'], ['a', 'b'], ['b'], ['a', 'b'], ['a'], ['a', 'b'], ['a', 'b']];
    for (const [at, one] of names.entries()) lanes.add(delivery(at, { lanes: one }), 0);
    lanes.flush();
    const batches: unknown[] = [];
    for (let next = lanes.next(); next !== undefined; next = lanes.next()) {
      batches.push(times(next));
      expect(lanes.next()).toBeUndefined();
      lanes.end();
    }
    expect(batches).toEqual([[0, 1], [2], [3], [4], [5, 6]]);
  });

  it('stands still for whatever waits behind a deferred one in another lane, and not for what is before that', () => {
    const lanes = lanesOf({ span: 0 });
    for (const [at, names] of [['a'], ['c'], ['a', 'b'], ['b', 'c'], ['c', 'd'], ['e']].entries())
      lanes.add(delivery(at, { lanes: names }), 0);
    expect(times(lanes.next())).toEqual([0]);
    const head = delivery(0, { lanes: ['a'] });
    expect(lanes.block(head, 500, 100).map(({ index }) => index)).toEqual([2, 3, 4]);
    expect([times(lanes.next()), times(lanes.next()), lanes.next()]).toEqual([[1], [5], undefined]);
    for (const name of ['a', 'b', 'c', 'd'])
      expect(lanes.add(delivery(6, { lanes: [name] }), 499)).toEqual({ blockedUntil: 500, behind: [] });
    expect(lanes.add(delivery(7, { lanes: ['e'] }), 499)).toBe('waiting');
  });

  it('has a newcomer that is blocked in one lane hold its others, and give up what waits behind it there', () => {
    const lanes = lanesOf({ span: 5 });
    lanes.block(delivery(0, { lanes: ['a'] }), 500, 100);
    const [later, earlier] = [delivery(4, { lanes: ['b', 'c'] }), delivery(2, { lanes: ['b'] })];
    lanes.add(later, 100);
    lanes.add(earlier, 100);
    expect(lanes.add(delivery(3, { lanes: ['b', 'a'] }), 100)).toEqual({ blockedUntil: 500, behind: [later] });
    expect(lanes.add(delivery(5, { lanes: ['c'] }), 499)).toEqual({ blockedUntil: 500, behind: [] });
    expect(lanes.add(delivery(5, { lanes: ['c'] }), 500)).toBe('waiting');
  });

  it('that ran full has those turned away hold their other lanes until it is empty', () => {
    const lanes = lanesOf({ span: 0, capacity: 1 });
    const add = (at: number, ...names: string[]) => lanes.add(delivery(at, { lanes: names }), 0);
    expect([add(1, 'a'), add(2, 'a', 'b'), add(3, 'b', 'c'), add(4, 'c')]).toEqual(['waiting', 'full', 'full', 'full']);
    lanes.next();
    expect([add(5, 'c'), add(6, 'd')]).toEqual(['full', 'waiting']);
    lanes.end();
    expect([add(7, 'b', 'a'), add(8, 'c')]).toEqual(['waiting', 'waiting']);
  });

  it('blocks all others for as long, rather than to remember without an end who was turned away', () => {
    const lanes = lanesOf({ span: 0 });
    lanes.block(delivery(0, { lanes: ['a'] }), 500, 100);
    for (let n = 1; n <= 70_000; n++) lanes.add(delivery(n, { lanes: [`lane ${n}`, 'a'] }), 100);
    expect(lanes.add(delivery(1, { lanes: ['new'] }), 499)).toEqual({ blockedUntil: 500, behind: [] });
    expect(lanes.add(delivery(1, { lanes: ['new', 'lane 1'] }), 500)).toBe('waiting');
  });

  it('never loses nor doubles a delivery, nor sends one beside or before an earlier one that shares a lane, nor stops', () => {
    const step = fc.record({
      at: fc.nat(8),
      lanes: fc.subarray(['a', 'b', 'c', 'd'], { minLength: 1, maxLength: 3 }).chain(shuffled),
      what: fc.constantFrom('add', 'go', 'end', 'block', 'age'),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.nat(5),
        fc.integer({ min: 1, max: 3 }),
        (steps, span, maxItems) => {
          const lanes = lanesOf({ span, limits: { ...limits, maxItems } });
          const out: PendingDelivery[] = [];
          const waiting = new Set<PendingDelivery>();
          const leave = (one: PendingDelivery): void => {
            expect(waiting.delete(one)).toBe(true);
            out.push(one);
          };
          const depart = (): boolean => {
            const inFlight = [...lanes.inFlight];
            const batch = lanes.next();
            if (batch === undefined) return false;
            for (const one of batch.items) {
              leave(one);
              expect(new Set(one.lanes)).toEqual(new Set(batch.lanes));
              expect([...waiting].filter((other) => shareLane(one, other) && goesBefore(other, one))).toEqual([]);
              for (const { items } of inFlight) expect(items.some((other) => shareLane(one, other))).toBe(false);
            }
            return true;
          };
          steps.forEach(({ at, lanes: names, what }, index) => {
            if (what === 'go') depart();
            else if (what === 'end') lanes.end();
            else if (what === 'age') lanes.flush(index - 3);
            else if (what === 'block' && lanes.inFlight[0] !== undefined) {
              const { items } = lanes.inFlight[0];
              for (const one of lanes.block(items[0], index, index)) leave(one);
            }
            const one = delivery(at, { lanes: names, index, takenAt: index });
            waiting.add(one);
            const added = lanes.add(one, index);
            if (added !== 'waiting') leave(one);
            if (typeof added === 'object') for (const behind of added.behind) leave(behind);
          });
          lanes.flush();
          lanes.end();
          while (depart()) if (waiting.size % 2 === 0) lanes.end();
          lanes.end();
          while (depart()) lanes.end();
          expect([...waiting]).toEqual([]);
          expect(out).toHaveLength(steps.length);
          expect([lanes.clear(), lanes.size(), lanes.ready()]).toEqual([[], 0, 0]);
        },
      ),
      { numRuns: 300 },
    );
  });
});

const shuffled = (names: readonly string[]): fc.Arbitrary<string[]> =>
  fc.shuffledSubarray([...names], { minLength: names.length });
const shareLane = (one: PendingDelivery, other: PendingDelivery): boolean =>
  one.lanes?.some((lane) => other.lanes?.includes(lane)) === true;
const goesBefore = (one: PendingDelivery, other: PendingDelivery): boolean =>
  (one.occurredAt ?? 0) - (other.occurredAt ?? 0) < 0 ||
  (one.occurredAt === other.occurredAt && one.index < other.index);

describe('lanes in a call', () => {
  const one = { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 } };

  it('leave one after another in event-time order, side by side with each other', async () => {
    const { connection, clock, vendor } = testConnection({ destination: acme({}, one) });
    vendor.script = async () => {
      await clock.sleep(10);
      return yes;
    };
    const events = tracks(40, (n) => ({ lane: `device ${n % 4}`, at: -n }));
    expect(kinds(await clock.run(connection.deliver(events)))).toEqual(Array(40).fill('delivered'));
    expect(vendor.mostOpen).toBe(4);
    for (let device = 0; device < 4; device++) {
      const sent = vendor.requests
        .flatMap(({ ids }) => ids.map((id) => Number(id.slice(1))))
        .filter((n) => n % 4 === device);
      expect(sent).toEqual(sent.toSorted((a, b) => b - a));
    }
  });

  it('wait behind a retry, and hold up nobody else', async () => {
    const { deliver, vendor } = testConnection({ destination: acme({}, one) });
    let failed = false;
    vendor.script = ({ ids: [id] }) => {
      if (id !== 'a1' || failed) return yes;
      failed = true;
      return { status: 503 };
    };
    const events = [track('a1', { lane: 'a' }), track('a2', { lane: 'a' }), track('b1', { lane: 'b' })];
    expect(kinds(await deliver(events))).toEqual(Array(3).fill('delivered'));
    expect(vendor.requests.flatMap(({ ids }) => ids)).toEqual(['a1', 'b1', 'a1', 'a2']);
  });

  it('stop at their first deferral: what is behind is held back until the same time', async () => {
    const { deliver, vendor } = testConnection({ destination: acme({}, one), connection: { retry: { attempts: 1 } } });
    vendor.script = ({ ids: [id] }) => (id === 'a2' ? { status: 503 } : yes);
    const events = [...[1, 2, 3, 4].map((n) => track(`a${n}`, { lane: 'a' })), track('b1', { lane: 'b' })];
    const outcomes = await deliver(events);
    expect(codes(outcomes)).toEqual([
      'delivered',
      'deferred: vendor_unavailable',
      'deferred: held_back',
      'deferred: held_back',
      'delivered',
    ]);
    const { retryAt } = outcomes[1] as { retryAt: string };
    expect(outcomes.slice(2, 4)).toMatchObject([{ retryAt }, { retryAt }]);
    expect(vendor.requests.flatMap(({ ids }) => ids)).not.toContain('a3');
  });

  it('stop between the halves of a refused batch, too', async () => {
    const { deliver, vendor } = testConnection({ connection: { retry: { attempts: 1 } } });
    vendor.script = ({ ids }) => (ids.length > 2 ? { status: 413 } : ids.includes('e0') ? { status: 503 } : yes);
    const outcomes = await deliver(tracks(4, () => ({ lane: 'a' })));
    expect(codes(outcomes)).toEqual([
      'deferred: vendor_unavailable',
      'deferred: vendor_unavailable',
      'deferred: held_back',
      'deferred: held_back',
    ]);
    expect(vendor.requests).toHaveLength(2);
  });

  it.each([
    ['rejected', { status: 400 }],
    ['unknown', { fault: 'reset' } as const],
  ])('go on behind an event that is %s', async (kind, answer) => {
    const { deliver, vendor } = testConnection({ destination: acme({}, { ...one, replay: 'harmful' }) });
    vendor.script = ({ ids: [id] }) => (id === 'a1' ? answer : yes);
    const events = [track('a1', { lane: 'a' }), track('a2', { lane: 'a' })];
    expect(kinds(await deliver(events))).toEqual([kind, 'delivered']);
  });

  it('never let an event overtake an earlier one of its lane, whatever the vendor answers', async () => {
    const runs = fc.record({
      script: fc.array(fc.constantFrom(...answersOfAllKinds), { maxLength: 25 }),
      lanes: fc.integer({ min: 1, max: 4 }),
      maxItems: fc.constantFrom(1, 3),
      streamed: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(runs, async ({ script, lanes, maxItems, streamed }) => {
        const destination = acme({}, { limits: { ...one.limits, maxItems } });
        const { deliver, stream, vendor } = testConnection({
          destination,
          script: inTurn(...script),
          connection: { retry: { attempts: 2 } },
        });
        const events = tracks(24, (n) => ({ lane: `l${n % lanes}`, at: n }));
        const outcomes = streamed ? (await stream(events)).map(({ outcome }) => outcome) : await deliver(events);
        const stuck = new Set<number>();
        for (const { kind, eventId } of outcomes.toSorted((a, b) => numberOf(a.eventId) - numberOf(b.eventId))) {
          const lane = numberOf(eventId) % lanes;
          if (kind === 'deferred') stuck.add(lane);
          else if (stuck.has(lane)) expect(kind).not.toBe('delivered');
        }
        const firsts = new Set(vendor.requests.flatMap(({ ids }) => ids.map(numberOf)));
        for (let lane = 0; lane < lanes; lane++) {
          const sent = [...firsts].filter((n) => n % lanes === lane);
          expect(sent).toEqual(sent.toSorted((a, b) => a - b));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('suspended by scope come back suspended, all of them', async () => {
    const { deliver, vendor } = testConnection({ destination: acme({}, one), script: () => ({ status: 401 }) });
    const events = tracks(6, () => ({ lane: 'a', scopes: ['token:t'] }));
    expect(kinds(await deliver(events))).toEqual(Array(6).fill('suspended'));
    expect(vendor.requests).toHaveLength(1);
  });
});

describe('packing', () => {
  const delivery = (index: number, bytes: number, group?: string, lanes?: readonly string[]): Delivery<unknown> => ({
    index,
    eventId: '',
    payload: index,
    text: 'x'.repeat(bytes),
    bytes,
    group,
    lanes,
  });

  it('puts every delivery in exactly one batch of its group and lanes, in order, within the limits', () => {
    const items = fc.array(
      fc.tuple(
        fc.integer({ min: 1, max: 30 }),
        fc.constantFrom(undefined, '', 'a', 'b', '1:a'),
        fc.constantFrom(undefined, [''], ['a'], ['x'], ['a', 'x'], ['a1:x'], ['a', '1:x']),
      ),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(
        items,
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 32, max: 90 }),
        (made, maxItems, maxBytes) => {
          const deliveries = made.map(([bytes, group, lanes], index) => delivery(index, bytes, group, lanes));
          const batches = batchByLimits(deliveries, { maxItems, maxBytes, maxAgeMs: 0 }, frame);
          expect(batches.flatMap((batch) => batch.items.map(({ index }) => index)).toSorted((a, b) => a - b)).toEqual(
            deliveries.map(({ index }) => index),
          );
          for (const { items: packed } of batches) {
            expect(packed.length).toBeLessThanOrEqual(maxItems);
            expect(2 + packed.length - 1 + packed.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(
              maxBytes,
            );
            expect(new Set(packed.map(({ group = '', lanes = [] }) => JSON.stringify([group, lanes]))).size).toBe(1);
            expect(packed.map(({ index }) => index)).toEqual(
              packed.map(({ index }) => index).toSorted((a, b) => a - b),
            );
          }
        },
      ),
    );
  });

  it('fills a batch to the last byte', () => {
    const batches = batchByLimits(
      [delivery(0, 4), delivery(1, 3), delivery(2, 4)],
      { maxItems: 9, maxBytes: 10, maxAgeMs: 0 },
      frame,
    );
    expect(batches.map(({ items }) => items.length)).toEqual([2, 1]);
  });

  it('gives out what was opened until then, oldest first, and knows the age of the rest', () => {
    const packer = createBatcher<Delivery<unknown>>({ maxItems: 3, maxBytes: 100, maxAgeMs: 0 }, frame);
    packer.add(delivery(0, 1, 'a'), 10);
    packer.add(delivery(1, 1, 'b'), 20);
    packer.add(delivery(2, 1, 'a'), 30);
    expect(packer.oldest()).toBe(10);
    expect(packer.flush(19).map((batch) => batch.map(({ index }) => index))).toEqual([[0, 2]]);
    expect(packer.oldest()).toBe(20);
    expect(packer.flush()).toHaveLength(1);
    expect(packer.oldest()).toBeUndefined();
  });
});
