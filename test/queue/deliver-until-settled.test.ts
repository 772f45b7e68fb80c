import { describe, expect, it } from '@jest/globals';
import type { CdpEvent, Outcome } from '../../core/index.ts';
import { deliverUntilSettled, type DriveOptions } from '../../core/queue/index.ts';
import { start as noon } from '../../core/testing/kit/manual-clock.ts';
import { wholeWaits } from '../support/runtime/whole-waits.ts';
import { inTurn, yes, type LateReply, type Seen } from '../support/runtime/scripted-vendor.ts';
import {
  acme,
  testConnection,
  track,
  tracks,
  type TestConnection,
  type TestConnectionOptions,
} from '../support/runtime/test-connection.ts';

const one = { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 } };

function driver(options: TestConnectionOptions = {}) {
  const made = testConnection(options);
  const { clock, connection, vendor } = made;
  const settled: [id: string, kind: string][] = [];
  return {
    ...made,
    settled,
    sent: () => vendor.requests.map(({ ids }) => ids.join(' ')),
    drive: (events: readonly CdpEvent[], more: Partial<DriveOptions> = {}) =>
      clock.run(
        deliverUntilSettled(events, (given, asked) => connection.deliver(given, asked), {
          settled: ({ kind }, event) => settled.push([event.messageId ?? '', kind]),
          suspended: () => connection.suspended(),
          now: clock.now,
          after: clock.after,
          random: wholeWaits,
          ...more,
        }),
      ),
  };
}

const slow = (made: () => TestConnection, answer: LateReply, ms: number) => async (): Promise<LateReply> => {
  await made().clock.sleep(ms);
  return answer;
};

