import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CdpEvent, EventReader, Settled, StreamOptions } from '../../core/index.ts';
import { start, type ManualClock } from '../../core/testing/kit/manual-clock.ts';
import { inTurn, yes, type ScriptedReply } from '../support/runtime/scripted-vendor.ts';
import {
  acme,
  testConnection,
  codes,
  collect,
  defects,
  kinds,
  track,
  tracks,
  type TrackOptions,
} from '../support/runtime/test-connection.ts';

const limits = { maxItems: 10, maxBytes: 10_000, maxAgeMs: 1_000 };
const ids = (requests: readonly { readonly ids: readonly string[] }[]): string[] =>
  requests.map((one) => one.ids.join());
const outcomesOf = (settled: readonly Settled[]) =>
  settled.toSorted((a, b) => a.index - b.index).map(({ outcome }) => outcome);
const inOrder = (settled: readonly Settled[]): number[] => settled.map(({ index }) => index).toSorted((a, b) => a - b);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** Each event at its time, in ms from the start; then silence until the end. */
async function* timed(clock: ManualClock, plan: readonly (readonly [ms: number, event: CdpEvent])[], endMs: number) {
  for (const [ms, event] of plan) {
    await clock.sleep(start + ms - clock.now());
    yield event;
  }
  await clock.sleep(start + endMs - clock.now());
}

/** Endless, and tells how it was treated. */
function endless(travel: (n: number) => TrackOptions = () => ({})) {
  const seen = { read: 0, returned: 0 };
  async function* events() {
    try {
      while (true) {
        const n = seen.read;
        seen.read += 1;
        yield track(`e${n}`, travel(n));
      }
    } finally {
      seen.returned += 1;
    }
  }
  return { seen, events: events() };
}

