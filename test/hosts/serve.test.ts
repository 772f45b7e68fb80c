// Tests core/hosts/cli/serve, in this process: how `spillway serve` begins, serves and ends.
import { spawn } from 'node:child_process';
import { chmodSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { get } from 'node:http';
import { connect, createServer } from 'node:net';
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { requirePeers, servicePeers } from '../../core/hosts/cli/serve/peers.ts';
import { fakeTerminal, spillway } from '../support/cli/fake-terminal.ts';
import { startServing, type Serving } from '../support/cli/serving.ts';
import { startVendorServer } from '../support/cli/vendor-server.ts';
import { createWorkspace, testDestinations, testSettings } from '../support/cli/workspace.ts';
import { letter } from '../support/service/service-under-test.ts';

jest.setTimeout(30_000);
const workspace = createWorkspace();
afterAll(workspace.remove);
const shop = { id: 'shop', destination: 'mailbox', config: testSettings };
const config = workspace.write('service.json', { connections: [shop] });
const secret = '2f1c9a60d3b84e57aa';

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
let vendor: Awaited<ReturnType<typeof startVendorServer>>;
let afterMs = 0;
beforeEach(async () => {
  afterMs = 0;
  vendor = await startVendorServer(() => ({ afterMs }));
});
let serving: Serving | undefined;
const start = async (...args: string[]): Promise<Serving> =>
  (serving = await startServing(['--config', config, '--origin', `mailbox=${vendor.origin}`, ...args]));
afterEach(async () => {
  serving?.send('SIGTERM');
  await serving?.ended;
  serving = undefined;
  await vendor.stop();
});

describe('spillway serve', () => {
  test('says where it serves, delivers, and ends with 0 after a signal', async () => {
    const { ask, log, send, ended } = await start();
    expect(log()).toMatchObject([{ level: 'info', message: 'serving', connections: 1, store: null }]);
    expect((await ask('GET', '/readyz')).status).toBe(200);
    const response = await ask('POST', '/v1/connections/shop/deliver', [letter('m-1')]);
    expect(await response.json()).toMatchObject([{ kind: 'delivered', eventId: 'm-1' }]);
    send('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, stdout: '' });
  });

  test('has simulators for trials, and lets one reach the vendor itself where it is started with --allow-real', async () => {
    const trial = { destination: 'mailbox', config: testSettings, events: [letter('m-1')], real: true, confirm: true };
    const { ask } = await start();
    expect((await ask('GET', '/v1/destinations/rokt/events')).status).toBe(200);
    const order = { type: 'track', event: 'Order Completed', messageId: 'm-1', context: { ip: '203.0.113.7' } };
    const config = { appToken: 'app1', environment: 'sandbox', eventTokens: { 'Order Completed': 'tok1' } };
    const tried = await ask('POST', '/v1/try', { destination: 'adjust', config, events: [order] });
    expect(await tried.json()).toMatchObject({ vendor: 'simulator', outcomes: [{ eventId: 'm-1' }] });
    expect((await ask('POST', '/v1/try', trial)).status).toBe(403);
    serving?.send('SIGTERM');
    await serving?.ended;
    const allowing = await start('--allow-real');
    expect(await (await allowing.ask('POST', '/v1/try', trial)).json()).toMatchObject({ vendor: 'real' });
    expect(vendor.received).toHaveLength(1);
  });

  test('makes a store where there is none, and keeps events there over its end', async () => {
    afterMs = 60_000;
    const store = workspace.at('kept');
    const first = await start('--store', store, '--grace', '300');
    expect((await first.ask('POST', '/v1/connections/shop/events', [letter('m-1')])).status).toBe(202);
    first.send('SIGTERM');
    await first.ended;
    afterMs = 0;
    await start('--store', store);
    while (vendor.received.length === 0) await pause(10);
    expect(vendor.received).toMatchObject([{ id: 'm-1' }]);
  });

  test('takes the calls of SDKs that have the write key of a source', async () => {
    const sources = [{ id: 'web', writeKey: 'key-of-the-web', connections: ['shop'] }];
    const file = workspace.write('sources.json', { connections: [shop], sources });
    const without = await spillway(['serve', '--config', file, '--port', '0']);
    expect(without).toMatchObject({ code: 78, stderr: expect.stringContaining('store') });
    const { ask } = await start('--config', file, '--store', workspace.at('tracked'));
    const authorization = `Basic ${btoa('key-of-the-web:')}`;
    const call = { event: 'Letter Sent', userId: 'u-1', messageId: 'm-1' };
    expect((await ask('POST', '/v1/track', call, { authorization })).status).toBe(200);
    while (vendor.received.length === 0) await pause(10);
    expect(vendor.received).toMatchObject([{ id: 'm-1' }]);
  });

  test('has metrics of what it delivers, of its store and of its process', async () => {
    const { ask } = await start('--store', workspace.at('measured'), '--max-connections-labelled', '1');
    await ask('POST', '/v1/connections/shop/deliver', [letter('m-1')]);
    const text = await (await ask('GET', '/metrics')).text();
    expect(text).toMatch(/^spillway_events_total\{.*connection="shop".*outcome="delivered".*\} 1$/m);
    expect(text).toMatch(/^spillway_suspended\{.*connection="shop"\} 0$/m);
    expect(text).toMatch(/^spillway_store_max_bytes \d+$/m);
    expect(text).toMatch(/^spillway_config_reloads_total\{result="invalid"\} 0$/m);
    expect(text).toMatch(/^process_cpu_seconds_total/m);
  });

  test('logs a line for people with --log text, and knows no other form', async () => {
    const terminal = fakeTerminal('', { SPILLWAY_DESTINATIONS: testDestinations });
    const ran = terminal.run('serve', '--config', config, '--port', '0', '--log', 'text');
    while (!terminal.told().stderr.includes('serving')) await pause(10);
    terminal.send('SIGTERM');
    const { code, stderr } = await ran;
    expect(code).toBe(0);
    expect(stderr).toMatch(/^[\d-]+T[\d:.]+Z info serving address="http:\/\/127\.0\.0\.1:\d+" connections=1 .*\n/);
    expect(await spillway(['serve', '--config', config, '--log', 'xml'])).toMatchObject({
      code: 2,
      stderr: 'spillway: --log: unknown form "xml"; expected one of: json, text\n',
    });
  });

  test('is reached under its own names and those of --public-host alone', async () => {
    const { origin } = await start('--public-host', 'events.example.com');
    const statusFor = (host: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        get(`${origin}/v1/connections`, { headers: { host } }, (response) => {
          response.resume();
          resolve(response.statusCode);
        }).on('error', reject);
      });
    expect(await Promise.all(['localhost', 'events.example.com', 'evil.example.com'].map(statusFor))).toEqual([
      200, 200, 403,
    ]);
  });

  test.each(['proxy.example', '10.0.0.0/33', '10.0.0.0/'])(
    'takes no --trusted-proxy %s, which is no network',
    async (network) => {
      expect(await spillway(['serve', '--config', config, '--trusted-proxy', network])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(`trusted-proxy: "${network}" is no IP address`) as unknown,
      });
    },
  );

  test('takes the address of a client from a proxy that is trusted', async () => {
    const sources = [{ id: 'web', writeKey: 'key-of-web', connections: ['shop'] }];
    const file = workspace.write('sources.json', { connections: [shop], sources });
    const store = workspace.at('behind-proxy');
    const flags = ['--config', file, '--store', store, '--trusted-proxy', '127.0.0.0/8', '--trusted-proxy', '::1'];
    const { origin, ask } = await start(...flags);
    const headers = {
      authorization: `Basic ${Buffer.from('key-of-web:').toString('base64')}`,
      'x-forwarded-for': '203.0.113.7',
    };
    const event = { event: 'Broken', userId: 'u-1', messageId: 'm-1' };
    const sent = await fetch(`${origin}/v1/track`, { method: 'POST', headers, body: JSON.stringify(event) });
    expect(sent.status).toBe(200);
    let dead = '';
    while (dead === '')
      dead = await (
        await ask('GET', '/v1/connections/shop/dead', undefined, { accept: 'application/x-ndjson' })
      ).text();
    expect(JSON.parse(dead)).toMatchObject({ event: { context: { ip: '203.0.113.7' } } });
  });

  test('has spans of its requests to vendors, under the trace of who sent the events', async () => {
    const exporter = new InMemorySpanExporter();
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
    try {
      const { ask } = await start();
      const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
      const headers = { traceparent: `00-${traceId}-${spanId}-01` };
      await ask('POST', '/v1/connections/shop/deliver', [letter('m-1')], headers);
      const spans = exporter.getFinishedSpans();
      expect(spans.map((span) => [span.spanContext().traceId, span.parentSpanContext?.spanId])).toEqual([
        [traceId, spanId],
      ]);
    } finally {
      trace.disable();
    }
  });

  test('logs that a vendor refuses a connection, once it is so', async () => {
    await vendor.stop();
    vendor = await startVendorServer(() => ({ status: 401 }));
    const { ask, logged } = await start();
    await ask('POST', '/v1/connections/shop/deliver', [letter('m-1')]);
    expect(await logged('suspended')).toMatchObject({ level: 'warn', connection: 'shop', reason: 'unauthorized' });
  });
});

