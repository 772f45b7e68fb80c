import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, test } from '@jest/globals';
import { Agent } from 'undici';
import type { WireResult } from '../../core/api/destination.ts';
import type { Transport } from '../../core/http/transport.ts';
import { testTransport, type TestTransportOptions } from '../support/runtime/test-transport.ts';

let server: Server | undefined;
let seen: string[] = [];
const sockets = new Set<Socket>();
const opened: Transport[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((transport) => transport.close()));
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await new Promise<void>((closed) => (server === undefined ? closed() : server.close(() => closed())));
  [server, seen] = [undefined, []];
});

/** A vendor on loopback that answers each request with bytes of its own, as no HTTP library would write them. */
async function rawVendor(answer: (socket: Socket, request: number) => void): Promise<string> {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (!text.endsWith('{"n":1}')) return;
      seen.push(text);
      text = '';
      answer(socket, seen.length);
    });
  });
  await new Promise<void>((listening) => server?.listen(0, '127.0.0.1', listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function transportTo(origin: string, options?: TestTransportOptions): Transport {
  const transport = testTransport(origin, options);
  opened.push(transport);
  return transport;
}

const request = { method: 'POST', url: 'https://api.example.com/', headers: {}, body: '{"n":1}' } as const;

const send = async (transport: Transport, replyBytes = 65_536): Promise<WireResult> => {
  const body = await transport.encodeBody(request, undefined);
  return new Promise((onAnswer) =>
    transport.send(request, body, { withinMs: 5_000, replyBytes, onStart: () => undefined, onAnswer }),
  );
};

const head = (status: number, ...headers: readonly string[]): string =>
  [`HTTP/1.1 ${status} Said`, ...headers, '', ''].join('\r\n');

const measured = (body: Buffer, ...headers: readonly string[]): Buffer =>
  Buffer.concat([Buffer.from(head(200, `content-length: ${body.length}`, ...headers)), body]);

const answered = (status: number, more: object) => ({ kind: 'response', response: { status, ...more } });

describe('an answer without a length', () => {
  const reset = (socket: Socket): void => void setTimeout(() => socket.resetAndDestroy(), 30);

  test.each([
    ['nothing of its body', ''],
    ['some of its body', '{"status":"OK"}'],
  ])('F-05 that is reset after its head and %s is no yes', async (_title, body) => {
    const origin = await rawVendor((socket) => {
      socket.write(head(200) + body);
      reset(socket);
    });
    const result = await send(transportTo(origin));
    expect(result).toEqual({ kind: 'network', code: 'ECONNRESET', received: 'maybe' });
  });

  it('F-05 that is reset is a refusal all the same, where its status says so', async () => {
    const origin = await rawVendor((socket) => {
      socket.write(`${head(400)}{"sta`);
      reset(socket);
    });
    expect(await send(transportTo(origin))).toMatchObject(answered(400, { body: '{"sta', cut: true }));
  });

  test.each([
    ['empty', ''],
    ['with a body', '{"status":"OK"}'],
  ])('F-05 that ends well, %s, is whole', async (_title, body) => {
    const origin = await rawVendor((socket) => socket.end(head(200) + body));
    const result = await send(transportTo(origin));
    expect(result).toMatchObject(answered(200, { body }));
    expect(result).not.toHaveProperty('response.cut');
  });

  it('F-05 that ends well right after another socket was reset is whole', async () => {
    const origin = await rawVendor((socket, nth) => {
      if (nth === 1) reset(socket);
      else setTimeout(() => socket.end(head(200)), 30);
    });
    const transport = transportTo(origin);
    const [broken, whole] = await Promise.all([send(transport), send(transport)]);
    expect(broken).toMatchObject({ kind: 'network', code: 'ECONNRESET' });
    expect(whole).toMatchObject(answered(200, { body: '' }));
  });

  it('F-05 and empty is no yes over sockets of the host’s, which tell no reset from an end', async () => {
    const origin = await rawVendor((socket) => socket.end(head(200)));
    const dispatcher = () => new Agent();
    expect(await send(transportTo(origin, { dispatcher }))).toEqual({
      kind: 'network',
      code: 'answer_without_length',
      received: 'maybe',
    });
  });

  test.each([
    ['a length of 0', head(200, 'content-length: 0')],
    ['a last chunk', `${head(200, 'transfer-encoding: chunked')}0\r\n\r\n`],
    ['204', head(204)],
    ['205', head(205, 'content-length: 0')],
  ])('F-05 is another matter than one with %s, which is whole there, too', async (_title, bytes) => {
    const origin = await rawVendor((socket) => socket.end(bytes));
    const result = await send(transportTo(origin, { dispatcher: () => new Agent() }));
    expect(result).toMatchObject({ kind: 'response', response: { body: '' } });
    expect(result).not.toHaveProperty('response.cut');
  });
});

describe('a coded answer', () => {
  const text = '{"status":"OK","name":"é😀"}';
  const plain = Buffer.from(text);

  it('F-06 is not asked for', async () => {
    await send(transportTo(await rawVendor((socket) => socket.end(measured(plain)))));
    expect(seen[0]).toContain('accept-encoding: identity\r\n');
  });

  test.each([
    ['gzip', gzipSync(plain)],
    ['x-gzip', gzipSync(plain)],
    ['GZIP', gzipSync(plain)],
    ['deflate', deflateSync(plain)],
    ['deflate', deflateRawSync(plain)],
    ['br', brotliCompressSync(plain)],
    ['gzip, br', brotliCompressSync(gzipSync(plain))],
    ['identity', plain],
  ])('F-06 in %s is decoded', async (coding, body) => {
    const origin = await rawVendor((socket) => socket.end(measured(body, `content-encoding: ${coding}`)));
    const result = await send(transportTo(origin));
    expect(result).toMatchObject(answered(200, { body: text }));
    expect(result).not.toHaveProperty('response.unread');
  });

  it('F-06 that comes byte by byte is decoded', async () => {
    const body = measured(gzipSync(plain), 'content-encoding: gzip');
    const origin = await rawVendor((socket) => {
      socket.setNoDelay(true);
      let at = 0;
      const drip = setInterval(() => {
        socket.write(body.subarray(at, at + 1));
        at += 1;
        if (at === body.length) clearInterval(drip);
      }, 1);
    });
    expect(await send(transportTo(origin))).toMatchObject(answered(200, { body: text }));
  });

  test.each([
    ['zstd', plain, 'coding'],
    ['gzip, gzip, gzip, gzip', plain, 'coding'],
    ['gzip', plain, 'broken'],
    ['gzip', gzipSync(plain).subarray(0, -12), 'broken'],
    ['br', plain, 'broken'],
    ['br', Buffer.from('3: no such token'), 'broken'],
    ['br', Buffer.concat([brotliCompressSync(''), plain]), 'broken'],
    ['deflate', Buffer.concat([deflateSync(''), plain]), 'broken'],
    ['deflate', Buffer.concat([deflateRawSync(''), plain]), 'broken'],
    ['gzip', Buffer.concat([gzipSync(''), plain]), 'broken'],
    ['gzip', Buffer.concat([gzipSync(''), Buffer.alloc(3)]), 'broken'],
    ['br, gzip', gzipSync(Buffer.concat([brotliCompressSync(''), plain])), 'broken'],
  ])('F-06 that names %s and cannot be read has no text, and says so', async (coding, body, unread) => {
    const origin = await rawVendor((socket) => socket.end(measured(body, `content-encoding: ${coding}`)));
    expect(await send(transportTo(origin))).toMatchObject(answered(200, { body: '', unread }));
  });

  it('F-06 with something behind the end of its coding, which comes later, is no yes and no wait', async () => {
    const origin = await rawVendor((socket) => {
      socket.write(head(200, 'content-encoding: br', 'content-length: 16'));
      socket.write('3: no');
      setTimeout(() => socket.write(' such token'), 40);
    });
    expect(await send(transportTo(origin))).toMatchObject(answered(200, { body: '', unread: 'broken' }));
  });

  it('F-06 of two streams, one behind the other, is both', async () => {
    const body = Buffer.concat([gzipSync(plain), gzipSync(plain)]);
    const origin = await rawVendor((socket) => socket.end(measured(body, 'content-encoding: gzip')));
    const result = await send(transportTo(origin));
    expect(result).toMatchObject(answered(200, { body: text + text }));
    expect(result).not.toHaveProperty('response.unread');
  });

  it('F-06 with nothing in it is empty, whatever coding it names', async () => {
    const origin = await rawVendor((socket) => socket.end(measured(Buffer.alloc(0), 'content-encoding: zstd')));
    const result = await send(transportTo(origin));
    expect(result).toMatchObject(answered(200, { body: '' }));
    expect(result).not.toHaveProperty('response.unread');
  });

  it('F-06 that unfolds to more than is read is cut there', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 'x'));
    const origin = await rawVendor((socket) => socket.end(measured(bomb, 'content-encoding: gzip')));
    const before = process.memoryUsage().arrayBuffers;
    const result = await send(transportTo(origin), 100_000);
    expect(result).toMatchObject(answered(200, { cut: true, cutAtBytes: 100_000 }));
    expect(result.kind === 'response' && result.response.body).toBe('x'.repeat(100_000));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
  });

  it('F-06 does not harm the request after it', async () => {
    const body = gzipSync(plain);
    const origin = await rawVendor((socket) => socket.write(measured(body, 'content-encoding: gzip')));
    const transport = transportTo(origin);
    for (let n = 0; n < 3; n++) expect(await send(transport)).toMatchObject(answered(200, { body: text }));
    expect(sockets.size).toBeLessThanOrEqual(3);
  });
});

