import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { format } from 'prettier/standalone';
import * as babel from 'prettier/plugins/babel';
import * as estree from 'prettier/plugins/estree';
import * as markdown from 'prettier/plugins/markdown';
import * as typescript from 'prettier/plugins/typescript';
import { optionsFrom } from '../../core/hosts/cli/new/ask-options.ts';
import {
  authMeanings,
  authSchemes,
  bodyForms,
  bodyMeanings,
  verdictForms,
  verdictMeanings,
} from '../../core/hosts/cli/new/choices.ts';
import type { FolderOptions } from '../../core/hosts/cli/new/folder-options.ts';
import { newDestination } from '../../core/hosts/cli/new/new-destination.ts';
import { renderTemplate } from '../../core/hosts/cli/new/render-template.ts';
import { codeFormatFor, usualDirectory, writeFolder } from '../../core/hosts/cli/new/write-folder.ts';
import { run } from '../../core/hosts/cli/program.ts';
import { stripTemplate } from '../../scripts/build/strip-template.ts';
import { fakeTerminal, type Ran } from '../support/cli/fake-terminal.ts';
import { checkDestination, type CheckResult } from '../../core/testing/index.ts';

jest.setTimeout(60_000);

const repository = path.resolve('.');
/** Inside the repository, where new folders are TypeScript and import core/api; outside, a project that has spillway. */
let [inside, outside] = ['', ''];
const sources = path.resolve('core/hosts/cli/new/template');
/** The template as the build leaves it in the package: also without types. */
let built = '';
beforeAll(async () => {
  built = await mkdtemp(path.join(tmpdir(), 'template-'));
  await cp(sources, built, { recursive: true });
  await stripTemplate(sources, built);
  inside = await mkdtemp(path.join(repository, 'scaffold-'));
  outside = await realpath(await mkdtemp(path.join(tmpdir(), 'scaffold-')));
  await writeFile(path.join(outside, 'package.json'), '{ "type": "module" }');
  // What `npm install spillway` would put there, from the sources: the build comes after the tests.
  await mkdir(path.join(outside, 'spillway'));
  await writeFile(
    path.join(outside, 'spillway/package.json'),
    '{ "type": "module", "exports": { "./api": "./api.js" } }',
  );
  await writeFile(path.join(outside, 'spillway/api.js'), `export * from '${repository}/core/api/index.ts';\n`);
  await mkdir(path.join(outside, 'node_modules'));
  await symlink(path.join(outside, 'spillway'), path.join(outside, 'node_modules/spillway'));
});
afterAll(async () => {
  await rm(inside, { recursive: true });
  await rm(outside, { recursive: true });
  await rm(built, { recursive: true });
});

const options = { name: "O'Brien & Söhne", host: 'in.lighthouse.example', auth: 'bearer', body: 'array' } as const;
const flags = Object.entries(options).flatMap(([flag, value]) => [`--${flag}`, value]);

async function scaffold(args: readonly string[], stdin?: Readable): Promise<Ran> {
  const { terminal, told } = fakeTerminal(stdin);
  const code = await run(['new', ...args], terminal);
  return { code, ...told() };
}

/** As the installed package does it. */
async function scaffoldInstalled(slug: string, dir: string): Promise<Ran> {
  const { terminal, told } = fakeTerminal();
  const code = await newDestination(slug, { ...options, dir }, terminal, built);
  return { code, ...told() };
}

/** A person at the terminal, who waits for each text before the keys beside it are pressed. */
async function inDialogue(
  args: readonly string[],
  typed: readonly (readonly [text: string, keys: string])[],
): Promise<Ran> {
  const keyboard = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => keyboard });
  const { terminal, told } = fakeTerminal(keyboard);
  let code: number | undefined;
  const running = run(['new', ...args], terminal).then((ended) => (code = ended));
  for (const [text, keys] of typed) {
    while (code === undefined && !told().stdout.includes(text)) await setTimeout(5);
    keyboard.write(keys);
  }
  return { code: await running, ...told() };
}

async function checked(folder: string, only = /./): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  for await (const result of checkDestination(folder, { only, fuzz: { runs: 5 } })) results.push(result);
  return results;
}

const failures = (results: readonly CheckResult[]): readonly CheckResult[] => results.filter(({ ok }) => !ok);

const isSensible = ({ auth, body, verdicts }: Pick<FolderOptions, 'auth' | 'body' | 'verdicts'>): boolean =>
  !(auth === 'body' && body === 'array') && (verdicts === 'none' || body === 'array' || body === 'list');

