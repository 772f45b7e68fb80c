// Tests core/queue/lmdb and core/hosts/cli/queue, killed at any moment.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { loadDestinations } from '../../core/index.ts';
import { runKills } from '../proofs/kill/run.ts';
import { accounts } from '../support/simulators/accounts.ts';

/** The short form of `npm run proof -- kill`. */
test('kill -9 of enqueue and work loses nothing, repeats only what was in flight, and keeps the order of every device', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'spillway-kill-'));
  const destinations = await loadDestinations(path.join(import.meta.dirname, '../../destinations'));
  const { judgements, missed } = await runKills({
    folder,
    accounts,
    destinations,
    kills: 2,
    failpoints: ['after send before record'],
    failpointsAt: ['adjust'],
    waiting: 150,
    seed: 7,
    faultRate: 0.3,
  });
  expect(missed).toEqual([]);
  expect(judgements).toHaveLength(accounts.length);
  for (const judgement of judgements) {
    expect(judgement).toMatchObject({ lost: 0, unexplained: 0, outOfOrder: 0, waiting: 0 });
    expect(judgement.events).toBeGreaterThanOrEqual(150);
  }
  // A worker that was killed with nothing in flight would prove nothing.
  expect(Math.max(...judgements.map(({ mostInFlight }) => mostInFlight))).toBeGreaterThan(0);
  rmSync(folder, { recursive: true });
}, 120_000);
