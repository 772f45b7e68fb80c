import { describe, expect, it } from '@jest/globals';
import { errorTable, decide, type CdpEvent, type Connection, type CredentialCheck } from '../../core/index.ts';
import { createSharedRateLimiter, QueueFull, type WorkableConnection } from '../../core/queue/index.ts';
import { start as noon } from '../../core/testing/kit/manual-clock.ts';
import { inTurn, yes, type ScriptedReply, type Seen, type LateReply } from '../support/runtime/scripted-vendor.ts';
import { acme, testConnection, open, track, tracks, type TrackOptions } from '../support/runtime/test-connection.ts';
import { MemoryQueue } from '../support/queue/memory-queue.ts';
import { putAll, testWorker, type TestWorker } from '../support/queue/test-worker.ts';

const one = { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 } };
const minute = 60_000;
const sent = ({ vendor }: TestWorker): string[] => vendor.requests.flatMap(({ ids }) => [...ids]);
const letters = ({ queue }: TestWorker) =>
  queue.log('acme').dead.map(({ id, outcome, reason, attempts }) => [id, outcome, reason.code, attempts]);
const done = ({ queue }: TestWorker): string[] => queue.log('acme').done.map(({ id }) => id);
const waiting = ({ queue }: TestWorker): string[] => [...queue.log('acme').waiting.values()].map(({ id }) => id);
const claimed = ({ queue }: TestWorker): number =>
  [...queue.log('acme').waiting.values()].filter((kept) => kept.claimed).length;
const held = ({ workerSignals }: TestWorker) =>
  workerSignals.flatMap((signal) =>
    signal.kind === 'connection_held' ? [[signal.cause, signal.code, signal.forMs]] : [],
  );
const holds = ({ workerSignals }: TestWorker) =>
  workerSignals.filter(({ kind }) => kind === 'connection_held' || kind === 'connection_resumed');
const settledForGood = ({ workerSignals }: TestWorker) =>
  workerSignals.filter(({ kind }) => kind === 'queued_event_settled');
const defects = ({ workerSignals }: TestWorker): string[] =>
  workerSignals.flatMap((signal) => (signal.kind === 'defect' ? [signal.where] : []));
/** Answers by the first id in the request. */
const answering =
  (answers: Readonly<Record<string, ScriptedReply>>) =>
  ({ ids }: Seen): ScriptedReply =>
    answers[ids[0] ?? ''] ?? yes;

