import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AnyDestination } from '../../core/index.ts';
import { checkDestination, type CheckResult } from '../../core/testing/index.ts';
import kites from '../support/contract/kites/index.ts';

let folder = '';
beforeEach(() => {
  folder = path.join(mkdtempSync(path.join(tmpdir(), 'spillway-')), 'kites');
  cpSync(path.resolve('test/support/contract/kites'), folder, { recursive: true });
});
afterEach(() => rmSync(path.dirname(folder), { recursive: true }));

const file = (name: string): string => path.join(folder, 'contract', 'cases', `${name}.json`);
const sale = (): Record<string, unknown> => JSON.parse(readFileSync(file('sale'), 'utf8')) as Record<string, unknown>;
const write = (name: string, json: object): void => writeFileSync(file(name), JSON.stringify(json));

/** One sale a request for the account acc-0, as in a vendor's test mode. */
const definition = {
  ...kites,
  limitsFor: ({ account }: { readonly account: string }) => (account === 'acc-0' ? { maxItems: 1 } : {}),
} as AnyDestination;

async function check(only?: RegExp) {
  const lines: string[] = [];
  const results: CheckResult[] = [];
  const options = { definition, onInformation: (line: string) => void lines.push(line), ...(only && { only }) };
  for await (const result of checkDestination(folder, options)) results.push(result);
  return { lines, results };
}

describe('the house checks start from', () => {
  const testMode = () => ({ ...sale(), requests: undefined, config: { account: 'acc-0', apiKey: 'key-1-example' } });

  test('the plain success whose connection takes the largest batch, not the first by name', async () => {
    write('a-test-mode', testMode());
    const { lines, results } = await check(/^batches: a poison/);
    expect(lines).toContain('house checks start from case sale');
    expect(results.every(({ ran, ok }) => ran && ok)).toBe(true);
  });

  test('the case that says so; one that extends it does not', async () => {
    write('b-test-mode', { ...testMode(), base: true });
    write('a-copy', { title: 'another one like it', extends: 'b-test-mode' });
    expect((await check(/^folder: the slug/)).lines).toContain('house checks start from case b-test-mode');
  });

  test('no case that is no plain success, also if it says so', async () => {
    write('sale-as-base', { title: 'with options it is not plain', extends: 'sale', options: {}, base: true });
    expect((await check()).results).toEqual([
      expect.objectContaining({ ok: false, why: expect.stringMatching(/^case sale-as-base cannot be the base: /) }),
    ]);
  });
});

test('F-41 where the only plain success cannot be read, what is wrong in it is said', async () => {
  const plain = sale();
  for (const name of ['sale', 'refused-by-index', 'second-refused']) rmSync(file(name), { force: true });
  write('event', { ...plain, requests: [] });
  write('later', { title: 'a case that is still to be written', todo: 'ask the vendor' });
  expect((await check()).results).toEqual([
    expect.objectContaining({
      ok: false,
      why: expect.stringMatching(
        /^no case delivers one event .*\n1 cannot be read:\ncontract\/cases\/event\.json: 0 requests, but 1 replies; a case that is not about its requests leaves "requests" out$/,
      ),
    }),
  ]);
});

describe('settings that are refused are said once, and what needs them is not run', () => {
  const title = 'cases: the settings that the house checks start from are accepted';
  const others = expect.stringMatching(/^\d\d other checks$/);

  test('in the base case: the other cases run', async () => {
    write('sale', { ...sale(), config: { account: 'acc-1' } });
    const { results } = await check();
    expect(results.filter(({ ok }) => !ok).map((one) => one.title.replace(/:.*/, ''))).toEqual([
      'cases',
      'case sale',
      'case second-refused',
    ]);
    expect(results.find((one) => one.title === title)?.why).toMatch(/^case sale: the settings are refused: .*apiKey/);
    expect(results.at(-1)).toMatchObject({ title: others, ran: false, why: 'the settings of case sale are refused' });
  });

  test('in all cases', async () => {
    for (const name of ['sale', 'refused-by-index'])
      write(name, {
        ...(JSON.parse(readFileSync(file(name), 'utf8')) as object),
        config: { account: 'acc-1' },
      });
    const { results } = await check();
    expect(results.filter(({ ok }) => !ok).map((one) => one.title)).toEqual([title]);
    expect(results.at(-1)).toMatchObject({ title: others, ran: false, why: 'the settings of every case are refused' });
    expect(results.length).toBeLessThan(20);
  });
});

test('what leaves of a person unhashed is said by kind and path, without a value, and amounts as they are sent', async () => {
  const { lines } = await check(/^folder: the slug/);
  expect(lines).toEqual([
    'house checks start from case sale',
    'sends in clear: e-mail ([].email) in 3 cases',
    'sends amounts: revenue 258 as 258 in 3 cases',
  ]);
  const hashed = {
    ...definition,
    transform: (...args: Parameters<AnyDestination['transform']>) => {
      const made = kites.transform(...(args as Parameters<typeof kites.transform>));
      return made.kind === 'payload'
        ? { ...made, payload: { ...made.payload, email: '5e884898', amount: 25_800 } }
        : made;
    },
  } as AnyDestination;
  const later: string[] = [];
  const options = {
    definition: hashed,
    only: /^folder: the slug/,
    onInformation: (line: string) => void later.push(line),
  };
  for await (const _ of checkDestination(folder, options));
  expect(later.slice(1)).toEqual([
    'sends in clear: nothing of a person',
    'sends amounts: revenue 258 as 25800 in 3 cases',
  ]);
});
