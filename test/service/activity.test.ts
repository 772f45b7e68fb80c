// Tests core/service/activity.ts and core/service/latencies.ts.
import { expect, test } from '@jest/globals';
import { Activity } from '../../core/service/activity.ts';
import { Latencies } from '../../core/service/latencies.ts';

test('Latencies have percentiles to two significant figures', () => {
  const latencies = new Latencies();
  expect(latencies.percentiles()).toBeNull();
  for (let ms = 1; ms <= 1_000; ms += 1) latencies.record(ms);
  expect(latencies.percentiles()).toEqual({ p50: 500, p95: 950, p99: 990 });
  const other = new Latencies();
  other.record(0.2);
  other.record(123_456);
  other.add(latencies);
  expect(other.percentiles()).toEqual({ p50: 500, p95: 950, p99: 990 });
  const long = new Latencies();
  long.record(3_600_000);
  expect(long.percentiles()).toEqual({ p50: 600_000, p95: 600_000, p99: 600_000 });
});

test('The activity of 2,000 connections takes less than 200 MB', () => {
  let now = 0;
  const activity = new Activity(() => now);
  const before = process.memoryUsage.rss();
  for (; now < 10 * 60_000; now += 60_000)
    for (let n = 0; n < 2_000; n += 1)
      activity.observe({
        kind: 'request_finished',
        slug: 'mailbox',
        connection: `c-${n}`,
        status: 200,
        ms: n % 50,
      } as Parameters<Activity['observe']>[0]);
  expect(activity.of('c-40').latencyMs).toEqual({ p50: 40, p95: 40, p99: 40 });
  expect(process.memoryUsage.rss() - before).toBeLessThan(200e6);
});