describe('what becomes of an event', () => {
  it('is what settlementOf() says of its outcome, whichever that is', async () => {
    const shop = testWorker({
      destination: acme({}, one),
      connection: { onAmbiguous: 'report' },
      script: answering({ no: { status: 400 }, lost: { fault: 'reset' } }),
    });
    const unwanted: CdpEvent = { ...track('unwanted'), integrations: { 'Acme Ads': false } };
    await shop.put([track('good'), track('no'), track('lost'), unwanted]);
    await shop.workAll();
    expect([...shop.queue.settled].sort((a, b) => a.seq - b.seq)).toEqual([
      { kind: 'done', seq: 1, outcome: 'delivered' },
      expect.objectContaining({ kind: 'dead', seq: 2, outcome: 'rejected', attempts: 1 }),
      expect.objectContaining({ kind: 'dead', seq: 3, outcome: 'unknown', attempts: 1 }),
      { kind: 'done', seq: 4, outcome: 'skipped' },
    ]);
    expect(shop.queue.log('acme').dead[0]).toMatchObject({ configHash: 'settings-1', diedAt: noon });
  });

  it('is signalled once, when it has left the queue, with the time since it was put', async () => {
    const shop = testWorker({
      destination: acme({}, one),
      connection: { id: 'shop-1' },
      script: answering({ no: { status: 400 } }),
    });
    const unwanted: CdpEvent = { ...track('unwanted'), integrations: { 'Acme Ads': false } };
    await shop.put([track('good'), track('no'), unwanted], noon - minute);
    await shop.workAll();
    const same = { kind: 'queued_event_settled', slug: 'acme', connection: 'shop-1', latencyMs: minute };
    expect(settledForGood(shop)).toHaveLength(3);
    expect(settledForGood(shop)).toEqual(
      expect.arrayContaining([
        { ...same, outcome: 'delivered' },
        { ...same, outcome: 'dead', code: 'vendor_rejected' },
        { ...same, outcome: 'skipped', code: 'integration_disabled' },
      ]),
    );
  });

  it('is marked as a try in the signals of the runtime, however many it takes', async () => {
    const busy: ScriptedReply = { status: 429, headers: { 'retry-after': '7' } };
    const shop = testWorker({ destination: acme({}, one), script: inTurn(busy) });
    await shop.put([track('e0')]);
    await shop.workAll();
    const tries = shop.signals.filter(({ kind }) => kind === 'event_settled');
    expect(tries).toMatchObject([
      { outcome: 'deferred', code: 'rate_limited', queued: true },
      { outcome: 'delivered', queued: true },
    ]);
    expect(settledForGood(shop)).toEqual([
      { kind: 'queued_event_settled', slug: 'acme', connection: 'acme', outcome: 'delivered', latencyMs: 7_500 },
    ]);
  });

  it('is another try when it was deferred, and its own retryAt is kept', async () => {
    const busy: ScriptedReply = { status: 429, headers: { 'retry-after': '7' } };
    const shop = testWorker({ destination: acme({}, one), script: inTurn(busy) });
    await shop.put([track('e0')]);
    await shop.workAll();
    expect(done(shop)).toEqual(['e0']);
    const [again] = shop.queue.settled;
    // Throttled is not a failure. Half a wait more lets a probe with another event come first.
    expect(again).toMatchObject({ kind: 'retry', attempts: 0, notBefore: noon + 7_500 });
  });

  it('is a dead letter once its attempts are used up', async () => {
    const shop = testWorker({ script: () => ({ status: 503 }) });
    await shop.put([track('e0')]);
    await shop.workAll({ policy: { attempts: 3, maxAgeMs: Infinity } });
    expect(letters(shop)).toEqual([['e0', 'deferred', 'vendor_unavailable', 3]]);
    expect(shop.vendor.total).toBe(3);
  });

  it('is a dead letter once it is too old, and not a minute earlier', async () => {
    const shop = testWorker({ script: () => ({ status: 503 }) });
    await shop.put([track('old')], noon - 10 * minute);
    await shop.put([track('young')]);
    await shop.workAll({ policy: { attempts: Infinity, maxAgeMs: 10 * minute } });
    const [old, young] = shop.queue.log('acme').dead;
    expect(old).toMatchObject({ id: 'old', outcome: 'deferred', diedAt: noon });
    expect(young?.id).toBe('young');
    expect((young?.diedAt ?? 0) - noon).toBeGreaterThanOrEqual(10 * minute);
    expect((young?.diedAt ?? 0) - noon).toBeLessThan(16 * minute);
  });

  it('is not claimed to be rejected when an earlier delivery got no answer', async () => {
    const shop = testWorker({ destination: acme({}, one), script: inTurn({ fault: 'reset' }, { status: 400 }) });
    await shop.put([track('e0')]);
    await shop.workAll();
    expect(letters(shop)).toEqual([['e0', 'unknown', 'ambiguous_delivery', 2]]);
  });
});