describe('stream', () => {
  it.each([
    ['a list', () => tracks(95)],
    [
      'a generator',
      function* () {
        yield* tracks(95);
      },
    ],
    [
      'an async generator',
      async function* () {
        yield* tracks(95);
      },
    ],
    ['nothing', () => []],
  ])('gives an outcome for each event of %s', async (_, make) => {
    const { stream, signals } = testConnection();
    const settled = await stream(make());
    expect(inOrder(settled)).toEqual(upTo(settled.length));
    expect(new Set(codes(outcomesOf(settled)))).toEqual(new Set(settled.length === 0 ? [] : ['delivered']));
    expect(defects(signals)).toEqual([]);
  });

  it('fills batches across the pieces the events come in', async () => {
    const { stream, vendor, clock } = testConnection();
    await stream(
      timed(
        clock,
        tracks(20).map((event, n) => [n * 10, event] as const),
        5_000,
      ),
    );
    expect(vendor.requests.map((one) => one.ids.length)).toEqual([10, 10]);
  });

  it('holds no batch open for longer than its age, however others come and go', async () => {
    const { connection, vendor, clock } = testConnection();
    const times: Record<string, number> = {};
    vendor.script = (request) => {
      for (const id of request.ids) times[id] = clock.now() - start;
      return yes;
    };
    const plan = [
      [0, track('a', { group: 'a' })],
      [400, track('b', { group: 'b' })],
      [900, track('c', { group: 'a' })],
      [950, track('d', { group: 'd' })],
      [960, track('e', { lane: 'e' })],
    ] as const;
    await clock.run(collect(connection.stream(timed(clock, plan, 20_000))));
    expect(times).toEqual({ a: 1_000, c: 1_000, b: 1_400, d: 1_950, e: 1_960 });
  });

  it('does not make a batch by age that count or bytes filled before', async () => {
    const { stream, vendor } = testConnection();
    await stream(tracks(25));
    expect(vendor.requests.map((one) => one.ids.length)).toEqual([10, 10, 5]);
  });

  it('never has more events open than its window, unread outcomes included', async () => {
    for (const window of [1, 2, 7, 8, 64, 300]) {
      const { connection, clock } = testConnection();
      const { seen, events } = endless((n) => (n % 3 === 0 ? { lane: `l${n % 5}` } : { group: `g${n % 4}` }));
      let given = 0;
      let most = 0;
      const reading = (async () => {
        for await (const _ of connection.stream(events, { window })) {
          given += 1;
          await clock.sleep(1);
          most = Math.max(most, seen.read - given);
          if (given === 400) break;
        }
      })();
      await clock.run(reading);
      expect(most).toBeLessThanOrEqual(window);
      expect(most).toBeGreaterThanOrEqual(Math.floor(window / 2));
      expect(seen.returned).toBe(1);
    }
  });

  it('never stands still, whatever the window, groups, lanes and answers', async () => {
    const answers: readonly ScriptedReply[] = [
      yes,
      { status: 400 },
      { status: 503 },
      { status: 429 },
      { fault: 'reset' },
      { fault: 'refused' },
    ];
    const runs = fc.record({
      script: fc.array(fc.constantFrom(...answers), { maxLength: 20 }),
      window: fc.integer({ min: 0, max: 40 }),
      count: fc.integer({ min: 0, max: 120 }),
      lanes: fc.integer({ min: 1, max: 6 }),
      groups: fc.integer({ min: 1, max: 12 }),
      laned: fc.boolean(),
      maxItems: fc.integer({ min: 1, max: 5 }),
      stopAt: fc.option(fc.integer({ min: 0, max: 1_000 }), { freq: 2 }),
      maxAgeMs: fc.constantFrom(0, 100, 1_000_000),
    });
    await fc.assert(
      fc.asyncProperty(runs, async ({ script, window, count, lanes, groups, laned, maxItems, stopAt, maxAgeMs }) => {
        const destination = acme({}, { limits: { ...limits, maxItems, maxAgeMs } });
        const { connection, clock, signals, vendor } = testConnection({ destination });
        vendor.untilConnected = () => clock.sleep(20);
        vendor.script = inTurn(...script);
        const stop = new AbortController();
        const unstop = stopAt === null ? () => undefined : clock.after(stopAt, () => stop.abort());
        const events = tracks(count, (n) => (laned ? { lane: `l${n % lanes}`, at: -n } : { group: `g${n % groups}` }));
        const settled = await clock.run(collect(connection.stream(events, { window, signal: stop.signal })));
        expect(inOrder(settled)).toEqual(upTo(settled.length));
        if (stopAt === null) expect(settled).toHaveLength(count);
        for (const { index, outcome } of settled) expect(outcome.eventId).toBe(`e${index}`);
        expect(defects(signals)).toEqual([]);
        unstop();
        expect(clock.sleepers).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  it('goes on when the window is full of batches that would wait for company for ever', async () => {
    const destination = acme({}, { limits: { ...limits, maxItems: 2, maxAgeMs: 3_600_000 } });
    const { stream, clock, vendor } = testConnection({ destination });
    vendor.script = async () => {
      await clock.sleep(100);
      return yes;
    };
    const events = tracks(200, (n) => ({ group: n % 20 < 2 ? 'in pairs' : `alone ${n}` }));
    expect(await stream(events, { window: 24 })).toHaveLength(200);
    expect(clock.now() - start).toBeLessThan(60_000);
  });

  it('sends what waits for company in time, also where a batch may wait longer than an event may take', async () => {
    const destination = acme({}, { limits: { ...limits, maxAgeMs: 3_600_000 } });
    const { clock, stream } = testConnection({ destination });
    async function* slowly() {
      yield track('e1');
      await clock.sleep(60_000);
      yield track('e2');
    }
    const settled = await stream(slowly(), { withinMs: 10_000 });
    expect(kinds(settled.map(({ outcome }) => outcome))).toEqual(['delivered', 'delivered']);
  });

  it('keeps a lane in event-time order however slow the vendor and short the age of a batch', async () => {
    const destination = acme({}, { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 100 } });
    const { clock, stream, vendor } = testConnection({
      destination,
      script: async () => {
        await clock.sleep(500);
        return yes;
      },
    });
    // Each device has two events, forty apart, of which the second happened first; a window of 800 sorts fifty.
    const deviceOf = (n: number): string => `${Math.floor(n / 80)}-${n % 40}`;
    const events = tracks(800, (n) => ({ lane: deviceOf(n), at: n % 80 < 40 ? 2 : 1 }));
    const settled = await stream(events, { withinMs: 3_600_000, window: 800 });
    expect(new Set(kinds(settled.map(({ outcome }) => outcome)))).toEqual(new Set(['delivered']));
    const sent = vendor.requests.flatMap(({ ids }) => ids).map((id) => Number(id.slice(1)));
    const inOrder = (n: number): boolean => sent.indexOf(n + 40) < sent.indexOf(n);
    expect(sent.filter((n) => n % 80 < 40 && !inOrder(n))).toEqual([]);
  });

  it('begins nothing before somebody reads it, and nothing after he left', async () => {
    let asked = 0;
    const source: Iterable<CdpEvent> = {
      [Symbol.iterator]() {
        asked += 1;
        return tracks(1)[Symbol.iterator]();
      },
    };
    const { connection } = testConnection();
    const unread = connection.stream(source)[Symbol.asyncIterator]();
    expect(await unread.return?.()).toEqual({ done: true, value: undefined });
    expect(await unread.next()).toEqual({ done: true, value: undefined });
    expect(asked).toBe(0);
  });

  it('stops reading when its reader leaves, finishes what is in flight and lets the source clean up', async () => {
    const { connection, clock, vendor } = testConnection();
    const { seen, events } = endless();
    await clock.run(
      (async () => {
        for await (const _ of connection.stream(events, { window: 50 })) break;
      })(),
    );
    await clock.settle();
    expect(seen.returned).toBe(1);
    expect(vendor.open).toBe(0);
    expect(clock.sleepers).toBe(0);
    const { read } = seen;
    await clock.advance(10_000);
    expect(seen.read).toBe(read);
  });

  it('ends when it is stopped while its source is silent', async () => {
    const { connection, clock } = testConnection();
    async function* source() {
      yield* tracks(3);
      await new Promise(() => undefined);
    }
    const stop = new AbortController();
    const settled = clock.run(collect(connection.stream(source(), { signal: stop.signal })));
    await clock.settle();
    stop.abort();
    expect(codes(outcomesOf(await settled))).toEqual(Array(3).fill('deferred: held_back'));
  });

  it('stopped before it begins reads nothing', async () => {
    const { stream } = testConnection();
    const { seen, events } = endless();
    expect(await stream(events, { signal: AbortSignal.abort() })).toEqual([]);
    expect(seen.read).toBe(0);
  });

  it('gives every event it has read an outcome when it is stopped by its own source', async () => {
    const { stream } = testConnection();
    const stop = new AbortController();
    let read = 0;
    function* source() {
      for (const event of tracks(100)) {
        read += 1;
        if (read === 50) stop.abort();
        yield event;
      }
    }
    expect(inOrder(await stream(source(), { signal: stop.signal }))).toEqual(upTo(read));
  });

  it('throws what its source throws, after the outcomes of what was read', async () => {
    for (const broken of [
      function* () {
        yield* tracks(7);
        throw new Error('the file is gone');
      },
      async function* () {
        yield* tracks(7);
        throw new Error('the file is gone');
      },
    ]) {
      const { connection, clock } = testConnection();
      const settled: Settled[] = [];
      const reading = (async () => {
        for await (const one of connection.stream(broken())) settled.push(one);
      })();
      await expect(clock.run(reading)).rejects.toThrow('the file is gone');
      expect(codes(outcomesOf(settled))).toEqual(Array(7).fill('delivered'));
    }
  });

  it('waits only where its source has nothing at hand', async () => {
    const events = tracks(6);
    const turns: number[] = [];
    let turn = 0;
    const source: EventReader<CdpEvent> = {
      [Symbol.asyncIterator]: () => ({
        next() {
          turns.push(turn);
          const event = events.shift();
          const next = event === undefined ? ({ done: true, value: undefined } as const) : { value: event };
          if (events.length !== 2) return next;
          return Promise.resolve(next);
        },
      }),
    };
    const { connection, clock } = testConnection();
    const reading = clock.run(collect(connection.stream(source)));
    queueMicrotask(() => (turn += 1));
    expect(codes(outcomesOf(await reading))).toEqual(Array(6).fill('delivered'));
    expect(turns.slice(0, 4)).toEqual([0, 0, 0, 0]);
    expect(turns[4]).toBe(1);
  });

  it('does not mind a source that fails to clean up', async () => {
    const source: AsyncIterable<CdpEvent> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: track('a') }),
        return: async () => Promise.reject(new Error('cannot close')),
      }),
    };
    const { connection, clock } = testConnection();
    const reading = (async () => {
      for await (const _ of connection.stream(source, { window: 20 })) break;
    })();
    await clock.run(reading);
  });

  it('gives each event its own deadline, from when it was read', async () => {
    const { connection, vendor, clock } = testConnection({
      destination: acme({}, { limits: { ...limits, maxItems: 1 } }),
    });
    vendor.script = () => (clock.now() - start < 2_500 ? { status: 503 } : yes);
    const plan = [
      [0, track('early')],
      [2_000, track('late')],
    ] as const;
    const settled = await clock.run(collect(connection.stream(timed(clock, plan, 3_000), { withinMs: 2_000 })));
    expect(codes(outcomesOf(settled))).toEqual(['deferred: vendor_unavailable', 'delivered']);
  });

  it('keeps the earliest deadline of a batch, also when the event read last goes first', async () => {
    const { connection, vendor, clock } = testConnection();
    vendor.script = () => (clock.now() - start < 1_500 ? { status: 429, headers: { 'retry-after': '2' } } : yes);
    const plan = [
      [0, track('read first', { lane: 'd', at: 2 })],
      [900, track('read last', { lane: 'd', at: 1 })],
    ] as const;
    // The batch leaves at 1,000 and may leave again at 3,000: in time for the one, too late for the other.
    const settled = await clock.run(collect(connection.stream(timed(clock, plan, 5_000), { withinMs: 2_500 })));
    expect(ids(vendor.requests)).toEqual(['read last,read first']);
    expect(codes(outcomesOf(settled))).toEqual(Array(2).fill('deferred: rate_limited'));
  });

  it('takes a withinMs that is no time for the default', async () => {
    const { stream } = testConnection({ script: inTurn({ status: 429, headers: { 'retry-after': '59' } }) });
    expect(codes(outcomesOf(await stream(tracks(2), { withinMs: Number.NaN })))).toEqual(Array(2).fill('delivered'));
  });

  it('remembers ids no longer than its window', async () => {
    const { stream } = testConnection({ destination: acme({}, { replay: 'harmful' }) });
    const events = [track('a'), track('a'), ...tracks(20), track('a')];
    const outcomes = outcomesOf(await stream(events, { window: 16 }));
    expect(codes(outcomes.slice(0, 2))).toEqual(['delivered', 'skipped: duplicate_event']);
    expect(codes(outcomes.slice(-1))).toEqual(['delivered']);
  });

  it('needs no more memory for 60,000 events than for 10,000', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    let down = false;
    const { connection, clock, signals, vendor } = testConnection({
      destination: acme({}, { limits, replay: 'harmful' }),
      script: () => (down ? { status: 503 } : yes),
      connection: { retry: { attempts: 1 } },
    });
    function* source() {
      for (let n = 0; n < 60_000; n++) {
        down = n % 1_000 > 900;
        yield track(`event-${n}`, n % 5 === 0 ? { lane: `device-${n}`, at: n } : { group: `g${n % 7}` });
      }
    }
    const heap: number[] = [];
    let given = 0;
    const reading = (async () => {
      for await (const _ of connection.stream(source(), { window: 1_000 })) {
        given += 1;
        if (given % 10_000 !== 0) continue;
        signals.length = 0;
        vendor.forget();
        collectGarbage();
        heap.push(process.memoryUsage().heapUsed / 1_000_000);
      }
    })();
    await clock.run(reading);
    expect(given).toBe(60_000);
    expect((heap.at(-1) as number) - (heap[0] as number)).toBeLessThan(4);
  }, 30_000);
});

