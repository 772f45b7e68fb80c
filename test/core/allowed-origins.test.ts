import dns from 'node:dns';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, jest, test } from '@jest/globals';
import { Agent } from 'undici';
import { createRuntime, z, type RuntimeOptions, type Signal } from '../../core/index.ts';
import { optionShapes } from '../../core/runtime/option-shapes.ts';
import { checkedAllowedOrigin, createTargetCheck } from '../../core/http/target.ts';
import type { WireResult } from '../../core/api/destination.ts';
import { ScriptedVendor, yes } from '../support/runtime/scripted-vendor.ts';
import { acme, codes, defects, kinds, tracks, type TestDestination } from '../support/runtime/test-connection.ts';
import { testTransport, type TestTransportOptions } from '../support/runtime/test-transport.ts';

const allowed = ['https://hooks.example.com', 'https://hooks.example.com:8443', 'http://127.0.0.1:8080'];

describe('ALL-02 the check of a URL that settings name', () => {
  const target = createTargetCheck({ origins: allowed });

  test.each([
    ['https://hooks.example.com/in/1?a=b#top', 'https://hooks.example.com', '/in/1?a=b'],
    ['HTTPS://HOOKS.Example.COM:443', 'https://hooks.example.com', '/'],
    ['https://hooks.example.com:8443/x', 'https://hooks.example.com:8443', '/x'],
    ['http://127.0.0.1:8080/x', 'http://127.0.0.1:8080', '/x'],
    ['http://2130706433:8080/x', 'http://127.0.0.1:8080', '/x'],
    ['https://hooks.example.com/a/../../b', 'https://hooks.example.com', '/b'],
    ['https://hooks.example.com/%2e%2e/b', 'https://hooks.example.com', '/b'],
    ['https://hooks.example.com\\@evil.example/', 'https://hooks.example.com', '/@evil.example/'],
    ['https://hooks.example.com//evil.example/', 'https://hooks.example.com', '//evil.example/'],
    ['https://hooks.example.com?@evil.example/', 'https://hooks.example.com', '/?@evil.example/'],
  ])('lets %s through', (url, origin, path) => {
    expect(target(url)).toEqual({ origin, path });
  });

  test.each([
    ['https://evil.example/', /none of the origins/],
    ['https://evil.example/https://hooks.example.com', /none of the origins/],
    ['https://evil.example?https://hooks.example.com/', /none of the origins/],
    ['https://evil.example#https://hooks.example.com/', /none of the origins/],
    ['https://evil.example\\hooks.example.com/', /none of the origins/],
    ['https://hooks.example.com.evil.example/', /none of the origins/],
    ['https://sub.hooks.example.com/', /none of the origins/],
    ['https://hooks.example.com./', /none of the origins/],
    ['https://hooks.example.com:444/', /none of the origins/],
    ['https://hooks.exаmple.com/', /none of the origins/],
    ['http://hooks.example.com/', /none of the origins/],
    ['http://hooks.example.com:443/', /none of the origins/],
    ['ws://hooks.example.com/', /none of the origins/],
    ['file://hooks.example.com/', /none of the origins/],
    ['http://127.0.0.1/', /none of the origins/],
    ['https://127.0.0.1:8080/', /none of the origins/],
    ['http://localhost:8080/', /none of the origins/],
    ['http://[::1]:8080/', /none of the origins/],
    ['http://[::ffff:127.0.0.1]:8080/', /none of the origins/],
    ['https://169.254.169.254/latest/meta-data/', /none of the origins/],
    ['https://hooks.example.com@evil.example/', /credentials/],
    ['https://hooks.example.com:443@evil.example/', /credentials/],
    ['https://user:pw@hooks.example.com/', /credentials/],
    ['https://user@hooks.example.com/', /credentials/],
    ['//hooks.example.com/', /no absolute URL/],
    ['/in/1', /no absolute URL/],
    ['https://hooks.example.com%2f@evil.example/', /credentials/],
    ['https://hooks.example.com%00.evil.example/', /no absolute URL/],
    ['data:text/plain,https://hooks.example.com', /none of the origins/],
    ['blob:https://hooks.example.com/1', /none of the origins/],
  ])('refuses %s', (url, why) => {
    expect(() => target(url)).toThrow(why);
  });

  it('comes before the host program’s own origin', () => {
    const pointed = createTargetCheck({ origins: allowed }, 'http://127.0.0.1:9');
    expect(pointed('https://hooks.example.com/in')).toEqual({ origin: 'http://127.0.0.1:9', path: '/in' });
    expect(() => pointed('https://evil.example/in')).toThrow(/none of the origins/);
    expect(() => pointed('http://127.0.0.1:9/in')).toThrow(/none of the origins/);
  });
});