/** Every combination that makes sense. */
const variants: readonly FolderOptions[] = authSchemes
  .flatMap((auth) => bodyForms.flatMap((body) => verdictForms.map((verdicts) => ({ auth, body, verdicts }))))
  .filter(isSensible)
  .map(({ auth, body, verdicts }) => ({
    slug: `${auth}-${body}-${verdicts}`,
    name: "O'Brien",
    host: 'in.lighthouse.example',
    authHeader: 'x-api-key',
    authField: 'site_key',
    listName: auth === 'body' || verdicts === 'index' ? 'data.events' : 'batch',
    auth,
    body,
    verdicts,
  }));

type Choice = `${'auth' | 'body' | 'verdicts'} ${string}`;
const choicesOf = ({ auth, body, verdicts }: FolderOptions): readonly Choice[] => [
  `auth ${auth}`,
  `body ${body}`,
  `verdicts ${verdicts}`,
];
const pairsOf = (variant: FolderOptions): readonly string[] =>
  choicesOf(variant).flatMap((one, at, all) => all.slice(at + 1).map((other) => `${one}, ${other}`));

/** Of the variants as few as a greedy choice finds that have between them everything that all of them have. */
function covering(partsOf: (variant: FolderOptions) => readonly string[]): readonly FolderOptions[] {
  const open = new Set(variants.flatMap(partsOf));
  const chosen: FolderOptions[] = [];
  const gain = (variant: FolderOptions): number => partsOf(variant).filter((part) => open.has(part)).length;
  while (open.size > 0) {
    const [first = variants[0] as FolderOptions, ...others] = variants;
    const best = others.reduce((most, variant) => (gain(variant) > gain(most) ? variant : most), first);
    for (const part of partsOf(best)) open.delete(part);
    chosen.push(best);
  }
  return chosen;
}
/** Each choice once: the whole contract takes seconds. */
const thoroughly = covering(choicesOf);
/** Each pair of choices once: their cases, and that no credential is seen. */
const briefly = covering(pairsOf).filter((variant) => !thoroughly.includes(variant));

