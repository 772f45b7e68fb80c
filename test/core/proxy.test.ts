import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';
import tls, { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, it, jest, test } from '@jest/globals';
import { createRuntime, type ProxyOption, type Runtime } from '../../core/index.ts';
import { chosenProxy } from '../../core/http/proxy.ts';
import { acme, kinds, open, track, tracks, type TestDestination } from '../support/runtime/test-connection.ts';

const pem = readFileSync(path.join(import.meta.dirname, '../support/runtime/vendor-example.pem'), 'utf8');

const closers: (() => unknown)[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  for (const close of closers.splice(0).toReversed()) await close();
});

const listening = async (server: Server | ReturnType<typeof createTlsServer>): Promise<number> => {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', () => ready()));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((closed) => server.close(closed));
  });
  return (server.address() as AddressInfo).port;
};

/** A vendor that speaks TLS under the manifest's own name, and says yes as told. */
async function vendor(answer: string): Promise<{ readonly port: number; readonly seen: string[] }> {
  const seen: string[] = [];
  const server = createTlsServer({ key: pem, cert: pem }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      seen.push(chunk.toString());
      if (chunk.toString().endsWith(']')) socket.end(answer);
    });
  });
  // Trusted for this test alone, in place of an authority.
  const original = tls.connect.bind(tls) as (options: tls.ConnectionOptions) => tls.TLSSocket;
  jest
    .spyOn(tls, 'connect')
    .mockImplementation(((options: tls.ConnectionOptions) => original({ ...options, ca: pem })) as never);
  return { port: await listening(server), seen };
}

/** A proxy that leads every name to that port; undefined: it refuses. */
async function proxyTo(port: number | undefined) {
  const asked: { readonly target: string | undefined; readonly credentials: string | undefined }[] = [];
  const server = createHttpServer();
  server.on('connect', ({ url, headers }, client: Socket) => {
    asked.push({ target: url, credentials: headers['proxy-authorization'] });
    if (port === undefined)
      return client.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
    return undefined;
  });
  const own = await listening(server);
  return { url: `http://127.0.0.1:${own}`, asked };
}

function runtimeWith(proxy: ProxyOption, parts: Partial<TestDestination> = {}): Runtime {
  const runtime = createRuntime({ destinations: [acme(parts)], proxy, retry: { attempts: 1 } });
  closers.push(() => runtime.close());
  return runtime;
}

describe('a proxy that the host program chose', () => {
  it('F-22 carries the requests, and looks up the vendor’s name itself', async () => {
    const { port, seen } = await vendor('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    const { url, asked } = await proxyTo(port);
    const runtime = runtimeWith({ url: url.replace('//', '//user:pass@') });
    expect(kinds(await open(runtime).deliver(tracks(2)))).toEqual(['delivered', 'delivered']);
    // Nobody here could resolve that name.
    expect(asked).toEqual([{ target: 'api.vendor.example:443', credentials: `Basic ${btoa('user:pass')}` }]);
    expect(seen.join('')).toMatch(/^POST \/events HTTP\/1.1\r\nhost: api.vendor.example\r\n/);
    expect(seen.join('')).not.toContain('proxy-authorization');
  });

  it('F-05 hides nothing of the end that alone measures an answer', async () => {
    const { port } = await vendor('HTTP/1.1 200 OK\r\n\r\n');
    const { url } = await proxyTo(port);
    expect(kinds(await open(runtimeWith({ url })).deliver([track('a')]))).toEqual(['delivered']);
  });

  it('F-22 that refuses is no answer of the vendor’s: nothing has left', async () => {
    const { url, asked } = await proxyTo(undefined);
    const [outcome] = await open(runtimeWith({ url })).deliver([track('a')]);
    expect(outcome).toMatchObject({ kind: 'deferred', reason: { code: 'network' } });
    expect(asked).toHaveLength(1);
  });

  it('F-22 is not asked for a host that is none of the manifest’s', async () => {
    const { url, asked } = await proxyTo(undefined);
    const elsewhere = { method: 'POST', url: 'https://other.vendor.example/', headers: {} } as const;
    const runtime = runtimeWith({ url }, { requestFor: () => elsewhere });
    const [outcome] = await open(runtime).deliver([track('a')]);
    expect(outcome).toMatchObject({ kind: 'rejected', reason: { code: 'internal_error' } });
    expect(asked).toEqual([]);
  });

  it('F-22 is passed by for what is on loopback', async () => {
    const { url, asked } = await proxyTo(undefined);
    const server = createHttpServer((request, response) => void request.resume().on('end', () => response.end()));
    const origin = `http://127.0.0.1:${await listening(server)}`;
    const runtime = createRuntime({ destinations: [acme()], origins: { acme: origin }, proxy: { url } });
    closers.push(() => runtime.close());
    expect(kinds(await open(runtime).deliver([track('a')]))).toEqual(['delivered']);
    expect(asked).toEqual([]);
  });
});

describe('the choice of a proxy', () => {
  test.each<[string, Record<string, string>, string, string]>([
    [
      'HTTPS_PROXY',
      { HTTPS_PROXY: 'http://a.example:3128', NO_PROXY: 'x.example' },
      'http://a.example:3128/',
      'x.example',
    ],
    [
      'https_proxy before HTTPS_PROXY',
      { https_proxy: 'http://b.example', HTTPS_PROXY: 'http://a.example' },
      'http://b.example/',
      '',
    ],
    [
      'HTTP_PROXY where there is no other',
      { HTTPS_PROXY: '', HTTP_PROXY: 'http://c.example' },
      'http://c.example/',
      '',
    ],
  ])('F-22 of the environment is %s', (_title, env, url, except) => {
    expect(chosenProxy(true, env)).toEqual({ url, except });
  });

  test.each<[ProxyOption, Record<string, string>]>([
    [true, {}],
    [true, { HTTPS_PROXY: 'user:hunter2@proxy.example' }],
    [{ url: 'socks5://user:hunter2@proxy.example' }, {}],
    [{ url: 'hunter2' }, {}],
    [{ url: 'http://proxy.example', except: 7 as never }, {}],
  ])('F-22 cannot be %j of %j, and the error shows none of it', (option, env) => {
    let message = '';
    try {
      chosenProxy(option, env);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toMatch(/^(?:proxy|HTTPS_PROXY)/);
    expect(message).not.toContain('hunter2');
  });

  it('F-22 stands beside no dispatcher', () => {
    const given = { destinations: [acme()], dispatcher: () => undefined as never, proxy: { url: 'http://p.example' } };
    expect(() => createRuntime(given)).toThrow(/^proxy: not beside dispatcher/);
  });
});