describe('an origin that a host program allows', () => {
  test.each([
    ['https://Hooks.example.com:443/', 'https://hooks.example.com'],
    ['https://8.8.8.8', 'https://8.8.8.8'],
    ['https://[2606:4700::1111]:8443', 'https://[2606:4700::1111]:8443'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://localhost:3000', 'http://localhost:3000'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
  ])('may be %s', (written, origin) => {
    expect(checkedAllowedOrigin(written)).toBe(origin);
  });

  test.each([
    ['http://hooks.example.com', /https, or http on a loopback/],
    ['https://10.0.0.1', /inside a network/],
    ['https://192.168.1.1:8443', /inside a network/],
    ['https://169.254.169.254', /inside a network/],
    ['https://0.0.0.0', /inside a network/],
    ['https://[fd12::1]', /inside a network/],
    ['https://[::ffff:10.0.0.1]', /inside a network/],
    ['https://168.63.129.16', /inside a network/],
    ['https://hooks.example.com/in', /without a path/],
    ['https://u:p@hooks.example.com', /credentials/],
    ['https://*.example.com', /without a wildcard/],
    ['*', /not an origin/],
  ])('may not be %s', (written, why) => {
    expect(() => checkedAllowedOrigin(written)).toThrow(why);
    expect(() => createRuntime({ destinations: [acme()], allowedOrigins: [written] })).toThrow(
      /^allowedOrigins\[0\]: /,
    );
  });

  it('is a text in a list', () => {
    const from = (allowedOrigins: unknown) => () => createRuntime({ destinations: [acme()], allowedOrigins } as never);
    expect(from('https://a.example')).toThrow('allowedOrigins must be an array of origins, not a string');
    expect(from([1])).toThrow('allowedOrigins[0]: must be a string, not a number');
  });
});

const config = z.object({ account: z.string(), url: z.string().default('https://hooks.example.com/in') });
const webhook = (parts: Partial<TestDestination> = {}): TestDestination =>
  acme(
    {
      config: config as never,
      request: ((settings: z.infer<typeof config>) => ({ method: 'POST', url: settings.url, headers: {} })) as never,
      ...parts,
    },
    { hosts: 'origins' },
  );

function openAt(url: string, options: Partial<RuntimeOptions>, destination = webhook()) {
  const vendor = new ScriptedVendor(() => yes);
  const signals: Signal[] = [];
  const runtime = createRuntime({
    destinations: [destination],
    dispatcher: () => vendor,
    onSignal: (signal) => signals.push(signal),
    ...options,
  });
  return { opened: runtime.open('acme', { account: 'a', url }), runtime, signals, vendor };
}

describe('a connection whose settings name the URL', () => {
  it('delivers to an origin that the host program allows', async () => {
    const { opened, vendor } = openAt('https://hooks.example.com:8443/in?a=1', { allowedOrigins: allowed });
    if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened));
    expect(kinds(await opened.connection.deliver(tracks(2)))).toEqual(['delivered', 'delivered']);
    expect(vendor.requests.map(({ path }) => path)).toEqual(['/in?a=1']);
  });

  test.each([
    ['https://s3cret.example/', 'the URL is at none of the origins that the host program allows ('],
    ['https://s3cret@hooks.example.com/', 'a URL must not carry credentials ('],
    ['s3cret', 'the request has no absolute URL ('],
  ])('does not open elsewhere, which is no defect: %s', (url, why) => {
    const { opened, signals } = openAt(url, { allowedOrigins: allowed });
    expect(opened).toMatchObject({ kind: 'invalid', issues: [{ path: 'config' }] });
    expect(opened).toMatchObject({ issues: [{ message: expect.stringContaining(why) }] });
    expect(JSON.stringify(opened)).toMatch(/allowedOrigins.*--allow-origin/);
    expect(JSON.stringify(opened)).not.toMatch(/s3cret|hooks/);
    expect(signals).toEqual([]);
  });

  test.each([undefined, []])('does not open where the host program allows %j, and says what it has to pass', (none) => {
    const { opened, signals } = openAt(
      'https://hooks.example.com/in',
      none === undefined ? {} : { allowedOrigins: none },
    );
    expect(opened).toEqual({
      kind: 'invalid',
      issues: [
        { path: 'config', message: expect.stringMatching(/only origins that the host program allows.*createRuntime/) },
      ],
    });
    expect(signals).toEqual([]);
  });

  it('cannot be redirected past the list by an origin of the host program', () => {
    const options = { allowedOrigins: allowed, origins: { acme: 'http://127.0.0.1:9' } };
    expect(openAt('https://hooks.example.com/in', options).opened.kind).toBe('open');
    expect(openAt('http://127.0.0.1:9/in', options).opened.kind).toBe('invalid');
  });

  it('sends nothing elsewhere where the URL comes with the batch', async () => {
    const { request: _, ...parts } = webhook();
    const requestFor = () => ({ method: 'POST', url: 'https://evil.example/', headers: {} }) as const;
    const { opened, vendor, signals } = openAt('', { allowedOrigins: allowed }, { ...parts, requestFor } as never);
    if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened));
    expect(codes(await opened.connection.deliver(tracks(1)))).toEqual(['rejected: internal_error']);
    expect(vendor.requests).toEqual([]);
    expect(defects(signals)).toContain('request');
  });

  it('cannot allow an origin itself: options have none, and say whose it is', () => {
    const runtime = createRuntime({ destinations: [webhook()], allowedOrigins: allowed });
    for (const name of ['allowedOrigins', 'origins']) {
      const options = { [name]: ['https://evil.example'] };
      expect(runtime.open('acme', { account: 'a', url: 'https://evil.example/' }, options as never)).toEqual({
        kind: 'invalid',
        issues: [
          {
            path: 'options',
            message: `"${name}" is an option of createRuntime(): the host program's, never a connection's`,
          },
        ],
      });
    }
    expect(Object.keys(z.toJSONSchema(optionShapes().connection).properties ?? {})).not.toContain('allowedOrigins');
  });

  it('is told apart in the catalogue', () => {
    const runtime = createRuntime({ destinations: [webhook()] });
    expect(runtime.catalogue()).toMatchObject([{ manifest: { hosts: 'origins' } }]);
  });
});

