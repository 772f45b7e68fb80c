// Tests core/runtime/call.ts, core/runtime/catalogue.ts and core/runtime/sending/send-request.ts.
import { describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  errorTable,
  createRuntime,
  decide,
  defineDestination,
  isObject,
  operation,
  z,
  type AnyDestination,
  type CallOptions,
  type CallResult,
  type Connection,
} from '../../core/index.ts';
import {
  acme,
  testConnection,
  kinds,
  track,
  type TestConnectionOptions,
  type Settings,
} from '../support/runtime/test-connection.ts';
import { inTurn, type ScriptedReply } from '../support/runtime/scripted-vendor.ts';

const list = {
  'get-settings': operation({
    summary: 'Reads the settings.',
    method: 'GET',
    path: '/v1/accounts/{account}/settings',
    query: z.strictObject({ since: z.string().optional(), deep: z.boolean().optional() }),
    reply: z.looseObject({ country: z.string() }),
    errors: [{ status: 404, means: decide('suspend', 'misconfigured', 'No such account') }],
    idempotent: true,
  }),
  'create-campaign': operation({
    summary: 'Creates a campaign.',
    method: 'POST',
    path: '/v1/accounts/{account}/campaigns',
    body: z.strictObject({ name: z.string(), start: z.int().optional() }),
    reply: z.looseObject({ id: z.string() }),
    errors: [{ status: 400, means: decide('reject', 'invalid_value', 'A parameter is invalid') }],
    idempotent: false,
    check: ({ body }, { now }) =>
      body.start !== undefined && body.start < now ? [{ path: 'body.start', message: 'lies in the past' }] : [],
  }),
  'rename-campaign': operation({
    summary: 'Renames a campaign.',
    method: 'PATCH',
    path: '/v1/campaigns/{campaign}/',
    params: z.strictObject({ campaign: z.string() }),
    body: z.array(z.string()),
    reply: z.looseObject({ success: z.boolean() }),
    refusal: ({ success }) => (success ? undefined : decide('reject', 'vendor_rejected', 'The vendor says it failed')),
    errors: [],
    idempotent: true,
    after: {
      operation: 'get-settings',
      check: (reply, { body }) =>
        body.length > (reply as { names: number }).names
          ? [{ path: 'body', message: 'more names than there are' }]
          : [],
    },
  }),
  'close-account': operation({
    summary: 'Closes the account.',
    method: 'POST',
    path: '/v1/accounts/{account}/close',
    reply: z.unknown(),
    successStatus: [200, 204],
    errors: [],
    idempotent: false,
    confirm: 'Close the account for good?',
  }),
  'record-people': operation({
    summary: 'Records people.',
    method: 'POST',
    path: '/v1/people',
    body: z.array(z.string()),
    reply: z.unknown(),
    errors: [{ status: 403, means: decide('suspend', 'unauthorized', 'Not allowed') }],
    idempotent: true,
    setAside: (people) => ({
      body: people.filter((person) => person !== 'bad'),
      issues: people.flatMap((person, index) =>
        person === 'bad' ? [{ path: `body.${index}`, message: 'is no person' }] : [],
      ),
    }),
    after: {
      operation: 'get-settings',
      check: (_, { body }) => (body.includes('never') ? [{ path: 'body', message: 'names one who is gone' }] : []),
    },
  }),
  'list-people': operation({
    summary: 'Lists people.',
    method: 'GET',
    path: '/v1/people',
    reply: z.looseObject({ people: z.array(z.string()) }),
    errors: [],
    idempotent: true,
    maxReplyBytes: 1_000,
  }),
};

const base = ({ account }: Settings) => ({
  origin: 'https://api.vendor.example',
  headers: { authorization: 'Bearer secret-token' },
  query: { apikey: 'k 1' },
  params: { account },
});

const vendor = acme({
  operations: { base, list },
  check: {
    request: () => ({ method: 'GET', url: 'https://api.vendor.example/v1/me', headers: {} }),
    proves: 'The key is taken.',
    ok: [200, 422],
    refused: [401, 404],
  },
});

const setUp = (more: TestConnectionOptions = {}) => {
  const made = testConnection({ destination: vendor as AnyDestination, ...more });
  const call = (name: string, input?: unknown, options?: CallOptions): Promise<CallResult<unknown>> =>
    made.clock.run(made.connection.call(name, input as never, options));
  return { ...made, call, check: () => made.clock.run(made.connection.check()) };
};

