import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import adroll from '../../destinations/adroll/index.ts';
import { eventLabels } from '../../destinations/adroll/config.ts';
import type { CdpEvent, JsonValue, Note } from '../../core/api/index.ts';
import { eventOf, folderUnderTest, type CanonicalEventName } from '../../core/testing/index.ts';

const eventNames = Object.keys(eventLabels);
const settings = {
  advertisableEid: 'ADV0EXAMPLE0000000000A',
  pixelEid: 'PIX0EXAMPLE0000000000B',
  serverAccessToken: 'sat-1',
};
const cookie = '0f1e2d3c4b5a69788796a5b4c3d2e1f0-a_1768478340';
const digest = (algorithm: string, text: string) => createHash(algorithm).update(text).digest('hex');
const sha = digest('sha256', 'jane.doe@example.com');
const md5 = digest('md5', 'jane.doe@example.com');

const folder = folderUnderTest(adroll, settings);
const event = eventOf;
const made = (input: CdpEvent, extra: Record<string, unknown> = {}) => folder.with(extra).payload(input);
const notesOf = (input: CdpEvent, extra: Record<string, unknown> = {}): readonly Pick<Note, 'code' | 'field'>[] =>
  folder
    .with(extra)
    .notes(input)
    .map(({ code, field }) => ({ code, field }));
const reasonOf = (input: CdpEvent, extra: Record<string, unknown> = {}) => {
  const reason = folder.with(extra).reason(input);
  return reason === undefined ? 'sent' : `${reason.kind} ${reason.code} ${reason.field ?? ''}`.trim();
};
const product = (fields: Record<string, unknown>) => ({ 'properties.products': [{ product_id: 'p-1', ...fields }] });
const firstProduct = (fields: Record<string, unknown>, extra?: Record<string, unknown>) =>
  made(event('order-completed-web', product(fields)), extra).event_attributes?.products?.[0];

