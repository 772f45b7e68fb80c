import { describe, expect, it } from '@jest/globals';
import { createRuntime, z, type AnyDestination } from '../../core/index.ts';
import { withoutEmptied } from '../../core/runtime/emptied-settings.ts';
import { folderUnderTest } from '../../core/testing/index.ts';
import { acme } from '../support/runtime/test-connection.ts';
import adjust from '../../destinations/adjust/index.ts';
import adroll from '../../destinations/adroll/index.ts';

const settings = z.strictObject({
  account: z.string(),
  label: z.string().optional(),
  prefix: z
    .string()
    .regex(/^[!-~]*$/)
    .default('sha256='),
  region: z.enum(['eu', 'us']).default('eu'),
  retry: z.strictObject({ header: z.string().optional(), name: z.string() }).optional(),
  auth: z.union([
    z.strictObject({ kind: z.literal('key'), key: z.string() }),
    z.strictObject({ kind: z.literal('open'), key: z.string().optional(), hint: z.string().optional() }),
  ]),
  hooks: z.array(z.strictObject({ url: z.string(), secret: z.string().optional() })).default([]),
  names: z.record(z.string(), z.strictObject({ to: z.string().optional() })).default({}),
  texts: z.record(z.string(), z.string()).default({}),
});
const cleared = (config: unknown): unknown => withoutEmptied(config, settings);

describe('F-85 "" of an optional setting', () => {
  it('is absent, at any depth, so that the default counts', () => {
    const config = {
      account: 'a',
      label: '',
      region: '',
      retry: { header: '', name: 'n' },
      auth: { kind: 'open', hint: '' },
      hooks: [{ url: 'u', secret: '' }],
      names: { a: { to: '' } },
    };
    expect(cleared(config)).toEqual({
      account: 'a',
      retry: { name: 'n' },
      auth: { kind: 'open' },
      hooks: [{ url: 'u' }],
      names: { a: {} },
    });
    expect(settings.parse(cleared(config))).toMatchObject({ region: 'eu' });
  });

  it.each<[string, Record<string, unknown>]>([
    ['a required setting', { account: '' }],
    ['one that an alternative requires', { auth: { key: '' } }],
    ['a text with a default that may be empty', { prefix: '' }],
    ['a value of a map', { texts: { a: '' } }],
    ['an unknown setting, also by an inherited name', { constructor: '', other: '' }],
    ['an entry of a list', { hooks: [''] }],
  ])('stays as the "" of %s', (_, config) => expect(cleared(config)).toBe(config));

  const node: z.ZodType = z.lazy(() => z.strictObject({ label: z.string().optional(), next: node.optional() }));
  const list = z.strictObject({ note: z.string().optional() });
  const open = z.strictObject({ kind: z.literal('open'), hint: z.string().optional() });
  const key = z.strictObject({ kind: z.literal('key'), key: z.string(), hint: z.string() });
  const text = (...checks: Parameters<z.ZodString['check']>) =>
    z.strictObject({
      name: z
        .string()
        .check(...checks)
        .default('x'),
    });
  it.each<[string, z.ZodType, unknown, unknown]>([
    ['a schema that holds itself', node, { next: { label: '', next: { label: '' } } }, { next: { next: {} } }],
    ['an intersection', z.intersection(list, z.looseObject({ b: z.string() })), { note: '', b: '' }, { b: '' }],
    ['a tuple', z.tuple([z.string(), list]).rest(list), ['', { note: '' }, { note: '' }], ['', {}, {}]],
    ['what is read before it is judged', z.preprocess((value) => value, list), { note: '' }, {}],
    [
      'what is changed once it is read',
      list.transform(({ note }) => note ?? 'none').pipe(z.string()),
      { note: '' },
      {},
    ],
    ['what any name may hold', z.object({}).catchall(list), { a: { note: '' } }, { a: {} }],
    ['a union by its kind', z.discriminatedUnion('kind', [open, key]), { kind: 'open', hint: '' }, { kind: 'open' }],
    ['the other of that union', z.discriminatedUnion('kind', [open, key]), { kind: 'key', hint: '' }, undefined],
    [
      'a union whose kinds are told by their literals',
      z.union([key, open]),
      { kind: 'open', hint: '' },
      { kind: 'open' },
    ],
    ['a text whose pattern no other engine takes', text(z.regex(/^[\w-.]+$/)), { name: '' }, {}],
    ['a text whose pattern "" fits', text(z.regex(/^[\w-.]*$/)), { name: '' }, undefined],
    ['a text with a rule of its own', text(z.refine((name) => name !== '')), { name: '' }, {}],
    ['a number with a default', z.strictObject({ days: z.number().default(7) }), { days: '' }, {}],
    ['a number that reads "" as 0', z.strictObject({ days: z.coerce.number().default(7) }), { days: '' }, {}],
    [
      'no setting whose own code counts on a value',
      z.strictObject({ name: z.preprocess((value) => (value as string).trim(), z.string()) }),
      { name: '' },
      undefined,
    ],
    ['a text that may be null', z.strictObject({ name: z.string().nullable() }), { name: '' }, undefined],
  ])('is found in %s', (_, schema, config, wanted) => {
    if (wanted === undefined) expect(withoutEmptied(config, schema)).toBe(config);
    else expect(withoutEmptied(config, schema)).toEqual(wanted);
  });

  it('opens a connection whose patterns JSON Schema cannot express', async () => {
    const config = z.strictObject({ name: text(z.regex(/^[\w-.]+$/)).shape.name, account: z.string() });
    const runtime = createRuntime({ destinations: [{ ...acme(), config } as AnyDestination] });
    expect(runtime.open('acme', { name: '', account: 'a' }).kind).toBe('open');
    await runtime.close();
  });

  it('is looked for in nothing else, and leaves settings without it as they are', () => {
    for (const config of [undefined, null, '', 'text', 7, []]) expect(cleared(config)).toBe(config);
    const same = { account: 'a', retry: { name: 'n' } };
    expect(cleared(same)).toBe(same);
    const circle: Record<string, unknown> = { account: '' };
    circle['self'] = circle;
    expect(cleared(circle)).toBe(circle);
  });

  it.each<[AnyDestination, Record<string, unknown>, readonly string[]]>([
    [
      adjust,
      { appToken: 'app0', environment: 'sandbox', eventTokens: { A: 'tok000' } },
      ['s2sToken', 'defaultCurrency', 'timeUnit'],
    ],
    [
      adroll,
      { advertisableEid: 'ADV', pixelEid: 'PIX', serverAccessToken: 'token' },
      ['appBaseUrl', 'defaultCurrency', 'identifierPolicy'],
    ],
  ])('opens a connection, and a folder under test', async (destination, needed, optional) => {
    const runtime = createRuntime({ destinations: [destination] });
    const emptied = { ...needed, ...Object.fromEntries(optional.map((name) => [name, ''])) };
    expect(runtime.open(destination.manifest.slug, emptied).kind).toBe('open');
    expect(folderUnderTest(destination, emptied).config).toEqual(destination.config.parse(needed));
    const [name = ''] = Object.keys(needed);
    expect(runtime.open(destination.manifest.slug, { ...needed, [name]: '' })).toMatchObject({ kind: 'invalid' });
    await runtime.close();
  });
});
