// Tests core/service/routes/events.ts and core/service/keep-events.ts with a store on disk.
import { afterEach, describe, expect, test } from '@jest/globals';
import { asNdjson, letter, mailbox, startService, type UnderTest } from '../support/service/service-under-test.ts';

let under: UnderTest;
afterEach(() => under.stop());

const ndjson = { 'content-type': 'application/x-ndjson' };
const settled = async (count: number): Promise<void> => {
  while (under.vendor.received.length < count) await new Promise((resolve) => setTimeout(resolve, 10));
};

describe('POST /v1/connections/{id}/events', () => {
  test('answers 202 once all are on disk, keeps a messageId once, and delivers them', async () => {
    under = await startService({ withStore: true });
    const events = [letter('m-1'), letter('m-2', 'Ignored'), letter('m-1'), letter('m-3')];
    const response = await under.ask('POST', '/v1/connections/shop/events', events);
    expect([response.status, await response.json()]).toEqual([202, { accepted: 3, duplicates: 1, settled: 1 }]);
    const again = await under.ask('POST', '/v1/connections/shop/events', asNdjson(events), ndjson);
    expect(await again.json()).toEqual({ accepted: 0, duplicates: 4, settled: 0 });
    await settled(2);
    expect(under.vendor.received.map(({ id }) => id).sort()).toEqual(['m-1', 'm-3']);
  });

  test('keeps none where one line cannot be read, and names the lines', async () => {
    under = await startService({ withStore: true });
    const body = `${JSON.stringify(letter('m-1'))}\nnot json\n7\n`;
    const response = await under.ask('POST', '/v1/connections/shop/events', body, ndjson);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      errors: [
        { path: 'line 2', message: 'is not JSON' },
        { path: 'line 3', message: 'must be an event: an object' },
      ],
    });
    expect((await under.store?.status())?.connections[0]).toMatchObject({ waiting: 0, done: 0, dead: 0 });
  });

  test.each(['/v1/connections/shop/events', '/v1/events'])(
    'names an event that is nested too deeply to be kept, on %s, which is no defect',
    async (path) => {
      under = await startService({ withStore: true });
      const deep = `{"type":"track","event":"Letter Sent","properties":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`;
      const response = await under.ask('POST', path, `[${JSON.stringify(letter('m-1'))},${deep}]`);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        errors: [{ path: '1', message: 'is nested deeper than 1000 levels' }],
      });
      expect(under.logged.filter(({ level }) => level === 'error')).toEqual([]);
    },
  );

  test('reads no more than fifty wrong lines of millions', async () => {
    under = await startService({ withStore: true });
    const startedAt = performance.now();
    const response = await under.ask('POST', '/v1/events', 'x\n'.repeat(2_000_000), ndjson);
    expect([response.status, ((await response.json()) as { errors: unknown[] }).errors.length]).toEqual([400, 50]);
    expect(performance.now() - startedAt).toBeLessThan(12_000);
  });

  test('answers 413 to more events than one request may have, in an array or in lines', async () => {
    under = await startService({ withStore: true, limits: { events: 3 } });
    const events = Array.from({ length: 4 }, (_, n) => letter(`m-${n}`));
    for (const path of ['/v1/connections/shop/events', '/v1/events']) {
      expect((await under.ask('POST', path, events)).status).toBe(413);
      expect((await under.ask('POST', path, asNdjson(events), ndjson)).status).toBe(413);
      expect((await under.ask('POST', path, events.slice(1))).status).toBe(202);
    }
  });

  test('answers 409 without a store', async () => {
    under = await startService();
    expect((await under.ask('POST', '/v1/connections/shop/events', [])).status).toBe(409);
  });

  test('answers 429 with Retry-After where the store is full, and keeps nothing of the request', async () => {
    under = await startService({ withStore: true, maxBytes: 8_192, answer: () => ({ status: 503 }) });
    const events = Array.from({ length: 500 }, (_, n) => letter(`m-${n}`));
    const response = await under.ask('POST', '/v1/connections/shop/events', events);
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '5']);
    expect((await under.store?.status())?.connections[0]?.waiting ?? 0).toBe(0);
  });
});

describe('POST /v1/events', () => {
  test('keeps each event for the connections that want it, and counts the others', async () => {
    const connections = [mailbox('all'), mailbox('some', { options: { subscribe: 'event = "Letter Sent"' } })];
    under = await startService({ withStore: true, connections });
    const events = [letter('m-1'), letter('m-2', 'Parcel Sent'), letter('m-3', 'Ignored')];
    const response = await under.ask('POST', '/v1/events', events);
    expect([response.status, await response.json()]).toEqual([
      202,
      {
        events: 3,
        connections: {
          all: { accepted: 3, duplicates: 0, settled: 1, unwanted: 0 },
          some: { accepted: 1, duplicates: 0, settled: 0, unwanted: 2 },
        },
      },
    ]);
    await settled(3);
    const { connections: kept } = (await under.store?.status()) ?? { connections: [] };
    expect(kept.map(({ connection, done, waiting }) => [connection, done + waiting])).toEqual([
      ['all', 3],
      ['some', 1],
    ]);
  });
});
