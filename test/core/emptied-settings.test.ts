import { describe, expect, it } from '@jest/globals';
import { createRuntime, z, type AnyDestination } from '../../core/index.ts';
import { withoutEmptied } from '../../core/runtime/emptied-settings.ts';
import { folderUnderTest } from '../../core/testing/index.ts';
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
    ['one that an alternative requires', { auth: { kind: 'open', key: '' } }],
    ['a text with a default that may be empty', { prefix: '' }],
    ['a value of a map', { texts: { a: '' } }],
    ['an unknown setting, also by an inherited name', { constructor: '', other: '' }],
    ['an entry of a list', { hooks: [''] }],
  ])('stays as the "" of %s', (_, config) => expect(cleared(config)).toBe(config));

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