describe('batches', () => {
  it('are as large as asked, and as many at once as asked', async () => {
    const shop = testWorker({
      destination: acme({}, { pace: { concurrency: 100, timeoutMs: 10_000 } }),
      script: async () => {
        await shop.clock.sleep(50);
        return yes;
      },
    });
    await shop.put(tracks(100));
    const working = shop.start({ prefetch: 20, inFlight: 3 });
    await shop.clock.settle();
    expect(claimed(shop)).toBe(60);
    await shop.clock.run(working.idle());
    // A batch of which half is written down makes room for the next.
    expect(shop.vendor.mostOpen).toBeLessThanOrEqual(8);
    expect(done(shop)).toHaveLength(100);
  });

  it('are written down as answers come, one call for what came while another was under way', async () => {
    const shop: TestWorker = testWorker({
      destination: acme({}, { ...one, pace: { concurrency: 10, timeoutMs: 60_000 } }),
      script: async ({ ids: [id = ''] }) => {
        await shop.clock.sleep(id === 'e9' ? 5_000 : 10 * Number(id.slice(1)));
        return yes;
      },
    });
    await shop.put(tracks(10));
    shop.queue.flush = () => shop.clock.sleep(25);
    const working = shop.start();
    await shop.clock.advance(1_000);
    expect(done(shop)).toHaveLength(9);
    // 0 at once; 1 and 2 while that was written; then 3 to 5, 6 and 7, 8.
    expect(shop.queue.settleCalls).toBe(5);
    await shop.clock.run(working.idle());
    expect(done(shop)).toHaveLength(10);
  });

  it('do not keep the sockets waiting for one slow answer', async () => {
    const shop: TestWorker = testWorker({
      destination: acme({}, { ...one, pace: { concurrency: 10, timeoutMs: 60_000 } }),
      script: async ({ ids: [id = ''] }) => {
        await shop.clock.sleep(id === 'e0' || id === 'e10' || id === 'e20' ? 50_000 : 10);
        return yes;
      },
    });
    await shop.put(tracks(500));
    const working = shop.start({ prefetch: 10, inFlight: 2 });
    await shop.clock.advance(2_000);
    expect(done(shop)).toHaveLength(497);
    await shop.clock.run(working.idle());
    expect(done(shop)).toHaveLength(500);
  });

  it('go on behind an event that was not delivered only once that is on disk', async () => {
    const shop = testWorker({
      destination: acme({}, one),
      connection: { onAmbiguous: 'report' },
      script: answering({ e1: { fault: 'reset' }, e4: { status: 400 } }),
    });
    let written: (() => void)[] = [];
    shop.queue.flush = () => new Promise((resolve) => written.push(resolve));
    const flushed = async (): Promise<void> => {
      const before = written;
      written = [];
      for (const tell of before) tell();
      await shop.clock.settle();
    };
    await shop.put(tracks(8, (n) => ({ lane: n === 7 ? 'other' : 'l' })));
    const working = shop.start();
    await shop.clock.settle();
    // Behind the delivered one at once; behind the lost answer not, while other lanes go on.
    expect(sent(shop)).toEqual(['e0', 'e7', 'e1']);
    await flushed();
    await flushed();
    expect(letters(shop).map(([id]) => id)).toEqual(['e1']);
    expect(sent(shop).slice(3)).toEqual(['e2', 'e3', 'e4']);
    shop.queue.flush = () => Promise.resolve();
    await flushed();
    await shop.clock.run(working.idle());
    expect(sent(shop)).toEqual(['e0', 'e7', 'e1', 'e2', 'e3', 'e4', 'e5', 'e6']);
    expect(letters(shop).map(([id]) => id)).toEqual(['e1', 'e4']);
  });

  it('keep a lane in order, across batches and whatever fails', async () => {
    let requests = 0;
    const lanes = acme({}, { ...one, pace: { concurrency: 8, timeoutMs: 10_000 } });
    const shop = testWorker({
      destination: lanes,
      script: () => ((requests += 1) % 3 === 0 ? { status: 503 } : requests % 7 === 0 ? { fault: 'refused' } : yes),
    });
    await shop.put(tracks(120, (n) => ({ lane: `l${n % 5}` })));
    await shop.workAll({ prefetch: 7, inFlight: 3 });
    expect(done(shop)).toHaveLength(120);
    const first = new Map<string, number>();
    // Delivered is what the vendor took last: each event is settled once, so its last request.
    sent(shop).forEach((id, position) => first.set(id, position));
    for (let lane = 0; lane < 5; lane += 1) {
      const positions = Array.from({ length: 24 }, (_, n) => first.get(`e${n * 5 + lane}`) ?? -1);
      expect(positions).toEqual([...positions].sort((a, b) => a - b));
    }
  });

  it.each<[string, (n: number) => TrackOptions]>([
    ['of its lane', () => ({ lane: 'l' })],
    [
      'by way of other events, each in the lane of the one before and one more',
      (n) => ({ lanes: [`${n}`, `${n + 1}`] }),
    ],
  ])('give back unwritten what waited behind a deferred event %s', async (_title, optionsOf) => {
    const shop = testWorker({ destination: acme({}, one), script: inTurn({ status: 503 }) });
    await shop.put(tracks(50, optionsOf));
    await shop.workAll();
    expect(sent(shop).slice(0, 3)).toEqual(['e0', 'e0', 'e1']);
    expect(shop.queue.settled.filter(({ kind }) => kind === 'retry')).toHaveLength(1);
    expect(new Set(shop.queue.released).size).toBe(49);
    expect(done(shop)).toHaveLength(50);
  });

  it('follow a put once the worker is woken, and the time of what waits by itself', async () => {
    const shop = testWorker();
    const working = shop.start();
    await shop.clock.settle();
    await shop.put([track('e0')]);
    await shop.clock.advance(minute);
    expect(shop.vendor.total).toBe(0);
    working.wake();
    await shop.clock.run(working.idle());
    expect(done(shop)).toEqual(['e0']);
  });
});

