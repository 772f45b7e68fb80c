// Tests core/service/openapi.ts and the schemas of the routes: what a service on a port answers is what it describes.
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { accounts } from '../support/simulators/accounts.ts';
import { testSettings } from '../support/cli/workspace.ts';
import { DescribedAnswers, operationsOf, type Description } from '../support/service/described-answers.ts';
import { letter } from '../support/service/service-under-test.ts';
import { secrets, serveWithSimulators, writeKey, type Served } from '../support/service/served-with-simulators.ts';

interface Ask {
  readonly route: string;
  readonly path?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const ndjson = { 'content-type': 'application/x-ndjson' };
const basic = { authorization: `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}` };
const order = {
  type: 'track',
  event: 'Order Completed',
  messageId: 'o-1',
  context: { device: { advertisingId: 'a' } },
};
const since = new Date(Date.now() - 86_400_000).toISOString();

/** At least one good request for each route. What is in braces stands for `letters` and its first dead letter. */
const asks: readonly Ask[] = [
  {
    route: 'POST /v1/connections/{id}/deliver',
    body: ['Letter Sent', 'Noted', 'Ignored', 'Broken'].map((event, n) => letter(`d-${n}`, event)),
  },
  { route: 'POST /v1/connections/{id}/deliver', body: letter('d-5') },
  {
    route: 'POST /v1/connections/{id}/deliver',
    body: `${JSON.stringify(letter('d-6'))}\n{\n${JSON.stringify(letter('d-7', 'Ignored'))}`,
    headers: ndjson,
  },
  { route: 'POST /v1/connections/{id}/events', body: [letter('e-1'), letter('e-2', 'Broken')] },
  { route: 'POST /v1/events', body: [letter('e-3'), order] },
  { route: 'POST /v1/batch', body: { batch: [letter('b-1')], sentAt: since }, headers: basic },
  ...['track', 'identify', 'page', 'screen', 'group', 'alias'].map((call) => ({
    route: `POST /v1/${call}`,
    body: { event: 'Letter Sent', userId: 'u-1', previousId: 'u-0', groupId: 'g-1', messageId: `t-${call}` },
    headers: basic,
  })),
  {
    route: 'POST /v1/connections/{id}/preview',
    body: { events: ['Letter Sent', 'Noted', 'Certified', 'Ignored', 'Broken'].map((event) => letter('p-1', event)) },
  },
  { route: 'POST /v1/preview', body: { destination: 'mailbox', config: testSettings, event: letter('p-2') } },
  {
    route: 'POST /v1/preview',
    body: {
      destination: 'adjust',
      config: accounts.find(({ slug }) => slug === 'adjust')?.config,
      options: {
        subscribe: 'type = "track" and event = "Order Completed"',
        mapping: { set: { 'properties.currency': { '@path': 'properties.money' }, userId: { '@path': 'traits.id' } } },
      },
      events: [
        { ...order, properties: { money: 'EUR' } },
        { ...order, event: 'Other' },
      ],
    },
  },
  ...[undefined, 'throttled-429-seconds', 'hang'].map((kind) => ({
    route: 'POST /v1/try',
    body: {
      destination: 'adjust',
      config: accounts.find(({ slug }) => slug === 'adjust')?.config,
      events: [order, { ...order, event: 'Other' }],
      within: 1_500,
      ...(kind === undefined ? {} : { fault: { kind, requests: 'all' } }),
    },
  })),
  { route: 'POST /v1/connections/{id}/check' },
  { route: 'POST /v1/connections/{id}/check', path: '/v1/connections/shop-email/check' },
  ...[{ input: { since } }, { input: { since: 'no day' } }].map((body) => ({
    route: 'POST /v1/connections/{id}/operations/{name}',
    path: '/v1/connections/shop-email/operations/list-unsubscribers',
    body,
  })),
  { route: 'GET /v1/destinations' },
  { route: 'GET /v1/destinations/{slug}', path: '/v1/destinations/adroll-email' },
  { route: 'GET /v1/destinations/{slug}/events', path: '/v1/destinations/rokt/events' },
  { route: 'GET /v1/connections' },
  { route: 'GET /v1/connections/{id}' },
  { route: 'GET /v1/connections/{id}/series' },
  { route: 'POST /v1/connections/{id}/resume' },
  { route: 'GET /v1/live' },
  { route: 'GET /v1/connections/{id}/dead' },
  { route: 'GET /v1/connections/{id}/dead', headers: { accept: 'application/x-ndjson' } },
  { route: 'GET /v1/connections/{id}/dead/reasons' },
  { route: 'GET /v1/connections/{id}/dead/counts' },
  { route: 'GET /v1/connections/{id}/dead/{seq}' },
  { route: 'POST /v1/connections/{id}/dead/revive', body: { filter: { reason: 'stale_event' } } },
  { route: 'DELETE /v1/connections/{id}/dead', body: { filter: { reason: 'stale_event' } } },
  { route: 'POST /v1/connections/{id}/replay', body: { from: since, force: true } },
  { route: 'GET /healthz' },
  { route: 'GET /readyz' },
  { route: 'GET /metrics' },
  { route: 'GET /openapi.json' },
];

let served: Served;
let description: Description;
let answers: DescribedAnswers;
let seq: number;

async function ask({ route, path, body, headers }: Ask, more: RequestInit = {}, origin = served.origin) {
  const [method = '', template = ''] = route.split(' ');
  const pathname = path ?? template.replace('{id}', 'letters').replace('{seq}', String(seq)).replace('{name}', 'none');
  return fetch(`${origin}${pathname}`, {
    method,
    headers: {
      authorization: `Bearer ${secrets.all}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...more,
  });
}

beforeAll(async () => {
  served = await serveWithSimulators();
  description = (await (await fetch(`${served.origin}/openapi.json`)).json()) as Description;
  answers = new DescribedAnswers(description);
  await ask({ route: 'POST /v1/connections/{id}/events', body: [letter('dead-1', 'Broken'), letter('alive-1')] });
  const page = await ask({ route: 'GET /v1/connections/{id}/dead' });
  seq = ((await page.json()) as { dead: { seq: number }[] }).dead[0]?.seq ?? Number.NaN;
}, 30_000);
afterAll(() => served.stop());

describe('GET /openapi.json', () => {
  test('is a valid OpenAPI 3.1 document', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone(description) as never);
    expect([valid, errors ?? []]).toEqual([true, []]);
    expect(validator.version).toBe('3.1');
  });

  test('names every schema that it refers to', () => {
    const text = JSON.stringify(description);
    const named = new Set(
      [...text.matchAll(/"#\/components\/(\w+)\/([^"]+)"/g)].map(([, kind, name]) => `${kind} ${name}`),
    );
    const known = Object.entries(description.components).flatMap(([kind, parts]) =>
      Object.keys(parts as object).map((name) => `${kind} ${name}`),
    );
    expect([...named].filter((name) => !known.includes(name))).toEqual([]);
    expect(named.size).toBeGreaterThan(20);
  });

  test('has a summary for each route, who may use it, and what can go wrong', () => {
    const operations = [...operationsOf(description)];
    expect(operations.length).toBeGreaterThan(25);
    for (const [route, { summary, description: text, security, responses }] of operations) {
      expect([route, summary]).toEqual([route, expect.stringMatching(/^[A-Z].{8,}/)]);
      const [scope] = security[0]?.['token'] ?? [];
      const who = scope === undefined ? /Needs (?:no token|the write key)/ : new RegExp(`Needs a token .*\`${scope}\``);
      expect([route, text]).toEqual([route, expect.stringMatching(who)]);
      expect([route, Object.keys(responses)]).toEqual([route, expect.arrayContaining(['400', '500'])]);
    }
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('has examples that are what their schemas say', () => {
    const faults = answers.faultsOfExamples();
    expect(faults.length).toBeGreaterThan(8);
    expect(faults.flat()).toEqual([]);
  });

  test('shows an event and an outcome', () => {
    for (const name of ['Event', 'Outcome', 'Problem'])
      expect(description.components.schemas[name]).toMatchObject({ examples: [expect.any(Object)] });
  });
});

describe('the answers of a service', () => {
  test('are asked for by a good request to every route', () => {
    expect(new Set(asks.map(({ route }) => route))).toEqual(new Set(operationsOf(description).keys()));
  });

  test.each(asks.map((one, index) => [one.route, index] as const))('to %s are as described', async (_, index) => {
    const one = asks[index] as Ask;
    const response = await ask(one);
    expect(await answers.faultsOf(one.route, response)).toEqual([]);
    expect(response.status).toBe(/^POST .*\/events$/.test(one.route) ? 202 : 200);
  });

  const wrongs: readonly (readonly [string, number, RegExp, (one: Ask) => Parameters<typeof ask>])[] = [
    [
      'without a token',
      401,
      /^(?!.*(?:healthz|readyz|openapi))/,
      (one) => [{ ...one, headers: { authorization: '' } }],
    ],
    [
      'from a page of another site',
      403,
      /connections|destinations|live|preview|v1\/events|healthz|readyz|metrics|openapi/,
      (one) => [{ ...one, headers: { ...one.headers, origin: 'https://elsewhere.example' } }],
    ],
    [
      'with an unknown query',
      400,
      /connections|destinations|live|preview|v1\/events|healthz|readyz|metrics|openapi/,
      (one) => [{ ...one, path: `${(one.path ?? one.route.split(' ')[1])?.replace('{id}', 'letters')}?none=1` }],
    ],
    [
      'for a connection that there is not',
      404,
      /\{id\}/,
      (one) => [
        {
          ...one,
          path: one.route
            .split(' ')[1]
            ?.replace('{id}', 'none')
            .replace(/\{\w+\}/, '1') as string,
        },
      ],
    ],
  ];
  describe.each(wrongs)('%s', (_what, status, routes, change) => {
    test.each(asks.filter(({ route }) => routes.test(route)).map((one, index) => [one.route, index, one] as const))(
      'to %s are described problems',
      async (route, _index, one) => {
        const response = await ask(...change(one));
        expect(response.headers.get('content-type')).toBe('application/problem+json');
        expect(await answers.faultsOf(route, response)).toEqual([]);
        expect(response.status).toBe(status);
      },
    );
  });

  test.each(asks.filter(({ body }) => typeof body === 'object').map((one) => [one.route, one] as const))(
    'to a body for %s that is too large, or of another media type, are described problems',
    async (route, one) => {
      const large = await ask(one, { body: JSON.stringify({ ...letter('x'), text: 'x'.repeat(5_000_000) }) });
      expect(await answers.faultsOf(route, large)).toEqual([]);
      expect(large.status).toBe(413);
      const csv = await ask({
        ...one,
        headers: { ...one.headers, 'content-type': 'text/csv', 'content-encoding': 'x' },
      });
      expect(await answers.faultsOf(route, csv)).toEqual([]);
      expect(csv.status).toBe(415);
    },
  );

  test('to a token without the scope are described problems', async () => {
    const headers = { authorization: `Bearer ${secrets.deliver}` };
    const response = await ask({ route: 'GET /v1/connections', headers });
    expect(await answers.faultsOf('GET /v1/connections', response)).toEqual([]);
    expect(response.status).toBe(403);
  });

  test('that need a store are described problems without one', async () => {
    const without = await serveWithSimulators({ withStore: false });
    const routes = asks.filter(({ route }) => /^POST .*events|dead|replay/.test(route));
    for (const one of routes) {
      const response = await ask(one, {}, without.origin);
      expect(await answers.faultsOf(one.route, response)).toEqual([]);
      expect([one.route, response.status]).toEqual([one.route, 409]);
    }
    await without.stop();
  }, 30_000);

  test('of a service that ends are described, too', async () => {
    const ending = await serveWithSimulators({ withStore: false });
    ending.service.drain();
    const response = await fetch(`${ending.origin}/readyz`);
    expect(await answers.faultsOf('GET /readyz', response)).toEqual([]);
    expect(response.status).toBe(503);
    await ending.stop();
  }, 30_000);
});

describe('the comparison with the description', () => {
  test.each([
    ['a member that is not described', { alive: true, since: 1 }, 200],
    ['a member that is missing', {}, 200],
    ['a status that is not described', { alive: true }, 201],
  ])('finds %s', async (_, body, status) => {
    expect(await answers.faultsOf('GET /healthz', Response.json(body, { status }))).toHaveLength(1);
  });
});
