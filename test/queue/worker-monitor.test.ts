// Tests core/queue/worker-monitor.ts, by itself and through a worker, and core/queue/rate-meter.ts.
import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../core/testing/index.ts';
import { QueueFull } from '../../core/queue/index.ts';
import { createRateMeter } from '../../core/queue/rate-meter.ts';
import { createWorkerMonitor } from '../../core/queue/worker-monitor.ts';
import { yes } from '../support/runtime/scripted-vendor.ts';
import { acme, track, tracks } from '../support/runtime/test-connection.ts';
import { testWorker } from '../support/queue/test-worker.ts';

const iso = (ms: number): string => new Date(ms).toISOString();
const one = acme({}, { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 } });
const nothing = { reason: null, since: null, until: null, lastDelivered: null, lastError: null };

/** A monitor without a worker, and what the tracker of one would say. */
function monitorAlone() {
  const clock = new ManualClock();
  const changes: unknown[] = [];
  const seen = { events: 0, partial: false };
  const { now, elapsed, after } = clock;
  const poison = { suspects: () => ({ ...seen }), hasSuspects: () => seen.events > 0 };
  const report = (change: unknown): void => void changes.push(change);
  return { clock, changes, seen, monitor: createWorkerMonitor({ id: 'shop', now, elapsed, after, poison, report }) };
}

it('F-92 a rate is that of the last minute, and of less where less has passed', () => {
  let now = 5_000;
  const meter = createRateMeter(() => now);
  meter.add(10);
  now += 2_000;
  meter.add(10);
  expect(meter.perSecond()).toBe(10);
  now += 56_500;
  expect(meter.perSecond()).toBe(0.3);
  now += 1_500;
  expect(meter.perSecond()).toBe(0.2);
  now += 30_000;
  meter.add(60);
  expect(meter.perSecond()).toBe(1);
  now += 3_600_000;
  expect(meter.perSecond()).toBe(0);
});

describe('a hold', () => {
  it('F-83 by our own pace is told apart from a pause that the vendor asked for', () => {
    const { clock, monitor, changes } = monitorAlone();
    const until = clock.now() + 560_000;
    monitor.held('paced', 'rate_limited', until);
    expect(monitor.state(5).reason).toEqual({ cause: 'paced', code: 'rate_limited' });
    monitor.held('unreachable', 'rate_limited', until);
    expect(monitor.state(5).reason).toEqual({ cause: 'throttled', code: 'rate_limited' });
    expect(changes).toEqual([
      { kind: 'held', connection: 'shop', cause: 'paced', code: 'rate_limited', until },
      { kind: 'held', connection: 'shop', cause: 'throttled', code: 'rate_limited', until },
    ]);
  });

  it('F-92 of a second is not news, but lasts since its begin where it goes on', async () => {
    const { clock, monitor, changes } = monitorAlone();
    const began = clock.now();
    monitor.held('unreachable', 'vendor_unavailable', began + 1_000);
    expect(monitor.state(5)).toMatchObject({ state: 'held', since: iso(began), until: iso(began + 1_000) });
    monitor.resumed();
    expect(changes).toEqual([]);
    monitor.held('unreachable', 'vendor_unavailable', began + 1_000);
    await clock.advance(1_000);
    monitor.held('unreachable', 'vendor_unavailable', began + 3_000);
    await clock.advance(2_000);
    monitor.held('unreachable', 'vendor_unavailable', began + 7_000);
    expect(monitor.state(5)).toMatchObject({ since: iso(began), until: iso(began + 7_000) });
    monitor.resumed();
    expect(changes).toMatchObject([
      { kind: 'held', until: began + 3_000 },
      { kind: 'resumed', afterMs: 3_000 },
    ]);
  });
});

it('F-92 a disk that is full has a line of its own, also where the vendor was down before', () => {
  const { clock, monitor, changes } = monitorAlone();
  const until = clock.now() + 5_000;
  monitor.held('unreachable', 'vendor_unavailable', until);
  monitor.recordRefused(new Error('something else'));
  monitor.recordRefused(new QueueFull('full'));
  monitor.held('unreachable', 'internal_error', until);
  expect(monitor.state(1).reason).toEqual({ cause: 'disk', code: 'internal_error' });
  expect(changes).toMatchObject([{ kind: 'held' }, { kind: 'disk_full' }]);
});

it('F-92 the last error is that of the event for which others are held back', () => {
  const { monitor } = monitorAlone();
  const reason = { code: 'vendor_unavailable', message: 'Down.', status: 503 } as const;
  monitor.recordOutcome({ kind: 'deferred', eventId: 'e0', reason });
  const behind = { code: 'held_back', message: 'Waits for e0.' } as const;
  monitor.recordOutcome({ kind: 'deferred', eventId: 'e1', reason: behind });
  monitor.recordOutcome({ kind: 'delivered', eventId: 'e2', attempts: 1 });
  expect(monitor.state(1).lastError).toMatchObject({ outcome: 'deferred', code: 'vendor_unavailable', status: 503 });
});

