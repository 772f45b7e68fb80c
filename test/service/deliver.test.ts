// Tests core/service/routes/deliver.ts through a service without a socket.
import { afterEach, describe, expect, test } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { asNdjson, letter, linesOf, startService, type UnderTest } from '../support/service/service-under-test.ts';

let under: UnderTest;
afterEach(() => under.stop());

const path = '/v1/connections/shop/deliver';
const ndjson = { 'content-type': 'application/x-ndjson' };

describe('POST /v1/connections/{id}/deliver', () => {
  test('answers an array with one outcome for each event, in the order of the events', async () => {
    under = await startService();
    const response = await under.ask('POST', path, [letter('m-1'), letter('m-2', 'Ignored'), 7, letter('m-4')]);
    expect(response.status).toBe(200);
    const outcomes = (await response.json()) as { kind: string; eventId: string }[];
    expect(outcomes.map(({ kind, eventId }) => [kind, eventId])).toEqual([
      ['delivered', 'm-1'],
      ['skipped', 'm-2'],
      ['rejected', ''],
      ['delivered', 'm-4'],
    ]);
    expect(under.vendor.received.map(({ id }) => id)).toEqual(['m-1', 'm-4']);
  });

  test('answers one event with one outcome', async () => {
    under = await startService();
    const response = await under.ask('POST', path, letter('m-1'));
    expect(await response.json()).toMatchObject({ kind: 'delivered', eventId: 'm-1' });
  });

  test('answers NDJSON with outcomes that name the index of their event, unreadable lines included', async () => {
    under = await startService();
    const body = `${JSON.stringify(letter('m-1'))}\n\n{"type":\n${'x'.repeat(2_000_000)}\n${JSON.stringify(letter('m-3'))}`;
    const response = await under.ask('POST', path, body, ndjson);
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = [...(await linesOf(response))].sort((a, b) => Number(a['index']) - Number(b['index']));
    expect(lines).toMatchObject([
      { index: 0, kind: 'delivered', eventId: 'm-1' },
      { index: 1, kind: 'rejected', reason: { code: 'invalid_value' } },
      { index: 2, kind: 'rejected', reason: { message: 'Line 4 is too long' } },
      { index: 3, kind: 'delivered', eventId: 'm-3' },
    ]);
  });

  test('streams outcomes of an array, too, where the client accepts NDJSON', async () => {
    under = await startService();
    const response = await under.ask('POST', path, [letter('m-1')], { accept: 'application/x-ndjson' });
    expect(await linesOf(response)).toMatchObject([{ index: 0, kind: 'delivered' }]);
  });

  test.each(['application/json, application/x-ndjson;q=0', 'application/json, application/x-ndjson;q=0.5'])(
    'answers JSON to a client that accepts %s',
    async (accept) => {
      under = await startService();
      const response = await under.ask('POST', path, [letter('m-1')], { accept });
      expect(response.headers.get('content-type')).toBe('application/json');
    },
  );

  test('answers 413 to an array of more events than one may have, and takes them as NDJSON', async () => {
    under = await startService({ limits: { events: 3 } });
    const events = Array.from({ length: 4 }, (_, n) => letter(`m-${n}`));
    const refused = await under.ask('POST', path, events);
    expect([refused.status, await refused.text()]).toEqual([413, expect.stringContaining('send more as')]);
    expect(await linesOf(await under.ask('POST', path, asNdjson(events), ndjson))).toHaveLength(4);
  });

  test('refuses a parameter that is given twice, of which one would be left out', async () => {
    under = await startService();
    const response = await under.ask('POST', `${path}?within=5000&within=6000`, [letter('m-1')]);
    expect([response.status, under.vendor.batches]).toEqual([400, 0]);
  });

  test('reads gzip', async () => {
    under = await startService();
    const body = gzipSync(asNdjson([letter('m-1'), letter('m-2')]));
    const response = await under.ask('POST', path, body, { ...ndjson, 'content-encoding': 'gzip' });
    expect(await linesOf(response)).toHaveLength(2);
  });

  test('sends outcomes while the client still sends events, and reads no more than it answers', async () => {
    under = await startService();
    let sent = 0;
    const line = new TextEncoder().encode(asNdjson(Array.from({ length: 100 }, (_, n) => letter(`m-${n}`))));
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 100;
        if (sent > 10_000) controller.close();
        else controller.enqueue(line);
      },
    });
    const response = await under.ask('POST', path, body, ndjson);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sent).toBeLessThan(6_000);
    let answered = 0;
    for (let next = await reader.read(); !next.done; next = await reader.read())
      answered += next.value.filter((byte) => byte === 10).length;
    expect(answered).toBeGreaterThan(9_000);
  });

  test('says on its last line what broke the body off', async () => {
    under = await startService({ limits: { bodyIdleMs: 50 } });
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(asNdjson([letter('m-1')]))),
    });
    const lines = await linesOf(await under.ask('POST', path, body, ndjson));
    expect(lines).toMatchObject([{ index: 0, kind: 'delivered' }, { problem: { status: 408 } }]);
  });

  test('cancels what has not started when the client goes away, and never what has left', async () => {
    under = await startService({ answer: () => ({ afterMs: 300 }) });
    const gone = new AbortController();
    const events = Array.from({ length: 200 }, (_, n) => letter(`m-${n}`));
    const request = new Request(`http://127.0.0.1:9090${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(events),
      signal: gone.signal,
    });
    const answered = under.service.fetch(request);
    while (under.vendor.batches === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    gone.abort();
    const outcomes = (await (await answered).json()) as { kind: string }[];
    const delivered = outcomes.filter(({ kind }) => kind === 'delivered').length;
    expect(outcomes).toHaveLength(200);
    expect(delivered).toBe(under.vendor.received.length);
    expect(delivered).toBeLessThan(200);
    expect(outcomes.every(({ kind }) => kind === 'delivered' || kind === 'deferred')).toBe(true);
  });

  test('takes other requests beside a stream whose client takes no answers', async () => {
    under = await startService({ limits: { bytesInFlight: 200_000 }, answer: () => ({ afterMs: 50 }) });
    const large = (messageId: string): object => ({ ...letter(messageId), properties: { text: 'x'.repeat(10_000) } });
    const lines = asNdjson(Array.from({ length: 1_000 }, (_, n) => large(`m-${n}`)));
    const stuck = await under.ask('POST', path, lines, ndjson);
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (let n = 0; n < 20; n += 1) expect((await under.ask('POST', path, large(`other-${n}`))).status).toBe(200);
    await stuck.body?.cancel();
  });

  test('holds nothing of what comes after the client has gone', async () => {
    under = await startService({ limits: { bytesInFlight: 100_000 } });
    const large = (messageId: string): object => ({ ...letter(messageId), properties: { text: 'x'.repeat(60_000) } });
    let send: (event: object) => void = () => undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        send = (event) => controller.enqueue(new TextEncoder().encode(asNdjson([event])));
      },
    });
    const answer = (await under.ask('POST', path, body, ndjson)).body as ReadableStream<Uint8Array>;
    const reader = answer.getReader();
    send(letter('m-1'));
    await reader.read();
    await reader.cancel();
    send(large('m-2'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await (await under.ask('POST', path, large('m-3'))).json()).toMatchObject({ kind: 'delivered' });
  });

  test('has events come back deferred after ?within=', async () => {
    under = await startService({ answer: () => ({ status: 503 }) });
    const response = await under.ask('POST', `${path}?within=50`, [letter('m-1')]);
    expect(await response.json()).toMatchObject([{ kind: 'deferred' }]);
  });

  test.each([
    ['a larger array', [letter('x'.repeat(5_000_000))], {}, 413, 'application/x-ndjson, one event a line'],
    ['no JSON', '{"secret":"s3cr3t-value', {}, 400, 'the body is not JSON'],
    ['a number', '7', {}, 400, 'must be an event'],
    ['another media type', 'a=b', { 'content-type': 'text/plain' }, 415, 'application/json or'],
    ['another coding', '[]', { 'content-encoding': 'zstd' }, 415, 'gzip, deflate, br'],
    ['what is no gzip', '[]', { 'content-encoding': 'gzip' }, 400, 'content-encoding'],
    ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), {}, 400, 'not UTF-8'],
  ])('refuses %s with a problem document that quotes nothing', async (_, body, headers, status, detail) => {
    under = await startService();
    const response = await under.ask('POST', path, body, headers);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const text = await response.text();
    expect(text).toContain(detail);
    expect(text).not.toContain('s3cr3t');
    expect(JSON.parse(text)).toMatchObject({ type: expect.stringMatching(/^urn:spillway:problem:/), status });
  });

  test('stops a gzip bomb at the limit of decoded bytes', async () => {
    under = await startService();
    const bomb = gzipSync(Buffer.alloc(100_000_000, ' '));
    const response = await under.ask('POST', path, bomb, { 'content-encoding': 'gzip' });
    expect(response.status).toBe(413);
  });

  test.each([
    ['/v1/connections/none/deliver', 404],
    [`${path}?within=soon`, 400],
    [`${path}?without=1`, 400],
  ])('answers %s with %i', async (pathname, status) => {
    under = await startService();
    expect((await under.ask('POST', pathname, [])).status).toBe(status);
  });
});
