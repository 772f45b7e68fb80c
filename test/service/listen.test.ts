// Tests core/service/listen.ts and what a service does with sockets: core/service/request-body.ts, load.ts.
import { afterEach, describe, expect, test } from '@jest/globals';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen, type Listening } from '../../core/service/index.ts';
import {
  letter,
  mailbox,
  startService,
  type UnderTest,
  type UnderTestOptions,
} from '../support/service/service-under-test.ts';

let under: UnderTest;
let listening: Listening;
afterEach(async () => {
  await listening.close(100);
  await under.stop();
});

async function serve(options: UnderTestOptions = {}): Promise<void> {
  under = await startService(options);
  listening = await listen(under.service, { port: 0, ...(options.limits && { limits: options.limits }) });
}

const post = (path: string, body: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`http://127.0.0.1:${listening.port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });

/** Sends these bytes, and resolves to all that comes until the other side closes. */
const sent = (...pieces: readonly (string | Uint8Array)[]): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    const socket = connect(listening.port, '127.0.0.1');
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
    for (const piece of pieces) socket.write(piece);
  });

const head = (length: number, more = ''): string =>
  `POST /v1/connections/shop/deliver HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${more}\r\n`;

describe('A service on a port', () => {
  test('delivers over one connection, request after request', async () => {
    await serve();
    for (let n = 0; n < 5; n += 1) {
      const response = await post('/v1/connections/shop/deliver', JSON.stringify([letter(`m-${n}`)]));
      expect(await response.json()).toMatchObject([{ kind: 'delivered' }]);
    }
  });

  test('tells a client why its body is refused before all of it has come, instead of a reset', async () => {
    await serve();
    const large = Buffer.alloc(6_000_000, 'x');
    for (let n = 0; n < 5; n += 1)
      expect(await sent(head(large.length, 'Connection: close\r\n'), large)).toMatch(/^HTTP\/1\.1 413 /);
    expect(
      await sent(
        head(large.length, 'Connection: close\r\nHost: evil.example\r\n').replace('Host: localhost\r\n', ''),
        large,
      ),
    ).toMatch(/^HTTP\/1\.1 403 /);
  });

  test('ends a body that stops coming with 408, and lets one live that it slows down itself', async () => {
    await serve({ limits: { bodyIdleMs: 200 }, answer: () => ({ afterMs: 50 }) });
    expect(await sent(head(100), '[')).toMatch(/^HTTP\/1\.1 408 /);
    const pad = 'x'.repeat(2_000);
    const lines = Array.from({ length: 4_000 }, (_, n) => `${JSON.stringify({ ...letter(`m-${n}`), pad })}\n`).join('');
    const response = await post('/v1/connections/shop/deliver', lines, {
      'content-type': 'application/x-ndjson',
    });
    const answered = (await response.text()).trim().split('\n');
    expect(answered).toHaveLength(4_000);
    expect(answered.at(-1)).not.toContain('problem');
  });

  test('ends a body that has to come as a whole and comes too slowly, however steadily, with 408', async () => {
    await serve({ limits: { bodyIdleMs: 300 } });
    const startedAt = Date.now();
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(listening.port, '127.0.0.1', () => void socket.write(head(10_000)));
      const dripping = setInterval(() => socket.write(' '), 20);
      socket.on('error', () => undefined);
      socket.once('data', (chunk: Buffer) => {
        clearInterval(dripping);
        socket.destroy();
        resolve(chunk.toString());
      });
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('less than 1000 bytes a second');
    expect(Date.now() - startedAt).toBeLessThan(5_000);
  });

  test('leaves half of its places and bytes to those with a token, however slowly strangers send', async () => {
    const connections = [mailbox('shop')];
    await serve({ connections, withStore: true, limits: { requestsInFlight: 4, bytesInFlight: 4_000 } });
    await under.service.apply(connections, [{ id: 'web', writeKey: 'key-of-web', connections: ['shop'] }]);
    const begun = Array.from({ length: 4 }, () => {
      const socket = connect(listening.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(`POST /v1/track HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n${' '.repeat(700)}`);
      return socket;
    });
    while (begun.filter(({ bytesWritten }) => bytesWritten > 700).length < 4) await sleep(10);
    await sleep(100);
    const body = JSON.stringify({ ...letter('m-1'), pad: 'x'.repeat(900) });
    const [tracked, delivered] = await Promise.all([
      post('/v1/track', JSON.stringify({ writeKey: 'key-of-web', event: 'Letter Sent', pad: 'x'.repeat(900) })),
      post('/v1/connections/shop/deliver', body),
    ]);
    expect([tracked.status, delivered.status]).toEqual([429, 200]);
    for (const socket of begun) socket.destroy();
    let status = 0;
    while (status !== 200)
      ({ status } = await post('/v1/track', JSON.stringify({ writeKey: 'key-of-web', event: 'Letter Sent' })));
  });

  test('answers 503 with Retry-After beyond the requests or the bytes it takes at once, and takes more later', async () => {
    await serve({ limits: { requestsInFlight: 2, bytesInFlight: 1_000 }, answer: () => ({ afterMs: 300 }) });
    const path = '/v1/connections/shop/deliver';
    const first = [post(path, JSON.stringify(letter('m-1'))), post(path, JSON.stringify(letter('m-2')))];
    while (under.vendor.batches < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    const third = await post(path, JSON.stringify(letter('m-3')));
    expect([third.status, third.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await fetch(`http://127.0.0.1:${listening.port}/healthz`)).status).toBe(200);
    for (const one of first) expect((await one).status).toBe(200);
    expect((await post(path, JSON.stringify(letter('m-4')))).status).toBe(200);
  });

  test('refuses a head that is too long, and one that does not come', async () => {
    await serve();
    expect(await sent(head(0, `X-Long: ${'x'.repeat(40_000)}\r\n`))).toMatch(/^HTTP\/1\.1 431 /);
    expect(await sent('GET /healthz HTTP/1.1\r\nHost: loc')).toMatch(/^HTTP\/1\.1 408 /);
  }, 30_000);

  test('answers HEAD of a stream as often as it is asked, although nobody reads what would go on', async () => {
    await serve({ limits: { requestsInFlight: 2 } });
    const url = `http://127.0.0.1:${listening.port}/v1/live`;
    for (let n = 0; n < 4; n += 1) expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
  });

  test('answers a request without a Host header by HTTP/1.0, as checks of load balancers send it', async () => {
    await serve();
    expect(await sent('GET /healthz HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('answers a head that makes no URL with a problem, an id, and the end of the connection', async () => {
    await serve();
    const head = 'GET /healthz HTTP/1.1\r\nHost: a b\r\nConnection: keep-alive\r\n\r\n';
    const answer = await sent(head);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toMatch(/^x-request-id: \S+\r$/m);
    expect(answer).toMatch(/^cache-control: no-store\r$/m);
    expect(answer).toContain('"type":"urn:spillway:problem:not-valid"');
  });

  test('closes idle connections at its end, and answers those that are busy', async () => {
    await serve({ answer: () => ({ afterMs: 300 }) });
    const idle = sent('');
    const busy = post('/v1/connections/shop/deliver', JSON.stringify(letter('m-1')));
    while (under.vendor.batches === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    const startedAt = Date.now();
    const closed = listening.close(15_000);
    expect((await busy).status).toBe(200);
    expect(await idle).toBe('');
    await closed;
    expect(Date.now() - startedAt).toBeLessThan(8_000);
  });
});