describe('a suspended connection', () => {
  const credentials =
    (kind: { good: boolean }): ((seen: Seen) => ScriptedReply) =>
    (seen) =>
      kind.good || (seen.path !== '/check' && seen.ids.length === 0) ? yes : { status: 401 };
  const check: CredentialCheck<never, never> = {
    request: () => ({ method: 'GET', url: 'https://api.vendor.example/check', headers: {} }),
    proves: 'The key is taken.',
    ok: [200],
    refused: [401],
  };

  it('pauses: nothing is lost, and only its check leaves, after a minute and then twice as long each time', async () => {
    const state = { good: false };
    const shop = testWorker({ destination: acme({ check } as never), script: credentials(state) });
    await shop.put(tracks(500));
    const working = shop.start({ prefetch: 100 });
    await shop.clock.run(working.idle());
    expect(working.paused()).toMatchObject({ code: 'unauthorized' });
    expect(waiting(shop)).toHaveLength(500);
    expect(claimed(shop)).toBe(0);
    const before = shop.vendor.total;
    await shop.clock.advance(59_000);
    expect(shop.vendor.total).toBe(before);
    await shop.clock.advance(6 * 60 * minute);
    // After 1, 3, 7, 15, 31, 63, 123, 183, 243, 303 minutes.
    expect(shop.vendor.requests.slice(before).map(({ path }) => path)).toEqual(Array(10).fill('/check'));
    expect(shop.queue.settled).toEqual([]);
    state.good = true;
    await shop.clock.advance(60 * minute);
    await shop.clock.run(working.idle());
    expect(working.paused()).toBeUndefined();
    expect(done(shop)).toHaveLength(500);
    expect(holds(shop).at(-1)).toMatchObject({ kind: 'connection_resumed', connection: 'acme' });
  });

  it('does not keep the worker from stopping while its check waits for an answer', async () => {
    const shop: TestWorker = testWorker({
      destination: acme({ check } as never),
      script: async ({ path }) => {
        if (path === '/check') await shop.clock.sleep(9_000);
        return { status: 401 };
      },
    });
    await shop.put(tracks(5));
    const working = await shop.workAll();
    await shop.clock.advance(62_000);
    expect(shop.vendor.open).toBe(1);
    const stoppedAt = shop.clock.now();
    await shop.clock.run(working.stop(5_000));
    expect(shop.clock.now()).toBe(stoppedAt);
    await shop.clock.advance(minute);
    expect(held(shop)).toHaveLength(1);
    expect(shop.clock.sleepers).toBe(0);
  });

  it('is tried with a single event where it has no check', async () => {
    const state = { good: false };
    const shop = testWorker({ script: credentials(state) });
    await shop.put(tracks(500));
    const working = shop.start({ prefetch: 10, inFlight: 1 });
    await shop.clock.run(working.idle());
    expect(shop.vendor.total).toBe(1);
    await shop.clock.advance(10 * minute);
    // After 1, 3 and 7 minutes.
    expect(shop.vendor.requests.map(({ ids }) => ids.length)).toEqual([10, 1, 1, 1]);
    expect(waiting(shop)).toHaveLength(500);
    expect(held(shop)).toEqual([60_000, 120_000, 240_000, 480_000].map((ms) => ['suspended', 'unauthorized', ms]));
    state.good = true;
    await shop.clock.advance(10 * minute);
    await shop.clock.run(working.idle());
    expect(done(shop)).toHaveLength(500);
  });

  it('goes on at once when somebody resumes it and wakes the worker', async () => {
    const state = { good: false };
    const shop = testWorker({ script: credentials(state) });
    await shop.put(tracks(5));
    const working = await shop.workAll();
    state.good = true;
    shop.connection.resume();
    working.wake();
    expect(working.paused()).toBeUndefined();
    await shop.clock.run(working.idle());
    expect(done(shop)).toHaveLength(5);
    expect(shop.clock.now()).toBe(noon);
  });

  it('with an empty queue it waits for an event to probe with: it does not spin, and does not call itself healthy', async () => {
    const state = { good: false };
    const shop = testWorker({ script: credentials(state) });
    await shop.put([track('e0')]);
    const working = await shop.workAll();
    shop.queue.log('acme').waiting.clear();
    await shop.clock.advance(2 * minute);
    expect(shop.connection.suspended()).toHaveLength(1);
    expect(working.paused()).toMatchObject({ code: 'unauthorized' });
    expect(shop.clock.sleepers).toBe(0);
    state.good = true;
    await shop.put([track('e1')]);
    working.wake();
    await shop.clock.settle();
    expect(done(shop)).toEqual(['e1']);
  });

  it('suspended in one scope dead-letters the events of that scope, and their lanes go on', async () => {
    const shop = testWorker({
      destination: acme(
        {
          response: {
            classifyError: (failure, batch) =>
              failure.kind === 'http' && failure.response.status === 401
                ? decide('suspend', 'unauthorized', 'This token is not known', { scope: 'token:bad', status: 401 })
                : errorTable().classifyError(failure, batch),
          },
        },
        one,
      ),
      script: answering({ e0: { status: 401 } }),
    });
    const scopes = ['token:bad'];
    await shop.put([
      track('e0', { lane: 'l', scopes }),
      track('e1', { lane: 'l', scopes }),
      track('e2', { lane: 'l' }),
    ]);
    const working = await shop.workAll();
    expect(letters(shop)).toEqual([
      ['e0', 'suspended', 'unauthorized', 1],
      ['e1', 'suspended', 'unauthorized', 1],
    ]);
    expect(done(shop)).toEqual(['e2']);
    expect(working.paused()).toBeUndefined();
    shop.vendor.script = () => yes;
    shop.connection.resume('token:bad');
    await shop.queue.requeue('acme');
    working.wake();
    await shop.clock.run(working.idle());
    expect(done(shop)).toEqual(['e2', 'e0', 'e1']);
  });
});

