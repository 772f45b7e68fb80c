// Tests core/service/access.ts and core/service/origin-guard.ts, by themselves and through a service.
import { afterEach, describe, expect, test } from '@jest/globals';
import { readTokens } from '../../core/service/index.ts';
import { startService, type UnderTest } from '../support/service/service-under-test.ts';

describe('A token file', () => {
  test('has a name, scopes and a token on each line', () => {
    const { tokens, faults } = readTokens(
      '# who may what\n\ngateway deliver 0123456789abcdef\noncall read events operate fedcba9876543210\r\n',
    );
    expect(faults).toEqual([]);
    expect(tokens.map(({ name, scopes }) => [name, ...scopes])).toEqual([
      ['gateway', 'deliver'],
      ['oncall', 'read', 'events', 'operate'],
    ]);
  });

  test('names a line that is wrong by its number alone', () => {
    const { faults } = readTokens('gateway 0123456789abcdef\ngateway admin 0123456789abcdef\ngateway read short');
    expect(faults.map(({ line }) => line)).toEqual([1, 2, 3]);
    expect(JSON.stringify(faults)).not.toMatch(/gateway|admin\b|0123|short/);
  });
});

test('A token file has each token once, as only one of two lines could hold', () => {
  const { tokens, faults } = readTokens('gateway deliver 0123456789abcdef\noncall operate 0123456789abcdef');
  expect(faults).toEqual([{ line: 2, message: 'another line has the same token' }]);
  expect(tokens).toHaveLength(1);
});

const { tokens } = readTokens(
  'gateway deliver 0123456789abcdef\ngateway deliver 1123456789abcdef\nviewer read fedcba9876543210',
);

describe('A service with a token file', () => {
  let under: UnderTest;
  afterEach(() => under.stop());

  test.each([
    ['no token', {}, 401],
    ['a wrong token', { authorization: 'Bearer 9999999999999999' }, 401],
    ['Basic instead of Bearer', { authorization: 'Basic MDEyMzQ1Njc4OWFiY2RlZjo=' }, 401],
    ['a token without the scope', { authorization: 'Bearer 0123456789abcdef' }, 403],
    ['a token with the scope', { authorization: 'Bearer fedcba9876543210' }, 200],
  ])('answers %s', async (_, headers, status) => {
    under = await startService({ tokens });
    const response = await under.ask('GET', '/v1/connections', undefined, headers);
    expect(response.status).toBe(status);
    expect(response.headers.has('www-authenticate')).toBe(status === 401);
  });

  test('takes either of two tokens while one replaces the other', async () => {
    under = await startService({ tokens });
    for (const token of ['0123456789abcdef', '1123456789abcdef'])
      expect(
        (await under.ask('POST', '/v1/connections/shop/deliver', [], { authorization: `Bearer ${token}` })).status,
      ).toBe(200);
  });

  test('answers /healthz and /readyz to everybody, /metrics only where that is said', async () => {
    under = await startService({ tokens });
    for (const path of ['/healthz', '/readyz', '/openapi.json'])
      expect((await under.ask('GET', path)).status).toBe(200);
    expect((await under.ask('GET', '/metrics')).status).toBe(401);
    await under.stop();
    under = await startService({
      tokens,
      openMetrics: true,
      metrics: { text: () => Promise.resolve('up 1\n'), contentType: 'text/plain' },
    });
    expect(await (await under.ask('GET', '/metrics')).text()).toBe('up 1\n');
  });
});

describe('A page of another site', () => {
  let under: UnderTest;
  afterEach(() => under.stop());

  test.each([
    ['names another origin', { origin: 'https://evil.example' }, 403],
    ['has no origin that can be read', { origin: 'null' }, 403],
    ['says that it is cross-site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['comes under a name that leads here', { host: 'evil.example:9090' }, 403],
    ['is our own', { origin: 'http://localhost:9090', host: 'localhost:9090' }, 200],
    [
      'is our own, behind a proxy that writes the port of https into Host',
      { origin: 'https://events.example', host: 'events.example:443' },
      200,
    ],
    [
      'is our own, behind a proxy that writes another name into Host',
      { origin: 'https://events.example', host: '127.0.0.1:9090' },
      200,
    ],
    ['has another port of a public name', { origin: 'https://events.example:8443', host: '127.0.0.1:9090' }, 403],
    ['has another scheme at that port', { origin: 'http://events.example:443', host: 'events.example' }, 403],
    ['comes by an address', { host: '10.1.2.3:9090' }, 200],
    ['comes by a public name', { host: 'events.example' }, 200],
  ])('that %s is answered', async (_, headers, status) => {
    under = await startService({ publicHosts: ['events.example'] });
    expect((await under.ask('GET', '/v1/connections', undefined, headers)).status).toBe(status);
  });

  test('gets no CORS header from a route that is not a tracking one', async () => {
    under = await startService();
    const { headers } = await under.ask('OPTIONS', '/v1/connections', undefined, { origin: 'https://evil.example' });
    expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });
});
