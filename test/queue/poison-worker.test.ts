// Tests core/queue/poison-tracker.ts, through a worker.
import { describe, expect, it } from '@jest/globals';
import { eventIdOf, type Outcome } from '../../core/index.ts';
import { workFor, type WorkableConnection, type QueueWorker } from '../../core/queue/index.ts';
import { yes, type ScriptedReply, type Seen } from '../support/runtime/scripted-vendor.ts';
import { acme, track, tracks } from '../support/runtime/test-connection.ts';
import { testWorker, type TestWorker } from '../support/queue/test-worker.ts';

const minute = 60_000;
const one = acme({}, { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 } });
const ten = acme();
const done = ({ queue }: TestWorker): string[] => queue.log('acme').done.map(({ id }) => id);
const waiting = ({ queue }: TestWorker): string[] => [...queue.log('acme').waiting.values()].map(({ id }) => id);
const letters = ({ queue }: TestWorker) =>
  queue.log('acme').dead.map(({ id, outcome, reason: { code, status } }) => [id, outcome, code, status]);
const held = ({ workerSignals }: TestWorker): number =>
  workerSignals.filter(({ kind }) => kind === 'connection_held').length;
/** Fails whatever has an event in it whose id begins with `bad`. */
const failing =
  (answer: ScriptedReply) =>
  ({ ids }: Seen): ScriptedReply =>
    ids.some((id) => id.startsWith('bad')) ? answer : yes;
const bad = (count: number) => Array.from({ length: count }, (_, n) => track(`bad${n}`));

/** Puts another healthy event every minute. */
async function traffic(shop: TestWorker, working: QueueWorker, minutes: number, each = 1): Promise<void> {
  for (let n = 0; n < minutes; n += 1) {
    await shop.put(Array.from({ length: each }, (_, m) => track(`e${n}-${m}`)));
    working.wake();
    await shop.clock.advance(minute);
  }
}

