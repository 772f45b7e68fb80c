// Tests core/runtime/batching/lanes.ts in calls and streams of deliveries that name several lanes.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CdpEvent, Outcome } from '../../core/index.ts';
import { answersOfAllKinds, inTurn, yes, type LateReply } from '../support/runtime/scripted-vendor.ts';
import { acme, codes, defects, kinds, testConnection, track } from '../support/runtime/test-connection.ts';

const one = { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 } };
const event = (id: string, ...lanes: string[]): CdpEvent => track(id, { lanes });

describe('deliveries that name several lanes', () => {
  it('leave when they are the first in each, and hold up nobody who shares none', async () => {
    const { connection, clock, vendor } = testConnection({ destination: acme({}, one) });
    vendor.script = async ({ ids: [id] }) => {
      await clock.sleep(id === 'a1' ? 50 : 10);
      return yes;
    };
    const events = [event('a1', 'a'), event('ab', 'a', 'b'), event('b1', 'b'), event('c1', 'c'), event('none')];
    expect(kinds(await clock.run(connection.deliver(events)))).toEqual(Array(5).fill('delivered'));
    const sent = vendor.requests.flatMap(({ ids }) => ids);
    expect(sent.filter((id) => id !== 'c1' && id !== 'none')).toEqual(['a1', 'ab', 'b1']);
    expect(Math.max(sent.indexOf('c1'), sent.indexOf('none'))).toBeLessThan(sent.indexOf('ab'));
  });

  it('wait in each for the one that is tried again', async () => {
    const { deliver, vendor } = testConnection({ destination: acme({}, one) });
    vendor.script = inTurn({ status: 503 });
    const events = [event('ab', 'a', 'b'), event('a1', 'a'), event('b1', 'b'), event('c1', 'c')];
    expect(kinds(await deliver(events))).toEqual(Array(4).fill('delivered'));
    expect(vendor.requests.flatMap(({ ids }) => ids)).toEqual(['ab', 'c1', 'ab', 'a1', 'b1']);
  });

  it('are held back with one that is deferred, and hold back those behind them in another lane', async () => {
    const { deliver, vendor } = testConnection({ destination: acme({}, one), connection: { retry: { attempts: 1 } } });
    vendor.script = ({ ids: [id] }) => (id === 'a1' ? { status: 503 } : yes);
    const events = [event('b0', 'b'), event('a1', 'a'), event('ab', 'b', 'a'), event('b1', 'b', 'c'), event('c1', 'c')];
    const outcomes = await deliver([...events, event('d1', 'd')]);
    expect(codes(outcomes)).toEqual([
      'delivered',
      'deferred: vendor_unavailable',
      'deferred: held_back',
      'deferred: held_back',
      'deferred: held_back',
      'delivered',
    ]);
    const { retryAt } = outcomes[1] as { retryAt: string };
    expect(outcomes.slice(2, 5)).toMatchObject([{ retryAt }, { retryAt }, { retryAt }]);
    expect(vendor.requests.flatMap(({ ids }) => ids)).not.toContain('b1');
  });

  it('hold their lanes until the host has kept what came of them', async () => {
    const { connection, clock, vendor } = testConnection({ destination: acme({}, one) });
    const kept: (() => void)[] = [];
    const settled = (position: number) =>
      position === 0 ? new Promise<boolean>((resolve) => kept.push(() => resolve(true))) : undefined;
    const events = [event('ab', 'a', 'b'), event('a1', 'a'), event('b1', 'b'), event('c1', 'c')];
    const delivering = connection.deliver(events, { settled });
    await clock.settle();
    expect(vendor.requests.flatMap(({ ids }) => ids)).toEqual(['ab', 'c1']);
    kept[0]?.();
    expect(kinds(await clock.run(delivering))).toEqual(Array(4).fill('delivered'));
  });

  it('count as one request each for the pace of a stream', async () => {
    const pace = { concurrency: 1, timeoutMs: 10_000, rate: { permits: 1, perMs: 1_000, cost: 'request' as const } };
    const read = async (...lanes: string[]): Promise<number> => {
      let count = 0;
      function* source(): Generator<CdpEvent> {
        for (let n = 0; n < 200; n++) {
          count += 1;
          yield event(`e${n}`, ...lanes.map((lane) => `${lane}${n}`));
        }
      }
      const { connection, clock } = testConnection({ destination: acme({}, { ...one, pace }) });
      const stream = connection.stream(source(), { withinMs: 60_000, maxOutOfOrderness: 0 })[Symbol.asyncIterator]();
      const first = stream.next();
      await clock.settle();
      const ahead = count;
      await first;
      await clock.run(connection.close());
      return ahead;
    };
    expect(await read('a', 'b', 'c', 'd')).toBe(await read('a'));
  });

  it('never overtake an earlier one that shares a lane, whatever comes of it, and never wait for each other', async () => {
    const runs = fc.record({
      events: fc.array(
        fc.record({ lanes: fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e'], { maxLength: 3 }), at: fc.nat(9) }),
        { minLength: 10, maxLength: 30 },
      ),
      script: fc.array(fc.constantFrom(...answersOfAllKinds), { maxLength: 40 }),
      delays: fc.array(fc.constantFrom(0, 5, 50), { minLength: 1, maxLength: 7 }),
      maxItems: fc.constantFrom(1, 3),
      way: fc.constantFrom('deliver', 'kept', 'stream', 'in order', 'narrow' as const),
      unkept: fc.array(fc.nat(30), { maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(runs, async ({ events: made, script, delays, maxItems, way, unkept }) => {
        const isInOrder = way === 'in order' || way === 'narrow';
        const items = made.map(({ lanes, at }, index) => ({ lanes, index, at: isInOrder ? index : at }));
        const { connection, clock, vendor, signals } = testConnection({
          destination: acme({}, { limits: { ...one.limits, maxItems } }),
          connection: { retry: { attempts: 3 } },
        });
        const reply = inTurn(...script);
        vendor.script = (request, position) => {
          const answer = reply(request, position);
          if ('fault' in answer && answer.fault === 'refused') return answer;
          return clock.sleep(delays[position % delays.length] ?? 0).then(() => answer as LateReply);
        };
        const events = items.map(({ lanes, index, at }) => track(`e${index}`, { lanes, at }));
        const settled = async (position: number): Promise<boolean> => {
          await clock.sleep(delays[position % delays.length] ?? 0);
          return !unkept.includes(position);
        };
        const outcomes: Outcome[] = [];
        if (way === 'deliver' || way === 'kept')
          outcomes.push(...(await clock.run(connection.deliver(events, way === 'kept' ? { settled } : {}))));
        else {
          const order = way === 'stream' ? {} : { maxOutOfOrderness: way === 'narrow' ? 1 : 0 };
          const stream = connection.stream(events, { ...order, ...(way === 'narrow' ? { window: 16 } : {}) });
          await clock.run(
            (async () => {
              for await (const { index, outcome } of stream) outcomes[index] = outcome;
            })(),
          );
        }
        expect(outcomes.map(({ eventId }) => eventId)).toEqual(items.map(({ index }) => `e${index}`));
        expect(defects(signals)).toEqual([]);

        const sorted = items.toSorted((a, b) => a.at - b.at || a.index - b.index);
        const attempts = sorted.map(({ index }) =>
          vendor.requests.flatMap(({ ids }, position) => (ids.includes(`e${index}`) ? [position] : [])),
        );
        const stuck = new Set<string>();
        for (const [place, { lanes, index }] of sorted.entries()) {
          const [first = Number.POSITIVE_INFINITY] = attempts[place] ?? [];
          for (let earlier = 0; earlier < place; earlier++) {
            if (!sorted[earlier]?.lanes.some((lane) => lanes.includes(lane))) continue;
            const before = attempts[earlier] ?? [];
            const limit = maxItems === 1 ? before.at(-1) : before[0];
            expect(limit ?? -1).toBeLessThanOrEqual(first);
          }
          // In a narrow window, what comes while a lane is full comes back, and later ones may go once it is empty.
          if (way === 'narrow') continue;
          const kind = outcomes[index]?.kind;
          if (lanes.some((lane) => stuck.has(lane))) expect(kind).not.toBe('delivered');
          if (kind === 'deferred') for (const lane of lanes) stuck.add(lane);
        }
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});
