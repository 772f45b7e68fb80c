import { describe, expect, it } from '@jest/globals';
import type { CdpEvent } from '../../core/api/index.ts';
import { folderUnderTest } from '../../core/testing/index.ts';
import adjust from '../../destinations/adjust/index.ts';

const settings = {
  appToken: 'app0exmpl123',
  environment: 'production',
  eventTokens: { 'Order Completed': 'purch1', 'Trial Started': 'trial1', 'App Open': 'opened' },
};
const idfa = 'A1B2C3D4-E5F6-4789-8ABC-DEF012345678';
const idfv = 'C0FFEE00-1A2B-4C3D-8E4F-5A6B7C8D9E0F';
const playId = 'f0e1d2c3-b4a5-4697-8879-6a5b4c3d2e1f';
const androidId = '9a8b7c6d5e4f3a2b';
const adid = '00112233445566778899aabbccddeeff';
const zeros = '00000000-0000-0000-0000-000000000000';

const iphone = { type: 'ios', id: idfv, advertisingId: idfa };
const pixel = { type: 'android', id: androidId, advertisingId: playId };

interface Parts {
  readonly config?: Record<string, unknown>;
  readonly event?: string;
  readonly timestamp?: unknown;
  readonly device?: Record<string, unknown>;
  readonly context?: Record<string, unknown>;
  readonly properties?: Record<string, unknown>;
  readonly integrations?: Record<string, unknown>;
}

/** A purchase on an iPhone, with some parts changed. */
function purchase({ device = iphone, context, ...event }: Omit<Parts, 'config'>): CdpEvent {
  return {
    type: 'track',
    event: 'Order Completed',
    messageId: 'm-1',
    timestamp: '2026-01-15T11:59:00.123Z',
    properties: {},
    ...event,
    context: { device, ...context },
  } as unknown as CdpEvent;
}

const folder = folderUnderTest(adjust, settings);

function sent({ config = {}, ...parts }: Parts) {
  const changed = folder.with(config);
  const event = purchase(parts);
  const text = changed.text(event);
  const { lanes, occurredAt, scopes } = changed.routing(event);
  const notes = changed.notes(event).map(({ code, field }) => `${code} ${field}`);
  return { text, form: Object.fromEntries(new URLSearchParams(text)), notes, lanes, at: occurredAt, scopes };
}

function refused({ config = {}, ...parts }: Parts) {
  const reason = folder.with(config).reason(purchase(parts));
  if (reason === undefined) throw new Error('was sent');
  return { kind: reason.kind, code: reason.code, field: reason.field };
}

const issuesOf = (config: Record<string, unknown>) =>
  (adjust.config.safeParse(config).error?.issues ?? []).map((issue) => issue.path.join('.'));