describe('every new folder', () => {
  beforeAll(async () => {
    for (const variant of variants) {
      const folder = path.join(inside, variant.slug);
      await writeFolder(folder, await renderTemplate(built, variant, codeFormatFor(folder, false), '2026-11-22'));
    }
  });

  const keepsContract = async ({ body, verdicts, slug }: FolderOptions, only: RegExp): Promise<void> => {
    const results = await checked(path.join(inside, slug), only);
    expect(failures(results)).toEqual([]);
    const todo = results.filter((result) => result.todo === true);
    const carriesSeveral = body === 'array' || body === 'list';
    expect(todo).toHaveLength(verdicts === 'none' && carriesSeveral ? 3 : 2);
    // Of two events one is refused: proved wherever it is known what the answer says.
    const proved = results.filter(({ title, ran }) => ran && title.startsWith('case one-of-two-refused'));
    expect(proved).toHaveLength(verdicts !== 'none' ? 1 : 0);
    expect(todo.every(({ ran, why }) => !ran && why !== undefined)).toBe(true);
  };
  test.each(thoroughly)(
    'with auth $auth, body $body and verdicts $verdicts keeps the contract, but for what it marks as to do',
    (variant) => keepsContract(variant, /./),
  );
  test.each(briefly)(
    'with auth $auth, body $body and verdicts $verdicts passes its cases, and shows no credential',
    (variant) => keepsContract(variant, /^(?:case|secrets: planted|demo)/),
  );
  test('is tried with each pair of choices that makes sense', () => {
    const pairs = new Set([...thoroughly, ...briefly].flatMap(pairsOf));
    expect(variants.flatMap(pairsOf).filter((pair) => !pairs.has(pair))).toEqual([]);
    expect(thoroughly.length).toBeLessThan(10);
  });

  test('names a setting in one case alone, which the others extend, and in the demo', async () => {
    const folder = path.join(inside, 'bearer-array-id');
    const naming: string[] = [];
    for (const file of await readdir(folder, { recursive: true }))
      if (file.endsWith('.json') && /"(?:account|token)":/.test(await readFile(path.join(folder, file), 'utf8')))
        naming.push(file);
    expect(naming).toEqual([path.join('contract', 'cases', 'order.json')]);
    const cases = await readdir(path.join(folder, 'contract/cases'));
    for (const file of cases.filter((name) => name !== 'order.json'))
      expect(JSON.parse(await readFile(path.join(folder, 'contract/cases', file), 'utf8'))).toMatchObject({
        extends: 'order',
      });
  });

  test('puts the list where --list-name has it, also deeper in the body', async () => {
    const folder = path.join(inside, 'body-list-none');
    expect(await readFile(path.join(folder, 'request.ts'), 'utf8')).toMatch(
      /`\{"site_key":"\.\.\.","data":\{"events":\[\.\.\.\]\}\}`[^]*jsonList\('data\.events', \{ site_key: config\.apiKey \}\)/,
    );
    expect(await readFile(path.join(folder, 'README.md'), 'utf8')).toContain(
      '`{"site_key": "...", "data": {"events": [...]}}`',
    );
    expect(JSON.parse(await readFile(path.join(folder, 'contract/cases/order.json'), 'utf8'))).toMatchObject({
      requests: [{ body: { site_key: 'key-example-1', data: { events: [{ id: 'm-order-completed-web' }] } } }],
    });
  });

  test('has its part in the demo, unless its answers name the events', async () => {
    const demo = async (slug: string): Promise<unknown> =>
      JSON.parse(await readFile(path.join(inside, slug, 'demo.json'), 'utf8'));
    const settings = { account: 'account-1', token: 'token-example' };
    expect(await demo('bearer-array-none')).toEqual({ settings, events: 'everything', reply: 'ok' });
    expect(await demo('bearer-list-count')).toMatchObject({ settings, reply: 'ok', eventsPerRequest: 1 });
    expect(await demo('basic-json-none')).toMatchObject({
      settings: { account: 'account-1', username: 'user-example' },
    });
    await expect(demo('bearer-array-id')).rejects.toThrow(/ENOENT/);
  });

  test.each(['sent-twice', 'unknown-account', 'one-of-two-refused'])(
    'has of the case %s, which is to do, all but the line that says so',
    async (name) => {
      const folder = path.join(inside, 'finished');
      const variant: FolderOptions = {
        ...variants[0],
        ...options,
        listName: 'data',
        verdicts: 'none',
        slug: 'finished',
      } as FolderOptions;
      await writeFolder(folder, await renderTemplate(built, variant, codeFormatFor(folder, false), '2026-11-22'));
      const answers = {
        copy: { status: 200 },
        lost: { fault: 'timeout' },
        'unknown-account': { status: 404 },
        'one-of-two': { status: 400 },
      };
      for (const [reply, answer] of Object.entries(answers))
        await writeFile(
          path.join(folder, `contract/replies/${reply}.json`),
          JSON.stringify({ ...answer, source: 'docs', recordedOn: '2026-11-22' }),
        );
      const file = path.join(folder, `contract/cases/${name}.json`);
      const { todo, ...finished } = JSON.parse(await readFile(file, 'utf8')) as { readonly todo: string };
      expect(todo).toMatch(/take out this line/);
      await writeFile(file, JSON.stringify(finished));
      const [result] = (await checked(folder, new RegExp(`^case ${name}:`))).filter(({ title }) =>
        title.startsWith('case'),
      );
      // Of two, the vendor's own answer has to be read first.
      expect(result).toMatchObject({ ran: true, ok: name !== 'one-of-two-refused' });
      await rm(folder, { recursive: true });
    },
  );

  test('type checks as strictly as this repository', async () => {
    const project = { extends: '../tsconfig.json', compilerOptions: { rootDir: '..' }, include: ['.'] };
    await writeFile(path.join(inside, 'tsconfig.json'), JSON.stringify(project));
    const compiler = path.join(repository, 'node_modules/typescript/bin/tsc');
    const ran = await promisify(execFile)(process.execPath, [compiler, '-p', inside]).catch(
      (error: { stdout: string }) => error,
    );
    expect(ran.stdout).toBe('');
  });

  test.each(variants)('$slug has nothing left of the made-up vendor, and no mark', async ({ slug }) => {
    for (const entry of await readdir(path.join(inside, slug), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const text = await readFile(path.join(entry.parentPath, entry.name), 'utf8');
      const left = /template|2000-01-01|(?:\/\/|<!--) <\/?[\w|]+>|\w\$\w/i.exec(text)?.[0];
      expect([entry.name, left]).toEqual([entry.name, undefined]);
    }
  });
});

const plugins = [babel, estree, markdown, typescript];
const parsers: Readonly<Record<string, string>> = { json: 'json', md: 'markdown', ts: 'typescript', mjs: 'babel' };

test('what is written needs no formatter', async () => {
  // Most files are the same in many variants.
  const seen = new Set<string>();
  for (const { slug, ...others } of variants) {
    const variant = { ...others, slug: 'lighthouse' };
    for (const extension of ['ts', 'mjs'] as const) {
      for (const { file, text } of await renderTemplate(
        built,
        variant,
        { extension, api: 'spillway/api' },
        '2026-11-22',
      )) {
        if (seen.has(`${file} ${text}`)) continue;
        seen.add(`${file} ${text}`);
        const parser = parsers[path.extname(file).slice(1)] ?? '';
        const tidy = await format(text, { parser, plugins, singleQuote: true, printWidth: 120 });
        expect([slug, file, text]).toEqual([slug, file, tidy]);
        // Prettier leaves single blank lines where they are.
        expect([slug, file, /;\n\nimport |^ .*;\nexport /m.exec(text)]).toEqual([slug, file, null]);
      }
    }
  }
});

describe('spillway new', () => {
  test('writes the folder, checks it and says so like spillway verify', async () => {
    const { code, stdout, stderr } = await scaffold(['lighthouse', ...flags, '--dir', inside]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^24 files written\nscaffold-\w+\/lighthouse\n {2}ok {7}folder: /);
    expect(stdout).toMatch(
      /\n {2}to do {4}case sent-twice: LIGHTHOUSE-05 .*\n {13}find out what a copy does, .* take out this line/,
    );
    expect(stdout).toMatch(/\n(\d+) of \1 checks passed, \d+ not run, 3 to do\n\n/);
    expect(stdout).toMatch(
      / 1\. manifest\.ts, config\.ts\n[^]* 4\. transform\.ts, commerce\.ts, request\.ts\n[^]* 6\. README\.md\n/,
    );
    expect(stdout).toMatch(/: {2}spillway record scaffold-\w+\/lighthouse <name> --url <url>\n$/);
    expect(await readdir(path.join(inside, 'lighthouse'))).toEqual(
      expect.arrayContaining(['README.md', 'contract', 'manifest.ts', 'mapping.ts', 'transform.ts']),
    );
    const manifest = await readFile(path.join(inside, 'lighthouse/manifest.ts'), 'utf8');
    expect(manifest).toContain(`displayName: "O'Brien & Söhne"`);
  });

  test('outside of this repository writes JavaScript that imports spillway/api, with its comments and without its types', async () => {
    const dir = path.join(outside, 'connectors');
    const { code, stdout } = await scaffoldInstalled('lighthouse', dir);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/\n(\d+) of \1 checks passed, \d+ not run, 3 to do\n[^]* 1\. manifest\.js, config\.js\n/),
    ]);
    const mapping = await readFile(path.join(dir, 'lighthouse/mapping.js'), 'utf8');
    expect(mapping).toMatch(
      /^import \{ asE164, asEmail, asText, fieldTable, orderIdPaths, personPaths, usableId \} from 'spillway\/api';\n\n\/\*\* What an event[^]*\*\/\nexport const fields = fieldTable\(\[\n/,
    );
    expect(await readFile(path.join(dir, 'lighthouse/index.js'), 'utf8')).toContain("from './manifest.js';");
  });

  test('calls the files .mjs where .js means CommonJS, and .ts where that is asked for', async () => {
    const old = path.join(outside, 'old');
    await mkdir(old);
    await writeFile(path.join(old, 'package.json'), '{}');
    expect(codeFormatFor(path.join(old, 'connectors/lighthouse'), false)).toEqual({
      extension: 'mjs',
      api: 'spillway/api',
    });
    expect(codeFormatFor(path.join(old, 'connectors/lighthouse'), true)).toEqual({
      extension: 'ts',
      api: 'spillway/api',
    });
    expect(codeFormatFor(path.resolve('destinations/lighthouse'), false)).toEqual({
      extension: 'ts',
      api: '../../core/api/index.ts',
    });
    const choice: FolderOptions = {
      ...(variants[0] as FolderOptions),
      slug: 'dusk',
    };
    const folder = path.join(old, 'dusk');
    await writeFolder(folder, await renderTemplate(built, choice, codeFormatFor(folder, false), '2026-11-22'));
    expect(failures(await checked(folder, /^(?:folder|sources|case |answers: 429)/))).toEqual([]);
    expect(await readFile(path.join(folder, 'request.mjs'), 'utf8')).not.toMatch(/import|Batch:/);
  });

  test('goes to destinations in a clone, and in any other project to where it runs', () => {
    expect(usualDirectory(path.resolve('docs'))).toBe(path.resolve('destinations'));
    expect(usualDirectory(outside)).toBe(outside);
  });

  test('from the sources writes no JavaScript: the build makes the template for that', async () => {
    const { code, stdout, stderr } = await scaffold(['lighthouse', ...flags, '--dir', path.join(outside, 'early')]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/the built package writes; or give --typescript/);
    expect(await readdir(outside)).not.toContain('early');
  });

  test('says what fails when spillway is not installed there', async () => {
    const bare = await mkdtemp(path.join(tmpdir(), 'scaffold-'));
    // In a process of its own, and away from this repository's tsconfig.json: Jest and tsx find spillway/api here.
    const script = `
      import { newDestination } from '${repository}/core/hosts/cli/new/new-destination.ts';
      import { processTerminal } from '${repository}/core/hosts/cli/terminal.ts';
      const flags = ${JSON.stringify({ ...options, dir: bare })};
      process.exitCode = await newDestination('lighthouse', flags, processTerminal(), '${built}');`;
    const tsx = path.join(repository, 'node_modules/tsx/dist/loader.mjs');
    const args = ['--import', tsx, '--input-type=module', '--eval', script];
    const ran = await promisify(execFile)(process.execPath, args, { cwd: bare }).catch(
      (error: { code: number; stdout: string }) => error,
    );
    await rm(bare, { recursive: true });
    expect(ran).toMatchObject({ code: 1, stdout: expect.stringMatching(/FAILED[^]*Cannot find package .spillway./) });
  });

  test('says of each choice what it means, in --help as in its questions', async () => {
    const { stdout } = await scaffold(['--help']);
    const lines = stdout.split('\n').map((line) => line.trim().replace(/ +/, ' '));
    for (const meanings of [authMeanings, bodyMeanings, verdictMeanings])
      expect(lines).toEqual(
        expect.arrayContaining(Object.entries(meanings).map(([choice, meaning]) => `${choice} ${meaning}`)),
      );
    expect(stdout).toMatch(/^ +all +all or none: a refusal names no event, and nothing of its request was taken$/m);
  });

  test('asks a person for what no flag says', async () => {
    const down = '\u001b[B';
    const typed: readonly (readonly [string, string])[] = [
      ['What is the vendor called?', 'Night Light\r'],
      ['Which host takes the events?', 'https://x\r'],
      ['must be a host name', `${'\u007f'.repeat(9)}in.night.example\r`],
      ['How do requests authenticate?', `${down}${down}${down}\r`],
      ['Which header has the token?', 'x-night\r'],
      ['What does a request body contain?', `${down}${down}\r`],
      ['Which member has the list', 'events\r'],
      ['What does the answer say about single events?', `${down}${down}\r`],
    ];
    const { code, stderr } = await inDialogue(['night', '--dir', inside], typed);
    expect([code, stderr]).toEqual([0, '']);
    const request = await readFile(path.join(inside, 'night/request.ts'), 'utf8');
    expect(request).toContain("'content-type': 'application/json',\n    'x-night': config.apiKey,");
    expect(request).toContain("jsonList('events')");
    expect(request).toContain('https://in.night.example/v1/');
  });

  test('names the missing flags to a person without @clack/prompts', async () => {
    const { terminal } = fakeTerminal(Object.assign(new PassThrough(), { isTTY: true }));
    const notInstalled = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
    const chosen = optionsFrom('night', { name: 'Night', auth: 'header' }, terminal, () =>
      Promise.reject(notInstalled),
    );
    await expect(chosen).rejects.toThrow(
      'missing --host, --body, --auth-header (without @clack/prompts installed, nothing asks for them)',
    );
  });

  test('writes nothing when the person stops', async () => {
    const { code, stderr } = await inDialogue(['stopped', '--dir', inside], [['called?', '\u0003']]);
    expect([code, stderr]).toEqual([130, 'spillway: stopped; nothing was written\n']);
    expect(await readdir(inside)).not.toContain('stopped');
  });
});

