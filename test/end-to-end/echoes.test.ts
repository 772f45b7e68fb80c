import path from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { loadDestinations } from '../../core/index.ts';
import { spillway } from '../support/cli/fake-terminal.ts';
import { createWorkspace } from '../support/cli/workspace.ts';
import { echoesOf } from '../proofs/echoes/run.ts';

const workspace = createWorkspace();
afterAll(workspace.remove);

test('F-03 ALL-01 nothing that four vendors repeat of credentials and people shows, in any spelling, anywhere', async () => {
  const rows = await echoesOf(await loadDestinations(path.resolve('destinations')), {
    run: spillway,
    configFile: (slug, content) => workspace.write(`${slug}.json`, content),
  });
  expect(rows.filter(({ shown }) => shown.length > 0)).toEqual([]);
  expect(rows.reduce((sum, { echoes }) => sum + echoes, 0)).toBeGreaterThanOrEqual(300);
  for (const { slug, spelling, echoes, details } of rows)
    expect([slug, spelling, details]).toEqual([slug, spelling, echoes]);
}, 120_000);
