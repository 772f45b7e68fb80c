import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startAdjust, type AdjustOptions, type Simulator } from '../../core/testing/simulators/index.ts';
import { send, type Answered, type Sent } from '../support/simulators/send.ts';

const now = Date.parse('2026-01-15T12:00:00.000Z');
const seconds = (ago = 0): string => String(now / 1000 - ago);
const account: AdjustOptions = {
  appToken: '4w565xzmb54d',
  eventTokens: ['f0ob4r', 'b4z0ka', 'rev001'],
  now: () => now,
};
const idfa = 'D2CADB5F-410F-4963-AC0C-2A78534BDF1E';
const event: Readonly<Record<string, string>> = {
  s2s: '1',
  app_token: '4w565xzmb54d',
  event_token: 'f0ob4r',
  idfa,
  idfv: '8A3CB124-5A79-4334-8802-F75FEC099C58',
  adid: '00112233445566778899aabbccddeeff',
  ip_address: '203.0.113.7',
  created_at_unix: seconds(),
  environment: 'sandbox',
  user_agent: 'ExampleShop/4.2.0 (iPhone; iOS 17.5.1)',
  callback_params: '{"message_id":"m-1","coupon":"a b&c=d"}',
};
const form = (change: Readonly<Record<string, string | undefined>> = {}): string =>
  Object.entries({ ...event, ...change })
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]))
    .join('&');
const headers = { 'content-type': 'application/x-www-form-urlencoded' };
const post = (body: string, change: Partial<Sent> = {}): Sent => ({ path: '/event', headers, body, ...change });
const errorOf = ({ body }: Answered): string => (JSON.parse(body) as { error: string }).error;

let adjust: Simulator;
beforeAll(async () => {
  adjust = await startAdjust(account);
});
afterAll(() => adjust.close());

describe('Adjust on loopback', () => {
  it.each<[string, Sent]>([
    ['a form body', post(form())],
    ['a GET with parameters in the URL', { path: `/event?${form()}`, method: 'GET' }],
    ['a POST with parameters in the URL', { path: `/event?${form()}` }],
    ['milliseconds', post(form({ created_at_unix: `${seconds()}123` }))],
    ['a written time', post(form({ created_at_unix: undefined, created_at: '2026-01-15T14:00:00.500+0200' }))],
    ['revenue with its currency', post(form({ event_token: 'rev001', revenue: '149.99', currency: 'USD' }))],
    ['a phone known by its Adjust id alone', post(form({ idfa: undefined, idfv: undefined, adid: 'abc123' }))],
  ])('takes %s', async (_, sent) => {
    const { status, body } = await send(adjust, sent);
    expect({ status, body, why: adjust.refused() }).toEqual({ status: 200, body: '{"status":"OK"}', why: [] });
    expect(adjust.ledger.entries.at(-1)).toMatchObject({ id: 'm-1', committed: true });
  });

  it.each<[string, Sent, number, string]>([
    ['another path', post(form(), { path: '/session' }), 404, 'nothing at /session'],
    ['another method', post(form(), { method: 'PUT' }), 405, 'not allowed'],
    [
      'a JSON body',
      post(JSON.stringify(event), { headers: { 'content-type': 'application/json' } }),
      415,
      'Content-Type',
    ],
    ['parameters in both places', post(form(), { path: '/event?s2s=1' }), 400, 'Bad event state'],
    [
      'more than 1 MB',
      post(form({ callback_params: `{"x":"${'x'.repeat(1_000_000)}"}` })),
      413,
      'Request size too large',
    ],
    ['a form that is not encoded', post('s2s=1&user_agent=a b'), 400, 'Bad event state'],
    ['a broken escape', post('s2s=%zz'), 400, 'Bad event state'],
    ['a parameter given twice', post(`${form()}&s2s=1`), 400, 'Bad event state'],
  ])('refuses %s', async (_, sent, status, error) => {
    const answer = await send(adjust, sent);
    expect(answer.status).toBe(status);
    expect(errorOf(answer)).toMatch(/^Event request failed \(.+\)$/);
    expect(errorOf(answer)).toContain(error);
  });

  it.each<[Readonly<Record<string, string | undefined>>, number, string]>([
    [{ s2s: undefined }, 400, 'Bad event state'],
    [{ s2s: 'true' }, 400, 'Bad event state'],
    [{ S2S: '1' }, 400, 'Bad event state'],
    [{ app_token: undefined }, 400, 'Invalid app token'],
    [{ app_token: 'otherapptokn' }, 404, 'App token not found'],
    [{ event_token: undefined }, 400, 'Invalid event token'],
    [{ event_token: 'Order Completed' }, 400, 'Invalid event token'],
    [{ idfa: undefined, idfv: undefined, adid: undefined }, 400, 'Bad event state'],
    [{ idfa: idfa.toLowerCase() }, 400, 'Bad event state'],
    [{ idfa: '00000000-0000-0000-0000-000000000000' }, 400, 'Bad event state'],
    [{ gps_adid: '660e1d86-6796-463a-be86-897993136018' }, 400, 'Bad event state'],
    [{ idfa: undefined, idfv: undefined, gps_adid: '660E1D86-6796-463A-BE86-897993136018' }, 400, 'Bad event state'],
    [{ idfa: undefined, idfv: undefined, android_id: '9A8B-7c6d' }, 400, 'Bad event state'],
    [{ ip_address: '2001:db8::1' }, 400, 'Bad event state'],
    [{ created_at_unix: '1768478340.5' }, 400, 'Bad event state'],
    [{ created_at_unix: '17684783' }, 400, 'Bad event state'],
    [{ created_at: '2026-01-15T12:00:00.000+0000' }, 400, 'Bad event state'],
    [{ created_at_unix: seconds(29 * 86_400) }, 400, 'Bad event state'],
    [{ environment: 'development' }, 400, 'Bad event state'],
    [{ revenue: '149.99' }, 400, 'Invalid revenue'],
    [{ currency: 'USD' }, 400, 'Invalid revenue'],
    [{ revenue: '149.99', currency: 'usd' }, 400, 'Bad event state'],
    [{ revenue: '0.0001', currency: 'USD' }, 400, 'Invalid revenue'],
    [{ revenue: '100000000001', currency: 'USD' }, 400, 'Invalid revenue'],
    [{ revenue: '1e3', currency: 'USD' }, 400, 'Invalid revenue'],
    [{ revenue: '-1', currency: 'USD' }, 400, 'Invalid revenue'],
    [{ callback_params: 'a=b' }, 400, 'Invalid callback parameters'],
    [{ callback_params: '{}' }, 400, 'Invalid callback parameters'],
    [{ callback_params: '{"a":1}' }, 400, 'Invalid callback parameters'],
    [{ callback_params: encodeURIComponent('{"a":"b"}') }, 400, 'Invalid callback parameters'],
    [{ partner_params: '{"a":{"b":"c"}}' }, 400, 'Invalid callback parameters'],
    [{ att_status: '3', tracking_enabled: '1' }, 400, 'Bad event state'],
    [{ att_status: '4' }, 400, 'Bad event state'],
    [{ deduplication_id: 'm-1' }, 400, 'Bad event state'],
  ])('refuses an event with %j by %i %s', async (change, status, error) => {
    const before = adjust.ledger.committed();
    const answer = await send(adjust, post(form(change)));
    expect([answer.status, errorOf(answer)]).toEqual([status, `Event request failed (${error})`]);
    expect(adjust.refused().at(-1)?.reason).toContain(error);
    expect(adjust.ledger.committed()).toBe(before);
  });
});

