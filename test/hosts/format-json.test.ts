import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { format } from 'prettier/standalone';
import * as babel from 'prettier/plugins/babel';
import * as estree from 'prettier/plugins/estree';
import { formatJson } from '../../core/hosts/cli/format-json.ts';

const byPrettier = (value: unknown): Promise<string> =>
  format(JSON.stringify(value), { parser: 'json', plugins: [babel, estree], printWidth: 120 });

test('JSON that a command writes is formatted as Prettier formats it', async () => {
  const several: unknown[] = [
    { a: [1, 2, 3], b: { c: [{ a: 1, b: 2 }, { a: 1, b: 2 }, { a: 1 }] } },
    { errors: [{ index: 1, message: 'a' }, { index: 2, message: 'b' }] }, // prettier-ignore
    { items: Array.from({ length: 90 }, (_, index) => index * 1000), texts: Array.from({ length: 30 }, () => 'text') },
    [[[]], {}, [{}], 'ä\u2028"'],
  ];
  for (const value of several) expect(formatJson(value)).toBe(await byPrettier(value));
});

test('any JSON', async () => {
  const property = fc.asyncProperty(fc.jsonValue({ maxDepth: 4 }), async (value) => {
    expect(formatJson(value)).toBe(await byPrettier(value));
  });
  await fc.assert(property, { numRuns: 300, seed: 1 });
});
