import { folderPath } from '../../folder-path.ts';
import { checksFor, type CheckOptions } from './check-destination.ts';
import { whyNotRun } from '../checks/check.ts';
import { skipMarker } from './skip-marker.ts';
import { nockVendor } from './nock-vendor.ts';
import type { ContractFolder } from './contract-folder.ts';
import { loadContractFolder } from './load-contract-folder.ts';

/** The parts of a test runner that are used; Jest has them in the global scope. */
interface Runner {
  describe(title: string, body: () => void): void;
  beforeAll(act: () => Promise<void>): void;
  test: ((title: string, act: () => Promise<void>, timeoutMs: number) => void) & {
    skip(title: string, act: () => void): void;
  };
}

const timeoutMs = 60_000;

/**
 * The checks of checkDestination() for the folder at a path or file: URL, as tests of a runner with Jest's globals,
 * one test per check. The folder's cases run over node:http with nock as the vendor, everything else with the
 * scripted vendor. A check that lacks a package (nock, fast-check) fails, so a green suite has run everything that
 * applies. A check that does not apply, and a case that is still to be written, are skipped tests whose titles say
 * why. Throws outside a test runner.
 */
export function describeContract(pathOrUrl: string | URL, options: CheckOptions = {}): void {
  const directory = folderPath(pathOrUrl, 'describeContract(): the folder');
  const { describe, beforeAll, test } = globalThis as unknown as Partial<Runner>;
  if (describe === undefined || beforeAll === undefined || test === undefined) {
    throw new Error(
      'describeContract() needs a test runner with describe, beforeAll and test; without one use checkDestination()',
    );
  }
  describe(`contract of ${directory.split(/[\\/]/).findLast((part) => part !== '') ?? directory}`, () => {
    let folder: ContractFolder | undefined;
    const markSkipped = skipMarker();
    const checks = checksFor(directory, options, nockVendor);
    beforeAll(async () => {
      folder = await loadContractFolder(directory, options.definition);
      for (const check of checks) {
        // What it throws fails its own test below, and no other.
        const reason = await whyNotRun(check, folder).catch(() => undefined);
        if (reason !== undefined) markSkipped(check.title, `${check.title} (not run: ${reason.why})`);
      }
    });
    for (const check of checks) {
      const { title, todo, run } = check;
      if (todo !== undefined) {
        test.skip(`${title} (to do: ${todo})`, () => undefined);
        continue;
      }
      test(
        title,
        async () => {
          if (folder === undefined) throw new Error('the folder could not be loaded');
          // A runner that cannot skip a test once it has begun shows it as passed.
          if ((await whyNotRun(check, folder)) === undefined) await run(folder);
        },
        timeoutMs,
      );
    }
  });
}
