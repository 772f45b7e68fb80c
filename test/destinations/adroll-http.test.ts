import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import adroll from '../../destinations/adroll/index.ts';
import type { CdpEvent, HttpResponse } from '../../core/api/index.ts';
import { createRuntime, type ConnectionOptions } from '../../core/index.ts';
import { eventOf, folderUnderTest, type TestAnswer } from '../../core/testing/index.ts';
import { canonicalEvents } from '../../core/testing/kit/events.ts';
import { openKitConnection } from '../../core/testing/kit/kit-connection.ts';
import { loadContractFolder } from '../../core/testing/kit/load-contract-folder.ts';
import { always } from '../../core/testing/kit/vendor-double.ts';

const settings = {
  advertisableEid: 'ADV0EXAMPLE0000000000A',
  pixelEid: 'PIX0EXAMPLE0000000000B',
  serverAccessToken: 'sat-secret-1',
};
const problems = (config: Record<string, unknown>) => [
  ...new Set(adroll.config.safeParse(config).error?.issues.map(({ path }) => path.join('.'))),
];

function requestOf(extra: Record<string, unknown> = {}) {
  const config = adroll.config.parse({ ...settings, ...extra });
  if (adroll.request === undefined || adroll.prepare === undefined) throw new Error('AdRoll has no request');
  return adroll.request(config, adroll.prepare(config));
}

const folder = folderUnderTest(adroll, settings);
const answer = (status: number, body = '', more: Partial<HttpResponse> = {}) => ({ status, body, ...more });
const orders = (size: number) =>
  Array.from({ length: size }, (_, index) => eventOf('order-completed-web', { messageId: `m-${index}` }));
const read = (response: TestAnswer, size = 1, extra: Record<string, unknown> = {}) =>
  folder.with(extra).decisions(response, orders(size));
const classify = (failure: TestAnswer, size = 2) => folder.decision(failure, orders(size));
const refuse = (status: number, body?: string, more?: Partial<HttpResponse>) => classify(answer(status, body, more));

describe('settings', () => {
  it('ADROLL-02 ADROLL-07 ADROLL-16 ADROLL-19 will not open without the two EIDs and the token', () => {
    expect(problems({})).toEqual(['advertisableEid', 'pixelEid', 'serverAccessToken']);
    expect(problems({ advertisableEid: ' ', pixelEid: '', serverAccessToken: '' })).toEqual([
      'advertisableEid',
      'pixelEid',
      'serverAccessToken',
    ]);
  });

  it('ADROLL-17 takes EIDs of other shapes than the usual one', () => {
    expect(problems({ ...settings, advertisableEid: 'short', pixelEid: 'lower-case' })).toEqual([]);
  });

  it.each([['a b'], ['Token sat'], ['sat\n'], [' sat'], ['sat\u00e9']])(
    'ADROLL-06 ADROLL-07 refuses the token %j',
    (serverAccessToken) => {
      expect(problems({ ...settings, serverAccessToken })).toContain('serverAccessToken');
    },
  );

  it('ADROLL-07 ADROLL-08 marks the token as secret, and says what it is not', () => {
    const shape = adroll.config as unknown as { shape: { serverAccessToken: { meta(): Record<string, unknown> } } };
    expect(shape.shape.serverAccessToken.meta()).toMatchObject({
      secret: true,
      description: expect.stringContaining('not the Personal Access Token'),
    });
  });

  it.each([
    ['appBaseUrl', 'app.example.com'],
    ['appBaseUrl', 'https://app.example.com/#x'],
    ['defaultCurrency', 'dollars'],
    ['identifierPolicy', 'none'],
    ['sendEmail', true],
    ['eventNames', { A: 'productView' }],
    ['token', 'x'],
  ])('refuses the setting %s = %j', (name, value) => {
    expect(adroll.config.safeParse({ ...settings, [name]: value }).success).toBe(false);
  });

  it('has the documented defaults', () => {
    expect(adroll.config.parse(settings)).toEqual({
      ...settings,
      dryRun: false,
      generateCookie: false,
      gzip: true,
      identifierPolicy: 'first_party_cookie',
      eventNames: {},
      pageNames: {},
      unmappedEvents: 'skip',
      sendPages: false,
      homePageNames: ['Home'],
      sendEmail: 'hashed',
      externalData: [],
      strict: false,
    });
  });
});