describe('the envelope', () => {
  it('ADROLL-15 ADROLL-17 ADROLL-19 sends these keys and nothing else', () => {
    expect(made(event('order-completed-web'))).toStrictEqual({
      advertisable_eid: settings.advertisableEid,
      pixel_eid: settings.pixelEid,
      event_name: 'purchase',
      page_location: 'https://shop.example.com/checkout/thank-you?order=order-2001',
      ip: '203.0.113.25',
      identifiers: { email_sha256: sha, email_md5: md5, first_party_cookie: cookie, user_id: 'user-1001' },
      user_agent: expect.stringContaining('Mozilla/5.0'),
      timestamp: 1768478340,
      event_attributes: {
        order_id: 'order-2001',
        products: [
          { product_id: 'prod-501', price: '189.5', quantity: 1, category: 'Tents' },
          { product_id: 'prod-502', price: '34.25', quantity: 2, category: 'Cooking' },
        ],
      },
      conversion_value: '278.73',
      currency: 'USD',
    });
  });

  it.each([
    ['the page', 'context.page.url', 'rejected missing_field context.page.url'],
    ['the address', 'context.ip', 'rejected missing_field context.ip'],
    ['the cookie', 'context.adroll.firstPartyCookie', 'rejected missing_identifier context.adroll.firstPartyCookie'],
  ])('ADROLL-16 rejects an event without %s', (_what, path, expected) => {
    expect(reasonOf(event('order-completed-web', { [path]: undefined }))).toBe(expected);
    expect(reasonOf(event('order-completed-web', { [path]: '  ' }))).not.toBe('sent');
  });

  it('ADROLL-15 leaves out what is null, blank or empty', () => {
    const bare = {
      'context.userAgent': ' ',
      userId: null,
      'context.traits': {},
      'properties.products': [],
      'properties.order_id': '',
    };
    const payload = made(event('order-completed-web', bare));
    expect(payload).not.toHaveProperty('user_agent');
    expect(payload).not.toHaveProperty('event_attributes');
    expect(payload.identifiers).toStrictEqual({ first_party_cookie: cookie });
  });

  it.each([
    ['the web page, as written', 'https://Shop.example.com/A?b=C#d', 'https://Shop.example.com/A?b=C#d'],
    ['a page with blanks, escaped', ' https://shop.example.com/a b ', 'https://shop.example.com/a%20b'],
    ['a scheme in capitals', 'HTTPS://shop.example.com/x', 'https://shop.example.com/x'],
  ])('ADROLL-21 takes %s', (_what, url, expected) => {
    expect(made(event('product-viewed', { 'context.page.url': url, 'properties.url': undefined })).page_location).toBe(
      expected,
    );
  });

  it.each([
    ['/products/1'],
    ['shop.example.com/a'],
    ['www.example.com'],
    ['//shop.example.com/a'],
    ['https://'],
    ['https:///a'],
    ['ftp://shop.example.com'],
    [42],
    [['https://shop.example.com']],
  ])('ADROLL-21 rejects %j as a page', (url) => {
    const input = event('product-viewed', { 'context.page.url': url, 'properties.url': undefined });
    expect(reasonOf(input)).toBe('rejected invalid_value context.page.url');
  });

  it.each([
    ['203.0.113.7', '203.0.113.7'],
    [' 203.0.113.7:8443 ', '203.0.113.7'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[fe80::1%25eth0]:80', 'fe80::1'],
    // F-63
    ['203.0.113.7, 203.0.113.8', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
  ])('ADROLL-25 takes the address out of %s', (ip, expected) => {
    expect(made(event('product-viewed', { 'context.ip': ip })).ip).toBe(expected);
  });

  it('F-63 ADROLL-25 takes the address that the source saw where the event has none, and of a server none', () => {
    const seen = { 'context.ip': undefined, request_ip: '203.0.113.99' };
    expect(made(event('product-viewed', { ...seen, channel: 'web' })).ip).toBe('203.0.113.99');
    expect(reasonOf(event('product-viewed', { ...seen, channel: 'server' }))).toBe('rejected missing_field context.ip');
    for (const ip of ['0.0.0.0', '::'])
      expect(reasonOf(event('product-viewed', { ...seen, 'context.ip': ip }))).toBe(
        'rejected missing_field context.ip',
      );
  });

  it('F-63 ADROLL-25 sends a lone private address, with a note', () => {
    const input = event('product-viewed', { 'context.ip': '10.0.0.1' });
    expect(made(input).ip).toBe('10.0.0.1');
    expect(notesOf(input)).toEqual([{ code: 'unadvised', field: 'context.ip' }]);
  });

  it.each([['256.1.1.1'], ['localhost'], ['10.0.0.1, 10.0.0.2'], [2130706433], [[1]]])(
    'ADROLL-25 rejects %j as an address and takes no other one instead',
    (ip) => {
      const input = event('product-viewed', { 'context.ip': ip, request_ip: '203.0.113.99' });
      expect(reasonOf(input)).toBe('rejected invalid_value context.ip');
    },
  );

  it('ADROLL-26 notes a web event without a user agent, and does not ask an app for one', () => {
    const without = { 'context.userAgent': undefined };
    expect(notesOf(event('product-viewed', without))).toEqual([
      { code: 'recommended_missing', field: 'context.userAgent' },
    ]);
    expect(
      notesOf(event('order-completed-ios', { ...without, 'context.adroll.firstPartyCookie': cookie }), {
        appBaseUrl: 'https://app.example.com',
      }),
    ).toEqual([]);
  });

  it.each([
    ['2026-01-15T11:59:00Z', 1768478340],
    ['2026-01-15T11:59:00.000Z', 1768478340],
    ['2026-01-15T12:59:00.123+01:00', 1768478340.123],
    ['2026-01-15T11:59:00.100Z', 1768478340.1],
  ])('ADROLL-29 ADROLL-30 turns %s into seconds', (timestamp, seconds) => {
    const payload = made(event('product-viewed', { timestamp }));
    expect(payload.timestamp).toBe(seconds);
    expect(JSON.stringify(payload.timestamp)).toMatch(/^\d{10}(\.\d{1,3})?$/);
  });

  it('ADROLL-29 rejects a time beyond 10^11 seconds', () => {
    expect(reasonOf(event('product-viewed', { timestamp: '9999-01-01T00:00:00Z' }))).toBe(
      'rejected invalid_value timestamp',
    );
  });

  it.each([
    ['yesterday'],
    ['+010000-01-01T00:00:00Z'],
    ['2026-01-15T11:59:00'],
    ['1969-07-20T20:17:40.000Z'],
    ['2026-02-30T11:59:00Z'],
    [17684783],
  ])('ADROLL-31 leaves out a time of %j, with a note, and never takes the present', (timestamp) => {
    const input = event('product-viewed', { timestamp });
    expect(made(input)).not.toHaveProperty('timestamp');
    expect(notesOf(input)).toEqual([{ code: 'dropped', field: 'timestamp' }]);
  });

  it('ADROLL-67 makes the same event of the same input, whenever it is asked', () => {
    const input = event('order-completed-web');
    expect(JSON.stringify(made(input))).toBe(JSON.stringify(made(input)));
    expect(made(input)).toMatchObject({ timestamp: 1768478340, event_attributes: { order_id: 'order-2001' } });
  });

  it('names the source of every field when a preview asks', () => {
    const input = event('order-completed-web', {
      'context.page.url': 'https://shop.example.com/?adct=tok',
      'properties.currency': null,
    });
    const previewed = folder.with({ sendEmail: 'both', externalData: ['coupon'], defaultCurrency: 'EUR' });
    const { identifiers, event_attributes, ...rest } = previewed.payload(input);
    const sources = previewed.sources(input);
    const fields = [
      ...Object.keys(rest),
      ...Object.keys(identifiers).map((name) => `identifiers.${name}`),
      ...Object.keys(event_attributes ?? {}).map((name) => `event_attributes.${name}`),
    ];
    expect(fields.filter((field) => !Object.hasOwn(sources, field))).toEqual([]);
    expect(sources).toMatchObject({ currency: 'config.defaultCurrency' });
    expect(sources['identifiers.email_sha256']).toBe('context.traits.email');
  });
});

describe('apps', () => {
  const app = { 'context.adroll.firstPartyCookie': cookie };
  const documented = {
    ...app,
    'context.device.type': 'phone',
    'context.app.namespace': 'com.example.TradingApp',
    'context.app.version': '14.1.3',
  };

  it("ADROLL-22 ADROLL-23 ADROLL-24 makes up the document's URL and sends the four fields besides", () => {
    expect(made(event('order-completed-ios', documented), { appBaseUrl: 'https://app.example.com' })).toMatchObject({
      page_location:
        'https://app.example.com?device_os=iOS&device_type=phone&package_app_name=com.example.TradingApp&package_app_version=14.1.3',
      device_os: 'iOS',
      device_type: 'phone',
      package_app_name: 'com.example.TradingApp',
      package_app_version: '14.1.3',
    });
  });

  it.each([
    [
      'https://app.example.com/m',
      { 'context.app': null, 'context.os': null },
      'https://app.example.com/m?device_type=ios',
    ],
    [
      'https://app.example.com?a=b',
      { 'context.app': null, 'context.os': null },
      'https://app.example.com?a=b&device_type=ios',
    ],
    [
      'https://app.example.com',
      { 'context.app': null, 'context.os.name': 'Fire OS & +' },
      'https://app.example.com?device_os=Fire%20OS%20%26%20%2B&device_type=ios',
    ],
    [
      'https://app.example.com',
      { 'context.app': null, 'context.os.name': 'a\ud800' },
      'https://app.example.com?device_os=a%EF%BF%BD&device_type=ios',
    ],
  ])('ADROLL-23 appends what is there to %s', (appBaseUrl, changes, expected) => {
    expect(made(event('order-completed-ios', { ...app, ...changes }), { appBaseUrl }).page_location).toBe(expected);
  });

  it('ADROLL-22 sends a screen that tells nothing about itself from the bare base', () => {
    const input = event('screen-ios', { ...app, 'context.app': null, 'context.os': null, 'context.device': null });
    expect(made(input, { appBaseUrl: 'https://app.example.com', sendPages: true })).toMatchObject({
      page_location: 'https://app.example.com',
      event_name: 'pageView',
    });
  });

  it('ADROLL-22 rejects an app event when no base is set, and keeps a real URL when there is one', () => {
    expect(reasonOf(event('order-completed-ios', app))).toBe('rejected missing_field context.page.url');
    const real = event('order-completed-ios', { ...app, 'context.page.url': 'https://shop.example.com/cart' });
    expect(made(real)).toMatchObject({
      page_location: 'https://shop.example.com/cart',
      device_os: 'iOS',
      package_app_name: 'com.example.shop',
    });
  });

  it('ADROLL-32 leaves the app fields out on the web, also where a browser SDK fills in app and os', () => {
    const input = event('product-viewed', {
      'context.app': { name: 'Web SDK', namespace: 'com.example.web', version: '3' },
      'context.os': { name: 'macOS' },
      'context.device': { type: 'desktop' },
    });
    expect(Object.keys(made(input)).filter((key) => /^(device|package)_/.test(key))).toEqual([]);
  });
});

describe('event names', () => {
  it.each<[string, CanonicalEventName, string]>([
    ['ADROLL-52 Product Viewed', 'product-viewed', 'pageView'],
    ['F-82 ADROLL-52 Product List Viewed', 'product-list-viewed', 'pageView'],
    ['ADROLL-54 Products Searched', 'products-searched', 'productSearch'],
    ['ADROLL-55 Product Added', 'product-added', 'addToCart'],
    ['ADROLL-56 Order Completed', 'order-completed-web', 'purchase'],
    ['ADROLL-62 Trial Started', 'trial-started', 'signupTrial'],
  ])('%s becomes its AdRoll event by default', (_title, base, name) => {
    expect(made(event(base)).event_name).toBe(name);
  });

  it.each([
    ['ADROLL-58', 'highValuePage'],
    ['ADROLL-59', 'gatedContent'],
    ['ADROLL-60', 'demoRequest'],
    ['ADROLL-61', 'signupPlan'],
    ['ADROLL-62', 'signupTrial'],
    ['ADROLL-63', 'contactSales'],
    ['ADROLL-64', 'liveChat'],
    ['ADROLL-65', 'formFill'],
  ])('%s %s is one event without attributes, reached by the table', (_id, name) => {
    const input = event('order-completed-web', { event: 'My Event' });
    const payload = made(input, { eventNames: { 'My Event': name } });
    expect(payload.event_name).toBe(name);
    expect(payload).not.toHaveProperty('event_attributes');
  });

  it('F-82 ADROLL-61 Signed Up, which the spec has for an account, becomes signupPlan only by an explicit mapping', () => {
    expect(reasonOf(event('signed-up'))).toBe('skipped unmapped_event event');
    expect(made(event('signed-up'), { eventNames: { 'Signed Up': 'signupPlan' } }).event_name).toBe('signupPlan');
  });

  it.each([
    ['ADROLL-58 highValuePage', ['highValuePage', 'High Value Page', 'Pricing Viewed', 'Pricing Page Viewed']],
    ['ADROLL-59 gatedContent', ['gatedContent', 'Gated Content', 'Content Downloaded', 'Whitepaper Downloaded']],
    ['ADROLL-60 demoRequest', ['demoRequest', 'Demo Request', 'Demo Requested']],
    ['ADROLL-63 contactSales', ['contactSales', 'Contact Sales', 'Sales Contacted', 'Lead Generated']],
    ['ADROLL-64 liveChat', ['liveChat', 'Live Chat', 'Live Chat Conversation Started']],
    ['ADROLL-65 formFill', ['formFill', 'Form Fill', 'Form Submitted']],
  ])('%s is never guessed from a name, however like it, of a track, page or screen call', (_rule, names) => {
    for (const name of names) {
      expect(reasonOf(event('order-completed-web', { event: name }))).toBe('skipped unmapped_event event');
      expect(made(event('page-product', { name }), { sendPages: true }).event_name).toBe('pageView');
      const screen = event('screen-ios', { name, 'context.adroll.firstPartyCookie': cookie });
      expect(made(screen, { sendPages: true, appBaseUrl: 'https://app.example.com' }).event_name).toBe('pageView');
    }
  });

  it('ADROLL-65 sends one form as one event: the one its own name is mapped to', () => {
    const eventNames = { 'Form Submitted': 'formFill', 'Demo Requested': 'demoRequest' };
    expect(made(event('trial-started', { event: 'Demo Requested' }), { eventNames }).event_name).toBe('demoRequest');
    expect(made(event('trial-started', { event: 'Form Submitted' }), { eventNames }).event_name).toBe('formFill');
    expect(reasonOf(event('trial-started', { event: 'Form Submitted' }))).toBe('skipped unmapped_event event');
  });

  it.each([['constructor'], ['__proto__'], ['toString'], ['order completed'], ['purchase'], ['']])(
    'ADROLL-20 skips the unmapped event %j',
    (name) => {
      const input = event('order-completed-web', { event: name });
      expect(reasonOf(input)).toBe('skipped unmapped_event event');
      expect(made(input, { unmappedEvents: 'pageView' }).event_name).toBe('pageView');
    },
  );

  it('ADROLL-20 knows exactly the thirteen names of the document', () => {
    expect([...eventNames]).toEqual([
      'pageView',
      'homeView',
      'productSearch',
      'addToCart',
      'purchase',
      'highValuePage',
      'gatedContent',
      'demoRequest',
      'signupPlan',
      'signupTrial',
      'contactSales',
      'liveChat',
      'formFill',
    ]);
    for (const wrong of ['PageView', 'productView', 'pageview', '']) {
      expect(adroll.config.safeParse({ ...settings, eventNames: { A: wrong } }).success).toBe(false);
    }
  });

  it('ADROLL-20 lets the settings overrule the default table, and switch a default off', () => {
    const eventNames = { 'Order Completed': 'formFill', 'Product Viewed': 'skip', constructor: 'liveChat' };
    expect(made(event('order-completed-web'), { eventNames }).event_name).toBe('formFill');
    expect(reasonOf(event('product-viewed'), { eventNames })).toBe('skipped unmapped_event');
    expect(made(event('trial-started', { event: 'constructor' }), { eventNames }).event_name).toBe('liveChat');
  });

  it.each<[CanonicalEventName]>([['page-home'], ['page-product'], ['screen-ios']])(
    'ADROLL-66 does not send %s unless told to',
    (base) => {
      expect(reasonOf(event(base))).toBe('skipped unsupported_event type');
    },
  );

  it.each<[string, CanonicalEventName, Record<string, unknown>, string]>([
    ['a page named Home', 'page-home', { 'properties.path': '/start' }, 'homeView'],
    ['a page with the path /', 'page-home', { name: 'Welcome' }, 'homeView'],
    [
      'a page whose URL has the path /',
      'page-home',
      { name: null, 'properties.path': null, 'context.page.path': null },
      'homeView',
    ],
    ['a nameless page', 'page-product', { name: null }, 'pageView'],
    ['any other page', 'page-product', {}, 'pageView'],
    [
      'a screen, whose path says nothing',
      'screen-ios',
      { 'context.page': { url: 'https://app.example.com/', path: '/' }, 'context.adroll.firstPartyCookie': cookie },
      'pageView',
    ],
    ['a page named constructor', 'page-product', { name: 'constructor' }, 'pageView'],
  ])('ADROLL-52 ADROLL-53 sends %s under its name', (_what, base, changes, name) => {
    const payload = made(event(base, { 'properties.products': [{ id: 1 }], ...changes }), { sendPages: true });
    expect(payload.event_name).toBe(name);
    expect(payload.event_attributes).toEqual(name === 'homeView' ? undefined : { products: [{ product_id: '1' }] });
  });

  it('ADROLL-53 takes the names of the home page from the settings, in any case', () => {
    const input = event('page-product', { name: 'STARTSEITE' });
    expect(made(input, { sendPages: true, homePageNames: ['Startseite'] }).event_name).toBe('homeView');
  });

  it('ADROLL-58 sends a page of high intent by its name, also while other pages stay home', () => {
    const pageNames = { 'Two-person tent': 'highValuePage', Home: 'skip' };
    expect(made(event('page-product'), { pageNames }).event_name).toBe('highValuePage');
    expect(reasonOf(event('page-home'), { pageNames, sendPages: true })).toBe('skipped unmapped_event');
  });

  it.each<[CanonicalEventName]>([['identify'], ['group'], ['alias']])('%s calls are not for AdRoll', (base) => {
    expect(reasonOf(event(base))).toBe('skipped unsupported_event type');
  });
});

describe('identifiers', () => {
  const identifiers = (
    changes: Record<string, unknown>,
    extra: Record<string, unknown> = {},
    base: CanonicalEventName = 'trial-started',
  ) => made(event(base, changes), { identifierPolicy: 'any', ...extra }).identifiers;

  it('ADROLL-35 ADROLL-37 sends all seven when there are seven, and no other', () => {
    const changes = {
      'context.page': { url: 'https://app.example.com/?adct=Tok' },
      'context.adroll.firstPartyCookie': cookie,
      'context.traits.phone': '+1 555 010 0199',
    };
    expect(identifiers(changes, { sendEmail: 'both' }, 'order-completed-ios')).toStrictEqual({
      adct: 'Tok',
      email: 'jane.doe@example.com',
      email_sha256: sha,
      email_md5: md5,
      device_id: 'A1B2C3D4-E5F6-4789-8ABC-DEF012345678',
      first_party_cookie: cookie,
      user_id: 'user-1001',
    });
  });

  const noCookie = { 'context.adroll': undefined, 'context.traits': undefined, 'properties.email': undefined };
  it.each([
    ['first_party_cookie', { 'context.adroll.adct': 'tok' }, false],
    ['first_party_cookie_or_adct', { 'context.adroll.adct': 'tok' }, true],
    ['first_party_cookie_or_adct', {}, false],
    ['any', {}, true],
    ['any', { userId: null }, false],
  ])('ADROLL-36 with the policy %s and %j says sent: %j', (identifierPolicy, changes, sent) => {
    const result = reasonOf(event('trial-started', { ...noCookie, ...changes }), { identifierPolicy });
    expect(result).toBe(sent ? 'sent' : 'rejected missing_identifier context.adroll.firstPartyCookie');
  });

  it.each([
    [
      'the query of the page, in its own case',
      { 'context.page.url': 'https://shop.example.com/?x=1&adct=AbC-123_zZ#top' },
      'AbC-123_zZ',
    ],
    [
      'the page before a mapped field',
      { 'context.page.url': 'https://shop.example.com/?adct=URL', 'context.adroll.adct': 'MAPPED' },
      'URL',
    ],
    ['an escaped query', { 'context.page.url': 'https://shop.example.com/?adct=a%2Bb%3D' }, 'a+b='],
    ['the query the browser had', { 'context.page.search': '?x=1&adct=Sought' }, 'Sought'],
    ['a mapped field', { 'context.adroll.adct': 'Mapped' }, 'Mapped'],
    ['a property', { 'properties.adct': 'Prop' }, 'Prop'],
    ['nothing when it is blank', { 'context.page.url': 'https://shop.example.com/?adct=&a=1' }, undefined],
    ['nothing from a namesake', { 'context.page.url': 'https://shop.example.com/?badct=1' }, undefined],
  ])('ADROLL-38 takes the click token from %s', (_what, changes, expected) => {
    expect(identifiers(changes).adct).toBe(expected);
  });

  it.each([
    ['hashed', { email_sha256: sha, email_md5: md5 }],
    ['clear', { email: 'Jane.Doe@Example.com' }],
    ['both', { email: 'Jane.Doe@Example.com', email_sha256: sha, email_md5: md5 }],
    ['none', {}],
  ])(
    'ADROLL-39 ADROLL-40 ADROLL-41 with sendEmail %s trims, lower-cases and hashes accordingly',
    (sendEmail, expected) => {
      const changes = { ...noCookie, userId: 'u', 'context.traits': { email: '  Jane.Doe@Example.com ' } };
      expect(identifiers(changes, { sendEmail })).toStrictEqual({ ...expected, user_id: 'u' });
    },
  );

  it.each([
    ['a SHA-256', 'hashed', sha, { email_sha256: sha }],
    ['an upper-case SHA-256', 'hashed', sha.toUpperCase(), { email_sha256: sha }],
    ['an MD5', 'hashed', ` ${md5} `, { email_md5: md5 }],
    ['an upper-case MD5', 'both', md5.toUpperCase(), { email_md5: md5 }],
    ['a SHA-256 where clear text is wanted', 'clear', sha, { email_sha256: sha }],
    ['a SHA-256 where nothing is wanted', 'none', sha, {}],
  ])('ADROLL-39 ADROLL-40 ADROLL-41 never hashes %s again', (_what, sendEmail, email, expected) => {
    const changes = { ...noCookie, userId: 'u', 'context.traits': { email } };
    expect(identifiers(changes, { sendEmail })).toStrictEqual({ ...expected, user_id: 'u' });
  });

  it('ADROLL-40 ADROLL-41 passes digests on that come under their own names', () => {
    const changes = { ...noCookie, 'context.traits': { email_sha256: sha }, 'properties.email_md5': md5 };
    expect(identifiers(changes)).toMatchObject({ email_sha256: sha, email_md5: md5 });
  });

  it.each([digest('sha256', ''), digest('md5', ''), digest('sha256', 'null').toUpperCase()])(
    'F-53 takes the digest of nothing, %s, for nobody, with a note',
    (ofNothing) => {
      const noEmail = { 'context.traits.email': undefined, 'properties.email': undefined };
      const of = (path: string) => event('trial-started', { ...noEmail, [path]: ofNothing });
      for (const path of ['context.traits.email', 'context.traits.email_sha256', 'properties.email_md5']) {
        expect(Object.keys(made(of(path)).identifiers)).toEqual(['first_party_cookie', 'user_id']);
        expect(notesOf(of(path))).toEqual([{ code: 'dropped', field: path }]);
      }
    },
  );

  it.each([['jane.doe'], ['@'], [sha.slice(1)], [42], [['jane.doe@example.com']]])(
    'ADROLL-39 drops %j as an e-mail, with a note',
    (email) => {
      const input = event('trial-started', { 'context.traits.email': email, 'properties.email': undefined });
      expect(Object.keys(made(input).identifiers)).toEqual(['first_party_cookie', 'user_id']);
      expect(notesOf(input)).toEqual([{ code: 'dropped', field: 'context.traits.email' }]);
    },
  );

  it('ADROLL-39 takes the address of the properties when the traits have no usable one', () => {
    expect(
      identifiers({ 'context.traits.email': 'n/a', 'properties.email': 'jane.doe@example.com' }).email_sha256,
    ).toBe(sha);
  });

  it.each([
    ['an advertising id', {}, 'A1B2C3D4-E5F6-4789-8ABC-DEF012345678'],
    ['no zeros', { 'context.device.advertisingId': '00000000-0000-0000-0000-000000000000' }, undefined],
    ['nothing when tracking is limited', { 'context.device.adTrackingEnabled': false }, undefined],
    ['nothing when tracking is limited in words', { 'context.device.adTrackingEnabled': 'false' }, undefined],
    ['nothing when Apple says denied', { 'context.device.attTrackingStatus': 2 }, undefined],
    ['nothing when Apple says restricted', { 'context.device.attTrackingStatus': '1' }, undefined],
    [
      'nothing when Apple says denied in a word',
      { 'context.device.attTrackingStatus': null, 'context.device.trackingStatus': 'Denied' },
      undefined,
    ],
    ['nothing that is no UUID', { 'context.device.advertisingId': null, 'context.device.idfa': 'IDFA-1' }, undefined],
    [
      'an IDFA',
      { 'context.device.advertisingId': null, 'context.device.idfa': 'B1B2C3D4-E5F6-4789-8ABC-DEF012345678' },
      'B1B2C3D4-E5F6-4789-8ABC-DEF012345678',
    ],
    ['F-57 nothing when tracking is off in any word', { 'context.device.adTrackingEnabled': 'NO' }, undefined],
    [
      'F-57 no vendor id that poses as one',
      { 'context.device.idfv': 'A1B2C3D4-E5F6-4789-8ABC-DEF012345678' },
      undefined,
    ],
    [
      'an id whose limits are unknown',
      { 'context.device.adTrackingEnabled': null, 'context.device.attTrackingStatus': null },
      'A1B2C3D4-E5F6-4789-8ABC-DEF012345678',
    ],
  ])('ADROLL-42 sends %s as the device', (_what, changes, expected) => {
    expect(identifiers(changes, { appBaseUrl: 'https://app.example.com' }, 'order-completed-ios').device_id).toBe(
      expected,
    );
  });

  it.each([
    ['integrations.AdRoll', { 'integrations.AdRoll': { first_party_cookie: 'C'.repeat(40) } }],
    ['integrations.Adroll', { 'integrations.Adroll': { first_party_cookie: 'C'.repeat(40) } }],
    ['integrations["ad_roll s2s"]', { 'integrations.ad_roll s2s': { first_party_cookie: 'C'.repeat(40) } }],
    ['one of two names', { integrations: { adroll: {}, AdRoll: { first_party_cookie: 'C'.repeat(40) } } }],
    ['context.adroll', { integrations: { AdRoll: true }, 'context.adroll.firstPartyCookie': 'C'.repeat(40) }],
    [
      'the properties',
      {
        'context.adroll': null,
        'properties.first_party_cookie': 'C'.repeat(40),
        'context.traits.first_party_cookie': cookie,
      },
    ],
    ['the traits', { 'context.adroll': null, 'context.traits.first_party_cookie': 'C'.repeat(40) }],
  ])('ADROLL-43 takes the cookie from %s', (_where, changes) => {
    expect(identifiers(changes).first_party_cookie).toBe('C'.repeat(40));
  });

  it.each([
    ['limited', { 'context.device.adTrackingEnabled': 'off' }],
    ['the vendor id', { 'context.device.id': 'A1B2C3D4-E5F6-4789-8ABC-DEF012345678' }],
    ['no UUID', { 'context.device.advertisingId': 'IDFA-1' }],
  ])('F-57 ADROLL-42 notes an advertising id that stays home because it is %s', (_why, changes) => {
    const input = event('order-completed-ios', { 'context.adroll.firstPartyCookie': cookie, ...changes });
    expect(notesOf(input, { appBaseUrl: 'https://app.example.com' })).toEqual([
      { code: 'dropped', field: 'context.device.advertisingId' },
    ]);
  });

  it.each(['null', 'undefined', '(null)', 'None', 'NaN', 'nil', 'N/A', '[object Object]', '0000-0000', ' '])(
    'F-52 ADROLL-35 ADROLL-36 a cookie, user id or click token of %j is none',
    (word) => {
      const changes = {
        userId: word,
        'context.adroll': { firstPartyCookie: word, adct: word },
        'context.page.url': `https://shop.example.com/?adct=${word}`,
        'context.traits': undefined,
      };
      expect(reasonOf(event('trial-started', changes), { identifierPolicy: 'any' })).toBe(
        'rejected missing_identifier context.adroll.firstPartyCookie',
      );
    },
  );

  it('F-81 ADROLL-43 generates a cookie from the anonymous id only where the settings say so and there is none', () => {
    const without = { 'context.adroll': undefined, anonymousId: 'anon-1' };
    const generateCookie = true;
    const generated = `${digest('sha256', 'ADV0EXAMPLE0000000000A:anon-1').slice(0, 32)}-1735689600000`;
    expect(reasonOf(event('trial-started', without))).toMatch(/^rejected missing_identifier/);
    const input = event('trial-started', without);
    expect(made(input, { generateCookie }).identifiers.first_party_cookie).toBe(generated);
    expect(notesOf(input, { generateCookie })).toEqual([]);
    expect(folder.with({ generateCookie }).sources(input)).toMatchObject({
      'identifiers.first_party_cookie': 'anonymousId',
    });
    // The same person has the same cookie in every event; the pixel's own goes first.
    const later = event('order-completed-web', { ...without, userId: 'other', timestamp: '2027-01-01T00:00:00Z' });
    expect(made(later, { generateCookie }).identifiers.first_party_cookie).toBe(generated);
    expect(made(event('trial-started'), { generateCookie }).identifiers.first_party_cookie).toBe(cookie);
    for (const anonymousId of [
      undefined,
      null,
      ' ',
      '\u200B',
      'undefined',
      '\\N',
      '00000000-0000-0000-0000-000000000000',
    ])
      expect(reasonOf(event('trial-started', { ...without, anonymousId }), { generateCookie })).toMatch(/^rejected/);
  });

  it.each([
    ['hashed', sha, 'coerced'],
    ['none', undefined, 'dropped'],
    ['clear', 'Jane.Doe@Example.com', undefined],
    ['both', 'Jane.Doe@Example.com', undefined],
  ])('F-82 ADROLL-39 ADROLL-44 with sendEmail %s a user id that is an address leaves as %s', (sendEmail, id, note) => {
    const input = event('trial-started', { userId: 'Jane.Doe@Example.com' });
    expect(made(input, { sendEmail }).identifiers.user_id).toBe(id);
    expect(notesOf(input, { sendEmail })).toEqual(note === undefined ? [] : [{ code: note, field: 'userId' }]);
  });

  it.each([
    ['email:Jane.Doe@Example.com', sha],
    ['mailto:jane.doe@example.com', sha],
    ['E-Mail| jane.doe@example.com ', sha],
    ['jane.doe@example.com.', `${sha}.`],
    ['tenant-7:jane.doe@example.com', `tenant-7:${sha}`],
    ['email%3Ajane.doe%40example.com', `email%3A${sha}`],
    ['jane.doe＠example.com', sha],
  ])('F-82 ADROLL-39 ADROLL-44 an identifier that holds an address, %s, does not leave in clear', (id, expected) => {
    const changes = {
      userId: id,
      'context.adroll': { firstPartyCookie: id, adct: id },
      'context.page.url': 'https://shop.example.com/',
    };
    const paths = ['context.adroll.adct', 'context.adroll.firstPartyCookie', 'userId'];
    const input = event('trial-started', changes);
    const three = { adct: expected, first_party_cookie: expected, user_id: expected };
    expect(made(input).identifiers).toMatchObject(three);
    expect(notesOf(input)).toEqual(paths.map((field) => ({ code: 'coerced', field })));
    const none = { sendEmail: 'none', generateCookie: true };
    expect(Object.keys(made(input, none).identifiers)).toEqual(['first_party_cookie']);
    expect(made(input, none).identifiers.first_party_cookie).toMatch(/^[\da-f]{32}-1735689600000$/);
    expect(notesOf(input, none)).toEqual(paths.map((field) => ({ code: 'dropped', field })));
    const clear = { adct: id.trim(), first_party_cookie: id.trim(), user_id: id.trim() };
    expect(made(input, { sendEmail: 'clear' }).identifiers).toMatchObject(clear);
  });

  it.each([
    ['hashed', `mail ${sha}!`],
    ['none', undefined],
    ['clear', 'mail jane.doe@example.com!'],
  ])(
    'F-82 ADROLL-39 ADROLL-54 with sendEmail %s an address that somebody searched for leaves as %s',
    (sendEmail, words) => {
      const input = event('products-searched', { 'properties.query': 'mail jane.doe@example.com!' });
      expect(made(input, { sendEmail }).event_attributes?.keywords).toBe(words);
    },
  );

  it.each([
    ['hashed', `https://shop.example.com/u?mail=${sha}&x=1#a`, 'coerced'],
    ['none', 'https://shop.example.com/u?mail=&x=1#a', 'dropped'],
    ['clear', 'https://shop.example.com/u?mail=Jane.Doe%40Example.com&x=1#a', undefined],
  ])(
    'F-82 ADROLL-21 ADROLL-39 with sendEmail %s an address in the URL of the page leaves so: %s',
    (form, url, note) => {
      const page = 'https://shop.example.com/u?mail=Jane.Doe%40Example.com&x=1#a';
      const input = event('trial-started', { 'context.page.url': page });
      expect(made(input, { sendEmail: form }).page_location).toBe(url);
      expect(notesOf(input, { sendEmail: form })).toEqual(
        note === undefined ? [] : [{ code: note, field: 'context.page.url' }],
      );
    },
  );

  it('ADROLL-43 changes nothing about the cookie and makes up none', () => {
    expect(identifiers({ 'context.adroll.firstPartyCookie': 'aB'.repeat(20) }).first_party_cookie).toBe(
      'aB'.repeat(20),
    );
    for (const value of [null, '', ' ', true, {}, [cookie]] as JsonValue[]) {
      expect(identifiers({ 'context.adroll.firstPartyCookie': value }).first_party_cookie).toBeUndefined();
    }
    expect(
      identifiers({ ...noCookie, 'integrations.Other': { first_party_cookie: cookie } }).first_party_cookie,
    ).toBeUndefined();
  });

  it.each(['context.adroll.firstPartyCookie', 'integrations.AdRoll.first_party_cookie'])(
    'F-51 ADROLL-43 a cookie at %s that is a number is its digits, and one that is none is told',
    (path) => {
      const input = (value: JsonValue) => event('trial-started', { 'context.adroll': undefined, [path]: value });
      expect(made(input(123_456)).identifiers.first_party_cookie).toBe('123456');
      for (const value of [true, 2 ** 53, [cookie]]) {
        expect(notesOf(input(value), { identifierPolicy: 'any' })).toEqual([{ code: 'dropped', field: path }]);
        const generated = made({ ...input(value), anonymousId: 'anon-1' } as CdpEvent, { generateCookie: true });
        expect(generated.identifiers.first_party_cookie).toMatch(/^[\da-f]{32}-1735689600000$/);
      }
    },
  );

  it("ADROLL-43 notes a cookie too short to be AdRoll's own, and rejects it when strict", () => {
    const input = event('trial-started', { 'context.adroll.firstPartyCookie': 'short' });
    expect(notesOf(input)).toEqual([{ code: 'recommended_missing', field: 'context.adroll.firstPartyCookie' }]);
    expect(reasonOf(input, { strict: true })).toBe('rejected invalid_value context.adroll.firstPartyCookie');
  });

  it('F-51 ADROLL-44 leaves out a user id that is the word for a yes, and notes it', () => {
    const input = event('trial-started', { userId: 'true' });
    expect(made(input).identifiers).not.toHaveProperty('user_id');
    expect(notesOf(input)).toEqual([{ code: 'dropped', field: 'userId' }]);
  });

  it('ADROLL-44 sends the user id as text, never the anonymous one', () => {
    expect(identifiers({ userId: 1001 }).user_id).toBe('1001');
    expect(identifiers({ userId: null })).not.toHaveProperty('user_id');
  });
});

describe('money', () => {
  it.each([
    [113.56, '113.56'],
    ['113.50', '113.50'],
    [0, '0'],
    ['0', '0'],
    [1e21, '1000000000000000000000'],
    [1e-7, '0.0000001'],
    [-0, '0'],
  ])('ADROLL-27 writes the value %j as %s', (total, expected) => {
    expect(made(event('order-completed-web', { 'properties.total': total })).conversion_value).toBe(expected);
  });

  it.each([[Number.NaN], [Infinity], ['9'.repeat(400)], ['$12.50'], ['1,234.56'], ['12e3'], [[12]], [true]])(
    'ADROLL-27 drops the value %p, with a note',
    (total) => {
      const input = event('order-completed-web', { 'properties.total': total, 'properties.revenue': undefined });
      expect(made(input)).not.toHaveProperty('conversion_value');
      expect(notesOf(input)).toEqual([{ code: 'dropped', field: 'properties.total' }]);
    },
  );

  it.each<[string, CanonicalEventName]>([
    ['pageView', 'product-viewed'],
    ['addToCart', 'product-added'],
    ['signupTrial', 'trial-started'],
    ['purchase', 'order-completed-web'],
  ])('F-80 ADROLL-27 sends the value of any event that has one, and its currency: %s', (name, base) => {
    for (const amount of ['total', 'revenue', 'value']) {
      const input = event(base, { properties: { [amount]: 378, currency: 'eur' } });
      expect(made(input)).toMatchObject({ event_name: name, conversion_value: '378', currency: 'EUR' });
    }
    expect(made(event(base, { properties: { value: 0, currency: 'EUR' } })).conversion_value).toBe('0');
    // A price is of one piece, not of the event.
    const priced = event(base, { properties: { product_id: 'p-1', price: 5 } });
    expect(made(priced)).not.toHaveProperty('conversion_value');
  });

  it('F-80 ADROLL-56 asks only a purchase for its value', () => {
    expect(notesOf(event('trial-started', { properties: {} }))).toEqual([]);
    expect(notesOf(event('trial-started', { properties: { value: 'much' } }))).toEqual([
      { code: 'dropped', field: 'properties.value' },
    ]);
    expect(notesOf(event('trial-started', { properties: { value: 5 } }))).toEqual([
      { code: 'recommended_missing', field: 'properties.currency' },
    ]);
  });

  it('ADROLL-56 falls back from total to revenue to value, and notes a purchase without value or order id', () => {
    expect(made(event('order-completed-web', { 'properties.total': null })).conversion_value).toBe('258');
    const bare = event('order-completed-web', { properties: {} });
    expect(notesOf(bare)).toEqual([
      { code: 'recommended_missing', field: 'properties.order_id' },
      { code: 'recommended_missing', field: 'properties.total' },
    ]);
    expect(made(event('order-completed-web', { 'properties.order_id': 20012 })).event_attributes?.order_id).toBe(
      '20012',
    );
  });

  it.each([
    [' eur ', 'EUR'],
    ['USD', 'USD'],
  ])('ADROLL-28 writes the currency %j as %s', (currency, expected) => {
    expect(made(event('order-completed-web', { 'properties.currency': currency })).currency).toBe(expected);
  });

  it.each([['EURO'], ['$'], [978], ['E1R'], [['EUR']]])(
    'ADROLL-28 drops the currency %j with a note, or the event when strict',
    (currency) => {
      const input = event('order-completed-web', { 'properties.currency': currency });
      expect(made(input, { defaultCurrency: 'USD' })).not.toHaveProperty('currency');
      expect(notesOf(input)).toEqual([{ code: 'dropped', field: 'properties.currency' }]);
      expect(reasonOf(input, { strict: true })).toBe('rejected invalid_value properties.currency');
    },
  );

  it('ADROLL-28 uses the default currency for amounts without one, and flags them when there is none', () => {
    const input = event('order-completed-web', { 'properties.currency': undefined });
    expect(made(input, { defaultCurrency: 'gbp' }).currency).toBe('GBP');
    expect(notesOf(input)).toEqual([{ code: 'recommended_missing', field: 'properties.currency' }]);
  });
});

describe('products and attributes', () => {
  it('ADROLL-34 ADROLL-51 gives attributes as an object, to the four events that have them', () => {
    const products = [{ product_id: 'p-1' }];
    const names = eventNames.filter((name) => {
      const input = event('trial-started', { event: 'Mine', properties: { products } });
      return made(input, { eventNames: { Mine: name } }).event_attributes !== undefined;
    });
    expect(names).toEqual(['pageView', 'productSearch', 'addToCart', 'purchase']);
  });

  it('ADROLL-45 ADROLL-46 F-61 keeps order and drops what is no product, with a note each', () => {
    const products = [
      { sku: 's' },
      {},
      null,
      'text',
      [],
      { id: 3, sku: 'x' },
      { productId: 'c', id: 'x' },
      { product_id: ' a ', productId: 'x' },
    ];
    const input = event('order-completed-web', { 'properties.products': products });
    expect(made(input).event_attributes?.products).toStrictEqual([
      { product_id: 's' },
      { product_id: '3' },
      { product_id: 'c' },
      { product_id: 'a' },
    ]);
    expect(notesOf(input).map(({ code, field }) => `${code} ${field}`)).toEqual([
      'dropped properties.products[2]',
      'dropped properties.products[3]',
      'dropped properties.products[4]',
      'dropped properties.products',
    ]);
  });

  it.each([[{ product_id: 'p' }], [JSON.stringify([{ product_id: 'p' }])], [{ 0: { product_id: 'p' } }]])(
    'F-61 reads products that are %j',
    (products) => {
      const input = event('order-completed-web', { 'properties.products': products });
      expect(made(input).event_attributes?.products).toStrictEqual([{ product_id: 'p' }]);
      expect(notesOf(input)).toEqual([]);
    },
  );

  it('F-82 keeps prices in the one currency that all of them state', () => {
    const lines = [
      { product_id: 'p', price: 5, currency: 'EUR' },
      { product_id: 'q', price: 7, currency: 'eur' },
    ];
    const input = event('order-completed-web', { 'properties.products': lines, 'properties.currency': undefined });
    expect(made(input)).toMatchObject({
      currency: 'EUR',
      event_attributes: { products: [{ price: '5' }, { price: '7' }] },
    });
  });

  it('F-82 ADROLL-46 keeps a product without an id that has another of the five fields', () => {
    const products = [
      { price: 5, quantity: 2, name: 'n' },
      { category: 'tops', product_id: ' ' },
      { name: 'nothing of it is sent', price: 'free' },
    ];
    const input = event('order-completed-web', { 'properties.products': products });
    expect(made(input).event_attributes?.products).toStrictEqual([{ price: '5', quantity: 2 }, { category: 'tops' }]);
    expect(notesOf(input)).toEqual([
      { code: 'dropped', field: 'properties.products.price' },
      { code: 'dropped', field: 'properties.products' },
    ]);
  });

  it('F-82 ADROLL-52 takes the products of a list that was viewed from the list alone', () => {
    expect(made(event('product-list-viewed')).event_attributes?.products?.map(({ product_id }) => product_id)).toEqual([
      'prod-501',
      'prod-502',
    ]);
    const unlisted = { properties: { sku: 'shelf-7', category: 'Camping' } };
    expect(made(event('product-list-viewed', unlisted))).not.toHaveProperty('event_attributes');
    expect(made(event('product-viewed', unlisted)).event_attributes?.products).toHaveLength(1);
  });

  it.each([['text'], [{ color: 'red' }], [7]])('ADROLL-45 F-61 drops products that are %j, with a note', (products) => {
    const input = event('order-completed-web', { 'properties.products': products });
    expect(made(input).event_attributes).toStrictEqual({ order_id: 'order-2001' });
    expect(notesOf(input)).toEqual([{ code: 'dropped', field: 'properties.products' }]);
  });

  it('ADROLL-45 ADROLL-47 sends five fields; group and category never stand in for each other', () => {
    const fields = {
      name: 'n',
      brand: 'b',
      department: 'womens',
      category: 'tops',
      price: 5,
      quantity: 1,
      variant: 'v',
    };
    expect(firstProduct(fields)).toStrictEqual({
      product_id: 'p-1',
      product_group: 'womens',
      price: '5',
      quantity: 1,
      category: 'tops',
    });
    expect(firstProduct({ category: 'tops' })).toStrictEqual({ product_id: 'p-1', category: 'tops' });
    expect(firstProduct({ product_group: 'g' })).toStrictEqual({ product_id: 'p-1', product_group: 'g' });
  });

  it.each([
    [56.78, '56.78'],
    ['56.780', '56.780'],
    [0, '0'],
  ])('ADROLL-48 writes the price %j of one piece as %s', (price, expected) => {
    expect(firstProduct({ price, quantity: 3 })?.price).toBe(expected);
  });

  it.each([['free'], [Number.NaN], ['$5'], [{}]])('ADROLL-48 drops the price %p, with a note', (price) => {
    expect(firstProduct({ price })).toStrictEqual({ product_id: 'p-1' });
    expect(notesOf(event('order-completed-web', product({ price })))).toEqual([
      { code: 'dropped', field: 'properties.products.price' },
    ]);
  });

  it('ADROLL-49 drops the price in another currency with a note, or the event when strict', () => {
    const products = [
      { id: 1, price: 5, currency: 'EUR' },
      { id: 2, price: 5, currency: 'usd' },
      { id: 3, price: 5 },
      { id: 4, price: 5, currency: 'EUR' },
    ];
    const input = event('order-completed-web', { 'properties.products': products });
    expect(made(input).event_attributes?.products?.map(({ price }) => price)).toEqual([undefined, '5', '5', undefined]);
    expect(notesOf(input)).toEqual([{ code: 'dropped', field: 'properties.products.price' }]);
    expect(reasonOf(input, { strict: true })).toBe('rejected invalid_value properties.products.price');
  });

  it("ADROLL-55 names the event's own property where that describes the product", () => {
    const input = event('product-added', { 'properties.price': 'free', 'properties.quantity': 2 });
    expect(notesOf(input)).toEqual([{ code: 'dropped', field: 'properties.price' }]);
    expect(folder.sources(input)).toMatchObject({
      'event_attributes.products': 'properties',
      'event_attributes.products[0].quantity': 'properties.quantity',
    });
    const foreign = event('product-added', { 'properties.products': [{ id: 1, price: 5, currency: 'EUR' }] });
    expect(notesOf(foreign)).toEqual([{ code: 'dropped', field: 'properties.products.price' }]);
  });

  it('ADROLL-49 names the currency wherever a product has a price', () => {
    expect(made(event('product-viewed')).currency).toBe('USD');
    expect(made(event('product-list-viewed'), { defaultCurrency: 'EUR' }).currency).toBe('EUR');
    const unpriced = { 'properties.price': undefined, 'properties.value': undefined };
    expect(made(event('product-viewed', unpriced))).not.toHaveProperty('currency');
    expect(notesOf(event('product-list-viewed'))).toEqual([
      { code: 'recommended_missing', field: 'properties.currency' },
    ]);
  });

  it.each([
    [2, 2],
    ['2', 2],
    [0, 0],
  ])('ADROLL-50 sends the quantity %j as the number %j', (quantity, expected) => {
    expect(firstProduct({ quantity })?.quantity).toBe(expected);
  });

  it.each([[-1], [2.5], ['two'], [Number.NaN], [1e21], [true]])(
    'ADROLL-50 drops the quantity %p, with a note',
    (quantity) => {
      expect(firstProduct({ quantity })).not.toHaveProperty('quantity');
      expect(notesOf(event('order-completed-web', product({ quantity })))).toEqual([
        { code: 'dropped', field: 'properties.products.quantity' },
      ]);
    },
  );

  it.each([
    ['a query', { query: ' trail shoes ' }, 'trail shoes'],
    ['keywords', { keywords: 'tents' }, 'tents'],
    ['a list of keywords', { keywords: ['trail', 7, null, '', 'shoes'] }, 'trail 7 shoes'],
    ['an empty list', { keywords: [] }, undefined],
    ['an object', { query: { text: 'x' } }, undefined],
  ])('ADROLL-54 sends %s as one line of keywords', (_what, properties, expected) => {
    expect(made(event('products-searched', { properties })).event_attributes?.keywords).toBe(expected);
  });

  it('ADROLL-55 makes one product of an event about one, and does not take just any id for it', () => {
    expect(made(event('product-added')).event_attributes).toStrictEqual({
      products: [{ product_id: 'prod-502', price: '34.25', quantity: 2, category: 'Cooking' }],
    });
    expect(made(event('product-added')).currency).toBe('USD');
    expect(made(event('product-added', { 'properties.price': undefined })).currency).toBe('USD');
    expect(made(event('product-added', { properties: { id: 'evt-1', price: 5 } }))).not.toHaveProperty(
      'event_attributes',
    );
  });
});

describe('external data', () => {
  const external = (properties: Record<string, unknown>, externalData?: string[]) =>
    made(
      event('order-completed-web', { properties: { order_id: 'o', total: 1, currency: 'USD', ...properties } }),
      externalData && { externalData },
    ).external_data;

  it('ADROLL-57 sends none unless the settings name some', () => {
    expect(external({ coupon: 'X', external_data: '{"a":1}' })).toBeUndefined();
    expect(external({ coupon: 'X' }, ['missing', 'constructor', '__proto__'])).toBeUndefined();
  });

  it('ADROLL-33 sends the named properties as the text of one JSON object', () => {
    expect(external({ coupon: 'X', nested: { a: [1] }, blank: '' }, ['coupon', 'nested', 'blank'])).toBe(
      '{"coupon":"X","nested":{"a":[1]}}',
    );
  });

  it.each([
    ['an object', { foo: 'bar' }, '{"foo":"bar"}'],
    ['JSON text, as it is', '{ "foo": "bar" }', '{ "foo": "bar" }'],
  ])('ADROLL-33 takes external_data from %s', (_what, external_data, expected) => {
    expect(external({ external_data, coupon: 'X' }, ['coupon', 'external_data'])).toBe(expected);
  });

  it.each([['foo=bar'], ['{"foo"'], [7], [['a']]])(
    'ADROLL-33 drops external_data of %j, with a note',
    (external_data) => {
      expect(external({ external_data }, ['external_data'])).toBeUndefined();
      const input = event('order-completed-web', { 'properties.external_data': external_data });
      expect(notesOf(input, { externalData: ['external_data'] })).toEqual([
        { code: 'dropped', field: 'properties.external_data' },
      ]);
    },
  );
});