const settings: ScriptedReply = { status: 200, body: { country: 'DE', names: 2, more: true } };
const down: ScriptedReply = { status: 503 };

describe('an operation', () => {
  it('leaves with its parameters encoded, and comes back with the reply', async () => {
    const { call, vendor: seen } = setUp({ script: inTurn(settings) });
    expect(await call('get-settings', { since: '2026-01-01T00:00:00', deep: true })).toEqual({
      kind: 'done',
      reply: { country: 'DE', names: 2, more: true },
      attempts: 1,
    });
    expect(seen.requests[0]).toMatchObject({
      path: '/v1/accounts/a-1/settings?apikey=k+1&since=2026-01-01T00%3A00%3A00&deep=true',
      headers: { authorization: 'Bearer secret-token' },
      text: '',
    });
    expect(seen.requests[0]?.headers).not.toHaveProperty('content-type');
  });

  it('sends its body as JSON and keeps the slash at the end of its path', async () => {
    const { call, vendor: seen } = setUp({ script: inTurn(settings, { status: 200, body: { success: true } }) });
    expect(await call('rename-campaign', { campaign: 'c/1', body: ['x', 'y'] })).toMatchObject({ kind: 'done' });
    expect(seen.requests[1]).toMatchObject({
      path: '/v1/campaigns/c%2F1/?apikey=k+1',
      headers: { 'content-type': 'application/json' },
      text: '["x","y"]',
    });
  });

  it.each([
    ['create-campaign', { body: { name: 'x', nick: 'y' } }, 'body'],
    ['create-campaign', { body: { name: 1 } }, 'body.name'],
    ['create-campaign', {}, 'body'],
    ['create-campaign', { body: { name: 'x' }, since: 'y' }, ''],
    ['create-campaign', { body: { name: 'x', start: 1 } }, 'body.start'],
    ['rename-campaign', { body: [] }, 'campaign'],
  ])('%s with a wrong input is not sent, and says where it is wrong', async (name, input, path) => {
    const { call, vendor: seen } = setUp();
    expect(await call(name, input)).toMatchObject({ kind: 'invalid', issues: [{ path }] });
    expect(seen.requests).toEqual([]);
  });

  it('that cannot be undone is not sent until it is confirmed', async () => {
    const { call, vendor: seen } = setUp({ script: inTurn({ status: 204 }) });
    expect(await call('close-account')).toEqual({ kind: 'unconfirmed', question: 'Close the account for good?' });
    expect(seen.requests).toEqual([]);
    expect(await call('close-account', {}, { confirmed: true })).toEqual({
      kind: 'done',
      reply: undefined,
      attempts: 1,
    });
  });

  it('asks another one first where it says so, and is not sent when that one has something against it', async () => {
    const { call, vendor: seen } = setUp({ script: inTurn(settings) });
    expect(await call('rename-campaign', { campaign: 'c', body: ['a', 'b', 'c'] })).toEqual({
      kind: 'invalid',
      issues: [{ path: 'body', message: 'more names than there are' }],
    });
    expect(seen.requests).toHaveLength(1);
  });

  it('is not sent when the one before it did not come through', async () => {
    const { call, vendor: seen } = setUp({ script: inTurn({ status: 404 }) });
    expect(await call('rename-campaign', { campaign: 'c', body: [] })).toMatchObject({ kind: 'refused' });
    expect(seen.requests).toHaveLength(1);
  });

  it('is tried again when doing it twice is as good as once', async () => {
    const { call } = setUp({ script: inTurn(down, { fault: 'reset' }, settings) });
    expect(await call('get-settings')).toMatchObject({ kind: 'done', attempts: 3 });
  });

  it.each<[string, ScriptedReply]>([
    ['a 500', { status: 500 }],
    ['a reset', { fault: 'reset' }],
    ['a 200 that is not what the vendor documents', { status: 200, body: { odd: 1 } }],
    ['a 200 that is no JSON', { status: 200, body: '<html>' }],
    ['another 2xx', { status: 201, body: { id: 'c-1' } }],
  ])('that must not be done twice is unknown after %s, and never sent again', async (_, answer) => {
    const { call, vendor: seen } = setUp({ script: inTurn(answer, { status: 200, body: { id: 'c-1' } }) });
    expect(await call('create-campaign', { body: { name: 'x' } })).toMatchObject({
      kind: 'unknown',
      reason: { code: 'ambiguous_delivery' },
    });
    expect(seen.requests).toHaveLength(1);
  });

  it.each<[string, ScriptedReply]>([
    ['it never left', { fault: 'refused' }],
    ['it was throttled', { status: 429 }],
  ])('that must not be done twice is tried again when %s', async (_, answer) => {
    const { call } = setUp({ script: inTurn(answer, { status: 200, body: { id: 'c-1' } }) });
    expect(await call('create-campaign', { body: { name: 'x' } })).toMatchObject({ kind: 'done', attempts: 2 });
  });

  it('is deferred when the vendor stays down', async () => {
    const { call, clock } = setUp({ script: () => down });
    const result = await call('get-settings', {}, { withinMs: 5_000 });
    expect(result).toMatchObject({ kind: 'deferred', reason: { code: 'vendor_unavailable', status: 503 } });
    expect(Date.parse((result as { retryAt: string }).retryAt)).toBeGreaterThan(clock.now() - 5_000);
  });

  it('is rejected with what the vendor said, without what was sent', async () => {
    const body = [{ name: 'name', error: 'Summer Sale is taken; apikey k 1' }];
    const { call } = setUp({ script: inTurn({ status: 400, body }) });
    const result = await call('create-campaign', { body: { name: 'Summer Sale' } });
    expect(result).toMatchObject({ kind: 'rejected', reason: { code: 'invalid_value', status: 400 } });
    expect(JSON.stringify(result)).toContain('is taken');
    expect(JSON.stringify(result)).not.toContain('Summer');
  });

  it('is rejected where the vendor says yes and means no', async () => {
    const { call } = setUp({ script: inTurn(settings, { status: 200, body: { success: false } }) });
    expect(await call('rename-campaign', { campaign: 'c', body: [] })).toMatchObject({
      kind: 'rejected',
      reason: { message: 'The vendor says it failed' },
    });
  });

  it('that is refused does not suspend the events of the connection', async () => {
    const { call, connection, deliver, signals } = setUp({ script: inTurn({ status: 401 }) });
    expect(await call('get-settings')).toMatchObject({ kind: 'refused', reason: { code: 'unauthorized' } });
    expect(connection.suspended()).toEqual([]);
    expect(kinds(await deliver([track('e')]))).toEqual(['delivered']);
    expect(signals).toContainEqual({
      kind: 'operation_finished',
      slug: 'acme',
      connection: 'acme',
      operation: 'get-settings',
      result: 'refused',
      code: 'unauthorized',
    });
    expect(signals.map(({ kind }) => kind)).not.toContain('connection_suspended');
  });

  it('still leaves while the events are suspended', async () => {
    const { call, deliver } = setUp({ script: inTurn({ status: 401 }, settings) });
    expect(kinds(await deliver([track('e')]))).toEqual(['suspended']);
    expect(await call('get-settings')).toMatchObject({ kind: 'done' });
  });

  it('whose reply is longer than it reads is an error, never a shortened list', async () => {
    const long = { status: 200, body: { people: Array.from({ length: 300 }, () => 'abc') } };
    const { call, vendor: seen } = setUp({ script: () => long });
    expect(await call('list-people')).toMatchObject({ kind: 'rejected', reason: { code: 'payload_too_large' } });
    expect(seen.requests).toHaveLength(1);
  });

  it('F-31 whose reply is nested without end is an error: no host could print it', async () => {
    const nested = (levels: number): string => `{"country":"DE","more":${'['.repeat(levels)}"[["${']'.repeat(levels)}}`;
    const answer = (levels: number) => inTurn({ status: 200, body: nested(levels) });
    expect(await setUp({ script: answer(999) }).call('get-settings')).toMatchObject({ kind: 'done' });
    expect(await setUp({ script: answer(1_000) }).call('get-settings')).toMatchObject({
      kind: 'rejected',
      reason: { code: 'payload_too_large', message: expect.stringContaining('deeper than 1000 levels') },
    });
    const closed = await setUp({ script: answer(20_000) }).call('close-account', {}, { confirmed: true });
    expect(closed).toMatchObject({ kind: 'unknown', reason: { message: expect.stringContaining('nested deeper') } });
  });

  it('with a parameter that means another place in a URL is not sent', async () => {
    const { call, vendor: seen } = setUp();
    for (const campaign of ['..', '.', 'half \ud800']) {
      const result = await call('rename-campaign', { campaign, body: [] });
      expect(result).toMatchObject({ kind: 'invalid', issues: [{ path: 'campaign' }] });
    }
    expect(seen.requests).toEqual([]);
  });

  it('does not quote a key that looks like a person', async () => {
    const { call } = setUp();
    const result = await call('create-campaign', { body: { name: 'x', 'jane.doe@example.com': true } });
    expect(result).toMatchObject({ kind: 'invalid' });
    expect(JSON.stringify(result)).not.toContain('jane');
  });

  it('of a folder that throws is rejected, told as a defect, and never sent', async () => {
    const check = (): never => {
      throw new Error('no such thing');
    };
    const broken = { ...list, 'create-campaign': { ...list['create-campaign'], check } };
    const { call, vendor: seen, signals } = setUp({ destination: acme({ operations: { base, list: broken } }) });
    expect(await call('create-campaign', { body: { name: 'x' } })).toMatchObject({
      kind: 'rejected',
      reason: { code: 'internal_error' },
    });
    expect(signals).toContainEqual(expect.objectContaining({ kind: 'defect', where: 'operation' }));
    expect(seen.requests).toEqual([]);
  });

  it('and the one before it share one deadline', async () => {
    const { call, clock } = setUp({ script: inTurn(down, down, settings, down, down, down, down) });
    const before = clock.now();
    await call('rename-campaign', { campaign: 'c', body: [] }, { withinMs: 5_000 });
    expect(clock.now() - before).toBeLessThanOrEqual(5_000);
  });

  it('that may have been done though no answer came says so', async () => {
    const { call } = setUp({ script: () => ({ fault: 'reset' }) });
    expect(await call('get-settings', {}, { withinMs: 3_000 })).toMatchObject({
      kind: 'unknown',
      reason: { code: 'ambiguous_delivery' },
    });
  });

  it.each<[string, ScriptedReply]>([
    ['done', { status: 200 }],
    ['rejected', { status: 400 }],
    ['refused', { status: 403 }],
    ['deferred', down],
    ['unknown', { fault: 'reset' }],
  ])('F-83 names what it left out of its input whatever comes of the rest: %s', async (kind, reply) => {
    const { call, vendor: seen } = setUp({ script: (_, position) => (position === 0 ? settings : reply) });
    const result = await call('record-people', { body: ['ann', 'bad'] }, { withinMs: 3_000 });
    expect(result).toMatchObject({ kind, setAside: [{ path: 'body.1', message: 'is no person' }] });
    expect(seen.requests.at(-1)?.body).toEqual(['ann']);
  });

  it('F-83 names what it would leave out beside what the operation before it has against the rest', async () => {
    const { call } = setUp({ script: inTurn(settings) });
    const issues = [
      { path: 'body', message: 'names one who is gone' },
      { path: 'body.0', message: 'is no person' },
    ];
    expect(await call('record-people', { body: ['bad', 'never'] })).toEqual({ kind: 'invalid', issues });
  });

  it('with a name nobody offers throws, and names those there are', async () => {
    const { call } = setUp();
    await expect(call('constructor')).rejects.toThrow('acme has no operation "constructor"; there are: get-settings,');
    await expect(setUp({ destination: acme() }).call('get-settings')).rejects.toThrow(/has no operation/);
  });

  it('comes back deferred on a closed connection, and when it is stopped', async () => {
    const { call, connection, clock } = setUp({ script: () => down });
    const stop = new AbortController();
    void clock.sleep(100).then(() => stop.abort());
    expect(await call('get-settings', {}, { signal: stop.signal })).toMatchObject({ kind: 'deferred' });
    await connection.close();
    expect(await call('get-settings')).toMatchObject({ kind: 'deferred', reason: { code: 'held_back' } });
  });

  it('waits its turn in the pace of the connection', async () => {
    const {
      call,
      clock,
      vendor: seen,
    } = setUp({
      script: () => settings,
      connection: { pace: { rate: { permits: 1, perMs: 10_000, cost: 'request' } } },
    });
    const before = clock.now();
    await call('get-settings');
    expect(seen.requests).toHaveLength(1);
    await call('get-settings');
    expect(clock.now() - before).toBeGreaterThanOrEqual(10_000);
  });

  it('is typed by name on a connection that was opened with the destination itself', async () => {
    const server = createServer((_, response) => response.end('{"country":"DE","names":1}'));
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { operations: _, check: __, ...parts } = acme();
    const destination = defineDestination({ ...parts, operations: { base, list } });
    const runtime = createRuntime({ destinations: [destination], origins: { acme: `http://127.0.0.1:${port}` } });
    const opened = runtime.open(destination, { account: 'a' });
    if (opened.kind !== 'open') throw new Error('it did not open');
    const connection: Connection<typeof list> = opened.connection;
    const result = await connection.call('get-settings', { since: 'x' });
    const country: string | undefined = result.kind === 'done' ? result.reply.country : undefined;
    expect(country).toBe('DE');
    // @ts-expect-error -- a body is asked for
    const { kind } = await connection.call('create-campaign', {});
    expect(kind).toBe('invalid');
    expect(() => runtime.open(acme(), { account: 'a' })).toThrow(/another destination/);
    await runtime.close();
    server.close();
  });

  it('is in the catalogue with the schema of its input', () => {
    const [entry] = setUp().runtime.catalogue();
    expect(entry?.operations.map(({ name }) => name)).toEqual(Object.keys(list));
    expect(entry?.operations[2]).toMatchObject({
      inputSchema: { type: 'object', required: ['campaign', 'body'], additionalProperties: false },
      idempotent: true,
      errors: [],
    });
    expect(entry?.operations[0]?.errors).toEqual([{ status: [404], message: 'No such account' }]);
    expect(entry?.check).toEqual({ kind: 'request', proves: 'The key is taken.' });
  });
});

