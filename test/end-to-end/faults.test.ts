import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { loadDestinations, type AnyDestination } from '../../core/index.ts';
import { accounts } from '../support/simulators/accounts.ts';
import { runThroughFaults } from '../proofs/reconcile/run.ts';

const count = 50_000;
let destinations: readonly AnyDestination[];
beforeAll(async () => {
  destinations = await loadDestinations(path.join(import.meta.dirname, '../../destinations'));
});

describe.each(accounts)('$slug with 30 % faulty requests', (account) => {
  test(`every one of ${count} events has an outcome that agrees with the vendor's ledger`, async () => {
    const run = await runThroughFaults({ account, destinations, count, seed: 20_261_122, faultRate: 0.3 });
    expect(run.disagreements.slice(0, 10)).toEqual([]);
    expect(run).toMatchObject({ events: count, lost: 0, orderViolations: 0, refused: 0 });
    expect(Object.values(run.outcomes).reduce((sum, kind) => sum + kind, 0)).toBe(count);
    // Three standard deviations: where many events share a request, there are few requests.
    expect(run.faults / run.requests).toBeGreaterThan(0.3 - 3 * Math.sqrt((0.3 * 0.7) / run.requests));
    expect(run.outcomes.delivered).toBeGreaterThan(count * 0.8);
  }, 100_000);
});
