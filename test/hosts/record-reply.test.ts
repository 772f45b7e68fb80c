import http, { type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { fakeTerminal, type Ran } from '../support/cli/fake-terminal.ts';
import { replyFormat } from '../../core/testing/index.ts';

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | ((request: IncomingMessage, text: string) => string);
}

const secret = 'canary-7f3QzX9vK2';
const env = { SANDBOX_TOKEN: secret, SANDBOX_ACCOUNT: 'account-secret-51' };

let answer: Answer = {};
const asked: { readonly method: string; readonly url: string; readonly headers: object; readonly text: string }[] = [];
const server = http.createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const text = Buffer.concat(chunks).toString('utf8');
    asked.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, text });
    const { status = 200, headers = {}, body = '' } = answer;
    if (headers['x-hang-up'] !== undefined) return void request.socket.destroy();
    response.writeHead(status, headers).end(typeof body === 'string' ? body : body(request, text));
  });
});

let origin = '';
let folder = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  folder = mkdtempSync(path.join(tmpdir(), 'replies-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  answer = {};
  asked.length = 0;
});

async function record(name: string, ...flags: string[]): Promise<Ran> {
  return fakeTerminal('', env).run('record', folder, name, ...flags);
}

const fileOf = (name: string): string => path.join(folder, 'contract/replies', `${name}.json`);
const replyOf = (name: string): unknown => JSON.parse(readFileSync(fileOf(name), 'utf8'));
const inFolder = (name: string, text: string): string => {
  writeFileSync(path.join(folder, name), text);
  return path.join(folder, name);
};