describe('a vendor that cannot be reached', () => {
  it('is asked with one event at a time, ever more rarely, and not the same one twice in a row', async () => {
    let down = true;
    const shop = testWorker({ script: () => (down ? { status: 503 } : yes) });
    await shop.put(tracks(200));
    const working = shop.start({ prefetch: 20, inFlight: 2 });
    await shop.clock.advance(10 * minute);
    const [first, ...probes] = [shop.vendor.requests.slice(0, 4), ...shop.vendor.requests.slice(4)] as const;
    expect(first.map(({ ids }) => ids.length)).toEqual([10, 10, 10, 10]);
    expect(probes.every(({ ids }) => ids.length === 1)).toBe(true);
    // 1 + 2 + 4 + 8 + 16 + 32 s, then every minute.
    expect(probes.length).toBe(6 + 8);
    probes.slice(1).forEach(({ ids }, index) => expect(ids).not.toEqual(probes[index]?.ids));
    down = false;
    await shop.clock.run(working.idle());
    expect(done(shop)).toHaveLength(200);
    expect(shop.clock.now() - noon).toBeLessThan(13 * minute);
  });

  it('does not make one event that always fails hold up the others', async () => {
    const shop = testWorker({ destination: acme({}, one), script: answering({ e0: { status: 500 } }) });
    await shop.put(tracks(30));
    const working = shop.start({ prefetch: 1, inFlight: 1 });
    await shop.clock.advance(10 * minute);
    expect(done(shop)).toHaveLength(29);
    // 24 hours of it are some 300 requests, not 100,000.
    const tries = sent(shop).filter((id) => id === 'e0').length;
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(15);
    await shop.clock.run(working.stop(0));
  });

  it('is not probed while a batch is still under way', async () => {
    const shop: TestWorker = testWorker({
      destination: acme({}, one),
      script: async ({ ids: [id] }) => {
        if (id === 'e1') await shop.clock.sleep(8_000);
        return { status: 503 };
      },
    });
    await shop.put(tracks(10));
    const working = shop.start({ prefetch: 1, inFlight: 2 });
    await shop.clock.advance(7_000);
    expect(sent(shop)).toEqual(['e0', 'e1']);
    await shop.clock.advance(1_000);
    expect(shop.vendor.total).toBe(3);
    await shop.clock.run(working.stop(0));
  });

  it('that falls over again after a good probe is probed as rarely as before', async () => {
    const shop = testWorker({
      destination: acme({}, one),
      script: (_, position) => (position === 4 ? yes : { status: 503 }),
    });
    await shop.put(tracks(30));
    const working = shop.start({ prefetch: 1, inFlight: 1 });
    await shop.clock.advance(40_000);
    expect(held(shop).map(([, , ms]) => ms)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000]);
    expect(shop.workerSignals.filter(({ kind }) => kind === 'connection_resumed')).toHaveLength(1);
    await shop.clock.run(working.stop(0));
  });

  it('is left alone after six failures in a row, whatever its sockets and its successes before', async () => {
    let requests = 0;
    const shop: TestWorker = testWorker({
      destination: acme({}, { ...one, pace: { concurrency: 10, timeoutMs: 10_000 } }),
      script: async () => {
        requests += 1;
        const answer: LateReply = requests <= 50 ? yes : { status: 503 };
        await shop.clock.sleep(10 + requests);
        return answer;
      },
    });
    await shop.put(tracks(400));
    const working = shop.start({ prefetch: 200 });
    await shop.clock.advance(1_000);
    expect(done(shop)).toHaveLength(50);
    // Ten were on their way, and each of the first five answers let one more go.
    expect(shop.vendor.total).toBe(50 + 10 + 5);
    expect(held(shop)).toEqual([['unreachable', 'vendor_unavailable', 1_000]]);
    expect(claimed(shop)).toBe(0);
    expect(waiting(shop)).toHaveLength(350);
    await shop.clock.run(working.stop(0));
  });

  it('opens no circuit when it answers for some', async () => {
    const shop = testWorker({ destination: acme({}, one), script: answering({ e3: { status: 500 } }) });
    await shop.put(tracks(10));
    const working = shop.start();
    await shop.clock.settle();
    expect(held(shop)).toEqual([]);
    expect(done(shop)).toHaveLength(9);
    await working.stop(0);
  });

  it('that asks for a pause gets it, for all workers that share its budget', async () => {
    const busy: ScriptedReply = { status: 429, headers: { 'retry-after': '60' } };
    const shop = testWorker({ script: inTurn(busy), runtime: {} });
    const other = open(shop.runtime, { id: 'other' });
    const limiter = createSharedRateLimiter(shop.clock.now);
    const shared = { limiter, bucket: 'account' };
    await shop.put(tracks(3));
    const working = shop.start({ shared });
    await shop.clock.settle();
    expect(shop.vendor.total).toBe(1);
    await putAll(shop.queue, other, tracks(3), noon);
    const neighbour = shop.start({ shared, connection: other });
    await shop.clock.advance(59_000);
    expect(shop.vendor.total).toBe(1);
    await shop.clock.run(Promise.all([working.idle(), neighbour.idle()]));
    expect(done(shop)).toHaveLength(3);
    expect(shop.queue.log('other').done).toHaveLength(3);
  });
});

