import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { demoFormat, describeContract } from '../../core/testing/index.ts';
import vendor from '../../docs/examples/lighthouse/index.ts';
import { excerptsIn, isCutFrom } from '../support/docs/excerpts.ts';
import { read, root } from '../support/docs/pages.ts';

const folder = 'docs/examples/lighthouse';
const page = 'destinations/README.md';
const depth = 'docs/destinations.md';

describeContract(path.join(root, folder));

describe('destinations/README.md', () => {
  test.each([page, depth])('%s shows the code of Lighthouse, which the contract runs', async (name) => {
    const shown = excerptsIn(await read(name));
    expect(shown.length).toBeGreaterThan(1);
    for (const excerpt of shown) {
      // Only a simulator answers any request as Lighthouse would, so it takes no part in the demo.
      if (excerpt.file === 'demo.json') {
        expect(demoFormat.parse(JSON.parse(excerpt.code))).toBeDefined();
        continue;
      }
      // A folder in a project of one's own needs it; this repository has its own, above all folders.
      if (excerpt.file === 'tsconfig.json') {
        expect(JSON.parse(excerpt.code)).toMatchObject({ compilerOptions: { allowImportingTsExtensions: true } });
        continue;
      }
      const text = await read(path.join(folder, excerpt.file)).catch(() => 'no such file');
      expect([excerpt.file, excerpt.code, isCutFrom(text, excerpt)]).toEqual([excerpt.file, excerpt.code, true]);
    }
  });

  test('shows every source file of Lighthouse, of index.ts the call alone', async () => {
    const text = `${await read(page)}\n${await read(depth)}`;
    const files = readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' });
    const shown = new Set(['index.ts', ...excerptsIn(text).map(({ file }) => file)]);
    expect(files.filter((file) => file.endsWith('.ts') && !shown.has(file))).toEqual([]);
    const [, parts = ''] = /defineDestination\(\{([^}]+)\}/.exec(await read(path.join(folder, 'index.ts'))) ?? [];
    expect(text.replaceAll(/\s+/g, ' ')).toContain(`\`defineDestination({ ${parts.match(/\w+/g)?.join(', ')} })\``);
  });

  test('would not get away with code that Lighthouse does not have', async () => {
    const [found = { file: '', code: '' }] = excerptsIn(
      '```ts\n// request.ts\nexport const frame = (): Frame => bare;\n```',
    );
    expect(found.file).toBe('request.ts');
    const text = await read(path.join(folder, found.file));
    expect(isCutFrom(text, found)).toBe(false);
    expect(isCutFrom(text, { ...found, code: "export const frame = (): Frame => jsonList('orders');" })).toBe(true);
  });

  test('is read in ten minutes: at most 400 lines', async () => {
    expect((await read(page)).trimEnd().split('\n').length).toBeLessThanOrEqual(400);
  });
});

describe('Lighthouse', () => {
  const settings = { account: 'account-1', token: 'token-example' };

  test('takes ten requests a second of the free plan, one at a time', () => {
    const paceOf = (plan: string) => vendor.paceFor?.(vendor.config.parse({ ...settings, plan }));
    expect(paceOf('free')).toEqual({ concurrency: 1, rate: { permits: 10, perMs: 1_000, cost: 'request' } });
    expect(paceOf('business')).toEqual({});
  });

  test('counts the requests of an account together, whatever the token', () => {
    const keyOf = (account: string, token: string) => vendor.paceKey?.(vendor.config.parse({ account, token }));
    expect(keyOf('account-1', 'token-example')).toBe(keyOf('account-1', 'another-token'));
    expect(keyOf('account-1', 'token-example')).not.toBe(keyOf('account-2', 'token-example'));
  });
});