describe('Adjust, the envelope', () => {
  it('ADJUST-07 ADJUST-08 ADJUST-09 ADJUST-42 every form says s2s=1, app token, event token and environment', () => {
    expect(sent({ config: { environment: 'sandbox' } }).form).toMatchObject({
      s2s: '1',
      app_token: 'app0exmpl123',
      event_token: 'purch1',
      environment: 'sandbox',
    });
  });

  it('ADJUST-06 the form knows these names only, in lower case and always in one order', () => {
    const { text } = sent({
      context: { ip: '203.0.113.1', userAgent: 'Example/1.0', adjust: { adid } },
      device: { ...iphone, attTrackingStatus: 3 },
      properties: { revenue: 1, currency: 'eur', a: 'b' },
      config: { callbackParams: ['a'], partnerParams: ['a'] },
    });
    expect([...new URLSearchParams(text).keys()].join(' ')).toBe(
      's2s app_token event_token environment created_at_unix idfa idfv adid ip_address user_agent att_status revenue currency callback_params partner_params',
    );
  });

  it.each([
    ['ADJUST-08 an app token is required', { ...settings, appToken: ' ' }, ['appToken']],
    ['ADJUST-09 a blank event token is refused', { ...settings, eventTokens: { A: ' ' } }, ['eventTokens.A']],
    ['ADJUST-42 an environment is one of two', { ...settings, environment: 'staging' }, ['environment']],
    ['ADJUST-49 an S2S token fits into a header', { ...settings, s2sToken: 'tok\u2028en' }, ['s2sToken']],
    ['ADJUST-49 an S2S token comes without its scheme', { ...settings, s2sToken: 'Bearer token' }, ['s2sToken']],
    ['ADJUST-44 partner parameters are chosen one by one', { ...settings, partnerParams: 'all' }, ['partnerParams']],
    ['ADJUST-47 one parameter has one source', { ...settings, partnerParams: { a: 'x', b: 'x' } }, ['partnerParams']],
    ['ADJUST-33 the oldest age is positive', { ...settings, maxEventAgeDays: 0 }, ['maxEventAgeDays']],
    ['ADJUST-40 the default currency is a code', { ...settings, defaultCurrency: 'euro' }, ['defaultCurrency']],
  ])('%s', (_, config, paths) => expect(issuesOf(config)).toEqual(paths));

  it.each([
    ['ADJUST-09 skips an event without a token', { event: 'Product Liked' }, 'skipped unmapped_event event'],
    ['ADJUST-09 finds no token in inherited names', { event: 'constructor' }, 'skipped unmapped_event event'],
    ['ADJUST-09 finds no token in __proto__', { event: '__proto__' }, 'skipped unmapped_event event'],
    [
      'ADJUST-09 rejects an event without a token when asked to',
      { event: 'Product Liked', config: { unmappedEvents: 'reject' } },
      'rejected unmapped_event event',
    ],
    ['ADJUST-21 ADJUST-22 skips lifecycle events', { event: 'App Open' }, 'skipped unsupported_event event'],
  ])('%s', (_, parts, verdict) => expect(Object.values(refused(parts)).join(' ')).toBe(verdict));

  it.each([
    'Application Installed',
    'application_opened',
    'Application Updated',
    'session_start',
    'Install Attributed',
  ])('ADJUST-21 counts "%s" among what the SDK records', (event) => {
    expect(refused({ event, config: { eventTokens: { [event]: 'life01' } } }).code).toBe('unsupported_event');
  });

  it('ADJUST-22 sends lifecycle events with a warning when the customer insists', () => {
    const { form, notes } = sent({ event: 'App Open', config: { allowLifecycleEvents: true } });
    expect(form['event_token']).toBe('opened');
    expect(notes).toContain('unadvised event');
  });

  it('ADJUST-04 ADJUST-23 ADJUST-24 the manifest says one event a request, 1 MB, and that a replay does harm', () => {
    expect(adjust.manifest).toMatchObject({ limits: { maxItems: 1, maxBytes: 1_000_000 }, replay: 'harmful' });
  });

  it('ADJUST-24 the text whose size is measured is the whole body', () => {
    const { text } = sent({ properties: { long: 'x'.repeat(1_000_000) }, config: { callbackParams: 'all' } });
    expect(text.length).toBeGreaterThan(1_000_000);
  });
});

