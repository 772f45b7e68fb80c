import { afterAll, describe, expect, it } from '@jest/globals';
import { createRuntime } from '../../core/index.ts';
import adjust from '../../destinations/adjust/index.ts';
import adroll from '../../destinations/adroll/index.ts';
import rokt from '../../destinations/rokt/index.ts';

const runtime = createRuntime({ destinations: [adroll, rokt, adjust] });
afterAll(() => runtime.close());

const needed = {
  adroll: { advertisableEid: 'ADV', pixelEid: 'PIX', serverAccessToken: 'sat' },
  rokt: { pod: 'us1', apiKey: 'key', apiSecret: 'secret', environment: 'production' },
  adjust: { appToken: 'app', environment: 'production', eventTokens: { 'Order Completed': 'purch1' } },
};
type Slug = keyof typeof needed;

/** What is wrong with some settings, as `path: message`. */
function wrongWith(slug: Slug, settings: unknown): readonly string[] {
  const opened = runtime.open(slug, settings);
  return opened.kind === 'invalid' ? opened.issues.map(({ path, message }) => `${path}: ${message}`) : [];
}
const pathsOf = (problems: readonly string[]) => [...new Set(problems.map((problem) => problem.split(': ')[0]))];

describe.each(['adroll', 'rokt', 'adjust'] as const)('the settings of %s', (slug) => {
  it('name every one that is missing', () => {
    expect(pathsOf(wrongWith(slug, {}))).toEqual(Object.keys(needed[slug]).map((name) => `config.${name}`));
    expect(wrongWith(slug, needed[slug])).toEqual([]);
  });

  it('ALL-01 name what is wrong by its path, and never say what stood there', () => {
    const canary = 'canary 4711';
    const shape = (runtime.catalogue().find(({ manifest }) => manifest.slug === slug)?.configSchema ?? {}) as {
      properties?: Record<string, unknown>;
    };
    const names = Object.keys(shape.properties ?? {});
    expect(names.length).toBeGreaterThan(8);
    for (const name of names) {
      for (const value of [{ [canary]: { a: canary } }, [[canary]], 4711.5]) {
        if (name === 'maxEventAgeDays' && typeof value === 'number') continue;
        const problems = wrongWith(slug, { ...needed[slug], [name]: value });
        expect(pathsOf(problems).every((path) => path?.startsWith(`config.${name}`))).toBe(true);
        expect([name, problems.length > 0]).toEqual([name, true]);
        expect(problems.map((problem) => problem.replace(/^.*?: /, '')).join()).not.toMatch(/canary|4711/);
      }
    }
    expect(wrongWith(slug, { ...needed[slug], misspelt: canary }).join()).not.toContain(canary);
  });
});

it.each([
  [
    adroll,
    {
      ...needed.adroll,
      dryRun: false,
      gzip: true,
      identifierPolicy: 'first_party_cookie',
      eventNames: {},
      sendEmail: 'hashed',
      sendPages: false,
    },
    ['appBaseUrl', 'defaultCurrency'],
  ],
  [
    rokt,
    { ...needed.rokt, identity: 'both', conversions: ['Order Completed'], bulk: false, customAttributes: [] },
    ['customEventType'],
  ],
  [
    adjust,
    {
      ...needed.adjust,
      callbackParams: [],
      partnerParams: [],
      timeUnit: 'seconds',
      maxEventAgeDays: 28,
      requireAdid: false,
    },
    ['s2sToken', 'defaultCurrency'],
  ],
])('what a customer leaves out has its default, and the rest stays out', ({ manifest, config }, defaults, out) => {
  const parsed = config.parse(needed[manifest.slug as Slug]);
  expect(parsed).toMatchObject(defaults);
  for (const name of out) expect(parsed).not.toHaveProperty(name);
});

it.each<[Slug, string, unknown, string]>([
  ['rokt', 'conversions', 'Order Completed', 'config.conversions: must be event names'],
  ['rokt', 'conversions', { 'Signed Up': ' ' }, 'config.conversions.Signed Up: must not be blank'],
  ['adjust', 'callbackParams', 'some', 'config.callbackParams: must be "all", names, or names with'],
  ['adjust', 'callbackParams', ['a', ''], 'config.callbackParams.1: '],
  ['adjust', 'partnerParams', 'all', 'config.partnerParams: must be names, or names with'],
  ['rokt', 'customAttributes', ['amount\u200B'], 'config.customAttributes.0: is sent by itself'],
  ['rokt', 'userAttributes', [' FirstName\uFEFF'], 'config.userAttributes.0: is sent by itself'],
  ['rokt', 'conversions', { 'Signed Up': '\u200B' }, 'config.conversions.Signed Up: must not be blank'],
  ['adjust', 'callbackParams', ['a', 'a\u200B'], 'config.callbackParams: names a property twice'],
  ['adjust', 'callbackParams', ['a', '\u200B'], 'config.callbackParams.1: must not be blank'],
  ['adjust', 'callbackParams', { a: 'x', b: 'x ' }, 'config.callbackParams: gives two properties one parameter'],
  ['adjust', 'partnerParams', { a: 'x', 'a ': 'y' }, 'config.partnerParams.a: stands there more than once'],
  ['adjust', 'partnerParams', { x: { value: '1' }, 'x\u200B': { value: '2' } }, 'config.partnerParams.x: stands there'],
  ['adjust', 'eventTokens', { 'Order Completed': '\u200B' }, 'must not be blank'],
])('%s: a wrong %s of %j is told what it must be', (slug, name, value, expected) => {
  expect(wrongWith(slug, { ...needed[slug], [name]: value })[0]).toContain(expected);
});
