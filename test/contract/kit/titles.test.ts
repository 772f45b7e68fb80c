// Tests core/testing/checks/folder-checks.ts: what a form needs of a schema (F-85).
import { describe, expect, it } from '@jest/globals';
import { choice, operation, setting, z } from '../../../core/api/index.ts';
import type { AnyDestination } from '../../../core/index.ts';
import { titleless } from '../../../core/testing/kit/settings.ts';
import { checkDestination, type CheckResult } from '../../../core/testing/index.ts';
import paperplane from '../../support/contract/paperplane/index.ts';

const bare = (schema: z.ZodType): readonly string[] =>
  titleless(z.toJSONSchema(z.strictObject({ it: setting(schema, 'It', 'Something.') }), { io: 'input' }));
const named = z.string().meta({ title: 'Name' });

describe('F-85 what has no title for a form', () => {
  it.each<[string, z.ZodType, readonly string[]]>([
    ['values of an enumeration', z.enum(['a', 'b']), ['it (its values)']],
    ['labelled values', choice({ a: 'A', b: 'B' }).default('a'), []],
    ['items', z.array(z.string()), ['it[]']],
    ['titled items', z.array(named), []],
    ['members of objects in a list', z.array(z.object({ a: z.string(), b: named })), ['it[].a']],
    ['a map', z.record(z.string(), z.string()), ['it (its names)', 'it (its values)']],
    ['a titled map', z.record(named, named), []],
    ['alternatives', z.union([z.string(), named]), ['it (alternative 1)']],
    ['null beside one form', z.string().nullable(), []],
    [
      'an enumeration inside a map',
      z.record(named, z.enum(['a'])),
      ['it (its values)', 'it (its values) (its values)'],
    ],
  ])('%s', (_, schema, expected) => expect(bare(schema)).toEqual(expected));
});

describe('F-85 the contract', () => {
  const failing = async (changes: object): Promise<readonly string[]> => {
    const results: CheckResult[] = [];
    const definition = { ...paperplane, ...changes } as AnyDestination;
    const options = { definition, only: /F-85/ };
    for await (const result of checkDestination('test/support/contract/paperplane', options)) results.push(result);
    return results.flatMap((result) => (result.ok ? [] : [`${result.title}: ${result.why}`]));
  };

  it('passes a folder whose settings and inputs have titles', async () => {
    expect(await failing({})).toEqual([]);
  });

  it('names the settings that have none', async () => {
    const shape = (paperplane.config as unknown as z.ZodObject).shape;
    const config = z.strictObject({
      ...shape,
      mode: setting(z.enum(['a', 'b']).optional(), 'Mode', 'How.'),
    });
    expect((await failing({ config })).join()).toMatch(/settings: .*no title: mode \(its values\)/);
  });

  it('names the inputs of operations that have none, and lets the body be', async () => {
    const close = operation({
      summary: 'Closes it.',
      method: 'POST',
      path: '/close',
      query: z.strictObject({ reason: z.string() }),
      body: z.strictObject({ at: named }),
      reply: z.unknown(),
      errors: [],
      idempotent: true,
    });
    const operations = { base: () => ({ origin: 'https://api.paperplane.example', headers: {} }), list: { close } };
    expect((await failing({ operations })).join()).toMatch(/operations: .*close: no title: reason(?:$|,)/);
  });
});
