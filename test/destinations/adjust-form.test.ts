import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CdpEvent } from '../../core/api/index.ts';
import { folderUnderTest } from '../../core/testing/index.ts';
import adjust from '../../destinations/adjust/index.ts';

const settings = { appToken: 'app0exmpl123', environment: 'sandbox', eventTokens: { Tapped: 'tapped' } };

const folder = folderUnderTest(adjust, settings);

/** The body of an event with these properties. */
function bodyOf(properties: object, config: Record<string, unknown>, context: object = {}): string {
  const event = {
    type: 'track',
    event: 'Tapped',
    timestamp: '2026-01-15T11:59:00Z',
    context: { adjust: { adid: 'abcdef' }, ...context },
    properties,
  } as unknown as CdpEvent;
  const changed = folder.with(config);
  expect(changed.transformed(event)).toEqual(changed.transformed(event));
  return changed.text(event);
}

const parametersOf = (name: string, body: string): unknown => {
  const text = new URLSearchParams(body).get(name);
  return text === null ? undefined : JSON.parse(text);
};

describe('Adjust, the form', () => {
  it('ADJUST-05 escapes every value once', () => {
    const body = bodyOf({ a: 'x&y=1 %41+ü"\\' }, { callbackParams: ['a'] }, { userAgent: 'A&B=C+D %20/1' });
    expect(body).toContain('&user_agent=A%26B%3DC%2BD%20%2520%2F1');
    expect(body).toContain('%7B%22a%22%3A%22x%26y%3D1%20%2541%2B%C3%BC%5C%22%5C%5C%22%7D');
  });

  /** The runtime removes U+0000 (F-67). */
  const anyText = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''));

  it('ADJUST-05 ADJUST-43 any text arrives as it was, and ALL-03 the same event always gives the same bytes', () => {
    fc.assert(
      fc.property(fc.dictionary(anyText, anyText), (properties) => {
        const { revenue: _, currency: __, total: ___, value: ____, ...rest } = properties;
        const body = bodyOf(rest, { callbackParams: 'all' });
        expect(body).toMatch(/^[\w.~%&=!'()*-]+$/);
        expect(parametersOf('callback_params', body)).toEqual(Object.keys(rest).length === 0 ? undefined : rest);
      }),
      { numRuns: 100 },
    );
  });

  it('ADJUST-05 escapes every character alike, alone and in a text of any length', () => {
    for (const length of [1, 40, 8_191, 8_192, 8_193, 20_000]) {
      for (let code = 1; code < 0x180; code += 1) {
        if (length > 40 && code % 31 !== 3) continue;
        const value = `${String.fromCharCode(code)}" `.padEnd(length, 'x');
        const body = bodyOf({ a: value }, { callbackParams: ['a'] });
        expect(body).toContain(`&callback_params=${encodeURIComponent(JSON.stringify({ a: value }))}`);
      }
    }
  });

  it('ADJUST-05 keeps the form apart of apps that share an event token, and of any number of tokens and names', () => {
    const begins = (config: Record<string, unknown>): string => bodyOf({}, config).split('&created_at')[0] as string;
    const first = 's2s=1&app_token=app0exmpl123&event_token=tapped&environment=sandbox';
    expect(begins({})).toBe(first);
    expect(begins({ appToken: 'other app' })).toBe(first.replace('app0exmpl123', 'other%20app'));
    expect(begins({ environment: 'production' })).toBe(first.replace('sandbox', 'production'));
    for (let n = 0; n < 1_100; n += 1) {
      const body = bodyOf({ [`a ${n}`]: n }, { eventTokens: { Tapped: `t ${n}` }, callbackParams: 'all' });
      expect(body).toContain(`&event_token=t%20${n}&environment=sandbox`);
      expect(body).toContain(`%7B%22a%20${n}%22%3A%22${n}%22%7D`);
    }
    expect(begins({})).toBe(first);
  });

  it('ADJUST-05 half a surrogate pair becomes the replacement character instead of an exception', () => {
    const body = bodyOf({ a: 'x\ud800y', '\udc00': 'z' }, { callbackParams: 'all' }, { userAgent: 'U\udfffA' });
    expect(new URLSearchParams(body).get('user_agent')).toBe('U\ufffdA');
    expect(parametersOf('callback_params', body)).toEqual({ a: 'x\ufffdy', '\ufffd': 'z' });
  });
});

