// Tests core/policy/leased-window.ts and permit-log.ts, under core/runtime/sending/pacer.ts.
import { describe, expect, it } from '@jest/globals';
import {
  createSharedRateLimiter,
  type PermitLease,
  type PermitRequest,
  type Rate,
  type SharedRateLimiter,
} from '../../core/index.ts';
import { LeasedWindow } from '../../core/policy/leased-window.ts';
import { createPacer, type Pacer } from '../../core/runtime/sending/pacer.ts';
import { ManualClock } from '../../core/testing/kit/manual-clock.ts';
import { createRandom } from '../../core/testing/simulators/random.ts';

const day = 86_400_000;
const never = Number.POSITIVE_INFINITY;

interface Departure {
  readonly at: number;
  readonly permits: number;
}

/** The most permits in any window, wherever it starts. */
function busiestWindow(departures: readonly Departure[], perMs: number): number {
  const sorted = departures.toSorted((one, other) => one.at - other.at);
  let most = 0;
  let inside = 0;
  for (let first = 0, last = 0; last < sorted.length; last += 1) {
    inside += sorted[last]!.permits;
    for (; sorted[last]!.at - sorted[first]!.at >= perMs; first += 1) inside -= sorted[first]!.permits;
    most = Math.max(most, inside);
  }
  return most;
}

/** A process: its pacer, and its clock. */
type Sharer = Pacer & { readonly elapsed: () => number };

interface Sharing {
  readonly rate: Rate;
  readonly sharers: number;
  /** Of the limiter's answers, each way, in ms. */
  readonly answerMs?: () => number;
  readonly concurrency?: number;
  /** From a slot to the first byte, and from there to the answer (ms). */
  readonly connectMs?: () => number;
  readonly latencyMs?: () => number;
}

function sharing({ rate, sharers, answerMs = () => 1, concurrency = 64, ...options }: Sharing) {
  const { connectMs = () => 0, latencyMs = () => 100 } = options;
  const clock = new ManualClock();
  const limiter = createSharedRateLimiter(clock.now);
  const departures: Departure[] = [];
  const defects: unknown[] = [];
  let questions = 0;
  const pacers = Array.from({ length: sharers }, (_, nth) => {
    // Each process counts time from a moment of its own.
    const own = {
      now: clock.now,
      elapsed: () => clock.now() - 1_000_003 * nth,
      sleep: clock.sleep,
      after: clock.after,
    };
    const reserve: SharedRateLimiter['reserve'] = async (bucket, request) => {
      questions += 1;
      await clock.sleep(answerMs());
      const lease = await limiter.reserve(bucket, request);
      await clock.sleep(answerMs());
      return lease;
    };
    const source = { reserve: reserve.bind(null, 'account'), onDefect: (error: unknown) => defects.push(error) };
    const window = new LeasedWindow(rate, source, { ...own, random: clock.random });
    const pacer = createPacer(concurrency, [window], { ...own, random: clock.random });
    return Object.assign(pacer, { elapsed: own.elapsed });
  });

  /** Resolves when the answer is there; false if there was no slot. */
  const send = (pacer: Sharer, items: number, withinMs = never): Promise<boolean> =>
    new Promise((resolve) => {
      pacer.acquire({
        size: items,
        deadline: pacer.elapsed() + withinMs,
        run: pacer,
        urgent: false,
        onSlot: (refusal) => {
          if (refusal === undefined) void leave().then(() => resolve(true));
          else resolve(false);
        },
      });
      async function leave(): Promise<void> {
        const wait = connectMs();
        if (wait > 0) await clock.sleep(wait);
        departures.push({ at: clock.now(), permits: rate.cost === 'item' ? items : 1 });
        pacer.started(items);
        await clock.sleep(latencyMs());
        pacer.release();
      }
    });
  return { clock, pacers, departures, defects, send, questions: () => questions };
}

const sum = (departures: readonly Departure[]): number => departures.reduce((all, { permits }) => all + permits, 0);

const rates: readonly [string, Rate][] = [
  ['at once', { permits: 270, perMs: 1_000, cost: 'request' }],
  ['evenly, as Rokt', { permits: 270, perMs: 1_030, cost: 'item', burst: 6 }],
  ['few', { permits: 5, perMs: 1_000, cost: 'request' }],
];