describe('spillway record', () => {
  test('asks once, as it is told, and keeps status, meaningful headers and the parsed body with source and day', async () => {
    answer = {
      status: 429,
      headers: {
        'content-type': 'application/json',
        'retry-after': '7',
        'x-request-id': 'r-1',
        date: 'x',
        server: 'y',
      },
      body: '{"errors":[{"index":1,"message":"slow down"}],"at":1768478340000}',
    };
    const body = inFolder('body.json', '[{"order": "order-2001"}]\n');
    const headers = inFolder(
      'headers.json',
      '{"content-type": "application/json", "X-Account": "acc ${SANDBOX_ACCOUNT}"}',
    );
    const { code, stdout, stderr } = await record(
      'throttled',
      '--url',
      `${origin}/v1/events?k=\${SANDBOX_TOKEN}`,
      '--method',
      'PUT',
      '--headers-file',
      headers,
      '--header',
      'authorization: Bearer ${SANDBOX_TOKEN}',
      '--body-file',
      body,
      '--keep',
      'X-Request-Id',
    );
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `429 -> ${fileOf('throttled')}\n`, stderr: '' });
    expect(asked).toEqual([
      {
        method: 'PUT',
        url: `/v1/events?k=${secret}`,
        headers: expect.objectContaining({
          authorization: `Bearer ${secret}`,
          'x-account': 'acc account-secret-51',
          'content-type': 'application/json',
        }),
        text: '[{"order": "order-2001"}]\n',
      },
    ]);
    expect(replyOf('throttled')).toEqual({
      status: 429,
      headers: { 'content-type': 'application/json', 'retry-after': '7', 'x-request-id': 'r-1' },
      body: { errors: [{ index: 1, message: 'slow down' }], at: 1768478340000 },
      source: 'sandbox',
      recordedOn: new Date().toISOString().slice(0, 10),
    });
    expect(replyFormat.safeParse(replyOf('throttled')).success).toBe(true);
  });

  test('an answer without a body, and one that is no JSON, are kept as that', async () => {
    answer = { status: 204 };
    await record('empty', '--url', origin, '--source', 'production');
    expect(replyOf('empty')).toEqual({ status: 204, source: 'production', recordedOn: expect.any(String) });
    answer = { status: 502, body: '<html>bad gateway</html>' };
    await record('text', '--url', origin);
    expect(replyOf('text')).toMatchObject({ status: 502, body: '<html>bad gateway</html>' });
  });

  test('follows no redirect', async () => {
    answer = { status: 302, headers: { location: `${origin}/elsewhere` } };
    await record('moved', '--url', origin);
    expect(asked).toHaveLength(1);
    expect(replyOf('moved')).toMatchObject({ status: 302 });
  });

  test('secrets and people show nowhere, though the vendor repeats them in every spelling', async () => {
    const basic = Buffer.from(`user-example-1:${secret}`).toString('base64');
    answer = {
      headers: { 'content-type': `text/${secret}`, 'x-echo': `${secret} jane.doe@example.com` },
      body: ({ headers }, text) =>
        JSON.stringify({
          said: `Got ${headers.authorization} and ${text}, ${encodeURIComponent('account-secret-51')}`,
          [secret]: { deep: [Buffer.from(secret).toString('base64'), 'jane.doe@example.com', '203.0.113.7'] },
          plain: 'order refused',
        }),
    };
    const { stdout, stderr } = await record(
      'echo',

      '--url',
      origin,
      '--header',
      `Authorization: Basic ${basic}`,
      '--secret',
      'SANDBOX_ACCOUNT',
      '--keep',
      'x-echo',
      '--body-file',
      inFolder('personal.txt', 'account-secret-51 +49 151 123 45678'),
    );
    const told = readFileSync(fileOf('echo'), 'utf8') + stdout + stderr;
    const hidden = [secret, basic, 'user-example-1', 'account-secret-51', 'jane.doe', '203.0.113.7', '45678'];
    for (const value of [...hidden, Buffer.from(secret).toString('base64')]) expect(told).not.toContain(value);
    expect(replyOf('echo')).toMatchObject({
      headers: { 'content-type': 'text/***' },
      body: { plain: 'order refused' },
    });
    expect(stdout).toMatch(
      /masked in headers\.content-type, headers\.x-echo, body\.said, body, a key, body\.\*\*\*\.deep\.0/,
    );
  });

  test('what stands in the body, and a key in the URL, show nowhere either, though nobody called them secret', async () => {
    answer = { body: ({ url }, text) => JSON.stringify({ url, said: `Refused ${text}`, plain: 'no such street' }) };
    const sent = { first: 'Jane', last: 'Doe', street: 'Long Lane 7', s2s_token: 'sekrit-token-42' };
    const url = `${origin}/v1?apikey=LITERALKEY42abc&page=2`;
    const { stdout } = await record(
      'quoted',
      '--url',
      url,
      '--body-file',
      inFolder('person.json', JSON.stringify(sent)),
    );
    const told = readFileSync(fileOf('quoted'), 'utf8') + stdout;
    for (const value of ['Jane', 'Doe', 'Long Lane', 'sekrit-token-42', 'LITERALKEY42abc'])
      expect(told).not.toContain(value);
    expect(replyOf('quoted')).toMatchObject({ body: { plain: 'no such street' } });
    expect(stdout).toMatch(/masked in body\.url, body\.said/);
  });

  test('keeps a reply that is there, unless it is forced', async () => {
    await record('once', '--url', origin);
    answer = { status: 503 };
    const { code, stderr } = await record('once', '--url', origin);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/once\.json is already there; --force overwrites it/)]);
    expect(asked).toHaveLength(1);
    expect(replyOf('once')).toMatchObject({ status: 200 });
    expect((await record('once', '--url', origin, '--force')).code).toBe(0);
    expect(replyOf('once')).toMatchObject({ status: 503 });
  });

  test('no answer, or too long a one, is exit code 1, and nothing is written', async () => {
    answer = { headers: { 'x-hang-up': '1' } };
    const { code, stderr } = await record('reset', '--url', origin);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^spillway: no answer came \([A-Z_]+\)/)]);
    answer = { body: 'x'.repeat(300_000) };
    expect(await record('reset', '--url', origin)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/longer than/),
    });
    expect(existsSync(fileOf('reset'))).toBe(false);
  });

  test('F-30 a reply that cannot be written is exit code 1, and the one that was there stays', async () => {
    const blocked = path.join(folder, 'blocked');
    mkdirSync(blocked);
    writeFileSync(path.join(blocked, 'contract'), 'a file where a folder has to be');
    const { code, stdout, stderr } = await fakeTerminal('', env).run('record', blocked, 'ok', '--url', origin);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^spillway: the reply could not be written to \S+ok\.json \((?:ENOTDIR|EEXIST)\)\n$/);
    await record('stays', '--url', origin);
    mkdirSync(`${fileOf('stays')}.${process.pid}.new`);
    answer = { status: 503 };
    expect(await record('stays', '--url', origin, '--force')).toMatchObject({ code: 1 });
    expect(replyOf('stays')).toMatchObject({ status: 200 });
  });

  test('F-31 defaults and the escape are as in a config file, and a default is masked as a secret', async () => {
    answer = { body: JSON.stringify({ key: 'fallback-secret-9' }) };
    await record('defaults', '--url', origin, '--header', 'a: ${NOT_SET:-fallback-secret-9}', '--header', 'b: $${X}');
    expect(asked[0]?.headers).toMatchObject({ a: 'fallback-secret-9', b: '${X}' });
    expect(replyOf('defaults')).toMatchObject({ body: { key: '***' } });
  });

  test('F-31 an empty variable is empty where the reference has a default for an unset one, as in a shell', async () => {
    const header = (value: string): string[] => ['--url', origin, '--header', value, '--force'];
    const run = (...flags: string[]) => fakeTerminal('', { EMPTY: '' }).run('record', folder, 'empty', ...flags);
    expect(await run(...header('a: x${EMPTY-text}${EMPTY:-other}'))).toMatchObject({ code: 0 });
    expect(asked[0]?.headers).toMatchObject({ a: 'xother' });
    const { code, stderr } = await run(...header('a: ${EMPTY}'));
    expect([code, stderr]).toEqual([2, 'spillway: the environment variable EMPTY is empty\n']);
  });

  test('a credential may come from a file: it is masked as well, and an empty file is none', async () => {
    answer = { body: JSON.stringify({ key: 'file-secret-9' }) };
    const header = (file: string): string[] => ['--url', origin, '--header', `authorization: Bearer \${file:${file}}`];
    await record('from-file', ...header(inFolder('token', 'file-secret-9\n')));
    expect(asked[0]?.headers).toMatchObject({ authorization: 'Bearer file-secret-9' });
    expect(replyOf('from-file')).toMatchObject({ body: { key: '***' } });
    const empty = inFolder('empty-token', '\n');
    const { code, stderr } = await record('from-empty', ...header(empty));
    expect([code, stderr]).toEqual([2, `spillway: the file ${empty} is empty\n`]);
  });

  const wrong: readonly (readonly [title: string, flags: readonly string[], says: RegExp])[] = [
    ['no URL', [], /required option '--url <url>'/],
    ['http to elsewhere', ['--url', 'http://api.example.com/'], /must be https, or http on a loopback address/],
    ['another scheme', ['--url', 'file:///etc/passwd'], /must be https/],
    ['no URL at all', ['--url', 'here'], /--url is not a URL/],
    ['credentials in the URL', ['--url', 'https://me:hidden-1@api.example.com'], /must not carry credentials/],
    ['an unset variable', ['--url', 'https://x.example', '--header', 'a: ${NOT_SET}'], /variable NOT_SET is not set/],
    ['F-31 no reference', ['--url', 'https://x.example', '--header', 'a: ${hidden-1'], /is no reference/],
    ['a secret given by value', ['--url', 'https://x.example', '--secret', 'hidden-1'], /a variable that is not set/],
    ['a header without a colon', ['--url', 'https://x.example', '--header', 'hidden-1'], /must be "name: value"/],
    ['headers that are not there', ['--url', 'https://x.example', '--headers-file', 'no.json'], /no\.json \(ENOENT\)/],
    [
      'headers that are no object',
      ['--url', 'https://x.example', '--headers-file', 'tsconfig.json'],
      /names and texts/,
    ],
    ['a body that is not there', ['--url', 'https://x.example', '--body-file', 'none'], /cannot read none \(ENOENT\)/],
    ['an unknown source', ['--url', 'https://x.example', '--source', 'docs'], /sandbox, production/],
  ];
  test.each(wrong)('%s is a usage error that quotes no credential', async (_title, flags, says) => {
    const { code, stdout, stderr } = await record('never', ...flags);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(says)]);
    expect(stderr).not.toContain('hidden-1');
    expect(asked).toEqual([]);
    expect(existsSync(fileOf('never'))).toBe(false);
  });

  test('a name that leads elsewhere, or a folder that is not there, is a usage error', async () => {
    expect(await record('../up', '--url', origin)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/kebab-case/),
    });
    const { code, stderr } = await fakeTerminal().run('record', 'nowhere', 'ok', '--url', origin);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/there is no folder nowhere/)]);
  });
});
