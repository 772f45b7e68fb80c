import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { createRuntime, type CdpEvent } from '../../core/index.ts';
import rokt from '../../destinations/rokt/index.ts';
import { canonicalEvents } from '../../core/testing/kit/events.ts';
import { openKitConnection, type KitScript } from '../../core/testing/kit/kit-connection.ts';
import { loadContractFolder } from '../../core/testing/kit/load-contract-folder.ts';
import { always } from '../../core/testing/kit/vendor-double.ts';

const settings = { pod: 'us1', apiKey: 'example-api-key', apiSecret: 'example-api-secret', environment: 'production' };
const parse = (changes: Record<string, unknown> = {}) => rokt.config.parse({ ...settings, ...changes });

/** The paths of what is wrong with some settings. */
function wrong(changes: Record<string, unknown>): readonly string[] {
  const result = rokt.config.safeParse({ ...settings, ...changes });
  return result.success ? [] : result.error.issues.map(({ path }) => path.join('.'));
}

function requestFor(changes: Record<string, unknown> = {}) {
  const config = parse(changes);
  const prepared = rokt.prepare?.(config);
  if (prepared === undefined || rokt.request === undefined) throw new Error('prepare() or request() is missing');
  return rokt.request(config, prepared);
}

const order = (id: number, properties: Record<string, unknown> = {}): CdpEvent => {
  const base = canonicalEvents['order-completed-web'];
  return {
    ...base,
    messageId: `m-${id}`,
    properties: { ...base.properties, order_id: `o-${id}`, ...properties },
  } as CdpEvent;
};
const orders = (count: number, properties?: Record<string, unknown>) =>
  Array.from({ length: count }, (_, id) => order(id, properties));

const probe = async (script: KitScript, changes: Record<string, unknown> = {}) =>
  openKitConnection(await loadContractFolder('destinations/rokt'), script, { config: { ...settings, ...changes } });

describe('settings', () => {
  it('ROKT-02 the pod is one of four and has no default', () => {
    for (const pod of ['us1', 'us2', 'eu1', 'au1', 'US1', ' AU1 ']) expect(wrong({ pod })).toEqual([]);
    for (const pod of [undefined, 'us3', '', 'us1.example.com/']) expect(wrong({ pod })).toEqual(['pod']);
  });

  it('ROKT-06 key and secret are both required, and the key holds no colon', () => {
    for (const apiKey of [undefined, '', ' ', 'a:b', 'a\nb']) expect(wrong({ apiKey })).toContain('apiKey');
    for (const apiSecret of [undefined, '', '\t']) expect(wrong({ apiSecret })).toContain('apiSecret');
    expect(wrong({ apiSecret: 'with:colon' })).toEqual([]);
  });

  it('ROKT-12 the environment is one of two and required', () => {
    for (const environment of [undefined, 'test', 'Production'])
      expect(wrong({ environment })).toEqual(['environment']);
  });

  it('F-74 F-79 ROKT-16 ROKT-24 ROKT-39 what is left out gets the documented default, and a misspelt setting is refused', () => {
    expect(parse()).toMatchObject({
      identity: 'both',
      conversions: ['Order Completed'],
      bulk: false,
      clickId: false,
      advertisingIds: false,
      customAttributes: [],
    });
    expect(parse().customEventType).toBeUndefined();
    for (const conversions of [[], {}, [' '], 'Order Completed']) expect(wrong({ conversions })).not.toEqual([]);
    expect(wrong({ conversions: { 'Signed Up': '' } })).not.toEqual([]);
    expect(wrong({ customEventType: 'purchase' })).toEqual(['customEventType']);
    expect(rokt.config.safeParse({ ...settings, apikey: 'x' }).success).toBe(false);
  });
});

