// Tests core/queue/poison-tracker.ts, through a worker and any events that fail.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openQueue } from '../../core/queue/lmdb/open-queue.ts';
import type { DeliveryQueue } from '../../core/queue/queue.ts';
import { start as noon } from '../../core/testing/kit/manual-clock.ts';
import type { ScriptedReply } from '../support/runtime/scripted-vendor.ts';
import { MemoryQueue } from '../support/queue/memory-queue.ts';
import { runPartialOutage, runPoison } from '../proofs/poison/run.ts';
import { vendorCases } from '../proofs/poison/vendor-cases.ts';

interface Case {
  readonly vendor: keyof typeof vendorCases;
  readonly events: number;
  readonly bad: ReadonlySet<number>;
  readonly answer: ScriptedReply;
}

const among = (events: number): fc.Arbitrary<ReadonlySet<number>> =>
  fc.oneof(
    fc.uniqueArray(fc.nat(events - 1), { maxLength: Math.ceil(events / 5) }).map((some) => new Set(some)),
    // One behind the other, as a customer's broken release puts them.
    fc
      .record({ first: fc.nat(events - 1), count: fc.integer({ min: 6, max: Math.ceil(events / 2) }) })
      .map(({ first, count }) => new Set(Array.from({ length: count }, (_, n) => first + n))),
  );

const anyCase: fc.Arbitrary<Case> = fc
  .record({
    vendor: fc.constantFrom('adjust' as const, 'adroll' as const),
    events: fc.integer({ min: 60, max: 200 }),
    answer: fc.constantFrom<ScriptedReply>({ status: 500 }, { status: 503 }, { fault: 'refused' }),
  })
  .chain((rest) => among(rest.events).map((bad) => ({ ...rest, bad })));

async function holds({ vendor, events, bad, answer }: Case, queue: DeliveryQueue): Promise<void> {
  const numbers = await runPoison({ vendorCase: vendorCases[vendor], events, bad, answer, queue });
  expect(numbers).toMatchObject({ missing: 0, twice: 0, healthyMs: expect.any(Number) });
  expect(numbers.healthyMs).toBeLessThanOrEqual(60_000);
  // Nobody is called poisonous within a minute.
  expect(numbers.waiting).toBe([...bad].filter((n) => n < events).length);
}

describe('F-90 whichever events a vendor always fails on, and however many', () => {
  it('F-90 every other one is delivered within a minute, from a queue in memory', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, (one) => holds(one, new MemoryQueue())),
      // One request holds all there is, and those that are to blame for its failure are the oldest.
      {
        numRuns: 20,
        examples: [[{ vendor: 'adroll', events: 64, bad: new Set([0, 1, 2, 3, 4, 5]), answer: { fault: 'refused' } }]],
      },
    );
  }, 240_000);

  it.each([
    ['adjust', 60, 50],
    ['adjust', 1_300, 1_250],
    ['adroll', 1_300, 1_250],
  ] as const)(
    'F-90 the healthy of %s are delivered within a minute, where of %i the first %i are all bad',
    async (vendor, events, count) => {
      const bad = new Set(Array.from({ length: count }, (_, n) => n));
      const numbers = await runPoison({
        vendorCase: vendorCases[vendor],
        events,
        bad,
        answer: { status: 503 },
        minutes: 1,
      });
      expect(numbers).toMatchObject({ missing: 0, twice: 0, waiting: count });
    },
    240_000,
  );

  it('F-90 the few healthy are delivered within a minute, where fourteen of fifteen are bad', async () => {
    const bad = new Set(Array.from({ length: 600 }, (_, n) => n).filter((n) => n % 15 !== 7));
    const numbers = await runPoison({
      vendorCase: vendorCases.adjust,
      events: 600,
      bad,
      answer: { status: 503 },
      minutes: 1,
    });
    expect(numbers).toMatchObject({ missing: 0, twice: 0, waiting: 560 });
  }, 60_000);

  it('F-90 every other one is delivered within a minute, from LMDB', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, async (one) => {
        const folder = await mkdtemp(path.join(tmpdir(), 'queue-poison-'));
        const queue = await openQueue({ path: folder, now: () => noon });
        try {
          await holds(one, queue);
        } finally {
          await queue.close();
          await rm(folder, { recursive: true });
        }
      }),
      // To shrink one takes minutes: every run opens a store on disk.
      { numRuns: 6, endOnFailure: true },
    );
  }, 240_000);

  it.each([
    ['adjust', 400],
    ['adroll', 4_000],
  ] as const)(
    'F-90 no event of %s is to blame for an outage that lets one request in 50 through for three hours',
    async (vendor, events) => {
      const { dead, delivered, waiting } = await runPartialOutage(vendorCases[vendor], events);
      expect(dead).toEqual({});
      expect(delivered).toBeGreaterThan(0);
      expect(waiting).toBeGreaterThan(0);
    },
    120_000,
  );
});