describe('a credential check', () => {
  it.each<[string, ScriptedReply, string]>([
    ['ok after an answer that only comes to accepted credentials', { status: 422 }, 'ok'],
    ['refused after one that names them', { status: 401 }, 'refused'],
    ['refused where the account is unknown', { status: 404 }, 'refused'],
    ['unreachable after a 429', { status: 429 }, 'unreachable'],
    ['unreachable after a 503', { status: 503 }, 'unreachable'],
    ['unreachable after an answer that proves nothing', { status: 302 }, 'unreachable'],
    ['unreachable without an answer', { fault: 'refused' }, 'unreachable'],
    ['unreachable after a reset', { fault: 'reset' }, 'unreachable'],
  ])('is %s, and asks once', async (_, answer, kind) => {
    const { check, vendor: seen, signals } = setUp({ script: () => answer });
    expect(await check()).toMatchObject({ kind });
    expect(seen.requests.map(({ path }) => path)).toEqual(['/v1/me']);
    expect(signals).toContainEqual({ kind: 'credentials_checked', slug: 'acme', connection: 'acme', result: kind });
  });

  const page = '<!doctype html><title>Login</title>';
  it.each<[ScriptedReply, string]>([
    [{ status: 200, body: page }, 'unreachable'],
    [{ status: 422, body: page }, 'unreachable'],
    [{ status: 404, body: page }, 'unreachable'],
    [{ status: 401, body: page }, 'refused'],
    [{ status: 422, body: '{"error":"x' }, 'unreachable'],
    [{ status: 422, body: { error: 'No event in the list' } }, 'ok'],
    [{ status: 422, body: { error: 'Invalid API key: 123' } }, 'refused'],
    [{ status: 422, body: { errors: [{ message: 'the token is expired' }] } }, 'refused'],
    [{ status: 422, body: { code: 401, error: 'x' } }, 'refused'],
    [{ status: 422, body: { error: { type: 'x', code: 'INVALID_API_KEY' } } }, 'refused'],
    [{ status: 422, body: '"Unauthorised"' }, 'refused'],
    [{ status: 422, body: ['invalidApiKey'] }, 'refused'],
    [{ status: 400, body: { error: 'missing api key' } }, 'refused'],
    [{ status: 400, body: { error: 'no such shop', shop: { name: 'Forbidden' } } }, 'unreachable'],
    [{ status: 503, body: { error: 'Forbidden' } }, 'unreachable'],
    [{ status: 200, body: { message: 'Forbidden' } }, 'refused'],
    [{ status: 200, body: { code: '403' } }, 'refused'],
    [{ status: 200, body: { success: false } }, 'unreachable'],
    [{ status: 200, body: { error: { code: 503 } } }, 'unreachable'],
    [{ status: 200, body: 'null' }, 'unreachable'],
    [{ status: 200, body: { shop: { name: 'Forbidden Fruit' } } }, 'ok'],
  ])('F-12 reads an answer, not a status: %j is %s', async (answer, kind) => {
    const isObjectSuccess = { success: [{ body: isObject }] };
    const destination = { ...vendor, response: { ...vendor.response, ...isObjectSuccess } };
    const { check, signals } = setUp({ destination: destination as AnyDestination, script: () => answer });
    expect((await check()).kind).toBe(kind);
    expect(signals.filter((signal) => signal.kind === 'defect')).toEqual([]);
  });

  it('F-12 a web page in place of the vendor lifts no suspension', async () => {
    const { check, deliver, connection } = setUp({ script: inTurn({ status: 401 }, { status: 200, body: page }) });
    await deliver([track('e')]);
    expect((await check()).kind).toBe('unreachable');
    expect(connection.suspended()).toHaveLength(1);
  });

  it('F-12 what the folder calls a refusal of credentials is one, under any status', async () => {
    const { classifyError } = errorTable<never>({
      rows: [{ status: 400, body: /"oops"/, means: decide('suspend', 'unauthorized', 'The key is off') }],
    });
    const destination = { ...vendor, response: { classifyError } } as AnyDestination;
    const { check } = setUp({ destination, script: () => ({ status: 400, body: { why: 'oops' } }) });
    expect((await check()).kind).toBe('refused');
  });

  it('F-12 the request knows the time', async () => {
    const dated: AnyDestination['check'] = {
      request: (_config, _prepared, { now }) => ({
        method: 'GET',
        url: `https://api.vendor.example/v1/me?at=${now}`,
        headers: {},
      }),
      proves: 'The key is taken.',
      ok: [200],
      refused: [401],
    };
    const { check, clock, vendor: seen } = setUp({ destination: { ...vendor, check: dated } as AnyDestination });
    const now = clock.now();
    expect((await check()).kind).toBe('ok');
    expect(seen.requests[0]?.path).toBe(`/v1/me?at=${now}`);
  });

  it('that says ok ends a suspension of the connection, but not of a scope', async () => {
    const scoped = decide('suspend', 'misconfigured', 'The token is off', { scope: 'token:t' });
    const destination = acme({ ...vendor, response: { classifyError: () => scoped } } as never);
    const { check, deliver, connection } = setUp({ destination, script: inTurn({ status: 418 }, { status: 200 }) });
    await deliver([track('e', { scopes: ['token:t'] })]);
    expect(await check()).toEqual({ kind: 'ok', proves: 'The key is taken.' });
    expect(connection.suspended()).toMatchObject([{ scope: 'token:t' }]);

    const whole = setUp({ script: inTurn({ status: 401 }, { status: 200 }) });
    await whole.deliver([track('e')]);
    expect(whole.connection.suspended()).toHaveLength(1);
    expect(await whole.check()).toMatchObject({ kind: 'ok' });
    expect(whole.connection.suspended()).toEqual([]);
  });

  it('that is refused leaves a suspension as it is, and makes none', async () => {
    const { check, connection } = setUp({ script: () => ({ status: 401 }) });
    expect(await check()).toMatchObject({ kind: 'refused', reason: { code: 'unauthorized', status: 401 } });
    expect(connection.suspended()).toEqual([]);
  });

  it('says why where there is none', async () => {
    expect(await setUp({ destination: acme() }).check()).toMatchObject({ kind: 'unsupported' });
    const none = acme({ check: { none: 'Asking would count an event' } });
    const { check, runtime } = setUp({ destination: none });
    expect(await check()).toEqual({ kind: 'unsupported', message: 'Asking would count an event' });
    expect(runtime.catalogue()[0]?.check).toEqual({ kind: 'unsupported', message: 'Asking would count an event' });
  });
});