describe('a vendor that is out of order in part', () => {
  it('F-92 is told of once when it begins, and once when it has not been seen for a minute', async () => {
    const { clock, monitor, changes, seen } = monitorAlone();
    Object.assign(seen, { events: 1, partial: false });
    monitor.batchEnded();
    await clock.advance(2_000);
    expect(monitor.state(5)).toMatchObject({ failing: { events: 1, partial: false } });
    expect(clock.sleepers).toBe(0);
    Object.assign(seen, { events: 40, partial: true });
    monitor.batchEnded();
    await clock.advance(2_000);
    Object.assign(seen, { events: 30, partial: false });
    await clock.advance(30_000);
    Object.assign(seen, { events: 45, partial: true });
    expect(monitor.state(5)).toMatchObject({ failing: { events: 45, partial: true } });
    Object.assign(seen, { events: 0, partial: false });
    await clock.advance(59_000);
    expect(changes).toHaveLength(1);
    await clock.advance(10_000);
    expect(changes).toEqual([
      { kind: 'partial_outage', connection: 'shop', events: 40 },
      { kind: 'partial_outage_over', connection: 'shop', afterMs: 30_000 },
    ]);
    expect(clock.sleepers).toBe(0);
  });

  it('F-92 is seen when somebody asks, and is waited for no more once the worker stops', async () => {
    const { clock, monitor, changes, seen } = monitorAlone();
    Object.assign(seen, { events: 40, partial: true });
    expect(monitor.state(5).failing).toEqual({ events: 40, partial: true });
    expect(changes).toHaveLength(1);
    monitor.batchEnded();
    expect(clock.sleepers).toBe(1);
    monitor.stop();
    expect(clock.sleepers).toBe(0);
    monitor.batchEnded();
    expect(clock.sleepers).toBe(0);
  });

  it('F-92 is not looked for after the worker has stopped, nor where no event is suspect', () => {
    const { clock, monitor, seen } = monitorAlone();
    monitor.batchEnded();
    expect(clock.sleepers).toBe(0);
    monitor.stop();
    seen.events = 40;
    monitor.batchEnded();
    expect(clock.sleepers).toBe(0);
  });
});

describe('a worker knows of itself', () => {
  it('F-92 what it has settled, once that is on disk, how fast, and what was last', async () => {
    const shop = testWorker({
      destination: one,
      script: ({ ids: [id] }) => (id === 'e1' ? { status: 400 } : id === 'e2' ? { status: 503 } : yes),
    });
    let flush: () => void = () => undefined;
    shop.queue.flush = () => new Promise((resolve) => (flush = resolve));
    await shop.put([]);
    const working = shop.start();
    expect(working.state()).toMatchObject({ state: 'idle', ...nothing, perSecond: 0, etaMs: 0 });
    await shop.put(tracks(3));
    working.wake();
    await shop.clock.settle();
    expect(shop.vendor.total).toBeGreaterThan(0);
    expect(working.counts()).toEqual({ delivered: 0, skipped: 0, dead: 0 });
    expect(working.state()).toMatchObject({ state: 'working', lastDelivered: null, perSecond: 0, etaMs: null });
    const began = shop.clock.now();
    shop.queue.flush = () => Promise.resolve();
    flush();
    await shop.clock.advance(500);
    expect(working.counts()).toEqual({ delivered: 1, skipped: 0, dead: 1 });
    expect(working.state()).toMatchObject({
      lastDelivered: iso(began),
      lastError: { outcome: 'deferred', code: 'vendor_unavailable', status: 503 },
      perSecond: 2,
      etaMs: 500,
    });
    await shop.clock.run(working.stop(0));
  });

  it('F-92 that it is held, by what and until when; and says so, and when it goes on', async () => {
    let down = true;
    const shop = testWorker({ destination: one, script: () => (down ? { status: 401 } : yes) });
    await shop.put(tracks(3));
    const working = await shop.workAll();
    const began = shop.clock.now();
    const held = { cause: 'suspended', code: 'unauthorized' } as const;
    expect(working.state()).toMatchObject({
      state: 'held',
      reason: held,
      since: iso(began),
      until: iso(began + 60_000),
      lastError: { at: iso(began), outcome: 'suspended', code: 'unauthorized', status: 401 },
    });
    expect(shop.changes).toEqual([{ kind: 'held', connection: 'acme', ...held, until: began + 60_000 }]);
    down = false;
    await shop.clock.advance(60_000);
    await shop.clock.run(working.idle());
    expect(working.state()).toMatchObject({ state: 'idle', reason: null, since: null, until: null });
    expect(shop.changes.slice(1)).toEqual([{ kind: 'resumed', connection: 'acme', afterMs: 60_000 }]);
  });

  it('F-92 that the disk is full, and says so once, and once when it accepts writes again', async () => {
    const shop = testWorker();
    let full = true;
    shop.queue.flush = () => (full ? Promise.reject(new QueueFull('full')) : Promise.resolve());
    await shop.put(tracks(10));
    const working = shop.start({ id: 'acme' });
    await shop.clock.advance(10 * 60_000);
    expect(working.state().reason).toEqual({ cause: 'disk', code: 'internal_error' });
    expect(working.counts().delivered).toBe(0);
    full = false;
    await shop.clock.run(working.idle());
    expect(working.counts().delivered).toBe(10);
    expect(shop.changes).toEqual([
      { kind: 'disk_full', connection: 'acme' },
      { kind: 'disk_freed', connection: 'acme' },
    ]);
  });

  it('F-92 what was not sent on purpose, apart from what was', async () => {
    const shop = testWorker();
    await shop.put([track('e0'), { ...track('e1'), type: 'group' } as never]);
    const working = await shop.workAll();
    expect(working.counts()).toEqual({ delivered: 1, skipped: 1, dead: 0 });
  });

  it('goes on where the listener throws', async () => {
    const shop = testWorker({ script: () => ({ status: 401 }) });
    await shop.put(tracks(3));
    const working = await shop.workAll({
      onChange() {
        throw new Error('the log is broken');
      },
    });
    expect(working.state().state).toBe('held');
    await shop.clock.run(working.stop(0));
  });
});
