// Tests core/queue/jetstream/kv-rate-limiter.ts and broker-clock.ts: each limiter here stands for a process.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Kvm } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { PermitRequest, Rate } from '../../core/index.ts';
import { LeasedWindow } from '../../core/policy/leased-window.ts';
import { systemClock } from '../../core/policy/clock.ts';
import { createKvRateLimiter, type KvRateLimiter } from '../../core/queue/jetstream/kv-rate-limiter.ts';
import { createPacer, type Pacer } from '../../core/runtime/sending/pacer.ts';
import { startBroker, type Broker } from '../support/jetstream/broker.ts';
import { describeWith } from '../support/needed-program.ts';

interface Process {
  readonly limiter: KvRateLimiter;
  readonly connection: NatsConnection;
  readonly elapsed: () => number;
  readonly defects: unknown[];
}

const rate: Rate = { permits: 100, perMs: 1_000, cost: 'request' };
const ask = (most: number, parts: Partial<PermitRequest> = {}): PermitRequest => ({
  rate,
  most,
  least: 1,
  forMs: 100,
  moves: [],
  ...parts,
});

describeWith('nats-server', 'a rate limiter over a bucket of keys', () => {
  let broker: Broker;
  let bucket: string;
  let processes: Process[];
  beforeAll(async () => {
    broker = await startBroker();
  });
  afterAll(() => broker.remove());
  beforeEach(() => {
    bucket = randomUUID();
    processes = [];
  });
  afterEach(async () => {
    for (const { limiter, connection } of processes) {
      limiter.close();
      await connection.close();
    }
  });

  /** A process whose clock is another one's by so many milliseconds. */
  async function start(shiftMs = 0): Promise<Process> {
    const connection = await connect({ servers: broker.at, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
    const kv = await new Kvm(connection).create(bucket, { history: 1, allow_direct: false, timeout: 2_000 });
    const elapsed = (): number => performance.now() + shiftMs;
    const defects: unknown[] = [];
    const limiter = createKvRateLimiter(kv, { elapsed, onDefect: (error) => defects.push(error) });
    await limiter.open();
    const process = { limiter, connection, elapsed, defects };
    processes.push(process);
    return process;
  }

  function pacerOf({ limiter, elapsed, defects }: Process, of: Rate): Pacer {
    const source = {
      reserve: (request: PermitRequest) => limiter.reserve('account', request),
      onDefect: (error: unknown) => defects.push(error),
    };
    const clock = { ...systemClock, elapsed: () => Math.floor(elapsed()) };
    return createPacer(64, [new LeasedWindow(of, source, clock)], clock);
  }

  /** Sends for so long, and notes when. */
  async function sendFor(ms: number, pacer: Pacer, elapsed: () => number, starts: number[]): Promise<void> {
    const end = performance.now() + ms;
    const send = (): Promise<void> =>
      new Promise((resolve) =>
        pacer.acquire({
          size: 1,
          deadline: elapsed() + 60_000,
          run: pacer,
          urgent: false,
          onSlot(refusal) {
            if (refusal !== undefined) return void setImmediate(resolve);
            starts.push(performance.now());
            pacer.started(1);
            pacer.release();
            setImmediate(resolve);
          },
        }),
      );
    await Promise.all(
      Array.from({ length: 30 }, async () => {
        while (performance.now() < end) await send();
      }),
    );
  }

  const busiest = (starts: readonly number[], perMs: number): number => {
    const sorted = starts.toSorted((one, other) => one - other);
    let [first, most] = [0, 0];
    sorted.forEach((at, last) => {
      while (at - sorted[first]! >= perMs) first += 1;
      most = Math.max(most, last - first + 1);
    });
    return most;
  };

  it.each<[string, Rate, number]>([
    ['at once', { permits: 270, perMs: 1_000, cost: 'request' }, 200],
    ['evenly', { permits: 270, perMs: 1_030, cost: 'item', burst: 6 }, 200],
  ])('holds a rate over four processes whose clocks differ by hours: %s', async (_, of, least) => {
    const four = await Promise.all([0, 3_600_000, -7_200_000, 90_000_000].map((shift) => start(shift)));
    const starts: number[] = [];
    const begun = performance.now();
    await Promise.all(four.map((process) => sendFor(4_000, pacerOf(process, of), process.elapsed, starts)));
    expect(busiest(starts, of.perMs)).toBeLessThanOrEqual(of.permits);
    const steady = starts.filter((at) => at > begun + 1_000 && at < begun + 4_000).length / 3;
    expect(steady).toBeGreaterThanOrEqual(least);
    expect(four.flatMap(({ defects }) => defects)).toEqual([]);
  });

  it('gives no permit twice, however many ask at once', async () => {
    const four = await Promise.all([start(), start(), start(), start()]);
    const leases = await Promise.all(
      four.flatMap(({ limiter }) => Array.from({ length: 5 }, () => limiter.reserve('account', ask(10)))),
    );
    expect(leases.reduce((sum, { permits }) => sum + permits, 0)).toBe(100);
    const other = await four[0]!.limiter.reserve('another account', ask(10));
    expect(other.permits).toBe(10);
  });

  it('tells all processes of a pause within 100 ms, and those that come later, until it is over', async () => {
    const [one, other] = await Promise.all([start(), start(86_400_000)]);
    const pauseOfOther = new Promise<{ readonly ms: number; readonly after: number }>((resolve) => {
      const begun = performance.now();
      other.limiter.onPause('account', (ms) => resolve({ ms, after: performance.now() - begun }));
    });
    await one.limiter.pause('account', 3_000);
    await one.limiter.pause('account', 1_000);
    const { ms, after } = await pauseOfOther;
    expect(after).toBeLessThan(100);
    expect(ms).toBeGreaterThan(2_900);
    expect(ms).toBeLessThanOrEqual(3_000);
    const late = await start(-3_600_000);
    const waits: number[] = [];
    late.limiter.onPause('account', (wait) => waits.push(wait));
    expect(waits).toEqual([expect.any(Number)]);
    for (const { limiter } of [one, other, late]) {
      const { permits, inMs } = await limiter.reserve('account', ask(10));
      expect([permits, Math.abs(inMs - 2_900) < 400]).toEqual([0, true]);
      expect(await limiter.lease('account', 0, 10)).toBeGreaterThan(2_000);
      expect((await limiter.reserve('another', ask(10))).permits).toBe(10);
    }
    await sleep(ms);
    expect((await late.limiter.reserve('account', ask(10))).permits).toBe(10);
  });

  it('gives leases of a steady rate one after the other', async () => {
    const [one, other] = await Promise.all([start(), start(1_000_000)]);
    expect(await one.limiter.lease('account', 50, 100)).toBe(0);
    const second = await other.limiter.lease('account', 50, 100);
    expect(second).toBeGreaterThan(400);
    expect(second).toBeLessThanOrEqual(520);
  });

  it('rejects in time when the broker is gone, and goes on when it is back', async () => {
    const { limiter } = await start();
    expect((await limiter.reserve('account', ask(60))).permits).toBe(60);
    await broker.kill();
    const begun = performance.now();
    await expect(limiter.reserve('account', ask(60))).rejects.toThrow(/broker does not answer/);
    await expect(limiter.pause('account', 10)).rejects.toThrow(/broker does not answer/);
    expect(performance.now() - begun).toBeLessThan(12_000);
    await broker.start();
    for (let tries = 0; ; tries += 1) {
      const lease = await limiter.reserve('account', ask(60)).catch(() => undefined);
      if (lease !== undefined) break;
      expect(tries).toBeLessThan(20);
      await sleep(250);
    }
    // Pauses are heard again, too.
    const other = await start();
    const pauseOfOther = new Promise<number>((resolve) => void limiter.onPause('another', resolve));
    await other.limiter.pause('another', 5_000);
    expect(await pauseOfOther).toBeGreaterThan(1_000);
  });
});