describe('a turn of the event loop', () => {
  /** How many events begin their way in each turn, until that many have. */
  async function begunPerTurn(shop: TestWorker, events: number): Promise<number[]> {
    const turns: number[] = [];
    let begun = 0;
    const connection: WorkableConnection = {
      ...shop.connection,
      deliver(batch, options) {
        begun += batch.length;
        return shop.connection.deliver(batch, options);
      },
    };
    const working = shop.start({ connection, prefetch: 200, batchSize: 100, retryConcurrency: 6 });
    for (let sum = 0; sum < events;) {
      await new Promise((resolve) => void setImmediate(resolve));
      turns.push(begun);
      sum += begun;
      begun = 0;
    }
    await shop.clock.run(working.stop(0));
    return turns;
  }

  it('begins no more than a prefetch and a hundred retries, however many wait', async () => {
    const shop = testWorker();
    await shop.put(tracks(2_000));
    const failed = shop.queue.claim('acme', 1_000, noon);
    const again = failed.map(({ seq }) => ({ kind: 'retry', seq, notBefore: noon, attempts: 1 }) as const);
    await shop.queue.settle('acme', again, { now: noon, configHash: '' });
    const turns = await begunPerTurn(shop, 1_000);
    expect(Math.max(...turns)).toBeLessThanOrEqual(300);
    // The first of them has some of both: neither waits until there is none of the other.
    expect(turns.find((count) => count > 0)).toBe(300);
  });

  it('begins retries of one event each together, as they are little work', async () => {
    const shop = testWorker({ destination: acme({}, one) });
    await shop.put(tracks(50));
    const failed = shop.queue.claim('acme', 50, noon);
    const again = failed.map(({ seq }) => ({ kind: 'retry', seq, notBefore: noon, attempts: 9 }) as const);
    await shop.queue.settle('acme', again, { now: noon, configHash: '' });
    const turns = await begunPerTurn(shop, 6);
    expect(turns.find((count) => count > 0)).toBe(6);
  });
});