describe('spillway serve begins with good settings only', () => {
  test('exits with 78, and names every fault by its path, where the config is wrong', async () => {
    const connections = [
      { ...shop, config: { apiKey: 's3cr3t-value' } },
      { id: 'other', destination: 'nowhere', config: {} },
    ];
    const file = workspace.write('wrong.json', { connections });
    const { code, stderr } = await spillway(['serve', '--config', file, '--port', '0']);
    expect(code).toBe(78);
    expect(stderr).toContain('connections.0.config.owner: ');
    expect(stderr).toContain('connections.1.destination: ');
    expect(stderr).not.toContain('s3cr3t');
  });

  test('exits with 78, and names lines by number, where the token file is wrong', async () => {
    const tokens = workspace.write('wrong-tokens', `# of the gateway\ngateway deliver short\nops anything ${secret}\n`);
    const { code, stderr } = await spillway(['serve', '--config', config, '--token-file', tokens]);
    expect(code).toBe(78);
    expect(stderr).toContain('line 2 of the token file its token has fewer than 16 characters');
    expect(stderr).toContain('line 3 of the token file one of its scopes is unknown');
    expect(stderr).not.toContain(secret);
  });

  test('tells the faults of both files at once', async () => {
    const tokens = workspace.write('empty-tokens', '# nobody\n');
    const file = workspace.write('empty.json', {});
    const { code, stderr } = await spillway(['serve', '--config', file, '--token-file', tokens]);
    expect(code).toBe(78);
    expect(stderr).toContain('connections: ');
    expect(stderr).toContain('the token file has no token');
  });

  test.each([
    ['a config file that is not there', ['--config', 'none.json'], 2, 'cannot read the config file'],
    ['a token file that is not there', ['--config', config, '--token-file', 'none'], 2, 'cannot read the token file'],
    ['a folder as token file', ['--config', config, '--token-file', '/'], 2, 'it is not a regular file'],
    ['an origin of no destination', ['--config', config, '--origin', 'nowhere=http://127.0.0.1:1'], 2, 'there is no'],
    ['an address of another machine', ['--config', config, '--host', '203.0.113.7'], 2, 'without --token-file'],
    ['no port', ['--config', config, '--port', '65536'], 2, 'Expected a port'],
  ])('refuses %s', async (_, args, code, said) => {
    expect(await spillway(['serve', ...args])).toMatchObject({ code, stderr: expect.stringContaining(said) });
  });

  test('serves other machines with a token file alone', async () => {
    const tokens = workspace.write('tokens', `gateway deliver ${secret}\n`);
    chmodSync(tokens, 0o600);
    const { ask, log } = await start('--host', '0.0.0.0', '--token-file', tokens);
    expect((await ask('GET', '/v1/connections')).status).toBe(401);
    const authorization = `Bearer ${secret}`;
    expect((await ask('GET', '/v1/connections', undefined, { authorization })).status).toBe(403);
    expect((await ask('POST', '/v1/connections/shop/deliver', [], { authorization })).status).toBe(200);
    expect(log().filter(({ level }) => level !== 'info')).toEqual([]);
  });

  test('warns of a token file that others may read', async () => {
    const tokens = workspace.write('open-tokens', `gateway deliver ${secret}\n`);
    chmodSync(tokens, 0o644);
    const { log } = await start('--token-file', tokens);
    expect(log()[0]).toMatchObject({ level: 'warn', message: expect.stringContaining('chmod 600') });
  });

  test('exits with 75 where the port is in use, and says what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const ran = await spillway(['serve', '--config', config, '--port', String(port)]);
    other.close();
    expect(ran).toMatchObject({ code: 75, stderr: expect.stringContaining(`port ${port} of 127.0.0.1 is in use`) });
    expect(ran.stderr).toContain('pass another --port');
  });

  test('exits with 75 where another process has the store', async () => {
    const store = workspace.at('shared');
    await start('--store', store);
    const ran = await spillway(['serve', '--config', config, '--port', '0', '--store', store, '--wait', '0.2']);
    expect(ran).toMatchObject({ code: 75, stderr: expect.stringContaining('open already') });
  });

  test('exits with 78 where events wait that the settings would send out of order', async () => {
    afterMs = 60_000;
    const store = workspace.at('lanes');
    const first = await start('--store', store, '--grace', '300');
    await first.ask('POST', '/v1/connections/shop/events', [letter('m-1')]);
    first.send('SIGTERM');
    await first.ended;
    const other = workspace.write('other.json', { connections: [{ ...shop, destination: 'rokt', config: {} }] });
    const ran = await spillway(['serve', '--config', other, '--port', '0', '--store', store]);
    expect(ran.code).toBe(78);
  });
});

