import { checksFor, type CheckOptions } from './check-destination.ts';
import { nockVendor } from './nock-vendor.ts';
import { loadSubject, type Subject } from './subject.ts';

/** What is used of a test runner; Jest puts it into the global scope. */
interface Runner {
  describe(title: string, body: () => void): void;
  beforeAll(act: () => Promise<void>): void;
  test: ((title: string, act: () => Promise<void>, timeoutMs: number) => void) & {
    skip(title: string, act: () => void): void;
  };
}

const timeoutMs = 60_000;

/**
 * The checks of checkDestination() as tests of a runner with Jest's globals, one for each. The folder's cases run over
 * node:http with nock as the vendor, everything else over the scripted vendor. A check that lacks a package (nock, fast-check)
 * fails: a green suite has run everything that applies. A case that is to do is a skipped test whose title says what is to be
 * done. Throws outside of a test runner.
 */
export function describeContract(directory: string, options: CheckOptions = {}): void {
  const { describe, beforeAll, test } = globalThis as unknown as Partial<Runner>;
  if (describe === undefined || beforeAll === undefined || test === undefined) {
    throw new Error(
      'describeContract() needs a test runner with describe, beforeAll and test; without one use checkDestination()',
    );
  }
  describe(`contract of ${directory.split(/[\\/]/).findLast((part) => part !== '') ?? directory}`, () => {
    let subject: Subject | undefined;
    beforeAll(async () => {
      subject = await loadSubject(directory, options.definition);
    });
    for (const { title, todo, run } of checksFor(directory, options, nockVendor)) {
      if (todo !== undefined) {
        test.skip(`${title} (to do: ${todo})`, () => undefined);
        continue;
      }
      test(
        title,
        async () => {
          if (subject === undefined) throw new Error('the folder could not be loaded');
          const said = await run(subject);
          if (said?.missing !== undefined) throw new Error(`${said.notRun}: this check needs it`);
        },
        timeoutMs,
      );
    }
  });
}
