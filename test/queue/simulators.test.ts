// Tests core/queue/worker.ts before the simulators, at the destinations of this repository.
import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { createRuntime, loadDestinations, type AnyDestination, type CdpEvent } from '../../core/index.ts';
import { workFor } from '../../core/queue/index.ts';
import { work } from '../../core/queue/worker.ts';
import { accounts, ledgerKey } from '../support/simulators/accounts.ts';
import { everyFault, generate } from '../../core/testing/simulators/index.ts';
import { MemoryQueue } from '../support/queue/memory-queue.ts';
import { putAll } from '../support/queue/test-worker.ts';

const count = 600;
/** Waits are real, and this much shorter than they say. */
const haste = 50;

let destinations: readonly AnyDestination[];
beforeAll(async () => {
  destinations = await loadDestinations(path.join(import.meta.dirname, '../../destinations'));
});

describe.each(accounts)('a queue before $slug with 30 % faulty requests', (account) => {
  test('loses nothing, claims nothing that the vendor does not have, and keeps each lane in order', async () => {
    const { slug } = account;
    const weights = { ...everyFault, slow: 0, hang: 0 };
    const vendor = await account.start({ faults: { rate: 0.3, weights, retryAfterSeconds: 1 }, seed: 7 });
    const startedAt = Date.now();
    const now = (): number => startedAt + (Date.now() - startedAt) * haste;
    const after = (ms: number, run: () => void) => {
      const timer = setTimeout(run, ms / haste);
      return () => clearTimeout(timer);
    };
    const runtime = createRuntime({
      destinations,
      origins: { [slug]: vendor.origin },
      now,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          const off = after(ms, resolve);
          signal?.addEventListener('abort', () => (off(), resolve()), { once: true });
        }),
      // AdRoll Email waits an hour after a 429 that does not say how long.
      retry: { retryAfterCapMs: 5_000 },
      pace: { [slug]: { timeoutMs: 300_000, rate: { permits: 1_000_000, perMs: 1_000, cost: 'item' } } },
    });
    const opened = runtime.open(slug, account.config);
    if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
    const { connection } = opened;
    const { manifest } = destinations.find((one) => one.manifest.slug === slug) as AnyDestination;
    const events = [
      ...generate({ count, seed: 7, mix: account.mix, startTime: startedAt - count * 20 - 60_000, stepMs: 20 }),
    ];
    const queue = new MemoryQueue();
    await putAll(queue, connection, events, startedAt);
    const accepted = queue.log(connection.id).waiting.size;
    // Half a real second, which is what 30 s come to here, is a long while on a busy machine.
    const withinMs = 300_000;
    const working = work({
      queue,
      connection,
      configHash: '',
      now,
      after,
      withinMs,
      ...workFor(manifest),
      prefetch: 40,
    });
    await working.idle();
    await working.stop(0);
    await runtime.close();
    await vendor.close();

    const { done, dead, waiting } = queue.log(connection.id);
    expect(waiting.size).toBe(0);
    expect(done.length + dead.length).toBe(accepted);
    expect(done.length).toBeGreaterThan(accepted * 0.8);
    const delivered = queue.settled.flatMap((one) =>
      one.kind === 'done' && one.outcome === 'delivered' ? [one.seq] : [],
    );
    const bySeq = new Map(done.map(({ seq, event }) => [seq, event]));
    const missing = delivered.filter((seq) => {
      const event = bySeq.get(seq);
      return event === undefined || vendor.ledger.timesCommitted(ledgerKey(account, event as CdpEvent)) === 0;
    });
    expect(missing).toEqual([]);
    const rejected = dead.filter(({ outcome }) => outcome === 'rejected');
    const taken = rejected.filter(
      ({ event }) => vendor.ledger.timesCommitted(ledgerKey(account, event as CdpEvent)) > 0,
    );
    expect(taken).toEqual([]);
    expect(vendor.ledger.orderViolations()).toBe(0);
    // Adjust counts every copy: what may have arrived is a dead letter there, and not sent again.
    if (slug === 'adjust') expect(vendor.ledger.duplicates()).toBe(0);
    expect(Object.values(vendor.faults()).reduce((sum, times) => sum + times, 0)).toBeGreaterThan(0);
  }, 60_000);
});
