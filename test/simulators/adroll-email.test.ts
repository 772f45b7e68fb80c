import { afterEach, describe, expect, it } from '@jest/globals';
import {
  startAdrollEmail,
  type AdrollEmailOptions,
  type AdrollEmailSimulator,
} from '../../core/testing/simulators/index.ts';
import { send, type Answered, type Sent } from '../support/simulators/send.ts';

const now = Date.parse('2026-01-15T12:00:00.789Z');
const eid = 'ADVADVADVADVADVADVADV1';
const root = '/sendroll/api/v1';
const ours = `${root}/advertisables/${eid}`;
const basic = `Basic ${Buffer.from('user:pass').toString('base64')}`;
const sender = { sender_name: 'Shop', sender_address: 'shop@example.com', footer_postal_address: '1 Main St' };
const account: AdrollEmailOptions = {
  advertisableEid: eid,
  apikey: 'client',
  basic: { username: 'user', password: 'pass' },
  personalAccessToken: 'pat',
  accessToken: 'oauth',
  now: () => now,
};

let open: AdrollEmailSimulator | undefined;
afterEach(() => open?.close());
const start = async (options: Partial<AdrollEmailOptions> = {}): Promise<AdrollEmailSimulator> =>
  (open = await startAdrollEmail({ ...account, ...options }));

