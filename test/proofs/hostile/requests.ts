import { brotliCompressSync, gzipSync } from 'node:zlib';

/** What must never come back in a log: a token, a write key, an address. */
export const secrets = ['tok-9f8e7d6c5b4a3928', 'wk-hostile-1a2b3c', 'victim@person.example'] as const;
export const [strangeToken, strangeKey, address] = secrets;

/** A request as it goes over the wire, and the statuses that are a clear answer to it. */
export interface HostileRequest {
  readonly kind: string;
  readonly bytes: readonly Uint8Array[];
  /** Milliseconds between two pieces; 0 sends all of them at once. */
  readonly pauseMs: number;
  readonly statuses: readonly number[];
}

interface Parts {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Instead of the true one. */
  readonly length?: string;
}

/** Sends a good token unless the headers have another `authorization`. */
export type Head = (parts: Parts) => Uint8Array[];

export const headOf =
  (token: string): Head =>
  ({ method = 'POST', path = '/v1/connections/shop/deliver', headers = {}, body = '', length }) => {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const all: Record<string, string> = {
      host: '127.0.0.1',
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': length ?? String(bytes.length),
      connection: 'close',
      ...headers,
    };
    const lines = Object.entries(all)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => `${name}: ${value}\r\n`);
    return [Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), bytes];
  };

const event = { type: 'track', event: 'Order Completed', messageId: 'h-1', userId: address };
const json = JSON.stringify(event);
const nested = (open: string, close: string, levels: number): string => open.repeat(levels) + close.repeat(levels);
const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '));
const brotliBomb = brotliCompressSync(Buffer.alloc(64 * 1024 * 1024, ' '));
const ndjson = { 'content-type': 'application/x-ndjson' };

