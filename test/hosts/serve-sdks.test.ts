// Tests core/service/tracking and core/hosts/cli/serve, as a process, with the SDKs that others have.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { loadDestinations } from '../../core/index.ts';
import { isKept, runSdks } from '../proofs/sdks/run.ts';

/** The short form of `npm run proof -- sdks`. */
test('what the SDKs of Segment and RudderStack sent is at a vendor, skipped or a dead letter, though the service was killed', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'spillway-sdks-'));
  const report = await runSdks({
    folder,
    destinations: await loadDestinations(path.join(import.meta.dirname, '../../destinations')),
    events: 150,
    perSecond: 60,
    kills: 1,
    faultRate: 0.3,
    lossRate: 0.2,
    seed: 3,
  });
  expect(report).toMatchObject({ killed: 1, exitCode: 0, gaveUp: { segment: 0, rudderstack: 0 } });
  expect(report.lostAnswers).toBeGreaterThan(0);
  for (const one of report.vendors)
    expect(one).toMatchObject({
      sent: 300,
      lost: 0,
      keptTwice: 0,
      waiting: 0,
    });
  expect(isKept(report)).toBe(true);
  rmSync(folder, { recursive: true });
}, 240_000);
