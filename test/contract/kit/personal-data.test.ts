// Tests core/testing/kit/personal-data.ts, and what the checks and the base case make of it.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { AnyDestination } from '../../../core/index.ts';
import { checkDestination, type CheckResult } from '../../../core/testing/index.ts';
import kites from '../../support/contract/kites/index.ts';

let folder = '';
beforeEach(() => {
  folder = path.join(mkdtempSync(path.join(tmpdir(), 'spillway-')), 'kites');
  cpSync(path.resolve('test/support/contract/kites'), folder, { recursive: true });
  for (const name of ['sale', 'refused-by-index', 'second-refused']) {
    const file = path.join(folder, `contract/cases/${name}.json`);
    const one = JSON.parse(readFileSync(file, 'utf8')) as { events: object[] };
    const events = one.events.map((event) => ({ ...event, without: ['context.traits', 'context.ip'] }));
    writeFileSync(file, JSON.stringify({ ...one, events, requests: undefined }));
  }
});
afterEach(() => rmSync(path.dirname(folder), { recursive: true }));

const add = (name: string, base: string): void =>
  writeFileSync(
    path.join(folder, `contract/cases/${name}.json`),
    JSON.stringify({ title: 'a sale to somebody', extends: base, events: [{ base: 'order-completed-ios' }] }),
  );

/** It sells also to those whose address it does not know. */
const anybody = {
  ...kites,
  transform: (event, config, context) =>
    kites.transform({ ...event, context: { traits: { email: 'shop@example.com' } } }, config, context),
} as typeof kites as AnyDestination;

async function privacy(): Promise<{ readonly lines: readonly string[]; readonly result: CheckResult | undefined }> {
  const lines: string[] = [];
  const results: CheckResult[] = [];
  const options = { only: /^privacy: e-mail/, onInformation: (line: string) => void lines.push(line) };
  for await (const result of checkDestination(folder, { ...options, definition: anybody })) results.push(result);
  return { lines, result: results[1] };
}

test('F-42 without a case that has personal data, the check of it is not run, and says what to write', async () => {
  expect((await privacy()).result).toEqual(
    expect.objectContaining({
      ran: false,
      lacks: true,
      why: expect.stringMatching(/^it needs a case .*traits\.email/),
    }),
  );
});

test('F-42 the check of personal data takes a case that has some, and the base case is one if it can be', async () => {
  writeFileSync(
    path.join(folder, 'contract/cases/refused-with-person.json'),
    JSON.stringify({
      title: 'a person is refused',
      config: { account: 'acc-1', apiKey: 'key-1-example' },
      events: [{ base: 'order-completed-ios' }],
      replies: ['refused'],
      outcomes: [{ kind: 'rejected' }],
    }),
  );
  const { lines, result } = await privacy();
  expect(lines[0]).toBe('house checks start from case sale');
  expect(result).toMatchObject({ ok: true, ran: true });
  add('zebra', 'sale');
  expect((await privacy()).lines[0]).toBe('house checks start from case zebra');
});
