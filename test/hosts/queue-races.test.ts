// Tests core/queue/lmdb/owner.ts, core/hosts/cli/queue/store.ts and core/queue/admin/shared-store.ts, as processes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { loadDestinations } from '../../core/index.ts';
import { runRaces } from '../proofs/races/run.ts';
import { accounts } from '../support/simulators/accounts.ts';

/** The short form of `npm run proof -- races`. Each process compiles the program first, so that the wait is longer. */
test('F-96 commands that start on one store at once all succeed, lose and repeat nothing; a stopped owner is named', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'spillway-races-'));
  const { judgement, failed } = await runRaces({
    folder,
    account: accounts.find(({ slug }) => slug === 'rokt')!,
    destinations: await loadDestinations(path.join(import.meta.dirname, '../../destinations')),
    rounds: 1,
    starts: 8,
    withinMs: 300,
    events: 30,
    stops: 1,
    waitSeconds: 60,
    seed: 3,
  });
  expect(failed).toEqual([]);
  expect(judgement).toMatchObject({ events: 210, delivered: 210, lost: 0, duplicates: 0, waiting: 0, dead: 0 });
  rmSync(folder, { recursive: true });
}, 240_000);