describe('usage errors exit 2, say what is wrong, and write nothing', () => {
  const without = (flag: string): string[] =>
    flags.filter((_, at) => at !== flags.indexOf(flag) && at !== flags.indexOf(flag) + 1);
  const wrong: readonly (readonly [title: string, args: readonly string[], says: RegExp])[] = [
    ['no slug', [], /missing required argument 'slug'/],
    ['a slug that is not kebab-case', ['Light_House', ...flags], /slug "Light_House" must be kebab-case/],
    ['a slug that leads elsewhere', ['../up', ...flags], /slug "..\/up" must be kebab-case/],
    ['no name', ['other', ...without('--name')], /missing --name \(there is no terminal to ask\)/],
    ['no host and no body', ['other', '--name', 'A', '--auth', 'none'], /missing --host, --body/],
    [
      'a header scheme without its header',
      ['other', ...without('--auth'), '--auth', 'header'],
      /missing --auth-header/,
    ],
    ['a header of another scheme', ['other', ...flags, '--auth-header', 'x-key'], /goes with --auth header/],
    [
      'a header that is none',
      ['other', ...without('--auth'), '--auth', 'header', '--auth-header', 'x key'],
      /--auth-header "x key" must be the name of a header/,
    ],
    [
      'a header the body sets',
      ['other', ...without('--auth'), '--auth', 'header', '--auth-header', 'Content-Type'],
      /is set by the request itself/,
    ],
    [
      'a URL as host',
      ['other', ...without('--host'), '--host', 'https://x.example'],
      /--host ".*" must be a host name/,
    ],
    ['an address as host', ['other', ...without('--host'), '--host', '10.0.0.1'], /must be a name, not an address/],
    ['a name that ends a comment', ['other', ...without('--name'), '--name', 'A */ B'], /--name .* must be a name/],
    [
      'an unknown scheme',
      ['other', ...without('--auth'), '--auth', 'oauth'],
      /--auth "oauth" must be one of none, bearer/,
    ],
    [
      'an unknown body',
      ['other', ...without('--body'), '--body', 'xml'],
      /--body "xml" must be one of json, array, list, form/,
    ],
    [
      'a key in an array',
      ['other', ...without('--auth'), '--auth', 'body'],
      /--auth body needs a body with a place beside the events: --body list, json or form, not array/,
    ],
    [
      'a field of another scheme',
      ['other', ...flags, '--auth-field', 'key'],
      /--auth-field goes with --auth body, not with --auth bearer/,
    ],
    ['a list of another body', ['other', ...flags, '--list-name', 'data'], /--list-name goes with --body list/],
    ['a member that is no name', ['other', ...flags, '--list-name', 'a b'], /--list-name "a b" must be letters/],
    [
      'verdicts about one event',
      ['other', ...without('--body'), '--body', 'form', '--verdicts', 'index'],
      /--verdicts index goes with several events in a request: --body array or list; with --body form the status/,
    ],
    ['unknown verdicts', ['other', ...flags, '--verdicts', 'some'], /must be one of none, all, index, id, count/],
    [
      'one name for two members',
      'other --name A --host a.example --auth body --body list --auth-field x --list-name x'.split(' '),
      /--list-name "x" and --auth-field "x" take the same member/,
    ],
    [
      'a list inside the member with the key',
      'other --name A --host a.example --auth body --body list --auth-field x --list-name x.events'.split(' '),
      /--list-name "x.events" and --auth-field "x" take the same member/,
    ],
    [
      'a path that is none',
      ['other', ...without('--body'), '--body', 'list', '--list-name', 'data..events'],
      /--list-name "data..events" must be letters, .* or a path of such names, such as data\.events/,
    ],
    ['a folder that is already there', ['taken', ...flags], /taken is already there/],
    ['a place that is a file', ['other', ...flags, '--dir', 'package.json'], /cannot write .* \(E(?:EXIST|NOTDIR)\)/],
  ];
  test.each(wrong)('%s', async (_title, args, says) => {
    await mkdir(path.join(inside, 'taken'), { recursive: true });
    const before = await readdir(inside);
    const placed = args.includes('--dir') || args.length === 0 ? args : [...args, '--dir', inside];
    const { code, stdout, stderr } = await scaffold(placed);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(says)]);
    expect(await readdir(inside)).toEqual(before);
  });

  test('a folder that cannot be written to its end leaves nothing behind, not even the directory made for it', async () => {
    const place = path.join(inside, 'new/deep/broken');
    // Written in this order: the second cannot be made inside the first, which is a file.
    const files = [
      { file: 'contract', text: '' },
      { file: 'contract/cases/order.json', text: '{}' },
    ];
    await expect(writeFolder(place, files)).rejects.toThrow(/cannot write .*broken \(E(?:EXIST|NOTDIR)\)/);
    expect(await readdir(inside)).not.toContain('new');
  });
});
