import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CdpEvent } from '../../core/api/index.ts';
import { createRuntime, type Outcome, type RuntimeOptions, type Signal } from '../../core/index.ts';
import adrollEmail from '../../destinations/adroll-email/index.ts';
import { whyNoAddress } from '../../destinations/adroll-email/identity.ts';
import { folderUnderTest } from '../../core/testing/index.ts';
import { VendorDouble, type Script } from '../../core/testing/kit/vendor-double.ts';
import { ManualClock } from '../../core/testing/kit/manual-clock.ts';

const auths = {
  basic: { kind: 'basic', username: 'login@shop.example.com', password: 'pass-example-1', apikey: 'client-example-1' },
  token: { kind: 'token', token: 'pat-example-1', apikey: 'client-example-1' },
  oauth: { kind: 'oauth', accessToken: 'access-example-1', apikey: 'client-example-1' },
} as const;
const settings = { advertisableEid: 'ADV0EXAMPLE0000000000A', auth: auths.basic };

/** The paths of what is wrong with some settings. */
function wrong(changes: Record<string, unknown>): readonly string[] {
  const result = adrollEmail.config.safeParse({ ...settings, ...changes });
  return result.success ? [] : [...new Set(result.error.issues.map(({ path }) => path.join('.')))];
}

const unsubscribed = (email: string, id = 0): CdpEvent => ({
  type: 'track',
  event: 'Unsubscribed',
  messageId: `m-${id}`,
  properties: { email },
});
const many = (count: number, email = (number: number) => `person-${number}@example.com`): readonly CdpEvent[] =>
  Array.from({ length: count }, (_, number) => unsubscribed(email(number), number));

const start = Date.parse('2026-01-15T12:00:00.000Z');

/** A scripted AdRoll, and a clock on which waiting costs nothing. */
function scripted(script: Script, options: Partial<RuntimeOptions> = {}) {
  const vendor = new VendorDouble(script);
  const clock = new ManualClock({ start, selfDrive: { busy: () => vendor.busy } });
  const signals: Signal[] = [];
  const runtime = createRuntime({
    destinations: [adrollEmail],
    dispatcher: () => vendor,
    now: clock.now,
    sleep: clock.sleep,
    random: clock.random,
    onSignal: (signal) => signals.push(signal),
    ...options,
  });
  const open = (changes: Record<string, unknown> = {}) => {
    const opened = runtime.open('adroll-email', { ...settings, ...changes });
    if (opened.kind !== 'open') throw new Error(JSON.stringify(opened.issues));
    return opened.connection;
  };
  return { vendor, clock, signals, open, close: () => runtime.close() };
}

const recorded = { status: 200, body: { ignored: [] } };
const kinds = (outcomes: readonly Outcome[]) => outcomes.map(({ kind }) => kind);