describe('the request', () => {
  it.each(['us1', 'us2', 'eu1', 'au1'])('F-74 ROKT-01 ROKT-03 ROKT-05 pod %s has its own address, by POST', (pod) => {
    expect(requestFor({ pod })).toMatchObject({
      method: 'POST',
      url: `https://s2s.${pod}.mparticle.com/v2/events`,
    });
    expect(requestFor({ pod, bulk: true }).url).toBe(`https://s2s.${pod}.mparticle.com/v2/bulkevents`);
  });

  it('ROKT-04 ROKT-05 the four pods are the only hosts, and the one without a pod is none of them', () => {
    expect(rokt.manifest.hosts).toEqual(['us1', 'us2', 'eu1', 'au1'].map((pod) => `s2s.${pod}.mparticle.com`));
  });

  it('ROKT-07 ROKT-08 ROKT-09 key and secret leave as Basic credentials, beside both JSON headers', () => {
    expect(requestFor().headers).toEqual({
      'content-type': 'application/json',
      accept: 'application/json',
      authorization: 'Basic ZXhhbXBsZS1hcGkta2V5OmV4YW1wbGUtYXBpLXNlY3JldA==',
    });
    const odd = requestFor({ apiKey: 'clé', apiSecret: '\u{1f511}:?>'.repeat(20) }).headers['authorization'] ?? '';
    expect(Buffer.from(odd.replace('Basic ', ''), 'base64').toString('utf8')).toBe(`clé:${'\u{1f511}:?>'.repeat(20)}`);
    expect(odd).not.toMatch(/[\s_-].*\s/);
  });

  it('ROKT-10 Content-Length is the bytes of the body, not its characters', async () => {
    const heard: { length: string | undefined; chunked: string | undefined; bytes: number }[] = [];
    const server = createServer((request: IncomingMessage, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { 'content-length': length, 'transfer-encoding': chunked } = request.headers;
        heard.push({ length, chunked, bytes: Buffer.concat(chunks).length });
        response.writeHead(202).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const runtime = createRuntime({ destinations: [rokt], origins: { rokt: origin } });
    try {
      const opened = runtime.open('rokt', settings);
      if (opened.kind !== 'open') throw new Error('the settings are refused');
      const [outcome] = await opened.connection.deliver([order(1, { payment_method: 'Überweisung \u{1f4b6}' })]);
      expect(outcome?.kind).toBe('delivered');
      expect(heard).toEqual([{ length: String(heard[0]?.bytes), chunked: undefined, bytes: expect.any(Number) }]);
    } finally {
      await runtime.close();
      server.close();
    }
  });
});

describe('batches and pace', () => {
  it('ROKT-44 ROKT-51 a bulk request stays below 100 batches, so that three of them fill a second evenly', async () => {
    const { vendor, connection } = await probe(always({ status: 202 }), { bulk: true });
    const outcomes = await connection.deliver(orders(250));
    expect(outcomes.every(({ kind }) => kind === 'delivered')).toBe(true);
    expect(vendor.requests.map(({ body }) => (body as unknown[]).length).toSorted((a, b) => b - a)).toEqual([
      90, 90, 70,
    ]);
    await connection.close();
  });

  it('F-74 ROKT-51 by default every batch leaves alone', async () => {
    const { vendor, connection } = await probe(always({ status: 202 }));
    await connection.deliver(orders(3));
    expect(vendor.requests).toHaveLength(3);
    await connection.close();
  });

  const wide = Array.from({ length: 64 }, (_, index) => `p${index}`);
  const filled = (text: string) => Object.fromEntries(wide.map((name) => [name, text]));

  it('ROKT-43 a request stays within 256,000 bytes, counted in UTF-8', async () => {
    const { vendor, connection } = await probe(always({ status: 202 }), {
      bulk: true,
      customAttributes: wide.slice(0, 20),
    });
    await connection.deliver(orders(4, filled('é'.repeat(2048))));
    expect(vendor.requests.length).toBeGreaterThan(1);
    for (const { text } of vendor.requests) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(256_000);
    await connection.close();
  });

  it('ROKT-43 a conversion that is too large by itself is rejected unsent', async () => {
    const { vendor, connection } = await probe(always({ status: 202 }), { customAttributes: wide });
    const [outcome] = await connection.deliver(orders(1, filled('x'.repeat(4096))));
    expect(outcome).toMatchObject({ kind: 'rejected', reason: { code: 'payload_too_large' } });
    expect(vendor.requests).toEqual([]);
    await connection.close();
  });

  it.each([true, false])(
    'ROKT-44 batches are counted, not requests: 1,000 take three seconds with bulk %p',
    async (bulk) => {
      expect(rokt.manifest.pace.rate).toEqual({ permits: 270, perMs: 1030, cost: 'item', burst: 6 });
      const opened = await probe(always({ status: 202 }), { bulk });
      const outcomes = await opened.deliver(orders(1000));
      expect(outcomes.every(({ kind }) => kind === 'delivered')).toBe(true);
      expect(opened.waitedMs()).toBeGreaterThanOrEqual(3000);
      await opened.close();
    },
  );

  it.each([
    [true, 90],
    [false, 6],
  ])(
    'F-78 ROKT-44 no second has more than 270 batches, though some be 30 ms late, and few leave at once, with bulk %p',
    async (bulk, mostAtOnce) => {
      const left: { readonly at: number; readonly batches: number }[] = [];
      const opened = await probe(
        ({ body }) => {
          left.push({ at: opened.waitedMs(), batches: Array.isArray(body) ? body.length : 1 });
          return { status: 202 };
        },
        { bulk },
      );
      await opened.deliver(orders(1000));
      await opened.close();
      const within = (from: number, ms: number) =>
        left.filter(({ at }) => at >= from && at < from + ms).reduce((sum, { batches }) => sum + batches, 0);
      expect(Math.max(...left.map(({ at }) => within(at, 1_030)))).toBeLessThanOrEqual(270);
      expect(Math.max(...left.map(({ at }) => within(at, 1)))).toBe(mostAtOnce);
    },
  );

  it('ROKT-44 connections with the same credentials share the pace, and the shared name gives none away', () => {
    const key = (changes?: Record<string, unknown>) => rokt.paceKey?.(parse(changes)) ?? '';
    expect(key({ environment: 'development' })).toBe(key());
    expect(key({ apiKey: 'another-key' })).not.toBe(key());
    expect(key({ pod: 'eu1' })).not.toBe(key());
    expect(key()).toMatch(/^[0-9a-f]{16}$/);
  });

  it('ALL-01 a preview masks key and secret', async () => {
    const { connection } = await probe(always({ status: 202 }));
    const preview = await connection.preview(order(1));
    expect(preview.kind).toBe('request');
    const text = JSON.stringify(preview);
    for (const secret of ['example-api-key', 'example-api-secret', 'ZXhhbXBsZS1hcGkta2V5'])
      expect(text).not.toContain(secret);
    await connection.close();
  });
});