describe('when something of ours breaks', () => {
  it('a store that refuses outcomes is asked again until it takes them; meanwhile nothing is sent, and nothing is sent twice', async () => {
    const shop: TestWorker = testWorker({
      destination: acme({}, one),
      script: async ({ ids: [id] }) => {
        await shop.clock.sleep(10);
        return id === 'e0' ? { status: 400 } : yes;
      },
    });
    let full = true;
    shop.queue.flush = () => (full ? Promise.reject(new QueueFull('full')) : Promise.resolve());
    await shop.put(tracks(30, (n) => ({ lane: `l${n % 10}` })));
    const working = shop.start();
    await shop.clock.advance(60 * minute);
    // What left before the first refusal was known; and what waits behind e0 in its lane stays.
    expect(sent(shop).length).toBeLessThanOrEqual(8);
    expect(sent(shop)).not.toContain('e10');
    expect(done(shop)).toEqual([]);
    expect(held(shop)).toEqual([['unreachable', 'internal_error', 1_000]]);
    expect(claimed(shop)).toBeGreaterThanOrEqual(4);
    expect(settledForGood(shop)).toEqual([]);
    full = false;
    await shop.clock.run(working.idle());
    expect(settledForGood(shop)).toHaveLength(30);
    expect(sent(shop)).toHaveLength(30);
    expect(done(shop)).toHaveLength(29);
    expect(letters(shop)).toEqual([['e0', 'rejected', 'vendor_rejected', 1]]);
    expect(holds(shop).at(-1)).toMatchObject({ kind: 'connection_resumed' });
  });

  it('what is refused by the store to the end is given back when the worker stops', async () => {
    const shop = testWorker();
    shop.queue.flush = () => Promise.reject(new QueueFull('full'));
    await shop.put(tracks(10));
    const working = shop.start();
    await shop.clock.advance(30_000);
    const stopping = working.stop(2_000);
    await shop.clock.run(stopping);
    expect(shop.vendor.total).toBe(1);
    expect(claimed(shop)).toBe(0);
    expect(waiting(shop)).toHaveLength(10);
    expect(shop.clock.sleepers).toBe(0);
  });

  it('a store that takes no writes when the worker starts keeps everything from being sent', async () => {
    const shop = testWorker();
    let full = true;
    shop.queue.proof = () => (full ? Promise.reject(new QueueFull('full')) : Promise.resolve());
    await shop.put(tracks(10));
    const working = shop.start();
    await shop.clock.advance(60 * minute);
    expect(shop.vendor.total).toBe(0);
    // After 1, 3, 7, 15, 31, 63 s, and then every minute.
    expect(defects(shop).length).toBeGreaterThan(55);
    expect(defects(shop).length).toBeLessThan(70);
    full = false;
    await shop.clock.run(working.idle());
    expect(done(shop)).toHaveLength(10);
  });

  it('a worker that is stopped while the store takes no writes asks it no more', async () => {
    const shop = testWorker();
    shop.queue.proof = () => Promise.reject(new QueueFull('full'));
    await shop.put(tracks(10));
    const working = shop.start();
    await shop.clock.advance(5_000);
    await shop.clock.run(working.stop(60_000));
    await shop.clock.settle();
    const asked = defects(shop).length;
    await shop.clock.advance(60 * minute);
    expect(defects(shop)).toHaveLength(asked);
    expect(shop.clock.sleepers).toBe(0);
  });

  it('dead letters that find no room do not keep what is done from being settled', async () => {
    const shop = testWorker({ destination: acme({}, one), script: answering({ e1: { status: 400 } }) });
    const { queue } = shop;
    const settle = queue.settle.bind(queue);
    let full = true;
    queue.settle = (connection, settlements, at) =>
      full && settlements.some(({ kind }) => kind === 'dead')
        ? Promise.reject(new QueueFull('full'))
        : settle(connection, settlements, at);
    await shop.put(tracks(3));
    const working = shop.start();
    await shop.clock.advance(20_000);
    expect(done(shop)).toEqual(['e0', 'e2']);
    full = false;
    await shop.clock.run(working.idle());
    expect(letters(shop)).toEqual([['e1', 'rejected', 'vendor_rejected', 1]]);
  });

  it.each(['taken', 'unflushed', 'closed'])(
    'a store that is over (%s) ends the worker: nothing more is sent',
    async (code) => {
      const shop = testWorker({ destination: acme({}, one) });
      const taken = Object.assign(new Error('gone'), { code });
      await shop.put(tracks(30));
      shop.queue.flush = () => Promise.reject(taken);
      const working = shop.start({ prefetch: 5, inFlight: 1 });
      await shop.clock.run(Promise.all([working.idle(), working.ended()]));
      const { total } = shop.vendor;
      expect(total).toBeLessThanOrEqual(5);
      expect(working.storeError()).toBe(taken);
      await shop.clock.advance(minute);
      working.wake();
      await shop.clock.advance(minute);
      expect(shop.vendor.total).toBe(total);
      await shop.clock.run(working.stop(0));
      expect(shop.clock.sleepers).toBe(0);
    },
  );

  it('a queue that cannot be read is looked at again later', async () => {
    const shop = testWorker();
    shop.queue.closed = true;
    await shop.put(tracks(10));
    const working = shop.start();
    await shop.clock.advance(10_000);
    expect(defects(shop)).toEqual(Array(4).fill('queue.claim'));
    shop.queue.closed = false;
    await shop.clock.run(working.idle());
    expect(done(shop)).toHaveLength(10);
  });

  it('a connection that throws, or answers for fewer, loses no claim', async () => {
    const shop = testWorker();
    const { connection } = shop;
    let calls = 0;
    const broken: WorkableConnection = {
      ...connection,
      deliver(events, options) {
        calls += 1;
        if (calls === 1) throw new Error('at once');
        if (calls === 2) return Promise.reject(new Error('later'));
        if (calls === 3) return Promise.resolve([]);
        return connection.deliver(events, options);
      },
    };
    await shop.put(tracks(10));
    await shop.workAll({ connection: broken, inFlight: 1 });
    expect(defects(shop)).toEqual(Array(3).fill('queue.deliver'));
    expect(done(shop)).toHaveLength(10);
    expect(shop.clock.now() - noon).toBeGreaterThanOrEqual(3_000);
  });

  it('a connection that was closed under the worker does not make it spin', async () => {
    const shop = testWorker();
    await shop.put(tracks(10));
    await shop.connection.close();
    const working = shop.start();
    await shop.clock.advance(10 * minute);
    expect(shop.queue.released.length).toBeLessThan(40);
    await shop.clock.run(working.stop(0));
    expect(waiting(shop)).toHaveLength(10);
    expect(claimed(shop)).toBe(0);
  });
});