describe('The packages of the service', () => {
  test('are asked for at once, in one line, where some are missing', () => {
    const resolve = (name: string): string => {
      if (name === 'hono' || name === 'pino') throw new Error('not there');
      return name;
    };
    expect(() => requirePeers(resolve)).toThrow(`Run: npm install hono@${servicePeers.hono} pino@${servicePeers.pino}`);
  });

  test('are asked for at the versions that the tests run with', () => {
    const { devDependencies } = createRequire(import.meta.url)('../../package.json') as {
      devDependencies: Record<string, string>;
    };
    expect(devDependencies).toMatchObject(servicePeers);
  });
});

describe('spillway serve ends', () => {
  test('within the grace: /readyz fails at once, and what is in flight is answered', async () => {
    afterMs = 500;
    const { ask, send, ended, origin } = await start();
    await ask('GET', '/readyz');
    const [answered, kept] = [
      ask('POST', '/v1/connections/shop/deliver', [letter('m-1')]),
      ask('GET', '/v1/destinations'),
    ];
    while (vendor.batches === 0) await pause(10);
    await (await kept).text();
    send('SIGTERM');
    const probe = await ask('GET', '/readyz');
    expect([probe.status, probe.headers.get('connection')]).toEqual([503, 'close']);
    expect(await (await answered).json()).toMatchObject([{ kind: 'delivered' }]);
    expect(await ended).toMatchObject({ code: 0 });
    await expect(fetch(origin)).rejects.toThrow();
  });

  test('where a client goes on with its upload: it gets the outcomes so far, and is told that the rest was not read', async () => {
    const running = await start('--grace', '2000');
    let isOver = false;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await pause(20);
        if (isOver) controller.close();
        else controller.enqueue(new TextEncoder().encode(`${JSON.stringify(letter(String(Math.random())))}\n`));
      },
    });
    const answered = fetch(`${running.origin}/v1/connections/shop/deliver`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body,
      duplex: 'half',
    } as RequestInit);
    while (vendor.batches === 0) await pause(10);
    running.send('SIGTERM');
    const lines = (await (await answered).text()).trim().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ problem: { status: 503 } });
    expect(lines.filter((line) => line.includes('"delivered"'))).toHaveLength(vendor.received.length);
    expect(await running.ended).toMatchObject({ code: 0 });
    expect(running.exits).toEqual([]);
    isOver = true;
  });

  test('where the rest of a body does not come: its sender is told to send it again', async () => {
    const running = await start('--grace', '1000');
    const socket = connect(Number(new URL(running.origin).port), '127.0.0.1');
    let text = '';
    socket.on('data', (piece: Buffer) => (text += piece.toString()));
    const head = 'host: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n';
    socket.write(`POST /v1/connections/shop/deliver HTTP/1.1\r\n${head}[`);
    await pause(200);
    const closed = once(socket, 'close');
    running.send('SIGTERM');
    expect(await running.ended).toMatchObject({ code: 0 });
    await closed;
    expect(text).toMatch(/^HTTP\/1.1 503 [^]*retry-after: 1/);
    expect(running.exits).toEqual([]);
  });

  test('with the code of the signal once the grace is over', async () => {
    afterMs = 60_000;
    const running = await start('--grace', '200');
    const answered = running.ask('POST', '/v1/connections/shop/deliver', [letter('m-1')]).catch(() => undefined);
    while (vendor.batches === 0) await pause(10);
    running.send('SIGTERM');
    while (running.exits.length === 0) await pause(10);
    expect(running.exits).toEqual([143]);
    expect(await running.logged('the grace is over')).toMatchObject({ level: 'warn', graceMs: 200 });
    await vendor.stop();
    await answered;
  });

  test('at once after a second signal', async () => {
    afterMs = 60_000;
    const running = await start('--grace', '1000');
    const answered = running.ask('POST', '/v1/connections/shop/deliver', [letter('m-1')]).catch(() => undefined);
    while (vendor.batches === 0) await pause(10);
    running.send('SIGINT');
    await pause(300);
    expect(running.exits).toEqual([]);
    running.send('SIGINT');
    expect(running.exits).toEqual([130]);
    await vendor.stop();
    await answered;
  });

  test('with 74 once another process has taken its store', async () => {
    const store = workspace.at('lost');
    const running = await start('--store', store);
    for (const name of readdirSync(store)) if (name.endsWith('.sock')) rmSync(path.join(store, name));
    const enqueue = ['enqueue', 'shop', '--store', store, '--config', config];
    const child = spawn(process.execPath, ['--import', 'tsx', 'core/hosts/cli/main.ts', ...enqueue], {
      cwd: path.join(import.meta.dirname, '../..'),
      env: { ...process.env, NODE_OPTIONS: '', SPILLWAY_DESTINATIONS: testDestinations },
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    child.stdin.end(`${JSON.stringify(letter('m-1'))}\n`);
    expect(await once(child, 'close')).toEqual([0, null]);
    const refused = await running.ask('POST', '/v1/connections/shop/events', [letter('m-2')]);
    expect(refused.status).toBe(503);
    expect(await running.ended).toMatchObject({
      code: 74,
      stderr: expect.stringContaining('another process has taken the queue store over'),
    });
  });
});