describe('requests', () => {
  it('ADROLL-01 ADROLL-02 ADROLL-06 ADROLL-10 post JSON to the one endpoint with the token in the header alone', () => {
    expect(requestOf()).toStrictEqual({
      method: 'POST',
      url: 'https://srv.adroll.com/api?advertisable=ADV0EXAMPLE0000000000A',
      headers: { authorization: 'Token sat-secret-1', 'content-type': 'application/json' },
      compress: 'gzip',
    });
  });

  it('ADROLL-08 ALL-01 ALL-02 can reach one host, by https, and never name the token in the URL', () => {
    expect(adroll.manifest.hosts).toEqual(['srv.adroll.com']);
    expect(requestOf().url).toMatch(/^https:\/\/srv\.adroll\.com\//);
    expect(requestOf().url).not.toContain('sat-secret-1');
  });

  it('ADROLL-02 escapes the EID', () => {
    expect(requestOf({ advertisableEid: 'a&dry_run=true#?' }).url).toBe(
      'https://srv.adroll.com/api?advertisable=a%26dry_run%3Dtrue%23%3F',
    );
  });

  it('ADROLL-03 says dry_run=true or nothing', () => {
    expect(requestOf({ dryRun: true }).url).toBe(
      'https://srv.adroll.com/api?advertisable=ADV0EXAMPLE0000000000A&dry_run=true',
    );
    expect(requestOf({ dryRun: false }).url).not.toContain('dry_run');
  });

  it('ADROLL-05 compresses only when told to', () => {
    expect(adroll.manifest.compression).toBe('gzip');
    expect(requestOf({ gzip: false })).not.toHaveProperty('compress');
  });

  it('ADROLL-09 ADROLL-12 ADROLL-13 frame at most 100 events and 1,000,000 bytes as one array', () => {
    expect(adroll.frame?.(adroll.config.parse(settings))).toEqual({ open: '[', separator: ',', close: ']' });
    expect(adroll.manifest.limits).toMatchObject({ maxItems: 100, maxBytes: 1_000_000 });
  });

  const signUps = (count: number, about = ''): CdpEvent[] =>
    Array.from({ length: count }, (_, id) => {
      const base = canonicalEvents['trial-started'];
      return { ...base, messageId: `m-${id}`, properties: { plan: about } } as CdpEvent;
    });
  const probe = async (changes: Record<string, unknown>, options?: ConnectionOptions) =>
    openKitConnection(await loadContractFolder('destinations/adroll'), always({ status: 200 }), {
      config: { ...settings, ...changes },
      options,
    });

  it('ADROLL-11 ADROLL-12 carry 100 events at most, whoever asks for more', async () => {
    const opened = await probe({});
    expect((await opened.deliver(signUps(250))).every(({ kind }) => kind === 'delivered')).toBe(true);
    const sizes = opened.vendor.requests.map(({ body }) => (body as readonly unknown[]).length);
    expect(sizes.toSorted((a, b) => b - a)).toEqual([100, 100, 50]);
    await opened.close();
    await expect(probe({}, { limits: { maxItems: 101 } })).rejects.toThrow('options.limits.maxItems');
  });

  it('ADROLL-13 carry 1,000,000 bytes at most, and no event that is larger by itself', async () => {
    const opened = await probe({ externalData: ['plan'] });
    const large = signUps(5, 'é'.repeat(150_000));
    const tooLarge = signUps(1, 'é'.repeat(500_000));
    const outcomes = await opened.deliver([...large, ...tooLarge]);
    expect(outcomes.map(({ kind }) => kind)).toEqual([...Array(5).fill('delivered'), 'rejected']);
    expect(opened.vendor.requests).toHaveLength(2);
    for (const { text } of opened.vendor.requests) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1_000_000);
    await opened.close();
  });

  it.each([true, false])('ADROLL-05 ADROLL-10 say their own length in bytes, with gzip %j', async (gzip) => {
    const heard: { headers: IncomingHttpHeaders; bytes: Buffer }[] = [];
    const server = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        heard.push({ headers: incoming.headers, bytes: Buffer.concat(chunks) });
        response.writeHead(200).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const runtime = createRuntime({ destinations: [adroll], origins: { adroll: origin } });
    try {
      const opened = runtime.open('adroll', { ...settings, gzip, externalData: ['plan'] });
      if (opened.kind !== 'open') throw new Error('the settings are refused');
      const [outcome] = await opened.connection.deliver(signUps(1, 'Überfluß'.repeat(500)));
      expect(outcome?.kind).toBe('delivered');
      const [{ headers, bytes } = { headers: {}, bytes: Buffer.alloc(0) }] = heard;
      expect(headers['content-encoding']).toBe(gzip ? 'gzip' : undefined);
      expect(headers['content-length']).toBe(String(bytes.length));
      expect((gzip ? gunzipSync(bytes) : bytes).toString()).toContain('ÜberflußÜberfluß');
    } finally {
      await runtime.close();
      server.close();
    }
  });

  it('ALL-03 are the same for the same batch', () => {
    expect(requestOf()).toEqual(requestOf());
  });
});