describe('an Adjust account', () => {
  let own: Simulator | undefined;
  afterEach(() => own?.close());
  const start = async (options: Partial<AdjustOptions> = {}): Promise<Simulator> => {
    own = await startAdjust({ ...account, ...options });
    return own;
  };

  it.each<[string, Partial<AdjustOptions>, number, string]>([
    ['is inactive', { inactive: true }, 403, 'App is inactive'],
    ['blocks a token', { blocklistedTokens: ['f0ob4r'] }, 403, 'Event token blacklisted'],
    ['does not track a platform', { untrackedPlatforms: ['ios'] }, 403, 'Tracking disabled'],
    ['has never seen a device', { unknownDevices: [idfa] }, 404, 'Device not found'],
    ['has a device opted out', { optedOut: [idfa] }, 451, 'Device is opted out'],
    ['wants a token', { s2sToken: 'secret' }, 401, 'Failed to authorize request'],
    ['says so with 202', { s2sToken: 'secret', wrongTokenStatus: 202 }, 202, 'Missing authentication token'],
  ])('%s, and answers so', async (_, options, status, error) => {
    const answer = await send(await start(options), post(form()));
    expect([answer.status, errorOf(answer)]).toEqual([status, `Event request failed (${error})`]);
  });

  it('takes the right S2S token and no other', async () => {
    const secured = await start({ s2sToken: 'secret', wrongTokenStatus: 202 });
    const right = { ...headers, authorization: 'Bearer secret' };
    expect((await send(secured, post(form(), { headers: right }))).status).toBe(200);
    const wrong = await send(secured, post(form(), { headers: { ...headers, authorization: 'Bearer other' } }));
    expect(errorOf(wrong)).toContain('Wrong authentication token');
  });

  it('has a unique event once a device', async () => {
    const unique = await start({ uniqueTokens: ['f0ob4r'] });
    expect((await send(unique, post(form()))).status).toBe(200);
    const again = await send(unique, post(form()));
    expect(errorOf(again)).toBe('Event request failed (Ignoring event, earlier unique event tracked)');
    const other = form({ idfa: undefined, idfv: undefined, adid: 'another1' });
    expect((await send(unique, post(other))).status).toBe(200);
    expect(unique.ledger.committed()).toBe(2);
  });

  it('refuses what is older than an event of the same device and token, and counts it', async () => {
    const ordered = await start();
    const sent = async (change: Record<string, string | undefined>) => (await send(ordered, post(form(change)))).status;
    expect(await sent({ created_at_unix: seconds(50) })).toBe(200);
    expect(await sent({ created_at_unix: seconds(50) })).toBe(200);
    expect(await sent({ created_at_unix: seconds(60) })).toBe(400);
    expect(await sent({ created_at_unix: seconds(60), event_token: 'b4z0ka' })).toBe(200);
    expect(await sent({ created_at_unix: seconds(70), event_token: 'b4z0ka', idfv: undefined, adid: undefined })).toBe(
      400,
    );
    expect(ordered.ledger.orderViolations()).toBe(2);
  });

  it('refuses revenue older than revenue of any token of the same device', async () => {
    const ordered = await start();
    const money = { revenue: '1', currency: 'EUR' };
    const sent = async (change: Record<string, string | undefined>) => (await send(ordered, post(form(change)))).status;
    expect(await sent({ ...money, created_at_unix: seconds(50), event_token: 'rev001' })).toBe(200);
    expect(await sent({ ...money, created_at_unix: seconds(60), event_token: 'b4z0ka' })).toBe(400);
    expect(await sent({ created_at_unix: seconds(60), event_token: 'b4z0ka' })).toBe(200);
    expect(ordered.ledger.orderViolations()).toBe(1);
  });
});