describe('deliverUntilSettled()', () => {
  it.each<[string, unknown, string]>([
    [
      'heartbeatMS',
      { settled: () => true, heartbeatMS: 1 },
      'deliverUntilSettled(): no option "heartbeatMS"; do you mean "heartbeatMs"?',
    ],
    [
      'a policy by name',
      { settled: () => true, policy: 'a day' },
      'deliverUntilSettled(): policy must be an object, not a string',
    ],
    ['no settled', {}, 'deliverUntilSettled(): settled must be a function, not undefined'],
    ['a list', [], 'deliverUntilSettled(): the options must be an object, not an array'],
  ])('F-16 refuses %s before anything leaves, and names the argument', async (_, options, message) => {
    const { connection, vendor } = testConnection();
    const driven = deliverUntilSettled(
      tracks(1),
      (given, more) => connection.deliver(given, more),
      options as DriveOptions,
    );
    await expect(driven).rejects.toThrow(new TypeError(message));
    expect(vendor.requests).toEqual([]);
  });

  it('settles every event, and delivers again only what failed', async () => {
    const failing = new Set(['e1', 'e3']);
    const made = driver({
      destination: acme({}, one),
      connection: { onAmbiguous: 'report' },
      script: ({ ids: [id = ''] }: Seen) =>
        failing.delete(id) ? { status: 503 } : id === 'e4' ? { status: 400 } : id === 'e5' ? { fault: 'reset' } : yes,
    });
    const { remaining } = await made.drive(tracks(6));
    expect(remaining).toEqual([]);
    expect(made.sent().sort()).toEqual(['e0', 'e1', 'e1', 'e2', 'e3', 'e3', 'e4', 'e5']);
    expect(Object.fromEntries(made.settled)).toEqual({
      e0: 'done',
      e1: 'done',
      e2: 'done',
      e3: 'done',
      e4: 'dead',
      e5: 'dead',
    });
    expect(made.settled).toHaveLength(6);
  });

  it('lets nothing of a lane overtake what failed in it', async () => {
    let requests = 0;
    const made = driver({
      destination: acme({}, one),
      script: () => ((requests += 1) % 3 === 0 ? { status: 503 } : yes),
    });
    await made.drive(tracks(30, (n) => ({ lane: `l${n % 3}` })));
    for (const lane of [0, 1, 2]) {
      const own = made.sent().filter((id) => Number(id.slice(1)) % 3 === lane);
      const last = [...new Set(own)].map((id) => own.lastIndexOf(id));
      expect(last).toEqual([...last].sort((a, b) => a - b));
      expect(new Set(own).size).toBe(10);
    }
  });

  it('lets a lane go on behind an event that was not delivered only once that is kept', async () => {
    const made = driver({
      destination: acme({}, one),
      script: ({ ids: [id] }) => (id === 'e1' ? { status: 400 } : yes),
    });
    const seen: [id: string, sent: number][] = [];
    await made.drive(
      tracks(4, () => ({ lane: 'l' })),
      {
        settled: async (_, { messageId }) => {
          await made.clock.sleep(1_000);
          seen.push([messageId ?? '', made.vendor.total]);
        },
      },
    );
    // The lane waits behind the refused event, not behind the delivered one.
    expect(seen).toEqual([
      ['e0', 2],
      ['e1', 2],
      ['e2', 4],
      ['e3', 4],
    ]);
  });

  it('does not claim that an event was rejected of which an earlier answer was lost', async () => {
    const made = driver({ destination: acme({}, one), script: inTurn({ fault: 'reset' }, { status: 400 }) });
    const outcomes: string[] = [];
    await made.drive(tracks(1), {
      settled: (settlement) => void outcomes.push(settlement.kind === 'dead' ? settlement.outcome : settlement.kind),
    });
    expect(outcomes).toEqual(['unknown']);
  });

  it('waits as long as the vendor asks, and beats meanwhile', async () => {
    const made = driver({ script: inTurn({ status: 429, headers: { 'retry-after': '31' } }) });
    const beats: number[] = [];
    await made.drive(tracks(1), { heartbeat: () => beats.push(made.clock.now() - noon), heartbeatMs: 5_000 });
    expect(beats).toEqual([5_000, 10_000, 15_000, 20_000, 25_000, 30_000]);
    expect(made.clock.now()).toBe(noon + 31_000);
  });

  it('beats while a delivery takes its time', async () => {
    const made: ReturnType<typeof driver> = driver({ script: slow(() => made, yes, 9_000) });
    let beats = 0;
    await made.drive(tracks(1), { heartbeat: () => (beats += 1) });
    expect(beats).toBe(2);
    expect(made.clock.sleepers).toBe(0);
  });

  it('stops when a beat fails, settles what was in flight, and throws what the beat threw', async () => {
    const destination = acme({}, { ...one, pace: { concurrency: 1, timeoutMs: 10_000 } });
    const made: ReturnType<typeof driver> = driver({ destination, script: slow(() => made, yes, 2_000) });
    const lost = new Error('the partition belongs to somebody else');
    const driven = made.drive(tracks(10), {
      heartbeat: () => {
        throw lost;
      },
    });
    await expect(driven).rejects.toBe(lost);
    expect(made.settled.map(([id]) => id)).toEqual(['e0', 'e1']);
    expect(made.vendor.total).toBe(2);
  });

  it('says what is left when the signal fires, in input order, with the attempts that failed', async () => {
    const stop = new AbortController();
    const made = driver({
      destination: acme({}, one),
      script: ({ ids: [id] }: Seen) => (id === 'e0' ? yes : { status: 503 }),
    });
    made.clock.after(20_000, () => stop.abort());
    const { remaining, paused } = await made.drive(tracks(3), { signal: stop.signal });
    expect(paused).toBeUndefined();
    expect(remaining.map(({ position, event }) => [position, event.messageId])).toEqual([
      [1, 'e1'],
      [2, 'e2'],
    ]);
    for (const { attempts, notBefore } of remaining) {
      expect(attempts).toBeGreaterThan(2);
      expect(notBefore).toBeGreaterThan(noon);
    }
    expect(made.clock.sleepers).toBe(0);
  });

  it('sends nothing when the signal had fired before', async () => {
    const made = driver();
    const { remaining } = await made.drive(tracks(3), { signal: AbortSignal.abort() });
    expect(remaining).toHaveLength(3);
    expect(made.vendor.total).toBe(0);
  });

  it('ends when the connection pauses, and gives all of it back', async () => {
    const made = driver({ script: () => ({ status: 401 }) });
    const { remaining, paused } = await made.drive(tracks(25));
    expect(remaining).toHaveLength(25);
    expect(paused).toMatchObject({ code: 'unauthorized' });
    expect(made.settled).toEqual([]);
  });

  it('gives an event up when it is too old or was tried too often', async () => {
    const made = driver({ script: () => ({ status: 503 }) });
    const outcomes: [number, Outcome['kind']][] = [];
    const { remaining } = await made.drive([track('old'), track('young')], {
      policy: { attempts: 3, maxAgeMs: 60_000 },
      acceptedAt: (position) => (position === 0 ? noon - 60_000 : noon),
      settled: (settlement, _, { kind }) =>
        outcomes.push([settlement.kind === 'dead' ? settlement.attempts : -1, kind]),
    });
    expect(remaining).toEqual([]);
    expect(outcomes).toEqual([
      [1, 'deferred'],
      [3, 'deferred'],
    ]);
  });

  it('settles no more once the host could not keep a dead letter', async () => {
    const made = driver({ destination: acme({}, one), script: () => ({ status: 400 }) });
    const calls: number[] = [];
    const driven = made.drive(tracks(3), {
      settled: ({ seq }) => {
        calls.push(seq);
        throw new Error('no room for dead letters');
      },
    });
    await expect(driven).rejects.toThrow('no room for dead letters');
    expect(calls).toEqual([0]);
    expect(made.clock.sleepers).toBe(0);
  });

  it('waits for the last of what is left, and sends all of it in input order', async () => {
    const { clock } = testConnection();
    const calls: [number, string[]][] = [];
    const deliver = (events: readonly CdpEvent[]): Promise<readonly Outcome[]> => {
      calls.push([clock.now() - noon, events.map(({ messageId }) => messageId ?? '')]);
      return Promise.resolve(
        events.map(({ messageId }, index): Outcome => {
          const eventId = messageId ?? '';
          if (calls.length > 1 || index === 1) return { kind: 'delivered', eventId, attempts: 1 };
          const retryAt = new Date(noon + (index === 0 ? 60_000 : 1_000)).toISOString();
          return { kind: 'deferred', eventId, retryAt, reason: { code: 'vendor_unavailable', message: 'later' } };
        }),
      );
    };
    const { now, after } = clock;
    await clock.run(
      deliverUntilSettled(tracks(3), deliver, { settled: () => undefined, now, after, random: wholeWaits }),
    );
    expect(calls).toEqual([
      [0, ['e0', 'e1', 'e2']],
      [60_000, ['e0', 'e2']],
    ]);
  });

  it('rejects when deliver() does, or does not answer for every event', async () => {
    const options: DriveOptions = { settled: () => undefined };
    await expect(deliverUntilSettled(tracks(1), () => Promise.reject(new Error('broken')), options)).rejects.toThrow(
      'broken',
    );
    await expect(deliverUntilSettled(tracks(2), () => Promise.resolve([]), options)).rejects.toThrow(
      'an outcome for each event',
    );
  });
});