describe('Adjust, time', () => {
  it.each([
    ['ADJUST-25 ADJUST-26 ADJUST-27 sends seconds by default', {}, '1768478340'],
    ['ADJUST-27 sends milliseconds where asked', { config: { timeUnit: 'milliseconds' } }, '1768478340123'],
    ['ADJUST-28 understands an offset', { timestamp: '2026-01-15T13:59:00+02:00' }, '1768478340'],
    ['F-59 ADJUST-28 understands an offset in hours alone', { timestamp: '2026-01-15T13:59:00,5 +02' }, '1768478340'],
    ['F-54 ADJUST-28 understands seconds since 1970', { timestamp: '1768478340.5' }, '1768478340'],
  ])('%s', (_, parts, digits) => expect(sent(parts).form['created_at_unix']).toBe(digits));

  it('ADJUST-25 sends created_at_unix and never created_at beside it', () => {
    expect(sent({}).form).not.toHaveProperty('created_at');
  });

  it('F-73 ADJUST-25 ADJUST-29 sends created_at alone where asked, with milliseconds and an escaped offset', () => {
    const { text, form } = sent({ config: { timeParameter: 'created_at', timeUnit: 'seconds' } });
    expect(text).toContain('&created_at=2026-01-15T11%3A59%3A00.123%2B0000&');
    expect(form).not.toHaveProperty('created_at_unix');
    const berlin = sent({ config: { timeParameter: 'created_at' }, timestamp: '2026-01-15T12:59:00+01:00' });
    expect(berlin.form['created_at']).toBe('2026-01-15T11:59:00.000+0000');
  });

  it.each([
    ['ADJUST-30 without a zone', '2026-01-15T11:59:00', 'invalid_value'],
    ['ADJUST-28 ADJUST-30 in digits that no unit has', '17684783405', 'invalid_value'],
    ['ADJUST-30 as a number that no unit has', 17_684_783, 'invalid_value'],
    ['ADJUST-30 missing', undefined, 'invalid_value'],
    ['F-62 ADJUST-31 more than 24 hours ahead', '2026-01-16T12:00:00.001Z', 'invalid_value'],
    ['ADJUST-30 on a day there is not', '2026-02-30T11:59:00Z', 'invalid_value'],
    ['ADJUST-27 beyond 13 digits', '+012000-01-01T00:00:00Z', 'invalid_value'],
    ['ADJUST-33 a moment older than 28 days', '2025-12-18T11:59:59.999Z', 'stale_event'],
  ])('%s: the time is refused unsent', (_, timestamp, code) => {
    expect(refused({ timestamp })).toEqual({ kind: 'rejected', code, field: 'timestamp' });
  });

  it('ADJUST-33 takes an event of exactly the oldest age, which is a setting', () => {
    expect(sent({ timestamp: '2025-12-18T12:00:00.000Z' }).form['created_at_unix']).toBe('1766059200');
    expect(sent({ timestamp: '2025-11-19T12:00:00Z', config: { maxEventAgeDays: 58 } }).form).toHaveProperty('idfa');
  });

  it('F-62 ADJUST-31 takes a device clock that is up to 24 hours fast, and no or more hours where a setting says so', () => {
    const ahead = (timestamp: string, maxFutureHours?: number) =>
      sent({ timestamp, config: maxFutureHours === undefined ? {} : { maxFutureHours } }).form['created_at_unix'];
    expect(ahead('2026-01-16T12:00:00.000Z')).toBe('1768564800');
    expect(ahead('2026-01-20T12:00:00.000Z', 120)).toBe('1768910400');
    expect(refused({ timestamp: '2026-01-15T12:00:01Z', config: { maxFutureHours: 0 } }).code).toBe('invalid_value');
  });

  it('ADJUST-31 ADJUST-34 a device has its lanes whatever the event token, ordered by the exact time', () => {
    const purchase = sent({});
    const trial = sent({ event: 'Trial Started', device: { ...iphone, advertisingId: zeros } });
    expect(purchase.lanes).toEqual([`app0exmpl123:idfv:${idfv}`, `app0exmpl123:idfa:${idfa}`]);
    expect(trial.lanes).toEqual([`app0exmpl123:idfv:${idfv}`]);
    expect(purchase.at).toBe(1_768_478_340_123);
    for (const other of [sent({ device: pixel }), sent({ config: { appToken: 'other0app' } })])
      expect(other.lanes?.filter((lane) => purchase.lanes?.includes(lane))).toEqual([]);
  });

  it.each<[string, Parts, string[]]>([
    ['the adid beside the others', { context: { adjust: { adid } } }, [`adid:${adid}`, `idfv:${idfv}`, `idfa:${idfa}`]],
    ['the adid, without a known platform', { device: {}, context: { adjust: { adid } } }, [`adid:${adid}`]],
    ['the IDFV', { device: { ...iphone, advertisingId: zeros } }, [`idfv:${idfv}`]],
    ['the Android id', { device: pixel }, [`android_id:${androidId}`, `gps_adid:${playId}`]],
    [
      'the OAID',
      { device: { ...pixel, id: null, oaid: 'a1b2c3d4e5f60718' } },
      ['oaid:a1b2c3d4e5f60718', `gps_adid:${playId}`],
    ],
    ['the IDFA', { device: { type: 'ios', advertisingId: idfa } }, [`idfa:${idfa}`]],
    ['the Google id', { device: { type: 'android', advertisingId: playId } }, [`gps_adid:${playId}`]],
    [
      'the Amazon id',
      { device: { type: 'android', manufacturer: 'Amazon', advertisingId: playId } },
      [`fire_adid:${playId}`],
    ],
  ])('F-70 ADJUST-31 ADJUST-35 a lane of an event is %s', (_, parts, ids) => {
    expect(sent(parts).lanes).toEqual(ids.map((id) => `app0exmpl123:${id}`));
  });

  it('ADJUST-57 ADJUST-61 an event can be stopped by its token or its platform', () => {
    expect(sent({}).scopes).toEqual(['token:purch1', 'platform:ios']);
    expect(sent({ device: pixel }).scopes).toEqual(['token:purch1', 'platform:android']);
  });
});

