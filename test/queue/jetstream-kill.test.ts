// Tests core/queue/jetstream: processes that share a store, killed at any moment.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { loadDestinations } from '../../core/index.ts';
import { runCluster } from '../proofs/cluster/run.ts';
import { accounts } from '../support/simulators/accounts.ts';
import { describeWith } from '../support/needed-program.ts';

describeWith('nats-server', 'with a broker', () => {
  /** The short form of `npm run proof -- cluster`. */
  test('kill -9 of workers and their broker loses nothing, and keeps the order of every device', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'spillway-cluster-'));
    const { judgements, disturbances, crashed } = await runCluster({
      folder,
      accounts: accounts.filter(({ slug }) => slug === 'adjust' || slug === 'rokt'),
      destinations: await loadDestinations(path.join(import.meta.dirname, '../../destinations')),
      workers: 3,
      nodes: 1,
      kills: 6,
      calmMs: 1_500,
      leaseMs: 4_000,
      perSecond: 60,
      seed: 7,
      faultRate: 0.3,
    });
    expect(crashed).toBe(0);
    expect(new Set(disturbances.map(({ what }) => what))).toEqual(new Set(['worker', 'broker 0']));
    expect(judgements).toHaveLength(2);
    for (const judgement of judgements) {
      // A broker that is killed forgets what it handed out: `npm run proof -- cluster` counts what that repeats.
      expect(judgement).toMatchObject({ lost: 0, outOfOrder: 0, staleUnexplained: 0, waiting: 0 });
      expect(judgement.events).toBeGreaterThanOrEqual(150);
    }
    // Workers that were killed with nothing in flight would prove nothing.
    expect(Math.max(...judgements.map(({ afterKills }) => afterKills))).toBeGreaterThan(0);
    rmSync(folder, { recursive: true });
  }, 180_000);
});