describe('settings', () => {
  it('ADEMAIL-02 ADEMAIL-03 ADEMAIL-04 HTTP Basic does without neither user, password nor API key; tokens may do without the key', () => {
    for (const name of ['username', 'password', 'apikey']) {
      for (const value of [undefined, '', ' ', 'a\nb'])
        expect(wrong({ auth: { ...auths.basic, [name]: value } })).toEqual([`auth.${name}`]);
    }
    expect(wrong({ auth: { ...auths.basic, username: 'a:b' } })).toEqual(['auth.username']);
    expect(wrong({ auth: { ...auths.basic, password: 'p:w ü' } })).toEqual([]);
    for (const auth of [auths.token, auths.oauth]) {
      const { apikey: _, ...bare } = auth;
      expect(wrong({ auth: bare })).toEqual([]);
      expect(wrong({ auth: { ...auth, password: 'x' } })).toEqual(['auth']);
    }
    expect(wrong({ auth: { kind: 'token', token: 'Token pat-example-1' } })).toEqual(['auth.token']);
    expect(wrong({ auth: { kind: 'none' } })).toEqual(['auth.kind']);
  });

  it('ADEMAIL-06 the advertisable is required, of any shape that can stand in a path', () => {
    for (const advertisableEid of [undefined, '', ' ', '.', '..', 'a\u0000', '\ud800'])
      expect(wrong({ advertisableEid })).toEqual(['advertisableEid']);
    for (const advertisableEid of ['ADV0EXAMPLE0000000000A', 'short', 'a/b', '...'])
      expect(wrong({ advertisableEid })).toEqual([]);
  });

  it('ADEMAIL-15 ADEMAIL-17 ADEMAIL-19 what is left out has its default, and numbers have their bounds', () => {
    expect(adrollEmail.config.parse(settings)).toEqual({
      ...settings,
      unsubscribeEvents: ['Unsubscribed', 'Email Unsubscribed', 'Email Marked as Spam'],
      unsubscribersBody: 'array',
      dailyRequestBudget: 100,
      maxAddresses: 1000,
    });
    for (const maxAddresses of [0, 1.5, 1001, '5']) expect(wrong({ maxAddresses })).toEqual(['maxAddresses']);
    for (const dailyRequestBudget of [0, 0.5, -1])
      expect(wrong({ dailyRequestBudget })).toEqual(['dailyRequestBudget']);
    expect(wrong({ misspelt: true })).toEqual(['']);
  });

  it('ADEMAIL-25 an event by which people subscribe cannot be set as an unsubscription', () => {
    expect(wrong({ unsubscribeEvents: ['Unsubscribed', 'Resubscribed'] })).toEqual(['unsubscribeEvents']);
    expect(wrong({ unsubscribeEvents: ['email-subscribed'] })).toEqual(['unsubscribeEvents']);
    expect(wrong({ unsubscribeEvents: [] })).toEqual([]);
  });

  it('ADEMAIL-05 ALL-01 the form says under whose terms, and hides the password and the tokens, not the names', () => {
    const [entry] = createRuntime({ destinations: [adrollEmail] }).catalogue();
    const { auth } = (entry?.configSchema['properties'] ?? {}) as {
      auth: { description: string; oneOf: { properties: Record<string, { secret?: boolean }> }[] };
    };
    expect(auth.description).toMatch(/API Terms of Use.*Email Services Addendum.*Privacy Note/);
    const hidden = auth.oneOf.flatMap(({ properties }) =>
      Object.keys(properties).filter((name) => properties[name]?.secret === true),
    );
    expect(hidden).toEqual(['password', 'token', 'accessToken']);
  });

  it('integrations may address it by its names, of which none is also a name of AdRoll S2S', async () => {
    const { open, close } = scripted(() => recorded);
    const connection = open();
    const off = (name: string) => ({ ...unsubscribed('a@example.com'), integrations: { [name]: false } });
    const names = ['AdRoll Email', 'adroll-email', 'ADROLL_EMAIL', 'SendRoll', 'AdRoll', 'AdRoll S2S', 'Adroll'];
    const outcomes = await connection.deliver(names.map(off));
    expect(kinds(outcomes)).toEqual([
      'skipped',
      'skipped',
      'skipped',
      'skipped',
      'delivered',
      'delivered',
      'delivered',
    ]);
    await close();
  });
});

describe('what is told', () => {
  it.each(Object.values(auths))(
    'ALL-01 neither the credentials nor the API key of $kind, though every URL has it and AdRoll repeats it all',
    async (auth) => {
      const { vendor, open, signals, close } = scripted((request, position) => ({
        status: [400, 401][position % 2] ?? 401,
        body: {
          errors: [{ message: `${request.url} ${JSON.stringify(request.headers)} ${Object.values(auth).join(' ')}` }],
        },
      }));
      const connection = open({ auth });
      const preview = await connection.preview(unsubscribed('a@example.com'));
      const outcomes = [
        ...(await connection.deliver([unsubscribed('a@example.com')])),
        ...(await connection.deliver([unsubscribed('b@example.com')])),
      ];
      expect(kinds(outcomes)).toEqual(['rejected', 'suspended']);
      expect(vendor.requests[0]?.url).toMatch(/\?apikey=client-example-1$/);
      const told = inspect([preview, outcomes, signals, connection.suspended()], { depth: 9 });
      expect(told).toMatch(/apikey=\*\*\*/);
      const { kind: _, ...credentials } = auth;
      const sent = vendor.requests[0]?.headers['authorization']?.split(' ')[1] ?? 'none';
      for (const text of [...Object.values(credentials), sent]) expect(told).not.toContain(text);
      await close();
    },
  );

  it('ADEMAIL-03 ADEMAIL-14 preview shows the request, and where the address is from', async () => {
    const { open, close } = scripted(() => recorded);
    expect(await open({ unsubscribersBody: 'object' }).preview(unsubscribed(' A@example.com'))).toMatchObject({
      kind: 'request',
      request: {
        method: 'POST',
        headers: { authorization: 'Basic ***', 'content-type': 'application/json' },
        body: '{"unsubscribers":["A@example.com"]}',
      },
      fields: [{ field: 'email_address', source: 'properties.email' }],
    });
    await close();
  });
});