/** A call with good credentials; a body makes it JSON. */
const call = (method: string, path: string, body?: unknown, change: Partial<Sent> = {}): Sent => ({
  method,
  path: `${path}${path.includes('?') ? '&' : '?'}apikey=client`,
  headers: { authorization: basic, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
  ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  ...change,
});
const read = ({ status, body }: Answered): { status: number; body: unknown } => ({
  status,
  body: body === '' ? '' : JSON.parse(body),
});
const ask = async (vendor: AdrollEmailSimulator, sent: Sent): Promise<{ status: number; body: unknown }> =>
  read(await send(vendor, sent));
const record = (addresses: unknown, change: Partial<Sent> = {}): Sent =>
  call('POST', `${ours}/unsubscribers`, addresses, change);
const success = { status: 200, body: { success: true } };
const named = (...names: readonly string[]): unknown => names.map((name) => ({ name, error: expect.any(String) }));

describe('AdRoll Email on loopback', () => {
  it.each<[string, Sent, unknown]>([
    ['a campaign to create', call('POST', `${ours}/campaign`, {}), { eid: expect.any(String) }],
    ['messages to read', call('GET', `${ours}/messages`), { results: [expect.objectContaining({ viewed: true })] }],
    ['messages to post', call('POST', `${ours}/messages`), { results: [expect.objectContaining({ viewed: true })] }],
    ['an opt-out', call('POST', `${ours}/opt-out?agent=spillway`), { success: true }],
    ['a sender', call('PATCH', `${ours}/sender_info`, { sender_name: 'Shop' }), { success: true }],
    ['settings to read', call('GET', `${ours}/settings`), expect.objectContaining({ country: 'US' })],
    ['a country', call('PATCH', `${ours}/settings`, { country: 'DE' }), { success: true }],
    ['unsubscribers to list', call('GET', `${ours}/unsubscribers`), { unsubscribers: [] }],
    ['unsubscribers to record', record(['jane@example.com']), { ignored: [] }],
    ['a question about the terms', call('GET', `${root}/${eid}/activation_status`), { terms_accepted: true }],
  ])('answers %s', async (_, sent, body) => {
    const vendor = await start();
    expect(await ask(vendor, sent)).toEqual({ status: 200, body });
    expect(vendor.refused()).toEqual([]);
  });

  it.each([
    ['HTTP Basic', basic, '?apikey=client'],
    ['a personal token', 'Token pat', ''],
    ['a personal token and the key', 'Token pat', '?apikey=client'],
    ['an OAuth token', 'Bearer oauth', ''],
  ])('lets %s in', async (_, authorization, query) => {
    const vendor = await start();
    const sent = { method: 'GET', path: `${ours}/settings${query}`, headers: { authorization } };
    expect((await send(vendor, sent)).status).toBe(200);
  });

  it.each<[string, Partial<Sent>, unknown]>([
    ['without credentials', { headers: {} }, ''],
    ['with another password', { headers: { authorization: `Basic ${btoa('user:other')}` } }, ''],
    ['with another token', { headers: { authorization: 'Token oauth' } }, ''],
    [
      'with HTTP Basic and no key',
      { path: `${ours}/settings` },
      { errors: [{ code: 'apiproxy:3', message: expect.any(String) }] },
    ],
    [
      'with another key',
      { path: `${ours}/settings?apikey=other` },
      { errors: [{ code: 'apiproxy:3', message: expect.any(String) }] },
    ],
  ])('answers 401 to a request %s', async (_, change, body) => {
    const vendor = await start();
    expect(await ask(vendor, call('GET', `${ours}/settings`, undefined, change))).toEqual({ status: 401, body });
  });

  it('knows no way to log in that the account has not got', async () => {
    const { personalAccessToken: _, accessToken: __, ...withBasic } = account;
    open = await startAdrollEmail(withBasic);
    const headers = { authorization: 'Token undefined' };
    expect((await send(open, call('GET', `${ours}/settings`, undefined, { headers }))).status).toBe(401);
  });

  it('shows a body for the 401 of a campaign creation alone', async () => {
    const vendor = await start();
    const sent = call('POST', `${ours}/campaign`, {}, { headers: { authorization: 'Token other' } });
    const error = { name: expect.any(String), error: expect.any(String) };
    expect(await ask(vendor, sent)).toEqual({ status: 401, body: error });
  });

  it.each([
    `${ours}/campaigns`,
    `/api/v1/advertisables/${eid}/settings`,
    `${root}/advertisables/${eid}/activation_status`,
    `${root}/advertisables//settings`,
    `${ours}/settings/`,
    `${root}/advertisables/%zz/settings`,
    `${root}/campaigns/CAMPAIGN00000000000001`,
    `${root}/campaigns/CAMPAIGN00000000000001/emails/`,
  ])('has nothing at %s, and the proxy says so', async (path) => {
    const vendor = await start();
    const errors = [{ code: 'apiproxy:11', message: expect.any(String) }];
    expect(await ask(vendor, call('GET', path))).toEqual({ status: 404, body: { errors } });
  });

  it.each<[Sent, number, unknown]>([
    [call('GET', `${root}/advertisables/OTHER/settings`), 404, ''],
    [call('PATCH', `${root}/advertisables/OTHER/settings`, { country: 'DE' }), 404, ''],
    [call('GET', `${root}/advertisables/OTHER/unsubscribers`), 404, ''],
    [call('POST', `${root}/advertisables/OTHER/unsubscribers`, ['jane@example.com']), 404, ''],
    [call('GET', `${root}/advertisables/OTHER/messages`), 401, ''],
    [call('POST', `${root}/advertisables/OTHER/opt-out?agent=x`), 401, ''],
    [call('PATCH', `${root}/advertisables/OTHER/sender_info`, sender), 401, ''],
    [call('GET', `${root}/OTHER/activation_status`), 401, ''],
    [call('POST', `${root}/advertisables/OTHER/campaign`, {}), 403, named('advertisable_eid')],
  ])('does not know another advertisable: %j', async (sent, status, body) => {
    const vendor = await start();
    expect(await ask(vendor, sent)).toEqual({ status, body });
    expect(vendor.ledger.entries).toEqual([]);
  });

  it('reads an escaped advertisable', async () => {
    const vendor = await start();
    expect((await send(vendor, call('GET', `${root}/advertisables/%41${eid.slice(1)}/settings`))).status).toBe(200);
  });

  it.each<[string, Sent, number]>([
    ['another method', call('PUT', `${ours}/settings`, { country: 'DE' }), 405],
    ['an unknown query parameter', call('GET', `${ours}/settings?since=2026-01-01T00:00:00`), 400],
    ['a parameter given twice', call('GET', `${ours}/settings?apikey=client`), 400],
    ['a body on a GET', call('GET', `${ours}/settings`, {}), 400],
    [
      'a content type on a GET',
      call('GET', `${ours}/settings`, undefined, {
        headers: { authorization: basic, 'content-type': 'application/json' },
      }),
      400,
    ],
    ['a body where none is documented', call('POST', `${ours}/messages`, {}), 400],
    [
      'a key in a header',
      call('GET', `${ours}/settings`, undefined, { headers: { authorization: basic, apikey: 'client' } }),
      400,
    ],
    ['a key in the body', call('PATCH', `${ours}/settings`, { country: 'DE', apikey: 'client' }), 400],
    ['a body of another type', record(['a@example.com'], { headers: { authorization: basic } }), 415],
    [
      'a packed body',
      record(['a@example.com'], {
        headers: { authorization: basic, 'content-type': 'application/json', 'content-encoding': 'gzip' },
      }),
      415,
    ],
    ['half a body', record([], { body: '["a@exam' }), 400],
    ['latin1 bytes', record([], { body: Buffer.from('["é@example.com"]', 'latin1') }), 400],
    ['half a megabyte', record(['x'.repeat(500_000)]), 413],
  ])('refuses %s', async (_, sent, status) => {
    const vendor = await start();
    expect((await send(vendor, sent)).status).toBe(status);
    expect(vendor.refused()).toMatchObject([{ request: 1, status, reason: expect.any(String) }]);
  });

  it('withdraws what newer references lack, where it is told to', async () => {
    const vendor = await start({ withdrawn: true });
    for (const path of [`${root}/${eid}/activation_status`, `${root}/campaigns/C/emails`]) {
      expect((await ask(vendor, call('GET', path))).status).toBe(404);
    }
    expect((await send(vendor, call('GET', `${ours}/settings`))).status).toBe(200);
  });

  it('says a bare 429 to what is beyond the quota of the day, and starts afresh at midnight UTC', async () => {
    let clock = Date.parse('2026-01-15T23:59:59.000Z');
    const vendor = await start({ requestsPerDay: 2, now: () => clock });
    const statuses: number[] = [];
    for (const [authorization, at] of [
      [basic, clock],
      ['Token other', clock],
      [basic, clock],
      [basic, clock],
      [basic, clock + 1000],
    ] as const) {
      clock = at;
      const answer = await send(vendor, call('GET', `${ours}/settings`, undefined, { headers: { authorization } }));
      expect(answer.headers['retry-after']).toBeUndefined();
      statuses.push(answer.status);
    }
    expect(statuses).toEqual([200, 401, 200, 429, 200]);
  });
});

describe('the unsubscribers of AdRoll Email on loopback', () => {
  it('are recorded by address, the malformed ones ignored in the spelling they came in', async () => {
    const vendor = await start();
    const bad = ['No At', ' padded@example.com', 'two@@example.com', 'a..b@example.com', 'x@localhost', ''];
    const { body } = await ask(vendor, record(['Jane.Doe+x@Example.com', ...bad, "o'neil@example.org"]));
    expect(body).toEqual({ ignored: bad });
    expect(vendor.ledger.entries).toMatchObject([
      { id: 'jane.doe+x@example.com', committed: true, at: now },
      { id: "o'neil@example.org", committed: true, at: now },
    ]);
    expect([...vendor.ignored()]).toEqual(bad.map((address) => address.trim().toLowerCase()));
    expect(vendor.refused()).toEqual([]);
  });

  it('may be found malformed for reasons of its own', async () => {
    const vendor = await start({ alsoMalformed: (address) => address.startsWith('role') });
    expect(await ask(vendor, record(['role.1@example.com', 'jane@example.com']))).toEqual({
      status: 200,
      body: { ignored: ['role.1@example.com'] },
    });
    expect(vendor.ledger.entries.map(({ id }) => id)).toEqual(['jane@example.com']);
  });

  it('are taken as the one form or the other, never both', async () => {
    const list = ['jane@example.com'];
    const array = await start();
    expect(await ask(array, record({ unsubscribers: list }))).toEqual({ status: 400, body: named('body') });
    await array.close();
    const object = await start({ unsubscribersBody: 'object' });
    expect((await send(object, record(list))).status).toBe(400);
    expect((await send(object, record({ unsubscribers: list, apikey: 'client' }))).status).toBe(400);
    expect(object.ledger.entries).toEqual([]);
    expect(await ask(object, record({ unsubscribers: list }))).toEqual({ status: 200, body: { ignored: [] } });
    expect(object.ledger.timesCommitted('jane@example.com')).toBe(1);
  });

  it.each<[string, unknown, string]>([
    ['an empty list', [], 'body'],
    ['an address in two letter cases', ['jane@example.com', 'Jane@Example.com'], '[1]'],
    ['a SHA-256 digest', ['jane@example.com', 'A'.repeat(64)], '[1]'],
    ['an MD5 digest', ['0'.repeat(32)], '[0]'],
    ['what is no string', [{ email: 'jane@example.com' }], '[0]'],
    ['one address without a list', 'jane@example.com', 'body'],
  ])('never come as %s, and nothing of such a request is kept', async (_, list, name) => {
    const vendor = await start();
    expect(await ask(vendor, record(list))).toEqual({ status: 400, body: named(name) });
    expect(vendor.refused()).toHaveLength(1);
    expect(vendor.ledger.entries).toEqual([]);
  });

  it('are too many beyond the cap', async () => {
    const vendor = await start({ mostAddresses: 2 });
    const list = ['a@example.com', 'b@example.com', 'c@example.com'];
    expect(await ask(vendor, record(list))).toEqual({ status: 413, body: '' });
    expect((await send(vendor, record(list.slice(1)))).status).toBe(200);
    expect(vendor.ledger.committed()).toBe(2);
  });

  it('are listed with the second they first came, those after a moment alone if asked', async () => {
    let clock = now;
    const vendor = await start({ now: () => clock });
    await send(vendor, record(['Jane@example.com']));
    clock += 60_000;
    await send(vendor, record(['jane@example.com', 'omar@example.com']));
    const jane = { date: '2026-01-15T12:00:00', email_address: 'Jane@example.com' };
    const omar = { date: '2026-01-15T12:01:00', email_address: 'omar@example.com' };
    const list = async (query: string): Promise<unknown> =>
      (await ask(vendor, call('GET', `${ours}/unsubscribers${query}`))).body;
    expect(await list('')).toEqual({ unsubscribers: [jane, omar] });
    expect(await list('?since=2026-01-15T11%3A59%3A59')).toEqual({ unsubscribers: [jane, omar] });
    expect(await list('?since=2026-01-15T12%3A00%3A00')).toEqual({ unsubscribers: [omar] });
    expect(vendor.ledger.timesCommitted('jane@example.com')).toBe(2);
    expect(vendor.ledger.duplicates()).toBe(1);
  });

  it('are listed with a space in the date where the vendor keeps to its example', async () => {
    const vendor = await start({ dateSeparator: ' ' });
    await send(vendor, record(['jane@example.com']));
    const { body } = await ask(vendor, call('GET', `${ours}/unsubscribers`));
    expect(body).toEqual({ unsubscribers: [{ date: '2026-01-15 12:00:00', email_address: 'jane@example.com' }] });
  });

  it.each(['2026-01-15', '2026-01-15T12:00:00Z', '2026-01-15 12:00:00', '2026-02-30T12:00:00', ''])(
    'are not listed since %j',
    async (since) => {
      const vendor = await start();
      const sent = call('GET', `${ours}/unsubscribers?since=${encodeURIComponent(since)}`);
      expect(await ask(vendor, sent)).toEqual({ status: 400, body: named('since') });
    },
  );

  it('are in the ledger when they arrived, though a fault kept them from being recorded', async () => {
    const vendor = await start({ faults: { script: { 1: 'error-inside-2xx' } } });
    expect(await ask(vendor, record(['jane@example.com', 'bad']))).toEqual({ status: 200, body: { success: false } });
    expect(vendor.ledger.entries).toMatchObject([
      { id: 'jane@example.com', committed: false, fault: 'error-inside-2xx' },
    ]);
    expect((await ask(vendor, call('GET', `${ours}/unsubscribers`))).body).toEqual({ unsubscribers: [] });
    expect(vendor.ignored().size).toBe(0);
  });
});

describe('the account of AdRoll Email on loopback', () => {
  it('remembers sender and country', async () => {
    const vendor = await start();
    expect(await ask(vendor, call('PATCH', `${ours}/sender_info`, sender))).toEqual(success);
    expect(await ask(vendor, call('PATCH', `${ours}/settings`, { country: 'DE' }))).toEqual(success);
    expect((await ask(vendor, call('GET', `${ours}/settings`))).body).toEqual({ country: 'DE', ...sender });
  });

  it.each<[string, unknown, string]>([
    ['settings', { country: 'de' }, 'country'],
    ['settings', { country: 'DE', sender_name: 'Shop' }, 'sender_name'],
    ['settings', {}, 'body'],
    ['settings', ['DE'], 'body'],
    ['sender_info', { sender_address: 'shop' }, 'sender_address'],
    ['sender_info', { sender_name: ' ' }, 'sender_name'],
    ['sender_info', { country: 'DE' }, 'country'],
    ['sender_info', {}, 'body'],
  ])('takes no %s %j', async (path, body, name) => {
    const vendor = await start({ settings: sender });
    expect(await ask(vendor, call('PATCH', `${ours}/${path}`, body))).toEqual({ status: 400, body: named(name) });
    expect((await ask(vendor, call('GET', `${ours}/settings`))).body).toEqual({ country: 'US', ...sender });
  });

  it.each(['', '?agent=', '?agent=%20'])('is not opted out by %j, which names nobody', async (query) => {
    const vendor = await start();
    expect(await ask(vendor, call('POST', `${ours}/opt-out${query}`))).toEqual({ status: 400, body: named('agent') });
    expect(vendor.termsAccepted()).toBe(true);
  });

  it('is without terms after an opt-out, so that no campaign may be created or launched', async () => {
    const vendor = await start({ settings: sender });
    const { body } = await ask(vendor, call('POST', `${ours}/campaign`, { emails: [{}] }));
    const path = `${root}/campaigns/${(body as { eid: string }).eid}/status`;
    await send(vendor, call('POST', `${ours}/opt-out?agent=test`));
    expect(vendor.termsAccepted()).toBe(false);
    expect((await ask(vendor, call('GET', `${root}/${eid}/activation_status`))).body).toEqual({
      terms_accepted: false,
    });
    expect(await ask(vendor, call('POST', `${ours}/campaign`, {}))).toEqual({
      status: 403,
      body: named('advertisable_eid'),
    });
    expect(await ask(vendor, call('PUT', path, { status: 'running' }))).toEqual({
      status: 403,
      body: named('campaign_eid'),
    });
  });

  it('is not changed by a request that a fault lost', async () => {
    const vendor = await start({
      faults: { script: { 1: 'error-500', 2: 'unavailable-503', 3: 'reset-after-commit' } },
    });
    await send(vendor, call('POST', `${ours}/opt-out?agent=test`));
    await send(vendor, call('PATCH', `${ours}/settings`, { country: 'DE' }));
    await expect(send(vendor, call('POST', `${ours}/campaign`, {}))).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(vendor.termsAccepted()).toBe(true);
    expect((await ask(vendor, call('GET', `${ours}/settings`))).body).toMatchObject({ country: 'US' });
    expect(vendor.campaigns()).toHaveLength(1);
  });
});

describe('the campaigns of AdRoll Email on loopback', () => {
  const email = {
    body: 'A <b>bold</b> offer',
    cta_destination: 'https://shop.example.com/sale',
    cta_label: 'Shop',
    delay_hours: 24,
    email_subject: 'Sale',
    headline: 'Sale & more',
    hero_image_url: 'https://shop.example.com/hero.png',
  };
  const campaign = {
    emails: [email, { email_subject: 'Last call' }],
    start_date: '2026-01-15T12:00:00',
    end_date: '2026-01-15T12:00:00',
    source: 'spillway',
    ...sender,
  };
  const create = async (vendor: AdrollEmailSimulator, body: unknown = campaign): Promise<string> => {
    const answer = await ask(vendor, call('POST', `${ours}/campaign`, body));
    expect(answer).toEqual({ status: 200, body: { eid: expect.stringMatching(/^[A-Z\d]{22}$/) } });
    return `${root}/campaigns/${(answer.body as { eid: string }).eid}`;
  };

  it('are created paused, each with an id of its own, and list their emails in drip order', async () => {
    const vendor = await start();
    const path = await create(vendor);
    expect(await create(vendor)).not.toBe(path);
    expect(vendor.campaigns()).toMatchObject([
      { ...campaign, status: 'paused' },
      { ...campaign, status: 'paused' },
    ]);
    const { body } = await ask(vendor, call('GET', `${path}/emails`));
    const fields = ['content', 'delay_hours', 'eid', 'email_subject', 'preview_text'];
    const { emails } = body as { emails: readonly Record<string, unknown>[] };
    expect(emails.map((each) => Object.keys(each).sort())).toEqual(
      emails.map(() => [...fields, 'utm_campaign', 'utm_medium', 'utm_source']),
    );
    expect(emails).toMatchObject([
      { delay_hours: 24, email_subject: 'Sale', content: expect.stringContaining('<p>A &lt;b>bold&lt;/b> offer</p>') },
      { delay_hours: 0, email_subject: 'Last call' },
    ]);
    expect(vendor.refused()).toEqual([]);
  });

  it.each<[unknown, number, string]>([
    [{ name: 'Spring' }, 400, 'name'],
    [{ sender_address: 'shop' }, 400, 'sender_address'],
    [{ source: 7 }, 400, 'source'],
    [{ emails: {} }, 400, 'emails'],
    [{ emails: ['Sale'] }, 400, 'emails[0]'],
    [{ emails: [email, { eid: 'x' }] }, 400, 'emails[1].eid'],
    [{ emails: [{ delay_hours: 1.5 }] }, 400, 'emails[0].delay_hours'],
    [{ emails: [{ delay_hours: -1 }] }, 400, 'emails[0].delay_hours'],
    [{ emails: [{ cta_destination: '/sale' }] }, 400, 'emails[0].cta_destination'],
    [{ emails: [{ hero_image_url: 'ftp://shop.example.com/a.png' }] }, 400, 'emails[0].hero_image_url'],
    [{ start_date: '2026-02-01T00:00:00Z' }, 400, 'start_date'],
    [{ end_date: '2026-02-30T00:00:00' }, 400, 'end_date'],
    [{ start_date: null }, 400, 'start_date'],
    [[], 400, 'body'],
    [{ start_date: '2026-01-15T11:59:59' }, 416, 'start_date'],
    [{ start_date: '2026-02-02T00:00:00', end_date: '2026-02-01T00:00:00' }, 416, 'end_date'],
  ])('are not created from %j', async (body, status, name) => {
    const vendor = await start();
    expect(await ask(vendor, call('POST', `${ours}/campaign`, body))).toEqual({ status, body: named(name) });
    expect(vendor.campaigns()).toEqual([]);
  });

  it('are updated at a path that ends with a slash, with dates that fit the ones there are', async () => {
    const vendor = await start();
    const path = await create(vendor, { ...campaign, end_date: '2026-02-01T00:00:00' });
    const update = (body: unknown): Promise<{ status: number; body: unknown }> =>
      ask(vendor, call('PATCH', `${path}/`, body));
    expect(await update({ name: 'Spring', start_date: '2026-02-01T00:00:00' })).toEqual(success);
    expect(await update({ start_date: '2026-02-01T00:00:01' })).toEqual({ status: 416, body: named('start_date') });
    expect(await update({ end_date: '2026-01-31T23:59:59' })).toEqual({ status: 416, body: named('end_date') });
    expect(await update({ start_date: '2026-01-01T00:00:00' })).toEqual({ status: 416, body: named('start_date') });
    expect(await update({ source: 'other' })).toEqual({ status: 400, body: named('source') });
    expect(await update({})).toEqual({ status: 400, body: named('body') });
    expect(vendor.campaigns()).toMatchObject([
      { name: 'Spring', start_date: '2026-02-01T00:00:00', end_date: '2026-02-01T00:00:00', source: 'spillway' },
    ]);
    const { status, body } = await ask(vendor, call('PATCH', path, { name: 'No slash' }));
    expect({ status, body }).toMatchObject({ status: 404, body: { errors: [{ code: 'apiproxy:11' }] } });
  });

  it('keep a start that has passed meanwhile', async () => {
    let clock = now;
    const vendor = await start({ now: () => clock });
    const path = await create(vendor, { start_date: '2026-01-15T12:00:00' });
    clock += 86_400_000;
    expect(await ask(vendor, call('PATCH', `${path}/`, { name: 'Later' }))).toEqual(success);
  });

  it('are not updated when their source is not among those that may be', async () => {
    const vendor = await start({ updatableSources: ['console'] });
    const path = await create(vendor);
    expect(await ask(vendor, call('PATCH', `${path}/`, { name: 'Spring' }))).toEqual({
      status: 400,
      body: named('source'),
    });
    expect(await ask(vendor, call('PATCH', `${await create(vendor, { source: 'console' })}/`, { name: 'A' }))).toEqual(
      success,
    );
  });

  it('have their emails changed by position, and never more of them than there are', async () => {
    const vendor = await start();
    const path = `${await create(vendor)}/emails`;
    expect(await ask(vendor, call('PATCH', path, [{}, { email_subject: 'Very last', delay_hours: 3 }]))).toEqual(
      success,
    );
    expect((await ask(vendor, call('GET', path))).body).toMatchObject({
      emails: [
        { email_subject: 'Sale', delay_hours: 24 },
        { email_subject: 'Very last', delay_hours: 3 },
      ],
    });
    expect(await ask(vendor, call('PATCH', path, [{}, {}, {}]))).toEqual({ status: 413, body: '' });
    expect(await ask(vendor, call('PATCH', path, [{ content: 'x' }]))).toEqual({
      status: 400,
      body: named('[0].content'),
    });
    expect(await ask(vendor, call('PATCH', path, []))).toEqual({ status: 400, body: named('body') });
    expect(await ask(vendor, call('PATCH', path, { emails: [] }))).toEqual({ status: 400, body: named('body') });
  });

  it('run once they have emails and a sender, their own or the advertisable', async () => {
    const vendor = await start();
    const bare = await create(vendor, {});
    const full = await create(vendor);
    const status = (path: string, body: unknown): Promise<{ status: number; body: unknown }> =>
      ask(vendor, call('PUT', `${path}/status`, body));
    expect(await status(bare, { status: 'running' })).toEqual({
      status: 412,
      body: named('sender_name', 'sender_address', 'footer_postal_address', 'emails'),
    });
    expect(await status(bare, { status: 'paused' })).toEqual(success);
    expect(await status(full, { status: 'running' })).toEqual(success);
    expect(vendor.campaigns().map((each) => each.status)).toEqual(['paused', 'running']);
    await send(vendor, call('PATCH', `${ours}/sender_info`, sender));
    expect(await status(bare, { status: 'running' })).toEqual({ status: 412, body: named('emails') });
    expect(await status(await create(vendor, { emails: [email] }), { status: 'running' })).toEqual(success);
  });

  it.each([{ status: 'stopped' }, { status: 'running', name: 'x' }, {}, null])('have no status %j', async (body) => {
    const vendor = await start();
    const path = await create(vendor);
    expect(await ask(vendor, call('PUT', `${path}/status`, body))).toMatchObject({
      status: 400,
      body: [{ name: expect.any(String), error: expect.any(String) }],
    });
    expect(vendor.campaigns()[0]?.status).toBe('paused');
  });

  it.each<[string, string, unknown]>([
    ['PATCH', '/', { name: 'x' }],
    ['GET', '/emails', undefined],
    ['PATCH', '/emails', [{}]],
    ['PUT', '/status', { status: 'paused' }],
  ])('are not found by an id that is none: %s %s', async (method, path, body) => {
    const vendor = await start();
    expect(await ask(vendor, call(method, `${root}/campaigns/NONE${path}`, body))).toEqual({ status: 404, body: '' });
  });
});