describe('a window of a rate that processes share', () => {
  for (const [name, rate] of rates)
    for (const sharers of [1, 2, 4, 8])
      it(`holds for ${sharers} that are busy, with answers that take their time: ${name}`, async () => {
        const chance = createRandom(sharers);
        const random = (): number => chance.next();
        const { clock, pacers, departures, defects, send } = sharing({
          rate,
          sharers,
          answerMs: () => 1 + Math.floor(random() * (random() < 0.05 ? 200 : 8)),
          connectMs: () => (random() < 0.9 ? 0 : Math.floor(random() * (random() < 0.02 ? 3_000 : 120))),
          latencyMs: () => 20 + Math.floor(random() * 100),
        });
        const end = clock.now() + 6_000;
        const chain = async (pacer: Sharer): Promise<void> => {
          while (clock.now() < end) {
            const most = rate.cost === 'request' ? 1 : random() < 0.5 ? 1 : random() < 0.8 ? 8 : 90;
            await send(pacer, most);
          }
        };
        await clock.run(Promise.all(pacers.flatMap((pacer) => Array.from({ length: 40 }, () => chain(pacer)))));
        expect(busiestWindow(departures, rate.perMs)).toBeLessThanOrEqual(rate.permits);
        expect(defects).toEqual([]);
        expect(departures.length).toBeGreaterThan(10);
      });

  for (const [name, rate] of rates)
    it(`reaches nine tenths of the pace with one that is busy: ${name}`, async () => {
      const { clock, pacers, departures, send, questions } = sharing({ rate, sharers: 4 });
      const begun = clock.now();
      const ms = 10_000;
      const chain = async (): Promise<void> => {
        while (clock.now() < begun + ms) await send(pacers[0]!, 1);
      };
      await clock.run(Promise.all(Array.from({ length: 64 }, chain)));
      const { permits, perMs, burst } = rate;
      const steady = (burst === undefined ? permits : permits - burst) / perMs;
      const atFirst = burst ?? permits;
      const inTime = departures.filter(({ at }) => at < begun + ms);
      expect(sum(inTime) - atFirst).toBeGreaterThanOrEqual(0.9 * steady * (ms - perMs));
      expect(busiestWindow(departures, perMs)).toBeLessThanOrEqual(permits);
      // No question for each event.
      if (permits > 100) expect(questions()).toBeLessThan(departures.length / 5);
    });

  it('keeps batches at the pace of the rate', async () => {
    const rate = rates[1]![1];
    const { clock, pacers, departures, send } = sharing({ rate, sharers: 2 });
    const begun = clock.now();
    const chain = async (pacer: Sharer): Promise<void> => {
      while (clock.now() < begun + 10_000) await send(pacer, 90);
    };
    await clock.run(Promise.all(pacers.flatMap((pacer) => [chain(pacer), chain(pacer), chain(pacer)])));
    expect(busiestWindow(departures, rate.perMs)).toBeLessThanOrEqual(270);
    expect(sum(departures.filter(({ at }) => at < begun + 10_000))).toBeGreaterThan(0.9 * 2_563);
  });

  it('keeps a quota of a day over all, and loses none of it to short slots', async () => {
    const rate: Rate = { permits: 100, perMs: day, cost: 'request', burst: 10 };
    const { clock, pacers, departures, send } = sharing({ rate, sharers: 4 });
    const begun = clock.now();
    const minute = 60_000;
    // Whatever comes is sent or comes back, as with a queue behind it.
    const chain = async (pacer: Sharer): Promise<void> => {
      while (clock.now() < begun + 2 * day) {
        await send(pacer, 1, 30_000);
        await clock.sleep(7 * minute);
      }
    };
    await clock.run(Promise.all(pacers.map(chain)));
    expect(busiestWindow(departures, day)).toBeLessThanOrEqual(100);
    expect(departures.filter(({ at }) => at < begun + minute).length).toBeLessThanOrEqual(10);
    expect(departures.length).toBeGreaterThanOrEqual(170);
  });

  it('keeps no permits for later: what was not used in its slot is gone', async () => {
    const clock = new ManualClock();
    const lease: PermitLease = { permits: 10, inMs: 50, untilMs: 150, atOnce: 10, date: clock.now() + 150 };
    const requests: PermitRequest[] = [];
    const source = {
      reserve: (request: PermitRequest) => {
        requests.push(request);
        return Promise.resolve(lease);
      },
      onDefect: (error: unknown) => {
        throw error;
      },
    };
    const window = new LeasedWindow({ permits: 100, perMs: 1_000, cost: 'request' }, source, clock);
    const waiter = { permitsCame: () => undefined };
    const due = { head: 1, requests: 10, items: 10 };
    window.expect(waiter, due);
    await clock.settle();
    expect(window.delayMs(1, clock.elapsed())).toBe(50);
    await clock.advance(149);
    expect(window.delayMs(10, clock.elapsed())).toBe(0);
    window.reserve(1, clock.elapsed());
    window.start(1, clock.elapsed());
    await clock.advance(1);
    expect(window.delayMs(1, clock.elapsed())).toBeGreaterThan(0);
    expect(window.isEmpty(clock.elapsed())).toBe(true);
    window.expect(waiter, due);
    expect(requests.at(-1)?.moves).toEqual([{ from: lease.date, permits: 9 }]);
  });
});