describe('events that a vendor always fails on', () => {
  it.each([6, 60])(
    'F-90 are no outage: while %i of them are all that waits, newcomers leave at once',
    async (count) => {
      const shop = testWorker({ destination: one, script: failing({ status: 500 }) });
      await shop.put([...bad(count), ...tracks(50)]);
      const working = shop.start(workFor(one.manifest));
      await shop.clock.advance(20 * minute);
      expect(done(shop)).toHaveLength(50);
      await shop.put([track('new')]);
      working.wake();
      await shop.clock.advance(1_000);
      expect(done(shop)).toContain('new');
      await shop.clock.run(working.stop(0));
    },
  );

  it('F-90 count as no outage when they fail again, as long as another event got through within the last minute', async () => {
    const shop = testWorker({ destination: one, script: failing({ status: 500 }) });
    const mixed = bad(12).flatMap((event, n) => [...Array.from({ length: 5 }, (_, m) => track(`e${n}-${m}`)), event]);
    await shop.put(mixed);
    const working = shop.start(workFor(one.manifest));
    await shop.clock.advance(50_000);
    expect(done(shop)).toHaveLength(60);
    expect(held(shop)).toBe(0);
    await shop.clock.run(working.stop(0));
  });

  it('F-90 wait apart, so that one alone in a queue delays a new event by no more than a second or two', async () => {
    const shop = testWorker({ destination: one, script: failing({ fault: 'refused' }) });
    await shop.put(bad(1));
    const working = shop.start(workFor(one.manifest));
    await shop.clock.advance(5 * minute);
    // Right after a probe: the next one of that event is minutes away.
    for (const before = held(shop); held(shop) === before;) await shop.clock.advance(100);
    expect(held(shop)).toBeGreaterThan(5);
    await shop.put(tracks(30));
    working.wake();
    await shop.clock.advance(2_000);
    expect(done(shop)).toHaveLength(30);
    await shop.clock.run(working.stop(0));
  });

  it('F-90 keep those in their batch for two requests, then leave in ever smaller company', async () => {
    const shop = testWorker({ destination: ten, script: failing({ status: 500 }) });
    await shop.put([...tracks(29), track('bad')]);
    const working = shop.start(workFor(ten.manifest));
    await shop.clock.advance(minute);
    expect(done(shop)).toHaveLength(29);
    const sizes = shop.vendor.requests.map(({ ids }) => ids.length);
    expect(sizes.slice(0, 9)).toEqual([10, 10, 10, 10, 2, 2, 2, 2, 2]);
    expect(new Set(sizes.slice(9))).toEqual(new Set([1]));
    await shop.clock.run(working.stop(0));
  });

  it('F-90 become dead letters, with the last answer, after eight answers and an hour, while others go through', async () => {
    const shop = testWorker({ destination: one, script: failing({ status: 500 }) });
    await shop.put([...bad(1), ...tracks(99)]);
    const working = shop.start(workFor(one.manifest));
    await traffic(shop, working, 59);
    expect(waiting(shop)).toEqual(['bad0']);
    expect(working.state().failing).toEqual({ events: 1, partial: false });
    await traffic(shop, working, 7);
    expect(letters(shop)).toEqual([['bad0', 'deferred', 'poisonous', 500]]);
    expect(shop.queue.log('acme').dead[0]?.attempts).toBeGreaterThanOrEqual(8);
    expect(working.state().failing).toEqual({ events: 0, partial: false });
    expect(shop.changes).toEqual([]);
    await shop.clock.run(working.stop(0));
  });

  it.each([[{ fault: 'refused' }], [{ status: 429 }], [{ fault: 'silence' }]] as const)(
    'F-90 are not to blame for what is no answer to them (%j), and hold up nobody',
    async (answer) => {
      const shop = testWorker({ destination: one, script: failing(answer) });
      await shop.put([...bad(2), ...tracks(300)]);
      const working = shop.start(workFor(one.manifest));
      await shop.clock.advance(minute);
      expect(done(shop)).toHaveLength(300);
      await traffic(shop, working, 80);
      expect(done(shop)).toHaveLength(380);
      expect(letters(shop).filter(([, , code]) => code === 'poisonous')).toEqual([]);
      await shop.clock.run(working.stop(0));
    },
  );

  it('F-90 are not called poisonous by a worker that has just started and knows neither the others nor the outage', async () => {
    const shop = testWorker({ destination: one, script: failing({ status: 500 }) });
    await shop.put([...bad(12), ...tracks(100)]);
    for (const minutes of [62, 12]) {
      const working = shop.start(workFor(one.manifest));
      await traffic(shop, working, minutes);
      await shop.clock.run(working.stop(0));
      shop.queue.log('acme').seen.clear();
    }
    expect(letters(shop)).toEqual([]);
    expect(waiting(shop)).toHaveLength(12);
  });

  it('F-90 count as an outage in part when they are more than one in a hundred: they wait, and the worker says so', async () => {
    const shop = testWorker({ destination: one, script: failing({ status: 500 }) });
    await shop.put([...bad(6), ...tracks(100)]);
    const working = shop.start(workFor(one.manifest));
    await traffic(shop, working, 90);
    expect(letters(shop)).toEqual([]);
    expect(shop.changes).toEqual([{ kind: 'partial_outage', connection: 'acme', events: expect.any(Number) }]);
    expect(working.state().failing).toEqual({ events: 6, partial: true });
    // Once enough others went through, the events are to blame after all.
    await traffic(shop, working, 10, 60);
    expect(letters(shop)).toHaveLength(6);
    expect(shop.changes.map(({ kind }) => kind)).toEqual(['partial_outage', 'partial_outage_over']);
    await shop.put([track('last')]);
    working.wake();
    await shop.clock.settle();
    await shop.clock.run(working.stop(0));
    expect(shop.clock.sleepers).toBe(0);
  });
});

describe('what is held by its scope', () => {
  const scoped = (id: string, kind: 'deferred' | 'suspended', now: number): Outcome =>
    kind === 'suspended'
      ? { kind, eventId: id, reason: { code: 'unauthorized', message: 'No.', status: 401 }, scope: 'token:a' }
      : {
          kind,
          eventId: id,
          reason: { code: 'rate_limited', message: 'Too fast.', status: 429 },
          retryAt: new Date(now + 600_000).toISOString(),
          scope: 'device:a',
        };

  it.each(['deferred', 'suspended'] as const)('F-90 F-17 is neither an outage nor a pause (%s)', async (kind) => {
    const shop = testWorker({ destination: one });
    const { connection, clock } = shop;
    const stubborn: WorkableConnection = {
      ...connection,
      deliver(events, options) {
        const outcomes = events.map((event) => scoped(eventIdOf(event), kind, clock.now()));
        const isBad = events.some((event) => eventIdOf(event).startsWith('bad'));
        return isBad ? Promise.resolve(outcomes) : connection.deliver(events, options);
      },
    };
    await shop.put([...bad(20), ...tracks(30)]);
    const working = shop.start({ connection: stubborn, prefetch: 4, batchSize: 1 });
    for (let turn = 0; turn < 20; turn += 1) await shop.clock.advance(1_000);
    expect(done(shop)).toHaveLength(30);
    expect(held(shop)).toBe(0);
    expect(working.paused()).toBeUndefined();
    expect(letters(shop)).toHaveLength(kind === 'suspended' ? 20 : 0);
    await shop.clock.run(working.stop(0));
  });
});