describe('Adjust, callback and partner parameters', () => {
  const mixed = {
    text: ' as is ',
    number: 1.5,
    yes: true,
    empty: '',
    gone: null,
    list: ['a', { b: 1 }],
    address: { city: 'Berlin', geo: { lat: 52.5 }, none: {} },
  };

  it('ADJUST-45 ADJUST-46 holds strings only: objects by dotted names, lists as JSON in a string, no null', () => {
    expect(parametersOf('callback_params', bodyOf(mixed, { callbackParams: 'all' }))).toEqual({
      text: ' as is ',
      number: '1.5',
      yes: 'true',
      empty: '',
      list: '["a",{"b":1}]',
      'address.city': 'Berlin',
      'address.geo.lat': '52.5',
    });
  });

  it('ADJUST-43 takes a list of properties or a map to other names', () => {
    expect(parametersOf('callback_params', bodyOf(mixed, { callbackParams: ['yes', 'gone', 'absent'] }))).toEqual({
      yes: 'true',
    });
    expect(parametersOf('callback_params', bodyOf(mixed, { callbackParams: { address: 'a', yes: 'ja' } }))).toEqual({
      'a.city': 'Berlin',
      'a.geo.lat': '52.5',
      ja: 'true',
    });
  });

  it('F-73 ADJUST-43 ADJUST-44 takes a map from parameter to any place of the event, or a constant', () => {
    const chosen = {
      plan: { from: 'context.traits.plan' },
      city: { from: 'properties.address.city' },
      first: { from: 'properties.list.0' },
      address: { from: 'properties.address' },
      event_name: { from: 'event' },
      source: { value: 'server & more' },
      inherited: { from: 'properties.constructor' },
      absent: { from: 'properties.text.length' },
      gone: { from: 'properties.gone' },
    };
    const context = { traits: { plan: 'gold' } };
    const expected = {
      plan: 'gold',
      city: 'Berlin',
      first: 'a',
      'address.city': 'Berlin',
      'address.geo.lat': '52.5',
      event_name: 'Tapped',
      source: 'server & more',
    };
    expect(parametersOf('callback_params', bodyOf(mixed, { callbackParams: chosen }, context))).toEqual(expected);
    expect(parametersOf('partner_params', bodyOf(mixed, { partnerParams: chosen }, context))).toEqual(expected);
  });

  it.each([
    ['two kinds of maps in one', { plan: { from: 'context.traits.plan' }, color: 'farbe' }],
    ['a source of neither kind', { plan: { path: 'context.traits.plan' } }],
    ['a path out of the event', { plan: { from: '__proto__.x' } }],
    ['a path with a gap', { plan: { from: 'context..plan' } }],
    ['a blank constant', { plan: { value: ' ' } }],
  ])('F-73 ADJUST-43 refuses %s', (_, callbackParams) => {
    const { success } = adjust.config.safeParse({ ...settings, callbackParams });
    expect(success).toBe(false);
  });

  it('F-73 preview names the path of each, and the setting of a constant', () => {
    const callbackParams = { plan: { from: 'context.traits.plan' }, source: { value: 'server' } };
    const event = {
      type: 'track',
      event: 'Tapped',
      timestamp: '2026-01-15T11:59:00Z',
      context: { adjust: { adid: 'abcdef' }, traits: { plan: 'gold' } },
    } as unknown as CdpEvent;
    expect(folder.with({ callbackParams }).sources(event)).toMatchObject({
      'callback_params.plan': 'context.traits.plan',
      'callback_params.source': 'config.callbackParams.source',
    });
  });

  it('ADJUST-44 shares nothing with partners unless it is chosen', () => {
    expect(bodyOf(mixed, { callbackParams: 'all' })).not.toContain('partner_params');
    expect(parametersOf('partner_params', bodyOf(mixed, { partnerParams: ['number'] }))).toEqual({ number: '1.5' });
  });

  it.each([
    ['nothing is chosen', mixed, []],
    ['what is chosen is not there', mixed, ['absent', 'gone', 'toString', 'constructor']],
    ['all there is is nothing', { a: null, b: {} }, 'all'],
  ])('ADJUST-47 sends no parameter at all when %s', (_, properties, callbackParams) => {
    expect(bodyOf(properties, { callbackParams })).not.toContain('callback_params');
  });

  it('ADJUST-48 "all" leaves revenue and currency to the fields of their own', () => {
    const body = bodyOf({ revenue: 5, currency: 'EUR', color: 'red' }, { callbackParams: 'all' });
    expect(body).toContain('&revenue=5&currency=EUR&');
    expect(parametersOf('callback_params', body)).toEqual({ color: 'red' });
  });

  it('ADJUST-43 a property called __proto__ is a property like any other', () => {
    const properties = JSON.parse('{"__proto__":"kept","deep":{"__proto__":{"x":1}}}') as object;
    const text = new URLSearchParams(bodyOf(properties, { callbackParams: 'all' })).get('callback_params');
    expect(text).toBe('{"__proto__":"kept","deep.__proto__.x":"1"}');
    expect(bodyOf({}, { callbackParams: ['__proto__', 'hasOwnProperty'] })).not.toContain('callback_params');
  });

  it('ADJUST-46 an object nested beyond reason becomes one string, or is left out, and never an exception', () => {
    let deep: object = { end: 1 };
    for (let i = 0; i < 100_000; i++) deep = { d: deep };
    expect(() => bodyOf({ deep, ok: 1 }, { callbackParams: 'all' })).not.toThrow();
    const shallow = parametersOf(
      'callback_params',
      bodyOf({ a: { b: { c: { d: { e: { f: { g: { h: { i: { j: 1 } } } } } } } } } }, { callbackParams: 'all' }),
    );
    expect(shallow).toEqual({ 'a.b.c.d.e.f.g.h.i': '{"j":1}' });
  });
});