describe('Adjust, the device', () => {
  const known = [
    'idfa',
    'idfv',
    'gps_adid',
    'fire_adid',
    'oaid',
    'android_id',
    'adid',
    'att_status',
    'tracking_enabled',
  ];
  const idsOf = (parts: Parts) =>
    Object.fromEntries(Object.entries(sent(parts).form).filter(([name]) => known.includes(name)));

  it.each<[string, Parts, Record<string, string>]>([
    [
      'ADJUST-11 ADJUST-15 writes IDFA and IDFV in capitals and sends both',
      { device: { type: 'iOS', id: idfv.toLowerCase(), advertisingId: idfa.toLowerCase() } },
      { idfa, idfv },
    ],
    ['ADJUST-11 takes context.device.idfa and idfv first', { device: { type: 'ios', idfa, idfv } }, { idfa, idfv }],
    ['ADJUST-11 drops an all-zero IDFA', { device: { ...iphone, advertisingId: zeros } }, { idfv }],
    ['ADJUST-11 drops an IDFA that only repeats the IDFV', { device: { ...iphone, advertisingId: idfv } }, { idfv }],
    ['ADJUST-11 knows an iPad by its system', { device: { id: idfv }, context: { os: { name: 'iPadOS' } } }, { idfv }],
    [
      'ADJUST-12 ADJUST-16 writes Android ids in small letters, the android_id without hyphens',
      { device: { type: 'Android', id: '9A8B7C6D-5E4F3A2B', advertisingId: playId.toUpperCase() } },
      { gps_adid: playId, android_id: androidId },
    ],
    [
      'ADJUST-12 drops an all-zero advertising id',
      { device: { ...pixel, advertisingId: zeros } },
      { android_id: androidId },
    ],
    [
      "ADJUST-16 drops an SDK's own id that is no android_id",
      { device: { ...pixel, id: playId } },
      { gps_adid: playId },
    ],
    [
      'ADJUST-13 sends the advertising id of an Amazon device as fire_adid alone',
      { device: { ...pixel, manufacturer: 'AMAZON' } },
      { fire_adid: playId, android_id: androidId },
    ],
    [
      'ADJUST-13 knows Fire OS by its name',
      { device: { advertisingId: playId }, context: { os: { name: 'Fire OS' } } },
      { fire_adid: playId },
    ],
    [
      'ADJUST-14 sends an OAID of an Android device',
      { device: { type: 'android', oaid: 'a1b2c3d4e5f60718', manufacturer: 'HUAWEI' } },
      { oaid: 'a1b2c3d4e5f60718' },
    ],
    ['ADJUST-14 sends no OAID of an iPhone', { device: { ...iphone, oaid: 'a1b2c3d4e5f60718' } }, { idfa, idfv }],
    [
      'ADJUST-17 sends the adid whenever it is known',
      { device: pixel, context: { adjust: { adid } } },
      { gps_adid: playId, android_id: androidId, adid },
    ],
    [
      'ADJUST-17 takes the adid from the integrations object',
      { device: { type: 'ios' }, integrations: { Adjust: { adid } } },
      { adid },
    ],
    [
      'ADJUST-17 takes the adid under any of our names there, after context.adjust',
      { device: {}, context: { adjust: { adid: null } }, integrations: { Adjust: true, 'adjust s2s': { adid } } },
      { adid },
    ],
    [
      'F-51 ADJUST-17 takes the adid of the integrations object where that of context.adjust is none',
      { device: {}, context: { adjust: { adid: true } }, integrations: { Adjust: { adid } } },
      { adid },
    ],
    [
      'F-57 ADJUST-11 takes the IDFA where the advertising id repeats the IDFV',
      { device: { ...iphone, advertisingId: idfv, idfa } },
      { idfa, idfv },
    ],
    ['ADJUST-17 the adid is enough without a known platform', { device: {}, context: { adjust: { adid } } }, { adid }],
    [
      'ADJUST-76 prefers att_status',
      { device: { ...iphone, attTrackingStatus: 2, adTrackingEnabled: true } },
      { idfv, att_status: '2' },
    ],
    [
      "ADJUST-76 understands Segment's names",
      { device: { ...iphone, trackingStatus: 'notDetermined' } },
      { idfa, idfv, att_status: '0' },
    ],
    [
      'ADJUST-76 sends tracking_enabled where att_status is unknown',
      { device: { ...iphone, attTrackingStatus: 7, adTrackingEnabled: false } },
      { idfv, tracking_enabled: '0' },
    ],
    [
      'F-57 ADJUST-76 tells a switch that is off, though the prompt was answered with yes',
      { device: { ...iphone, attTrackingStatus: 3, adTrackingEnabled: 'NO' } },
      { idfv, tracking_enabled: '0' },
    ],
    [
      'F-57 ADJUST-76 takes a refusal in an unknown word for one',
      { device: { ...iphone, trackingStatus: 'never' } },
      { idfv, tracking_enabled: '0' },
    ],
    [
      'F-57 ADJUST-12 ADJUST-14 ADJUST-16 sends no advertising id and no OAID of a person who limits tracking, and the Android id',
      { device: { ...pixel, oaid: 'a1b2c3d4e5f60718', limitAdTracking: true } },
      { android_id: androidId, tracking_enabled: '0' },
    ],
    [
      'F-57 ADJUST-13 sends no fire_adid of a person who limits tracking, and the adid',
      { device: { ...pixel, manufacturer: 'Amazon', adTrackingEnabled: 'False' }, context: { adjust: { adid } } },
      { android_id: androidId, adid, tracking_enabled: '0' },
    ],
    [
      'F-57 ADJUST-11 sends the IDFA where nothing is said, or a blank',
      { device: { ...iphone, adTrackingEnabled: ' ', attTrackingStatus: null } },
      { idfa, idfv },
    ],
    [
      'F-72 ADJUST-11 ADJUST-15 knows an iPhone by the names of its ids',
      { device: { idfa: idfa.toLowerCase(), idfv } },
      { idfa, idfv },
    ],
    [
      'F-72 ADJUST-12 ADJUST-16 knows an Android device by the names of its ids',
      { device: { gps_adid: playId, android_id: androidId } },
      { gps_adid: playId, android_id: androidId },
    ],
    ['F-72 ADJUST-14 knows it by its OAID', { device: { oaid: 'a1b2c3d4e5f60718' } }, { oaid: 'a1b2c3d4e5f60718' }],
    ['F-72 ADJUST-13 knows an Amazon device by its id', { device: { fire_adid: playId } }, { fire_adid: playId }],
    [
      'F-52 ADJUST-17 takes the adid of the device where that of context.adjust is a word for nothing',
      { device: { ...iphone, adid }, context: { adjust: { adid: 'undefined' } } },
      { idfa, idfv, adid },
    ],
    ['F-52 ADJUST-17 takes an adid of "null" for none', { context: { adjust: { adid: 'null' } } }, { idfa, idfv }],
    ['F-72 ADJUST-11 knows an iPhone by its model', { device: { ...iphone, type: 'iPhone15,3' } }, { idfa, idfv }],
    [
      'F-72 ADJUST-12 knows Android by its version',
      { device: { advertisingId: playId }, context: { os: { name: 'Android 14' } } },
      { gps_adid: playId },
    ],
  ])('%s', (_, parts, ids) => expect(idsOf(parts)).toEqual(ids));

  it.each<[string, Parts]>([
    [
      'ADJUST-10 of a computer that the event names',
      { device: { type: 'desktop' }, context: { os: { name: 'Windows' } } },
    ],
    ['ADJUST-10 of a phone that only its system tells of', { device: {}, context: { os: { name: 'Android' } } }],
    ['ADJUST-10 whose adid is none', { device: {}, context: { adjust: { adid: 'a&b' } } }],
    ['ADJUST-10 of a phone with nothing but zeros', { device: { ...iphone, id: zeros, advertisingId: zeros } }],
    ['ADJUST-10 of a device whose type is a trap', { device: { ...iphone, type: 'constructor' } }],
  ])('%s: an event without a usable identifier is rejected', (_, parts) => {
    expect(refused(parts)).toEqual({ kind: 'rejected', code: 'missing_identifier', field: 'context.device' });
  });

  it.each<[string, Parts]>([
    ['without a device', { context: { device: undefined } }],
    ['of a browser', { context: { device: undefined, os: { name: 'Windows' }, userAgent: 'Mozilla/5.0' } }],
    ['with a list for a device', { context: { device: ['ios', idfa] } }],
    ['with an empty device', { device: {}, context: { os: { name: 'Mac OS' } } }],
    ['with a device of nothing', { device: { id: null, type: ' ' } }],
    ['F-52 with an adid of a word for nothing', { device: {}, context: { adjust: { adid: '(not set)' } } }],
    ['with an adid of zeros', { device: {}, context: { adjust: { adid: '0000' } } }],
    ['that is old as well', { device: {}, timestamp: '2025-01-01T00:00:00Z' }],
    ['where an adid is required', { device: {}, config: { requireAdid: true } }],
  ])('F-71 ADJUST-10 an event %s is none of an app, and skipped', (_, parts) => {
    expect(refused(parts)).toEqual({ kind: 'skipped', code: 'unsupported_event', field: 'context.device' });
  });

  it.each<[string, Parts]>([
    ['the IDFA', { device: { type: 'ios', advertisingId: idfa, attTrackingStatus: 2 } }],
    ['an IDFA that the phone wrote as zeros', { device: { type: 'ios', advertisingId: zeros, attTrackingStatus: 2 } }],
    ['the Google id', { device: { type: 'android', advertisingId: playId, adTrackingEnabled: 'off' } }],
    ['the OAID', { device: { type: 'android', oaid: 'a1b2c3d4e5f60718', lat: '1' } }],
  ])('F-57 ADJUST-10 an event with nothing but %s of a person who limits tracking is skipped', (_, parts) => {
    expect(refused(parts)).toEqual({ kind: 'skipped', code: 'consent_denied', field: 'context.device' });
  });

  it('F-57 says in a note which ids stay away for limited tracking', () => {
    const device = { ...pixel, oaid: 'a1b2c3d4e5f60718', adTrackingEnabled: 0 };
    expect(sent({ device }).notes).toEqual(['dropped context.device.advertisingId', 'dropped context.device.oaid']);
  });

  it.each<[string, Parts, string]>([
    ['an Android phone by its type', { device: pixel, config: { platforms: ['ios'] } }, 'context.device.type'],
    [
      'a Fire tablet by its system',
      { device: { advertisingId: playId }, context: { os: { name: 'Fire OS' } }, config: { platforms: ['ios'] } },
      'context.os.name',
    ],
    [
      'an iPhone by the name of its id',
      { device: { idfv }, config: { platforms: ['android'] } },
      'context.device.idfv',
    ],
  ])('F-73 leaves out %s where the settings do not name its platform', (_, parts, field) => {
    expect(refused(parts)).toEqual({ kind: 'skipped', code: 'unsupported_event', field });
  });

  it('F-73 sends an event that tells no platform by its adid, whatever platforms the settings name', () => {
    const parts = { device: {}, context: { adjust: { adid } } };
    expect(sent({ ...parts, config: { platforms: ['ios'] } }).form['adid']).toBe(adid);
    expect(sent({ device: pixel, config: { platforms: ['android'] } }).form['gps_adid']).toBe(playId);
    expect(issuesOf({ ...settings, platforms: [] })).toEqual(['platforms']);
    expect(issuesOf({ ...settings, platforms: ['windows'] })).toEqual(['platforms.0']);
  });

  it('ADJUST-17 rejects an event without an adid where the customer requires it', () => {
    const config = { requireAdid: true };
    expect(refused({ config })).toMatchObject({ code: 'missing_identifier', field: 'context.adjust.adid' });
    expect(sent({ config, context: { adjust: { adid } } }).form['adid']).toBe(adid);
  });

  it('ADJUST-05 ADJUST-17 an identifier that could smuggle a field into the form is dropped with a note', () => {
    const { text, notes } = sent({ context: { adjust: { adid: 'x&event_token=other' } } });
    expect(text).not.toContain('other');
    expect(notes).toEqual(['dropped context.adjust.adid']);
  });

  it('ADJUST-18 warns when an iPhone without IDFA has no adid', () => {
    const device = { ...iphone, advertisingId: zeros };
    expect(sent({ device }).notes).toEqual(['recommended_missing context.adjust.adid']);
    expect(sent({ device, context: { adjust: { adid } } }).notes).toEqual([]);
    expect(sent({}).notes).toEqual([]);
  });

  it('ADJUST-11 ADJUST-16 warns about an identifier of the wrong shape', () => {
    expect(sent({ device: { ...iphone, advertisingId: 'not-an-idfa' } }).notes).toContain(
      'dropped context.device.advertisingId',
    );
    expect(sent({ device: { ...pixel, id: 'my phone' } }).notes).toEqual(['dropped context.device.id']);
  });

  it.each([
    ['ADJUST-20 sends an IPv4 address', '203.0.113.9', '203.0.113.9', []],
    ['ADJUST-19 unwraps IPv4 in IPv6', '::ffff:203.0.113.9', '203.0.113.9', []],
    ['ADJUST-19 leaves out IPv6', '2001:db8::1', undefined, ['dropped context.ip']],
    ['F-63 ADJUST-20 takes the first public one of a list', '10.0.0.1, 203.0.113.9', '203.0.113.9', []],
    ['F-63 ADJUST-20 sends a lone private one with a note', '10.0.0.1', '10.0.0.1', ['unadvised context.ip']],
    ["ADJUST-19 leaves out nobody's address", '0.0.0.0', undefined, []],
    ['ADJUST-19 leaves out what is no address', '999.1.1.1', undefined, ['dropped context.ip']],
  ])('%s', (_, ip, address, notes) => {
    const { form, notes: made } = sent({ context: { ip } });
    expect([form['ip_address'], made]).toEqual([address, notes]);
  });

  it("F-63 ADJUST-20 takes RudderStack's request_ip of a phone's event", () => {
    const event = { ...purchase({}), channel: 'mobile', request_ip: '203.0.113.9' } as unknown as CdpEvent;
    expect(new URLSearchParams(folder.text(event)).get('ip_address')).toBe('203.0.113.9');
  });

  it('ADJUST-75 sends the user agent', () => {
    const userAgent = 'Example/1.0 (iPhone; iOS 17.5.1; Scale/3.00) 100% + more';
    expect(sent({ context: { userAgent } }).form['user_agent']).toBe(userAgent);
  });
});