describe('the wire to an allowed origin', () => {
  const servers: Server[] = [];
  afterEach(() => {
    jest.restoreAllMocks();
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });

  async function listening(play: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
    const server = createServer((request, response) => {
      request.resume().on('end', () => play(request, response));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  async function send(url: string, origins: readonly string[], more: TestTransportOptions = {}): Promise<WireResult> {
    const target = createTargetCheck({ origins });
    const transport = testTransport(undefined, { target, allowsLoopback: true, ...more });
    const request = { method: 'POST', url, headers: {}, body: '{}' } as const;
    const result = await new Promise<WireResult>((onAnswer) =>
      transport.send(
        request,
        { text: '{}', bytes: Buffer.from('{}'), compressed: false },
        { withinMs: 2_000, replyBytes: 1_000, onStart: () => undefined, onAnswer },
      ),
    );
    await transport.close();
    return result;
  }

  test.each(['127.0.0.1', 'localhost'])('reaches a program on this machine at %s', async (host) => {
    const port = await listening((_, response) => response.end('taken'));
    const origin = `http://${host}:${port}`;
    expect(await send(`${origin}/in`, [origin])).toMatchObject({ kind: 'response', response: { body: 'taken' } });
  });

  it('never follows a redirect, not even to another allowed origin', async () => {
    let asked = 0;
    const other = await listening((_, response) => {
      asked += 1;
      response.end();
    });
    const location = `http://127.0.0.1:${other}/`;
    for (const status of [301, 302, 303, 307, 308]) {
      const port = await listening((_, response) => response.writeHead(status, { location }).end());
      const origin = `http://127.0.0.1:${port}`;
      const result = await send(`${origin}/in`, [origin, `http://127.0.0.1:${other}`]);
      expect(result).toMatchObject({ kind: 'response', response: { status } });
    }
    expect(asked).toBe(0);
  });

  it.each(['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1'])(
    'F-22 stays here where an allowed name suddenly leads to %s',
    async (address) => {
      jest
        .spyOn(dns, 'lookup')
        .mockImplementation(((_host: string, _options: unknown, callback: (...found: unknown[]) => void) =>
          callback(null, [{ address, family: address.includes(':') ? 6 : 4 }])) as never);
      // Resolves the name as Node does, and connects nowhere.
      jest.spyOn(net.Socket.prototype, 'connect').mockImplementation(function (this: net.Socket, ...given: unknown[]) {
        const [{ host, lookup = dns.lookup }] = (Array.isArray(given[0]) ? given[0] : given) as [net.TcpNetConnectOpts];
        setImmediate(() =>
          lookup(String(host), { all: true } as never, (error) => void this.destroy(error ?? undefined)),
        );
        return this;
      } as never);
      expect(await send('https://hooks.example.com/in', allowed)).toEqual({
        kind: 'network',
        code: 'ERR_ADDRESS_NOT_PUBLIC',
        received: 'no',
      });
    },
  );

  it('guards every allowed name but loopback, in one connection, too', async () => {
    const guards: (string | boolean)[] = [];
    const port = await listening((_, response) => response.end());
    const local = `http://127.0.0.1:${port}`;
    const dispatcher = (options: Agent.Options) => {
      guards.push(typeof (options.connect as { readonly lookup?: unknown }).lookup);
      return new Agent(options);
    };
    await send(`${local}/in`, [...allowed, local], { dispatcher });
    expect(guards).toEqual(['undefined']);
    jest
      .spyOn(dns, 'lookup')
      .mockImplementation(((_host: string, _options: unknown, callback: (error: Error) => void) =>
        callback(new Error('no such host'))) as never);
    await send('https://hooks.example.com/in', [...allowed, local], { dispatcher });
    expect(guards).toEqual(['undefined', 'function']);
  });
});
