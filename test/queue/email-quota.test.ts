// Tests core/queue/worker.ts with the destination whose quota is smallest.
import { expect, it } from '@jest/globals';
import { createRuntime, type CdpEvent, type Signal } from '../../core/index.ts';
import { workFor } from '../../core/queue/index.ts';
import { work } from '../../core/queue/worker.ts';
import { ManualClock, VendorDouble } from '../../core/testing/index.ts';
import adrollEmail from '../../destinations/adroll-email/index.ts';
import { MemoryQueue } from '../support/queue/memory-queue.ts';
import { putAll } from '../support/queue/test-worker.ts';
import { wholeWaits } from '../support/runtime/whole-waits.ts';

const config = {
  advertisableEid: 'ADVERTISABLE0000000001',
  auth: { kind: 'token', token: 'pat-example-1' },
  unsubscribeEvents: ['Unsubscribed'],
};

const unsubscribed = (number: number, time: number): CdpEvent => ({
  type: 'track',
  event: 'Unsubscribed',
  messageId: `m-${number}`,
  userId: `u-${number}`,
  timestamp: new Date(time).toISOString(),
  context: { traits: { email: `person-${number}@example.com` } },
});

it('F-83 ADEMAIL-15 unsubscriptions beyond the quota gather in the queue until it opens, and leave in one request', async () => {
  const requests: { readonly at: number; readonly addresses: readonly string[] }[] = [];
  const vendor = new VendorDouble(({ body }) => {
    requests.push({ at: clock.now(), addresses: body as string[] });
    return { status: 200, body: '{"ignored":[]}' };
  });
  const clock: ManualClock = new ManualClock({ activity: () => requests.length });
  const { now, sleep, random, after } = clock;
  const runtime = createRuntime({ destinations: [adrollEmail], dispatcher: () => vendor, now, sleep, random });
  const opened = runtime.open('adroll-email', config);
  if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
  const { connection } = opened;
  const queue = new MemoryQueue();
  const signals: Signal[] = [];
  const onSignal = (signal: Signal): void => void signals.push(signal);
  const options = { queue, connection, configHash: 'settings-1', now, after, random: wholeWaits, onSignal };
  const worker = work({ ...options, ...workFor(adrollEmail.manifest) });
  const put = async (number: number): Promise<void> => {
    await putAll(queue, connection, [unsubscribed(number, now())], now());
    worker.wake();
  };

  // A tenth of the quota of 100 leaves at once, one request after another.
  for (let number = 0; number < 10; number += 1) {
    await put(number);
    await clock.advance(40_000);
  }
  expect(requests.map(({ addresses }) => addresses.length)).toEqual(Array(10).fill(1));
  for (let number = 10; number < 35; number += 1) {
    await put(number);
    await clock.advance(10_000);
  }
  expect(requests).toHaveLength(10);
  expect(queue.waiting(connection.id)).toBe(25);

  await clock.run(worker.idle());
  expect(requests).toHaveLength(11);
  expect(requests[10]?.addresses).toEqual(Array.from({ length: 25 }, (_, index) => `person-${index + 10}@example.com`));
  expect((requests[10]?.at ?? 0) - (requests[0]?.at ?? 0)).toBe(960_000);
  // Waiting costs no write, and no request that holds less than it may.
  expect(queue.settled.map(({ kind }) => kind)).toEqual(Array(35).fill('done'));
  expect(signals.filter(({ kind }) => kind !== 'queued_event_settled')).toEqual([
    expect.objectContaining({ kind: 'connection_held', cause: 'paced', code: 'rate_limited', forMs: 560_000 }),
    expect.objectContaining({ kind: 'connection_resumed' }),
  ]);
  await worker.stop(0);
  await runtime.close();
});