describe('stop()', () => {
  const slow = (shop: () => TestWorker, ms: number) => async (): Promise<LateReply> => {
    await shop().clock.sleep(ms);
    return yes;
  };

  it('waits for what is in flight, takes nothing more, and leaves the rest where it was', async () => {
    const shop: TestWorker = testWorker({ script: slow(() => shop, 500) });
    await shop.put(tracks(100));
    const working = shop.start({ prefetch: 10, inFlight: 2 });
    await shop.clock.settle();
    await shop.clock.run(working.stop(10_000));
    expect(shop.clock.now() - noon).toBe(500);
    expect(done(shop)).toHaveLength(20);
    expect(waiting(shop)).toHaveLength(80);
    expect(claimed(shop)).toBe(0);
    working.wake();
    await shop.clock.advance(minute);
    expect(shop.vendor.total).toBe(2);
  });

  it('tells the connection to start nothing more when the grace is over', async () => {
    const destination = acme({}, { ...one, pace: { concurrency: 1, timeoutMs: 10_000 } });
    const shop: TestWorker = testWorker({ destination, script: slow(() => shop, 500) });
    await shop.put(tracks(100));
    const working = shop.start({ prefetch: 50, inFlight: 1 });
    await shop.clock.settle();
    await shop.clock.run(working.stop(1_700));
    expect(shop.clock.now() - noon).toBe(2_000);
    expect(done(shop)).toEqual(['e0', 'e1', 'e2', 'e3']);
    expect(shop.queue.settled.every(({ kind }) => kind === 'done')).toBe(true);
    expect(shop.queue.released).toHaveLength(46);
    expect(claimed(shop)).toBe(0);
    expect(shop.clock.sleepers).toBe(0);
  });

  it('called again with less, hurries', async () => {
    const destination = acme({}, { ...one, pace: { concurrency: 1, timeoutMs: 10_000 } });
    const shop: TestWorker = testWorker({ destination, script: slow(() => shop, 500) });
    await shop.put(tracks(100));
    const working = shop.start({ prefetch: 50, inFlight: 1 });
    await shop.clock.settle();
    const first = working.stop(minute);
    await shop.clock.run(Promise.all([first, working.stop(0)]));
    expect(done(shop)).toEqual(['e0']);
  });

  it('ends a worker that only waits at once', async () => {
    const shop = testWorker({ script: () => ({ status: 503 }) });
    await shop.put(tracks(1));
    const working = shop.start();
    await shop.clock.settle();
    await working.stop(minute);
    await working.idle();
    expect(shop.clock.sleepers).toBe(0);
    expect(waiting(shop)).toEqual(['e0']);
  });
});

describe('two workers', () => {
  it('do not wait for each other, though one of their vendors hangs', async () => {
    const shop = testWorker();
    const hanging = testConnection({
      script: () => ({ fault: 'silence' }),
      runtime: { now: shop.clock.now, sleep: shop.clock.sleep, random: shop.clock.random },
    });
    const stuck: Connection = hanging.connection;
    await shop.put(tracks(500));
    const other = new MemoryQueue();
    await putAll(other, stuck, tracks(500), noon);
    const broken = shop.start({ queue: other, connection: stuck, prefetch: 100 });
    await shop.workAll({ prefetch: 100 });
    expect(done(shop)).toHaveLength(500);
    // Not a millisecond, though two batches of the neighbour hang.
    expect(shop.clock.now()).toBe(noon);
    expect([...other.log('acme').waiting.values()].filter((kept) => kept.claimed)).toHaveLength(200);
    const ending = broken.stop(0);
    void ending;
  });
});