describe('a lane in a stream', () => {
  const oneByOne = { destination: acme({}, { limits: { ...limits, maxItems: 1 } }) };

  /** The times that leave, of a lane whose events come at these times. */
  async function leaving(times: readonly number[], options: StreamOptions): Promise<string> {
    const { stream, vendor } = testConnection(oneByOne);
    await stream(
      times.map((time) => track(`${time}`, { lane: 'd', at: time })),
      options,
    );
    return ids(vendor.requests).join(' ');
  }

  it('leaves in the order of event time', async () => {
    expect(await leaving([5, 3, 4, 1, 2, 9, 8, 7], {})).toBe('1 2 3 4 5 7 8 9');
  });

  it('waits for no later event where the host says that the input is in order', async () => {
    // What waits until the first has its answer goes in the order of event time all the same.
    expect(await leaving([5, 3, 4, 1, 2], { maxOutOfOrderness: 0 })).toBe('5 1 2 3 4');
  });

  it.each([
    ['as many as the host says', { maxOutOfOrderness: 3 }, 3],
    ['128', { window: 10_000 }, 128],
    ['128 where the host says nothing that is a number of events', { maxOutOfOrderness: Number.NaN }, 128],
    ['a sixteenth of the window, if that is less', { window: 400 }, 25],
    ['a sixteenth of the window, whatever the host says', { window: 400, maxOutOfOrderness: 1_000 }, 25],
    ['more than 128 where the host says so', { maxOutOfOrderness: 600 }, 600],
  ])('lets an event go first that comes after later ones: %s', async (_, options, most) => {
    const later = upTo(most).map((n) => n + 3);
    expect(await leaving([...later, 1, 9_999], options)).toMatch(/^1 3 4 /);
    // The first has gone when one that is even later comes; the second has not.
    expect(await leaving([2, ...later, 1], options)).toMatch(/^2 1 3 /);
  });

  it.each([
    ['leaves before the next one is read, where the input is in order', { maxOutOfOrderness: 0 }, [1, 2, 3, 4]],
    ['leaves when as many others are read', { maxOutOfOrderness: 2 }, [0, 0, 1, 2]],
    ['waits for others to be read, without a word about the input', {}, [0, 0, 0, 0]],
  ])('an event that is alone in it %s', async (_, options, expected) => {
    const { connection, vendor } = testConnection(oneByOne);
    const left: number[] = [];
    function* events() {
      for (const n of upTo(4)) {
        yield track(`e${n}`, { lane: `lane ${n}`, at: n });
        left.push(vendor.requests.length);
      }
    }
    expect(await collect(connection.stream(events(), options))).toHaveLength(4);
    expect(left).toEqual(expected);
    expect(vendor.requests).toHaveLength(4);
  });

  it('that is overcrowded turns away what comes last, and sends what waited before', async () => {
    const { connection, vendor, clock } = testConnection({
      destination: acme({}, { limits: { ...limits, maxItems: 1 } }),
    });
    vendor.script = async () => {
      await clock.sleep(100);
      return yes;
    };
    const events = tracks(70, (n) => (n < 60 ? { lane: 'hot', at: n } : { lane: `cool ${n}` }));
    const outcomes = outcomesOf(await clock.run(collect(connection.stream(events, { window: 80 }))));
    const hot = codes(outcomes.slice(0, 60));
    const turned = hot.indexOf('deferred: held_back');
    expect(turned).toBeGreaterThanOrEqual(10);
    expect(new Set(hot.slice(0, turned))).toEqual(new Set(['delivered']));
    expect(new Set(hot.slice(turned))).toEqual(new Set(['deferred: held_back']));
    expect(new Set(codes(outcomes.slice(60)))).toEqual(new Set(['delivered']));
  });

  it('stands still until its deferred event may come again, while others go on', async () => {
    const { connection, vendor, clock } = testConnection({
      destination: acme({}, { limits: { ...limits, maxItems: 1, maxAgeMs: 100 } }),
      connection: { retry: { attempts: 1, baseMs: 20_000 } },
    });
    vendor.script = ({ ids: [id] }) => (id === 'a1' && clock.now() - start < 5_000 ? { status: 503 } : yes);
    const plan = [
      [0, track('a1', { lane: 'a', at: 1 })],
      [1_000, track('a2', { lane: 'a', at: 2 })],
      [1_000, track('b1', { lane: 'b', at: 1 })],
      [11_000, track('a3', { lane: 'a', at: 3 })],
    ] as const;
    const settled = await clock.run(collect(connection.stream(timed(clock, plan, 12_000))));
    const outcomes = outcomesOf(settled);
    expect(codes(outcomes)).toEqual(['deferred: vendor_unavailable', 'deferred: held_back', 'delivered', 'delivered']);
    const [head, behind] = outcomes;
    expect(behind).toMatchObject({ retryAt: (head as { retryAt: string }).retryAt });
  });
});