describe('the charset of an answer', () => {
  const utf16 = (text: string): Buffer => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);

  test.each<[string, Buffer, string]>([
    ['application/json', Buffer.from('\uFEFF{"a":"é"}'), '{"a":"é"}'],
    ['application/json; charset=UTF-8', Buffer.from('{"a":"é"}'), '{"a":"é"}'],
    ['application/json; charset="utf8"', Buffer.from('{"a":"é"}'), '{"a":"é"}'],
    ['application/json;charset=ISO-8859-1', Buffer.from('{"a":"é"}', 'latin1'), '{"a":"é"}'],
    ['application/json; charset=utf-16le', Buffer.from('{"a":"é"}', 'utf16le'), '{"a":"é"}'],
    ['application/json', utf16('{"a":"é"}'), '{"a":"é"}'],
    ['text/plain; charset=shift_jis', Buffer.from([0x83, 0x65]), 'テ'],
  ])('F-06 of %s is read, and a mark before the text is none of it', async (type, body, text) => {
    const origin = await rawVendor((socket) => socket.end(measured(body, `content-type: ${type}`)));
    const result = await send(transportTo(origin));
    expect(result).toMatchObject(answered(200, { body: text }));
    expect(result).not.toHaveProperty('response.unread');
  });

  it('F-06 that nobody knows leaves no text, and says so', async () => {
    const origin = await rawVendor((socket) =>
      socket.end(measured(Buffer.from('{}'), 'content-type: application/json; charset=utf-7')),
    );
    expect(await send(transportTo(origin))).toMatchObject(answered(200, { body: '', unread: 'charset' }));
  });
});

describe('an interim response', () => {
  test.each([
    ['100', `${head(100)}${head(200, 'content-length: 0')}`],
    ['101', head(101, 'connection: upgrade', 'upgrade: h2c')],
  ])('F-06 %s that nobody asked for is a failure of its own', async (_title, bytes) => {
    const origin = await rawVendor((socket) => socket.write(bytes));
    expect(await send(transportTo(origin))).toEqual({ kind: 'network', code: 'interim_response', received: 'maybe' });
    expect(seen).toHaveLength(1);
  });
});
