import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readSettingsFile } from '../../core/hosts/cli/serve/settings-file.ts';
import { describeProgram } from '../../core/hosts/cli/program.ts';
import { trialsIn } from '../../core/hosts/cli/serve/simulators.ts';
import { createMetrics } from '../../core/metrics/index.ts';
import { startAdjust, startAdrollEmail, type Simulator } from '../../core/testing/simulators/index.ts';
import { fakeTerminal } from '../support/cli/fake-terminal.ts';
import { read, root, shown } from '../support/docs/pages.ts';
import { serve } from '../support/docs/serve.ts';
import { stepsOf, textDifferences } from '../support/docs/shown-answers.ts';

const run = promisify(execFile);
const page = readFileSync(path.join(root, 'docs/service.md'), 'utf8');
const steps = stepsOf(page);
const address = 'http://127.0.0.1:9090';
const env = {
  ADJUST_APP: 'app5imulated',
  ADROLL_USER: 'simulated-user',
  ADROLL_PASSWORD: 'simulated-password',
  ADROLL_CLIENT_ID: 'simulated-client-id',
  WEB_WRITE_KEY: 'key-of-web',
};

let folder: string;
let vendors: readonly Simulator[];
let served: Awaited<ReturnType<typeof serve>>;
const origin = (): string => `http://127.0.0.1:${served.port}`;

const shell = async (command: string): Promise<string> => {
  const text = command.replaceAll(address, served === undefined ? address : origin());
  return (await run('sh', ['-c', text], { cwd: folder, env: { ...process.env, ...env } })).stdout;
};

/** In place of `spillway serve`: the code of the page, with the files of the page, and simulated vendors. */
async function startServing(line: string): Promise<void> {
  const program = describeProgram(fakeTerminal().terminal, () => undefined);
  for (const command of program.commands) command.action(() => undefined);
  await program.parseAsync(line.split(' ').slice(1), { from: 'user' });
  const file = await readSettingsFile(path.join(folder, 'service.json'), env);
  if (file.kind === 'invalid') throw file.error;
  const [adjust, email] = vendors;
  const { register, onSignal } = createMetrics();
  served = await serve(
    path.join(root, 'destinations'),
    {
      connections: file.entries,
      sources: file.sources,
      tokens: readFileSync(path.join(folder, 'tokens'), 'utf8'),
      queue: path.join(folder, 'queue'),
      port: 0,
    },
    {
      runtime: { origins: { adjust: adjust?.origin ?? '', 'adroll-email': email?.origin ?? '' } },
      metrics: { text: () => register.metrics(), contentType: register.contentType },
      onSignal,
      trials: trialsIn(new Map()),
    },
  );
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'spillway-page-'));
  vendors = [
    await startAdjust({ appToken: env.ADJUST_APP, eventTokens: ['abc123'] }),
    await startAdrollEmail({
      advertisableEid: 'ADVERTISABLE0000000001',
      apikey: env.ADROLL_CLIENT_ID,
      basic: { username: env.ADROLL_USER, password: env.ADROLL_PASSWORD },
    }),
  ];
});
afterAll(async () => {
  await served?.close();
  for (const vendor of vendors) await vendor.close();
  rmSync(folder, { recursive: true });
});

// In their order, in one folder: each builds on those before it.
describe('the commands of docs/service.md', () => {
  test.each(steps.map(({ command, answer }) => [command.trim().split('\n').at(-1) ?? '', command, answer] as const))(
    '%s',
    async (_title, command, answer) => {
      const [before = '', starts] = command.split(/^(spillway serve .*)$/m);
      let real = await shell(before);
      if (starts !== undefined) await startServing(starts);
      if (/\bcurl /.test(command)) {
        // What is delivered from the store is so a little later.
        const isQuestion = !/ --json | -X | --data-binary /.test(command);
        for (let tries = 0; isQuestion && tries < 50 && textDifferences(answer ?? '', real).length > 0; tries += 1) {
          await new Promise((resolve) => setTimeout(resolve, 100));
          real = await shell(before);
        }
        expect(textDifferences(answer ?? '', real)).toEqual([]);
      } else expect([real, answer]).toEqual(['', undefined]);
    },
  );

  test('ask every route that the service describes', async () => {
    const { paths } = (await (await fetch(`${origin()}/openapi.json`)).json()) as {
      readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    };
    const asked = steps.flatMap(({ command }) =>
      [...command.matchAll(/127\.0\.0\.1:9090(\/[^\s'?]*)/g)].map(([, at]) => at),
    );
    const patterns = Object.keys(paths).map(
      (one) => [one, new RegExp(`^${one.replaceAll(/\{\w+\}/g, '[^/]+')}$`)] as const,
    );
    const missing = patterns.filter(([, pattern]) => !asked.some((one = '') => pattern.test(one))).map(([one]) => one);
    // The calls of SDKs are one route with several names.
    expect(missing.filter((one) => !/^\/v1\/(?:identify|page|screen|group|alias)$/.test(one))).toEqual([]);
  });
});

describe('the programs of docs/service.md', () => {
  test('embed the service as this test does', async () => {
    expect(page).toContain(await shown('test/support/docs/serve.ts'));
  });

  test('use it through a client whose types are made of its description', async () => {
    const [, code = ''] = /^```ts\n(import createClient [^]*?)^```$/m.exec(page) ?? [];
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
    writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(path.join(folder, 'client.ts'), code);
    const compilerOptions = { strict: true, target: 'es2022', module: 'nodenext', noEmit: true, types: ['node'] };
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['client.ts'] }));
    const node = async (...args: readonly string[]): Promise<string> =>
      (
        await run(process.execPath, args, {
          cwd: folder,
          env: { ...process.env, SPILLWAY: origin(), SPILLWAY_TOKEN: '77aa0c9d1e2fb380' },
        })
      ).stdout;
    const module = (file: string): string => path.join(root, 'node_modules', file);
    await node(module('openapi-typescript/bin/cli.js'), `${origin()}/openapi.json`, '-o', 'spillway-api.d.ts');
    const said = await node(module('typescript/bin/tsc'), '-p', folder).catch(
      (error: { readonly stdout: string }) => error.stdout,
    );
    expect(said).toBe('');
    expect((await node('--import', 'tsx', 'client.ts')).trim().split('\n')).toEqual([
      'client-1 rejected stale_event',
      'accepted 1',
      'open',
      'client-2 stale_event',
      '404 no connection has this id',
    ]);
  }, 60_000);
});

describe('docs/service.md', () => {
  test('has at most 120 columns outside of code and tables', async () => {
    const prose = (await read('docs/service.md')).replaceAll(/^```.*?^```$/gms, '').replaceAll(/^\|.*$/gm, '');
    expect(prose.split('\n').filter((line) => line.length > 120)).toEqual([]);
  });

  test('would not get away with another answer', () => {
    const real = '{"kind":"delivered","at":"2026-11-24T10:00:00Z","list":[1,2]}';
    expect(textDifferences('{"kind":"delivered","at":"2026-01-01T00:00:00.000Z","list":[1,"..."]}', real)).toEqual([]);
    expect(textDifferences('{"kind":"skipped","at":"...","list":[1]}', real)).toEqual([
      '$.kind is "delivered"',
      '$.list has 2 items',
    ]);
    expect(textDifferences('{"kind":"delivered"}', real)).toEqual(['$.at is not shown', '$.list is not shown']);
  });
});