describe('answers', () => {
  it.each([
    [''],
    ['  \n'],
    ['{}'],
    ['{"status":"ok"}'],
    ['{"error":null}'],
    ['{"error":"","errors":[]}'],
    ['{"errors":{}}'],
    ['{"error":false}'],
  ])('ADROLL-14 ADROLL-68 takes 200 with %j as a yes to every event', (body) => {
    const yes = [{ kind: 'accept' }, { kind: 'accept' }, { kind: 'accept' }];
    expect(read(answer(200, body), 3)).toEqual(yes);
    expect(read(answer(204, body), 3)).toEqual(yes);
  });

  it.each([
    ['{"error":"no"}'],
    ['{"errors":["no"]}'],
    ['{"errors":{"a":1}}'],
    ['{"error":{"code":1}}'],
    ['{"error":true}'],
    ['[{"ok":1},{"error":"no"}]'],
  ])('ADROLL-68 takes 200 with %s as a 400', (body) => {
    const reason = { code: 'vendor_rejected', status: 200 };
    expect(read(answer(200, body), 1)).toMatchObject([{ kind: 'reject', reason }]);
    expect(read(answer(200, body), 2)).toMatchObject([
      { kind: 'split', reason },
      { kind: 'split', reason },
    ]);
    expect(read(answer(200, body), 2, { dryRun: true })?.[0]?.kind).toBe('split');
  });

  it.each([
    ['200 with HTML', answer(200, '<html>')],
    ['200 with half of its JSON', answer(200, '{"status":"o')],
    ['200 with a body that was cut', answer(200, '{}', { cut: true })],
    ['200 with nothing left of its body', answer(200, '', { cut: true })],
    ['201', answer(201, '{}')],
    ['202', answer(202, '{}')],
    ['200 with an empty list', answer(200, '[]')],
    ['200 with true', answer(200, 'true')],
    ['200 with a text', answer(200, '"OK"')],
    ['200 with null', answer(200, 'null')],
    ['200 with a list without end', answer(200, `${'['.repeat(30_000)}${']'.repeat(30_000)}`)],
  ])('F-07 ADROLL-67 ADROLL-68 does not take %s as a word, nor as one to repeat', (_what, response) => {
    expect(read(response, 2)).toMatchObject([
      { kind: 'ambiguous', reason: { code: 'ambiguous_delivery' }, resend: false },
      { kind: 'ambiguous', reason: { code: 'ambiguous_delivery' }, resend: false },
    ]);
  });

  it('ADROLL-04 calls what a dry run accepted validated, not delivered', () => {
    expect(read(answer(200, '{}'), 2, { dryRun: true })).toMatchObject([
      { kind: 'skip', reason: { code: 'validated_only' } },
      { kind: 'skip', reason: { code: 'validated_only' } },
    ]);
    expect(read(answer(200, '{}'), 1, { advertisableEid: 'x&dry_run=true' })).toEqual([{ kind: 'accept' }]);
  });

  it.each([
    ['ADROLL-69 ADROLL-70', 400, 'split', 'vendor_rejected'],
    ['ADROLL-69 ADROLL-70', 422, 'split', 'vendor_rejected'],
    ['ADROLL-71', 401, 'suspend', 'unauthorized'],
    ['ADROLL-71', 403, 'suspend', 'unauthorized'],
    ['ADROLL-72', 404, 'suspend', 'misconfigured'],
    ['ADROLL-72', 405, 'suspend', 'misconfigured'],
    ['ADROLL-72', 415, 'suspend', 'misconfigured'],
    ['ADROLL-72 ALL-02', 302, 'suspend', 'misconfigured'],
    ['ADROLL-72 ALL-02', 308, 'suspend', 'misconfigured'],
    ['ADROLL-73', 408, 'retry', 'vendor_unavailable'],
    ['ADROLL-73', 429, 'retry', 'rate_limited'],
    ['ADROLL-74', 413, 'split', 'payload_too_large'],
    ['ADROLL-75', 500, 'retry', 'vendor_unavailable'],
    ['F-08 ADROLL-75', 502, 'ambiguous', 'ambiguous_delivery'],
    ['F-82 ADROLL-75', 501, 'retry', 'vendor_unavailable'],
    ['ADROLL-75', 503, 'retry', 'vendor_unavailable'],
    ['F-23 ADROLL-76', 402, 'suspend', 'misconfigured'],
    ['ADROLL-76', 410, 'split', 'vendor_rejected'],
  ])('%s: AdRoll answers %i, the decision is %s (%s)', (_id, status, kind, code) => {
    expect(refuse(status)).toMatchObject({ kind, reason: { code, status } });
  });

  it.each([
    ['30', 30_000],
    ['Thu, 15 Jan 2026 12:00:20 GMT', 20_000],
    ['soon', undefined],
  ])('ADROLL-73 ALL-05 reads Retry-After: %s', (header, afterMs) => {
    const decision = refuse(429, '', { headers: { 'retry-after': header } });
    expect(decision.kind === 'retry' && decision.afterMs).toBe(afterMs);
  });

  it('ADROLL-75 tries again what never left, and calls a silence ambiguous', () => {
    expect(classify({ kind: 'network', code: 'ENOTFOUND', received: 'no' }).kind).toBe('retry');
    expect(classify({ kind: 'network', code: 'ECONNRESET', received: 'maybe' }).kind).toBe('ambiguous');
    expect(classify({ kind: 'timeout', afterMs: 10_000 }).kind).toBe('ambiguous');
  });

  it('ADROLL-69 ALL-01 repeats nothing of the answer in a reason of its own', () => {
    const body = '{"error":"sat-secret-1 jane.doe@example.com"}';
    const said = JSON.stringify([refuse(400, body), refuse(401, body), read(answer(200, body))]);
    expect(said).not.toMatch(/sat-secret-1|jane\.doe/);
  });

  it('ALL-04 has one decision for every event', () => {
    for (const size of [1, 2, 100]) expect(read(answer(200, '{}'), size)).toHaveLength(size);
  });
});