describe('an AdRoll on loopback that ignores what it finds malformed', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  /** Answers like AdRoll; `respell` is how it writes the addresses it ignores, and those that start with x it refuses. */
  async function adroll(isMalformed: (address: string) => boolean, respell = (address: string) => address) {
    const bodies: string[][] = [];
    const list = new Set<string>();
    server = createServer((asked, answer) => {
      const chunks: Buffer[] = [];
      asked.on('data', (chunk: Buffer) => chunks.push(chunk));
      asked.on('end', () => {
        const addresses = JSON.parse(Buffer.concat(chunks).toString('utf8')) as string[];
        bodies.push(addresses);
        if (addresses.some((address) => /^x/i.test(address))) return answer.writeHead(400).end();
        const ignored = addresses.filter((address) => isMalformed(address.toLowerCase()));
        for (const address of addresses) if (!ignored.includes(address)) list.add(address.toLowerCase());
        answer.writeHead(200).end(JSON.stringify({ ignored: ignored.map(respell) }));
      });
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const runtime = createRuntime({
      destinations: [adrollEmail],
      origins: { 'adroll-email': `http://127.0.0.1:${port}` },
      retry: { baseMs: 1 },
    });
    const opened = runtime.open('adroll-email', { ...settings, dailyRequestBudget: 1_000_000 });
    if (opened.kind !== 'open') throw new Error('the settings are refused');
    return { bodies, list, connection: opened.connection, close: () => runtime.close() };
  }

  const spelt = fc
    .tuple(fc.constantFrom('a', 'b', 'c', 'bad1', 'bad2', 'xy', 'd&e'), fc.boolean(), fc.constantFrom('', ' ', '\t'))
    .map(([name, upper, blank]) => `${blank}${upper ? `${name}@Example.COM`.toUpperCase() : `${name}@example.com`}`);
  const plain = (address: string) => address.trim().toLowerCase();

  it.each([
    ['as they were sent', (address: string) => address],
    ['with blanks, in capitals', (address: string) => ` ${address.toUpperCase()}\n`],
    ['as nobody sent them', (address: string) => `<${address}>`],
  ])(
    'ADEMAIL-18 ADEMAIL-20 ADEMAIL-24 ALL-04 every event has the verdict of its address, which leaves once a request; ignored ones come back %s',
    async (_how, respell) => {
      const vendor = await adroll((address) => address.startsWith('bad'), respell);
      await fc.assert(
        fc.asyncProperty(fc.array(spelt, { minLength: 1, maxLength: 24 }), async (addresses) => {
          vendor.bodies.length = 0;
          vendor.list.clear();
          const events = addresses.map((address, number) => unsubscribed(address, number));
          const outcomes = await vendor.connection.deliver(events);
          expect(outcomes.map(({ eventId }) => eventId)).toEqual(events.map(({ messageId }) => messageId));
          expect(kinds(outcomes)).toEqual(
            addresses.map((address) => (/^(?:bad|x)/.test(plain(address)) ? 'rejected' : 'delivered')),
          );
          expect([...vendor.list].sort()).toEqual(
            [...new Set(addresses.map(plain))].filter((address) => !/^(?:bad|x)/.test(address)).sort(),
          );
          for (const body of vendor.bodies) {
            expect(body).not.toHaveLength(0);
            expect(new Set(body.map((address) => address.toLowerCase())).size).toBe(body.length);
          }
          const [first = []] = vendor.bodies;
          for (const address of first)
            expect(address).toBe(addresses.find((one) => plain(one) === plain(address))?.trim());
        }),
        { numRuns: 40, seed: 7 },
      );
      await vendor.close();
    },
  );

  it('ADEMAIL-18 ADEMAIL-19 a day of 2,500 unsubscriptions takes three requests', async () => {
    const vendor = await adroll(() => false);
    const outcomes = await vendor.connection.deliver(many(2_500));
    expect(new Set(kinds(outcomes))).toEqual(new Set(['delivered']));
    expect(vendor.bodies.map(({ length }) => length).sort((a, b) => b - a)).toEqual([1000, 1000, 500]);
    await vendor.close();
  });

  it('ADEMAIL-19 no body is larger than 500 kB: an address has at most 254 bytes', async () => {
    const vendor = await adroll(() => false);
    const long = (number: number) => `${String(number).padStart(60, 'p')}@${`${'例'.repeat(20)}.`.repeat(3)}example`;
    const outcomes = await vendor.connection.deliver(many(1_500, long));
    expect(new Set(kinds(outcomes))).toEqual(new Set(['delivered']));
    for (const body of vendor.bodies) expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThanOrEqual(500_000);
    expect(vendor.bodies.map(({ length }) => length).sort((a, b) => b - a)).toEqual([1000, 500]);
    await vendor.close();
  });

  it.each([0, 1, 499, 500, 998, 999])(
    'ADEMAIL-23 one refused address at position %i of 1,000 costs itself alone',
    async (position) => {
      const vendor = await adroll(() => false);
      const outcomes = await vendor.connection.deliver(
        many(1_000, (number) => `${number === position ? 'x' : 'p'}${number}@example.com`),
      );
      expect(
        kinds(outcomes).map((kind, index) => kind === (index === position ? 'rejected' : 'delivered')),
      ).not.toContain(false);
      expect(vendor.bodies.length).toBeLessThanOrEqual(21);
      await vendor.close();
    },
  );
});

describe('the quota', () => {
  it('ADEMAIL-15 the daily budget is one for all connections of an API key, and another for each other key', async () => {
    const { open, vendor, close } = scripted(() => recorded);
    const dailyRequestBudget = 2;
    const first = open({ dailyRequestBudget });
    const second = open({ dailyRequestBudget, advertisableEid: 'ADV2', auth: auths.token });
    const stranger = open({ dailyRequestBudget, auth: { kind: 'token', token: 'pat-example-1' } });
    expect(kinds(await first.deliver(many(3)))).toEqual(['delivered', 'delivered', 'delivered']);
    expect(kinds(await second.deliver(many(3)))).toEqual(['delivered', 'delivered', 'delivered']);
    for (const connection of [first, second]) {
      expect(await connection.deliver(many(1))).toMatchObject([
        { kind: 'deferred', reason: { code: 'rate_limited' }, retryAt: '2026-01-16T12:00:00.000Z' },
      ]);
    }
    expect(kinds(await stranger.deliver(many(1)))).toEqual(['delivered']);
    expect(vendor.requests).toHaveLength(3);
    await close();
  });

  it('ADEMAIL-15 a day later there is a new budget', async () => {
    const { open, clock, close } = scripted(() => recorded);
    const connection = open({ dailyRequestBudget: 1 });
    expect(kinds(await connection.deliver(many(1)))).toEqual(['delivered']);
    expect(kinds(await connection.deliver(many(1)))).toEqual(['deferred']);
    await clock.sleep(86_400_000);
    expect(kinds(await connection.deliver(many(1)))).toEqual(['delivered']);
    await close();
  });

  it('F-83 ADEMAIL-15 the quota of 100 lasts the day: ten at once, one each 16 minutes, and what waits gathers', async () => {
    const { open, vendor, clock, close } = scripted(() => recorded);
    const times: number[] = [];
    const connection = open();
    let sent = 0;
    const day = 86_400_000;
    // Eleven at once and then one each eight minutes; what is deferred is handed over again, as a queue does.
    let waiting: CdpEvent[] = [];
    while (clock.now() - start < 2 * day) {
      waiting.push(unsubscribed(`person-${sent}@example.com`, sent));
      sent += 1;
      const before = vendor.requests.length;
      const outcomes = await connection.deliver(waiting, { withinMs: 1_000 });
      if (vendor.requests.length > before) times.push(clock.now() - start);
      waiting = waiting.filter((_, index) => outcomes[index]?.kind !== 'delivered');
      if (sent > 11) await clock.sleep(480_000);
    }
    expect(times.filter((at) => at < 600_000)).toHaveLength(10);
    const later = times.slice(10);
    expect(later.every((at, index) => index === 0 || at - (later[index - 1] ?? 0) >= 960_000)).toBe(true);
    for (const from of times)
      expect(times.filter((at) => at >= from && at < from + day).length).toBeLessThanOrEqual(100);
    // The second day still has its share, in even pieces.
    expect(times.filter((at) => at >= day).length).toBeGreaterThanOrEqual(85);
    await close();
  });

  it('ADEMAIL-15 ADEMAIL-63 after a bare 429 nothing leaves for an hour, or for as long as the host lets a vendor ask', async () => {
    for (const [retryAfterCapMs, minutes] of [
      [86_400_000, 60],
      [300_000, 5],
    ] as const) {
      const { open, vendor, clock, close } = scripted(
        (_request, position) => (position === 0 ? { status: 429 } : recorded),
        {
          retry: { retryAfterCapMs },
        },
      );
      const connection = open();
      const retryAt = new Date(start + minutes * 60_000).toISOString();
      for (let call = 0; call < 2; call += 1)
        expect(await connection.deliver(many(1))).toMatchObject([
          { kind: 'deferred', reason: { code: 'rate_limited' }, retryAt },
        ]);
      expect(vendor.requests).toHaveLength(1);
      await clock.sleep(minutes * 60_000);
      expect(kinds(await connection.deliver(many(1)))).toEqual(['delivered']);
      await close();
    }
  });

  it('ADEMAIL-18 in a stream, unsubscriptions wait half a minute for company, and leave in time', async () => {
    const times: number[] = [];
    const { open, vendor, clock, close } = scripted(() => {
      times.push(clock.now() - start);
      return recorded;
    });
    async function* trickle() {
      for (const event of many(3)) {
        yield event;
        await clock.sleep(12_000);
      }
      await clock.sleep(100_000);
    }
    const outcomes: Outcome[] = [];
    for await (const { outcome } of open().stream(trickle())) outcomes.push(outcome);
    expect(kinds(outcomes)).toEqual(['delivered', 'delivered', 'delivered']);
    expect(vendor.requests.map(({ body }) => body)).toEqual([
      ['person-0@example.com', 'person-1@example.com', 'person-2@example.com'],
    ]);
    expect(times).toEqual([30_000]);
    await close();
  });
});

describe('answers', () => {
  const addresses = ['a@example.com', 'b@example.com'];
  const folder = folderUnderTest(adrollEmail, settings);
  const events = (of: readonly string[]) => of.map((address, index) => unsubscribed(address, index));
  const read = (body: unknown, of = addresses, status = 200) =>
    folder.decisions({ status, body }, events(of)).map(({ kind }) => kind);
  const nobodyKnows = ['ambiguous', 'ambiguous'];
  const refuse = (status: number, body: unknown = '') => folder.decision({ status, body }, events(addresses));

  it.each<[unknown, readonly string[]]>([
    [{}, ['accept', 'accept']],
    [{ ignored: null }, ['accept', 'accept']],
    [{ ignored: [], new_member: 1 }, ['accept', 'accept']],
    [{ success: true, ignored: ['b@example.com'] }, ['accept', 'reject']],
    [{ ignored: ['b@example.com', 'B@EXAMPLE.COM '] }, ['accept', 'reject']],
    [{ ignored: ['b@example.com', 'c@example.com'] }, ['split', 'reject']],
    [{ ignored: [''] }, ['split', 'split']],
    [{ ignored: [7] }, nobodyKnows],
    [{ ignored: {} }, nobodyKnows],
    [{ ignored: false }, nobodyKnows],
    [{ success: 'true' }, ['split', 'split']],
    [{ success: null }, ['split', 'split']],
    [{ success: false, ignored: [] }, ['split', 'split']],
    [{ error: 'no' }, ['split', 'split']],
    [{ errors: [] }, ['accept', 'accept']],
    [[{ error: 'no', name: 'x' }], ['split', 'split']],
    ['', nobodyKnows],
    ['"ignored"', nobodyKnows],
    ['{"ignored":["a@exam', nobodyKnows],
  ])('ADEMAIL-09 ADEMAIL-20 ADEMAIL-21 a 200 with %j is read as %j', (body, expected) => {
    expect(read(body)).toEqual(expected);
  });

  it('ADEMAIL-09 ADEMAIL-20 a no to a request of one address needs no smaller request', () => {
    for (const body of [{ ignored: ['?'] }, { success: false }, { ignored: ['a@example.com', '?'] }])
      expect(read(body, ['a@example.com', 'a@example.com'])).toEqual(['reject', 'reject']);
  });

  it('ADEMAIL-23 no other status is read address by address', () => {
    for (const status of [201, 202, 204, 206]) expect(read({ ignored: [] }, addresses, status)).toEqual(nobodyKnows);
    expect(read({ ignored: [] }, addresses, 400)).toEqual(['split', 'split']);
    expect(read({ ignored: [] }, addresses, 500)).toEqual(['retry', 'retry']);
  });

  it.each<[number, unknown, string, string]>([
    [400, [{ name: 'unsubscribers', error: 'bad' }], 'split', 'vendor_rejected'],
    [400, { name: 'apikey', error: 'bad' }, 'suspend', 'misconfigured'],
    [
      400,
      [
        { name: 'unsubscribers', error: 'bad' },
        { name: 'advertisable_eid', error: 'bad' },
      ],
      'suspend',
      'misconfigured',
    ],
    [400, [null, 7, 'x', {}, { name: 'apikey' }], 'split', 'vendor_rejected'],
    [400, { errors: 'apikey' }, 'split', 'vendor_rejected'],
    [401, '', 'suspend', 'unauthorized'],
    [401, { errors: [{ code: 'apiproxy:3' }] }, 'suspend', 'unauthorized'],
    [403, [], 'suspend', 'unauthorized'],
    [404, '<html>', 'suspend', 'misconfigured'],
    [404, { errors: [{ code: 'apiproxy:11' }] }, 'suspend', 'misconfigured'],
    [405, '', 'suspend', 'misconfigured'],
    [413, '', 'split', 'payload_too_large'],
    [415, '', 'suspend', 'misconfigured'],
    [422, '', 'split', 'vendor_rejected'],
    [429, '', 'retry', 'rate_limited'],
    [500, '', 'retry', 'vendor_unavailable'],
    [501, '', 'retry', 'vendor_unavailable'],
    [503, '', 'retry', 'vendor_unavailable'],
  ])('ADEMAIL-10 to ADEMAIL-13 ADEMAIL-23 ADEMAIL-63 %i with %j means %s', (status, body, kind, code) => {
    expect(refuse(status, body)).toMatchObject({ kind, reason: { code, status } });
  });
});

it('F-56 ADEMAIL-22 an address is one as all folders know it, with ASCII alone before the @', () => {
  const yes = [
    'a@b.co',
    "o'neil+tag@x.example",
    'smith&sons@example.com',
    'sales/eu@example.com',
    `${'a'.repeat(64)}@example.com`,
    'info@例子.公司',
    'ivan@example.xn--p1ai',
  ];
  const no = ['', '@', 'a@b', 'a@.b', 'a@b..c', 'a b@c.de', 'a@b@c.de', '"a"@b.co', 'a@[1.2.3.4]', 'a@1.2.3.4'];
  const dots = ['.a@b.co', 'a.@b.co', 'a..b@docomo.example'];
  for (const text of yes) expect([text, whyNoAddress(text)]).toEqual([text, undefined]);
  for (const text of [...no, ...dots, 'a\u0007@b.co', 'a\u200bb@c.de', `${'a'.repeat(65)}@example.com`])
    expect([text, whyNoAddress(text)]).toEqual([text, 'The e-mail address is malformed']);
  for (const text of ['用户@example.com', 'josé@example.com'])
    expect([text, whyNoAddress(text)]).toEqual([text, expect.stringMatching(/only ASCII before the @/)]);
});

it('F-56 ADEMAIL-22 what nobody sees at the ends of an address does not leave', () => {
  const folder = folderUnderTest(adrollEmail, settings);
  expect(folder.payload(unsubscribed(' \u200bAnn@Example.com\ufeff')).email_address).toBe('Ann@Example.com');
});