describe('Adjust, the request', () => {
  const requestOf = (config: Record<string, unknown>) => {
    const parsed = adjust.config.parse({ ...settings, ...config });
    return adjust.request?.(parsed, adjust.prepare?.(parsed) as never);
  };

  it('ADJUST-01 ADJUST-02 ADJUST-03 posts a form to the one documented address, with nothing in the query', () => {
    expect(requestOf({})).toEqual({
      method: 'POST',
      url: 'https://s2s.adjust.com/event',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  });

  it('ALL-02 talks to an https address of the manifest only', () => {
    const { protocol, host } = new URL(requestOf({})?.url ?? '');
    expect([protocol, adjust.manifest.hosts]).toEqual(['https:', [host]]);
  });

  it('ADJUST-49 ALL-01 the S2S token travels in the header alone', () => {
    const config = { s2sToken: 'planted-secret' };
    expect(requestOf(config)).toMatchObject({
      url: 'https://s2s.adjust.com/event',
      headers: { authorization: 'Bearer planted-secret' },
    });
    expect(bodyOf({}, config)).not.toContain('planted-secret');
  });

  it('ADJUST-50 ALL-01 the form for settings hides the S2S token and says which scope it needs', async () => {
    const { z } = await import('../../core/api/index.ts');
    const schema = z.toJSONSchema(adjust.config, { io: 'input' });
    expect(schema.properties?.['s2sToken']).toMatchObject({
      secret: true,
      title: 'S2S token',
      description: expect.stringMatching(/one token per app.*scope must include Events/i) as unknown,
    });
    for (const setting of Object.values(schema.properties ?? {})) {
      expect(setting).toMatchObject({
        title: expect.any(String) as unknown,
        description: expect.any(String) as unknown,
      });
    }
  });
});