describe('Adjust, revenue', () => {
  const saleIn = (properties: Record<string, unknown>, config = {}) => {
    const { form, notes } = sent({ properties, config });
    return [form['revenue'], form['currency'], ...notes];
  };
  const none = [undefined, undefined];
  const usd = { price: 7, currency: 'usd' };
  const eur = { price: 7, currency: 'EUR' };

  it.each<[string, Record<string, unknown>, unknown[]]>([
    ['ADJUST-37 sends full units', { revenue: 149.99, currency: 'USD' }, ['149.99', 'USD']],
    ['ADJUST-37 keeps the digits of a string', { revenue: ' 12.50 ', currency: 'USD' }, ['12.50', 'USD']],
    ['ADJUST-37 writes no exponent', { revenue: 1e10, currency: 'USD' }, ['10000000000', 'USD']],
    ['ADJUST-38 takes 0.001', { revenue: 0.001, currency: 'USD' }, ['0.001', 'USD']],
    ['ADJUST-38 sends zero as no revenue', { revenue: 0, currency: 'USD' }, none],
    ['ADJUST-38 drops less than 0.001', { revenue: 1e-7, currency: 'USD' }, [...none, 'dropped properties.revenue']],
    ['ADJUST-38 drops a negative amount', { revenue: '-5', currency: 'USD' }, [...none, 'dropped properties.revenue']],
    [
      'ADJUST-37 drops what is no plain number',
      { revenue: '$5', currency: 'USD' },
      [...none, 'dropped properties.revenue'],
    ],
    [
      'ADJUST-37 drops what is no number at all',
      { revenue: { amount: 5 }, total: 5, currency: 'USD' },
      [...none, 'dropped properties.revenue'],
    ],
    ['ADJUST-37 takes blank revenue for none', { revenue: ' ', total: 7, currency: 'USD' }, ['7', 'USD']],
    ['ADJUST-39 takes the limit itself', { revenue: 100_000_000_000, currency: 'USD' }, ['100000000000', 'USD']],
    ['ADJUST-40 writes the currency in capitals', { revenue: 5, currency: ' eur ' }, ['5', 'EUR']],
    ['ADJUST-41 sends no currency without revenue', { currency: 'USD' }, none],
    ['ADJUST-37 takes total where there is no revenue', { total: 7, value: 9, currency: 'USD' }, ['7', 'USD']],
    ['ADJUST-37 takes value at last', { revenue: null, value: '9', currency: 'USD' }, ['9', 'USD']],
    ['ADJUST-41 takes a value without any currency for no money', { value: 9 }, none],
    [
      'F-86 ADJUST-40 ADJUST-41 drops revenue without currency',
      { revenue: 5 },
      [...none, 'dropped properties.currency'],
    ],
    [
      'F-86 ADJUST-40 ADJUST-41 drops revenue in no known shape of currency',
      { revenue: 5, currency: 'dollars' },
      [...none, 'dropped properties.currency'],
    ],
    [
      'F-82 ADJUST-40 takes total in the currency that all its products name',
      { total: 7, products: [usd, usd] },
      ['7', 'USD'],
    ],
    ['F-82 ADJUST-40 takes revenue in the currency of its only product', { revenue: 7, products: [usd] }, ['7', 'USD']],
    ['F-82 ADJUST-40 takes total of products in two currencies for no money', { total: 7, products: [usd, eur] }, none],
    [
      'F-82 ADJUST-40 drops revenue of products in two currencies',
      { revenue: 7, products: [usd, eur] },
      [...none, 'dropped properties.currency'],
    ],
    [
      'F-82 ADJUST-40 drops total where the event names no currency though its products do',
      { total: 7, currency: ['USD'], products: [usd] },
      [...none, 'dropped properties.currency'],
    ],
    ['ADJUST-48 never hides revenue in parameters', { revenue: 5, currency: 'USD' }, ['5', 'USD']],
  ])('%s', (_, properties, sale) => expect(saleIn(properties)).toEqual(sale));

  it.each<[string, Parts, string, string]>([
    [
      'ADJUST-39 an amount above the limit',
      { properties: { revenue: 100_000_000_001, currency: 'USD' } },
      'invalid_value',
      'properties.revenue',
    ],
    [
      'F-86 ADJUST-40 revenue without currency, where the customer wants it so',
      { properties: { revenue: 5 }, config: { unusableRevenue: 'reject' } },
      'missing_field',
      'properties.currency',
    ],
    [
      'F-86 ADJUST-40 revenue in no known shape of currency, where the customer wants it so',
      { properties: { revenue: 5, currency: 'dollars' }, config: { unusableRevenue: 'reject' } },
      'invalid_value',
      'properties.currency',
    ],
    [
      'ADJUST-38 a negative amount where the customer wants it so',
      { properties: { revenue: -5, currency: 'USD' }, config: { unusableRevenue: 'reject' } },
      'invalid_value',
      'properties.revenue',
    ],
  ])('%s is rejected', (_, parts, code, field) => expect(refused(parts)).toEqual({ kind: 'rejected', code, field }));

  it('ADJUST-40 falls back on the default currency only where the event names none', () => {
    const config = { defaultCurrency: 'gbp' };
    expect(saleIn({ revenue: 5 }, config)).toEqual(['5', 'GBP']);
    expect(saleIn({ revenue: 5, currency: 'USD' }, config)).toEqual(['5', 'USD']);
    for (const currency of ['??', ['USD'], 840]) {
      expect(saleIn({ revenue: 5, currency }, config)).toEqual([...none, 'dropped properties.currency']);
    }
  });
});

describe('Adjust, preview', () => {
  it('ADJUST-09 ADJUST-41 every field of the form has a source', () => {
    const parts = {
      context: { ip: '203.0.113.1', userAgent: 'Example/1.0', adjust: { adid } },
      device: { ...iphone, adTrackingEnabled: true },
      properties: { total: 5, currency: 'EUR', color: 'red' },
      config: { callbackParams: { color: 'farbe' } },
    };
    const { config, ...changes } = parts;
    const { form } = sent(parts);
    const sources = folder.with(config).sources(purchase(changes));
    const fields = Object.keys(form).map((name) => (name === 'callback_params' ? 'callback_params.farbe' : name));
    expect(Object.keys(sources).sort()).toEqual(fields.sort());
    expect(sources['revenue']).toBe('properties.total');
    expect(sources['callback_params.farbe']).toBe('properties.color');
  });
});