/** By name: what it sends, and what may be answered. 0: the connection is closed without an answer. */
export const kinds: Readonly<Record<string, (head: Head) => readonly [Uint8Array[], ...number[]]>> = {
  'no JSON': (head) => [head({ body: `{"email":"${address}",` }), 400],
  'half of an array': (head) => [head({ body: `[${json},${json.slice(0, 40)}` }), 400],
  'a text': (head) => [head({ body: `"${address}"` }), 400],
  'no body': (head) => [head({}), 400],
  'arrays 200,000 deep': (head) => [head({ body: nested('[', ']', 200_000) }), 200, 400],
  'objects 50,000 deep': (head) => [head({ body: `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}` }), 200, 400],
  'an event with __proto__': (head) => [
    head({ body: `{"__proto__":{"polluted":true},"type":"track","event":"x"}` }),
    200,
  ],
  'numbers beyond any number': (head) => [head({ body: `{"type":"track","event":"x","properties":{"n":1e999}}` }), 200],
  'events that are none': (head) => [head({ body: '[null,7,"x",[],{},true]' }), 200],
  'events that are none, to keep': (head) => [
    head({ path: '/v1/connections/shop/events', body: '[null,7,"x",[],{},true]' }),
    400,
  ],
  'a body of 5 MB': (head) => [head({ body: `[${`${json},`.repeat(50_000)}0]` }), 413],
  'a line of 2 MB': (head) => [head({ headers: ndjson, body: `{"a":"${'x'.repeat(2_000_000)}"}\n${json}\n` }), 200],
  'lines that are none': (head) => [head({ headers: ndjson, body: `${address}\n\u0000\n{\n` }), 200],
  'a gzip bomb': (head) => [head({ headers: { 'content-encoding': 'gzip' }, body: bomb }), 413],
  'a brotli bomb': (head) => [head({ headers: { 'content-encoding': 'br' }, body: brotliBomb }), 413],
  'a gzip bomb of one line': (head) => [head({ headers: { ...ndjson, 'content-encoding': 'gzip' }, body: bomb }), 200],
  'no gzip': (head) => [head({ headers: { 'content-encoding': 'gzip' }, body: json }), 400],
  'an unknown coding': (head) => [head({ headers: { 'content-encoding': 'compress' }, body: json }), 415],
  'a form': (head) => [
    head({ headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: `email=${address}` }),
    415,
  ],
  'no media type': (head) => [head({ headers: { 'content-type': '' }, body: json }), 415],
  'no token': (head) => [head({ headers: { authorization: '' }, body: json }), 401],
  'a wrong token': (head) => [head({ headers: { authorization: `Bearer ${strangeToken}` }, body: json }), 401],
  'Basic for Bearer': (head) => [head({ headers: { authorization: 'Basic dXNlcjpwYXNz' }, body: json }), 401],
  'a token of 12 kB': (head) => [head({ headers: { authorization: `Bearer ${'t'.repeat(12_000)}` } }), 401],
  'a foreign host': (head) => [head({ headers: { host: 'evil.example' }, body: json }), 403],
  'no host': (head) => [head({ headers: { host: '' }, body: json }), 400],
  'a foreign origin': (head) => [head({ headers: { origin: 'https://evil.example' }, body: json }), 403],
  'a cross-site page': (head) => [head({ headers: { 'sec-fetch-site': 'cross-site' }, body: json }), 403],
  'headers of 40 kB': (head) => [head({ headers: { 'x-long': 'x'.repeat(40_000) }, body: json }), 431],
  'a path of 30 kB': (head) => [head({ path: `/${'p'.repeat(30_000)}`, body: json }), 414, 431],
  'a path upwards': (head) => [head({ method: 'GET', path: '/v1/../../etc/passwd' }), 404],
  'an encoded path upwards': (head) => [head({ method: 'GET', path: '/v1/connections/..%2f..%2fetc' }), 404],
  'a NUL in the path': (head) => [head({ method: 'GET', path: '/v1/connections/%00' }), 404],
  'a broken escape in the path': (head) => [head({ method: 'GET', path: '/v1/connections/%ff%zz' }), 400, 404],
  'a name of every object': (head) => [head({ method: 'GET', path: '/v1/connections/__proto__' }), 404],
  'two slashes': (head) => [head({ method: 'GET', path: '//evil.example/v1/connections' }), 400, 404],
  'an absolute address': (head) => [head({ method: 'GET', path: 'http://evil.example/v1/connections' }), 200, 403],
  'an unknown query': (head) => [head({ path: '/v1/connections/shop/deliver?admin=1', body: json }), 400],
  'a limit that is none': (head) => [head({ method: 'GET', path: '/v1/connections/shop/dead?limit=1e9' }), 400],
  PUT: (head) => [head({ method: 'PUT', body: json }), 405],
  TRACE: (head) => [head({ method: 'TRACE' }), 400, 404, 405, 501],
  CONNECT: (head) => [head({ method: 'CONNECT', path: '127.0.0.1:22' }), 0, 400, 404, 405],
  'a method that is none': (head) => [head({ method: 'HACK', body: json }), 400],
  'a length that is none': (head) => [head({ length: '-5', body: json }), 400],
  'two lengths': (head) => [head({ headers: { 'content-length ': '3' }, body: json }), 400],
  'a length and chunks': (head) => [head({ headers: { 'transfer-encoding': 'chunked' }, body: json }), 400],
  'chunks that are none': (head) => [
    head({
      length: '',
      headers: { 'transfer-encoding': 'chunked', 'content-length': '' },
      body: 'zz\r\n{}\r\n0\r\n\r\n',
    }),
    400,
  ],
  'no HTTP': () => [[Buffer.from(`\u0016\u0003\u0001 ${address}\r\n\r\n`)], 400],
  'a preview with a reference': (head) => [
    head({ path: '/v1/preview', body: JSON.stringify({ destination: 'rokt', config: { apiKey: '${HOME}' }, event }) }),
    400,
  ],
  'a preview with wrong settings': (head) => [
    head({
      path: '/v1/preview',
      body: JSON.stringify({ destination: 'rokt', config: { apiKey: strangeToken }, event }),
    }),
    400,
  ],
  'a batch with a wrong key': (head) => [
    head({
      path: '/v1/batch',
      headers: { authorization: `Basic ${Buffer.from(`${strangeKey}:`).toString('base64')}` },
      body: JSON.stringify({ batch: [event] }),
    }),
    401,
  ],
  'a batch that is none': (head) => [
    head({ path: '/v1/batch', headers: { authorization: '', 'content-type': 'text/plain' }, body: `${address}` }),
    400,
    401,
  ],
};

/** Those that take their time: a head or a body that comes byte by byte, or not at all. */
export const slowKinds: Readonly<Record<string, (head: Head) => Omit<HostileRequest, 'kind'>>> = {
  'a head that never ends': (head) => ({
    bytes: [(head({})[0] as Uint8Array).subarray(0, 60)],
    pauseMs: 0,
    statuses: [408],
  }),
  'a head that comes byte by byte': (head) => ({
    bytes: [...(head({ body: json })[0] as Uint8Array)].map((byte) => Uint8Array.of(byte)),
    pauseMs: 400,
    statuses: [408],
  }),
  'a body that never comes': (head) => ({
    bytes: head({ length: '100' }).slice(0, 1),
    pauseMs: 0,
    statuses: [408],
  }),
  'half of a body': (head) => {
    const [start, body] = head({ body: json }) as [Uint8Array, Uint8Array];
    return { bytes: [start, body.subarray(0, 20)], pauseMs: 0, statuses: [408] };
  },
  'lines that stop coming': (head) => {
    const [start, body] = head({ headers: ndjson, length: '5000', body: `${json}\n{` }) as [Uint8Array, Uint8Array];
    return { bytes: [start, body], pauseMs: 0, statuses: [200] };
  },
};
