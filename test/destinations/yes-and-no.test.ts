import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Outcome } from '../../core/index.ts';
import { openKitConnection } from '../../core/testing/kit/kit-connection.ts';
import { loadContractFolder } from '../../core/testing/kit/load-contract-folder.ts';
import { variantOf } from '../../core/testing/kit/variants.ts';
import { always } from '../../core/testing/kit/vendor-double.ts';
import { successStatuses } from '../../core/testing/kit/success-reply.ts';

/** What each says, whoever says it with the status of a yes. */
const refusals: readonly object[] = [
  { error: 'no' },
  { Error: { message: 'no' } },
  { errors: ['no'] },
  { fault: {} },
  { Fault: { faultstring: 'no' } },
  { success: false },
  { SUCCESS: 'false' },
  { ok: false },
  { status: 'FAILED' },
  { status: 'error' },
  { Result: 'Failure' },
  { code: 400 },
  { Code: '403' },
  { status: 422 },
  [{ error: 'no' }],
  { results: [{ success: false }] },
];
const laterOn: readonly unknown[] = [{ code: 500 }, { status: 503 }, { code: 429 }, { error: { code: 500 } }];
const nothingSaid: readonly unknown[] = [
  '"bad token"',
  'bad token',
  'false',
  'null',
  '[]',
  '7',
  '[{}]',
  '<html>OK</html>',
];

const folders = readdirSync('destinations', { withFileTypes: true }).filter((entry) => entry.isDirectory());

describe.each(folders.map(({ name }) => name))('%s', (folder) => {
  async function outcomesOf(body: unknown, count: number): Promise<readonly Outcome[]> {
    const subject = await loadContractFolder(path.resolve('destinations', folder));
    const outcomes: Outcome[] = [];
    for (const status of successStatuses(subject)) {
      const probe = openKitConnection(subject, always({ status, body }), {
        options: { onAmbiguous: 'report', retry: { attempts: 1 } },
      });
      outcomes.push(...(await probe.deliver(Array.from({ length: count }, (_, n) => variantOf(subject.event, n)))));
      probe.assertNoDefects();
      await probe.close();
    }
    expect(outcomes.length).toBeGreaterThan(0);
    return outcomes;
  }
  const kindsOf = async (body: unknown, count: number) =>
    [...new Set((await outcomesOf(body, count)).map(({ kind }) => kind))].join(', ');

  test.each(refusals)('F-07 a yes that holds %j is a no', async (body) => {
    expect(await kindsOf(body, 1)).toBe('rejected');
    // Rokt's 202 with errors is a yes to a part, and these name nobody.
    const inPart = folder === 'rokt' && !Array.isArray(body) && 'errors' in body;
    expect(await kindsOf(body, 3)).toBe(inPart ? 'unknown' : 'rejected');
  });

  test.each(laterOn)('F-07 a yes that holds %j is the status it names', async (body) => {
    expect(await kindsOf(body, 1)).toBe('deferred');
    expect(await kindsOf(body, 3)).toBe('deferred');
  });

  test.each(nothingSaid)('F-07 the status of a yes with %s is no yes', async (body) => {
    expect(await kindsOf(body, 1)).toBe('unknown');
    expect(await kindsOf(body, 3)).toBe('unknown');
  });
});
