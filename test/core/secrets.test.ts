import { describe, expect, it, test } from '@jest/globals';
import { currencyCode, secret, setting, text, z } from '../../core/api/config.ts';
import { secretsIn } from '../../core/runtime/secrets.ts';

const token = secret('Token', 'From the vendor.');
const found = (schema: z.ZodType, written: unknown): string[] => secretsIn(schema, schema.parse(written)).sort();

describe('settings', () => {
  it('carry title and description into the form’s schema, and secrets say that they are', () => {
    const schema = z.object({
      token,
      name: text('Name', 'Yours.'),
      depth: setting(z.number().int(), 'Depth', 'How deep.'),
      currency: currencyCode('Currency', 'ISO 4217.').optional(),
    });
    expect(z.toJSONSchema(schema, { io: 'input' })).toMatchObject({
      properties: {
        token: { title: 'Token', description: 'From the vendor.', secret: true },
        name: { title: 'Name', description: 'Yours.' },
        depth: { title: 'Depth', type: 'integer' },
        currency: { title: 'Currency', pattern: '^[A-Za-z]{3}$' },
      },
    });
  });

  it('refuse blank text, and secrets that would break a header', () => {
    const name = text('Name', 'Yours.');
    expect(name.parse('  a ')).toBe('a');
    expect(name.safeParse('   ').success).toBe(false);
    for (const written of ['', '   ', 'a\r\nx-evil: 1', 'a\u0000', 'a\u007f', 7, null]) {
      expect([written, token.safeParse(written).success]).toEqual([written, false]);
    }
    expect(token.parse(' kept as it is ')).toBe(' kept as it is ');
  });

  it('take a currency in any case and give it in upper case', () => {
    const currency = currencyCode('Currency', 'ISO 4217.');
    expect(currency.parse(' eur ')).toBe('EUR');
    for (const written of ['EU', 'EURO', 'e1r', 'u\u017fd']) {
      expect([written, currency.safeParse(written).success]).toEqual([written, false]);
    }
  });
});

describe('secretsIn finds what is marked secret', () => {
  test.each<[string, z.ZodType, unknown]>([
    ['alone', token, 's-1'],
    ['in an object', z.object({ token, open: z.string() }), { token: 's-1', open: 'o-1' }],
    ['that is optional', z.object({ token: token.optional() }), { token: 's-1' }],
    ['that is nullable, branded and readonly', token.brand('t').readonly().nullable(), 's-1'],
    ['that was refined after it was marked', token.min(2).refine(() => true), 's-1'],
    ['that a setting re-titles', z.object({ token: setting(token.optional(), 'Other', 'Title.') }), { token: 's-1' }],
    ['that is a default', z.object({ token: token.default('s-1') }), {}],
    ['in an array', z.array(z.object({ token })), [{ token: 's-1' }]],
    ['in a record', z.record(z.string(), token), { any: 's-1' }],
    ['in a tuple', z.tuple([z.string(), token]), ['o-1', 's-1']],
    ['in the rest of a tuple', z.tuple([z.string()], token), ['o-1', 's-1']],
    ['in a union', z.union([z.number(), token]), 's-1'],
    [
      'in a discriminated union',
      z.discriminatedUnion('by', [
        z.object({ by: z.literal('key'), key: token }),
        z.object({ by: z.literal('none'), name: z.string() }),
      ]),
      { by: 'key', key: 's-1' },
    ],
    [
      'in an intersection',
      z.intersection(z.object({ token }), z.object({ open: z.string() })),
      { token: 's-1', open: 'o-1' },
    ],
    ['put off', z.lazy(() => z.object({ token })), { token: 's-1' }],
    ['among unknown keys', z.object({ open: z.string() }).catchall(token), { open: 'o-1', other: 's-1' }],
    ['after a preprocess', z.preprocess((written) => written, token), 's-1'],
    [
      'in a marked object',
      z.object({ a: z.object({ b: z.array(z.string()) }) }).meta({ secret: true }),
      { a: { b: ['s-1'] } },
    ],
  ])('%s', (_title, schema, written) => {
    expect(found(schema, written)).toEqual(['s-1']);
  });

  it('as the value that will travel, when a transform changes it', () => {
    expect(
      found(
        token.transform((value) => value.toUpperCase()),
        's-1',
      ),
    ).toEqual(['S-1']);
  });

  it('also when it is a number', () => {
    expect(found(z.object({ pin: z.number().meta({ secret: true }) }), { pin: 4711 })).toEqual(['4711']);
  });

  it('at every depth of a schema that refers to itself', () => {
    interface Node {
      token: string;
      children: Node[];
    }
    const node: z.ZodType<Node> = z.lazy(() => z.object({ token, children: z.array(node) }));
    const leaf = (value: string): Node => ({ token: value, children: [] });
    expect(found(node, { token: 's-1', children: [leaf('s-2'), { token: 's-3', children: [leaf('s-4')] }] })).toEqual([
      's-1',
      's-2',
      's-3',
      's-4',
    ]);
  });

  it('once each, and nothing that is not marked', () => {
    const schema = z.object({ a: token, b: token, c: z.string(), d: token.optional(), e: token.nullable() });
    expect(found(schema, { a: 's-1', b: 's-1', c: 'open', e: null })).toEqual(['s-1']);
  });
});
