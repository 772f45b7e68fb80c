import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { skipMarker } from '../../core/testing/kit/skip-marker.ts';
import { failuresOf } from '../support/contract/failures.ts';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { checkDestination, describeContract, type CheckOptions, type CheckResult } from '../../core/testing/index.ts';
import { eventKinds } from '../../core/testing/simulators/generator/generator.ts';
import paperplane from '../support/contract/paperplane/index.ts';

let folder = '';
beforeEach(() => {
  const root = mkdtempSync(path.join(tmpdir(), 'spillway-'));
  folder = path.join(root, 'paperplane');
  cpSync(path.resolve('test/support/contract/paperplane'), folder, { recursive: true });
});
afterEach(() => rmSync(path.dirname(folder), { recursive: true }));

const write = (file: string, text: string): void => writeFileSync(path.join(folder, file), text);
const reply = (name: string, answer: object): void =>
  write(`contract/replies/${name}.json`, JSON.stringify({ ...answer, source: 'docs', recordedOn: '2026-11-22' }));
const edit = (file: string, from: string, to: string): void => {
  const text = readFileSync(path.join(folder, file), 'utf8');
  expect(text).toContain(from);
  write(file, text.replace(from, to));
};

async function failures(only: RegExp, options: CheckOptions = {}): Promise<string> {
  return failuresOf(folder, { definition: paperplane, only, ...options });
}
const quick = /^(?:folder|sources|replies|cases|case )/;

test('an untouched copy passes', async () => {
  expect(await failures(quick)).toBe('');
});

test('a folder that cannot be loaded is a result, not an exception', async () => {
  rmSync(path.join(folder, 'index.ts'));
  const results: CheckResult[] = [];
  for await (const result of checkDestination(folder)) results.push(result);
  expect(results).toEqual([expect.objectContaining({ ok: false, why: expect.stringContaining('index') })]);
});

test('a missing README and a folder of another name are caught', async () => {
  rmSync(path.join(folder, 'README.md'));
  const manifest = { ...paperplane.manifest, slug: 'kite' };
  const found = await failures(quick, { definition: { ...paperplane, manifest } });
  expect(found).toMatch(/README/);
  expect(found).toMatch(/the slug is kite, the folder paperplane/);
});

test.each([
  ['fetch("https://example.com")', /has fetch/],
  ['export const later = setTimeout', /has a timer/],
  ['export const now = () => Date.now()', /has the clock/],
  ['export const chance = Math.random', /has randomness/],
  ['export const home = process.env', /has the process/],
  ['console.log(1)', /has the console/],
  ['export class Helper {}', /has a class/],
  ['let state = 0;', /has state of the module/],
  ["import { request } from 'undici';", /imports undici/],
  ["import type { Config } from '../adroll/config.ts';", /imports \.\.\/adroll/],
  ["export * from '../../../../core/runtime/deliver.ts';", /imports .*core\/runtime/],
])('code with %s is caught', async (line, why) => {
  write('extra.ts', `${line}\n`);
  expect(await failures(/^sources/)).toMatch(why);
});

test('a folder below the folder may import from it, and nothing beside it', async () => {
  write('operations/replies.ts', "import type { Config } from '../config.ts';\nexport const one: Config[] = [];\n");
  expect(await failures(/^sources: imports/)).toBe('');
  write('operations/replies.ts', "import { request } from '../../adroll/request.ts';\n");
  expect(await failures(/^sources: imports/)).toMatch(/imports \.\.\/\.\.\/adroll/);
  write('operations/replies.ts', "import { list } from '..';\n");
  expect(await failures(/^sources: imports/)).toMatch(/imports \.\./);
});

test('words in comments, texts and patterns are only words', async () => {
  write(
    'extra.ts',
    "// fetch() and Date.now\nexport const text = 'class A { console.log() }';\nexport const p = /setTimeout/;\n",
  );
  expect(await failures(/^sources/)).toBe('');
});

test('a file that is named after no role is caught', async () => {
  write('helpers.ts', 'export const one = 1;\n');
  expect(await failures(/^sources/)).toMatch(/helpers\.ts says no role/);
});

test('a file whose name is no role is caught, and a role that is missing', async () => {
  const only = /^folder: each file/;
  expect(await failures(only)).toBe('');
  write('verdicts.ts', 'export const one = 1;\n');
  expect(await failures(only)).toMatch(/<- verdicts\.ts is named by no role; roles are manifest, /);
  rmSync(path.join(folder, 'verdicts.ts'));
  write('operations/fold.ts', 'export const one = 1;\n');
  expect(await failures(only)).toMatch(/<- operations\/fold\.ts is named by no role; roles are index, bodies/);
  rmSync(path.join(folder, 'operations/fold.ts'));
  rmSync(path.join(folder, 'check.ts'));
  expect(await failures(only)).toMatch(/<- there is no file for check$/);
});

test('a folder with too much code on the way of an event is caught; declarations, operations and comments are free', async () => {
  const only = /^folder: what an event passes/;
  const lines = (count: number): string => "export const one = 'http://';\n".repeat(count);
  write('operations/replies.ts', lines(600));
  write('check.ts', lines(600));
  write('errors.ts', `${'// a line\n\n/* a\n   line */\n'.repeat(600)}${lines(300)}`);
  expect(await failures(only)).toBe('');
  write('errors.ts', lines(450));
  expect(await failures(only)).toMatch(
    /<- it has \d+ lines of code, 500 are allowed; the longest are errors\.ts 450, /,
  );
});

test('a README whose chapters are others, missing or in another order is caught', async () => {
  const only = /^folder: the chapters/;
  expect(await failures(only)).toBe('');
  edit('README.md', '## Quirks', '## Oddities');
  expect(await failures(only)).toMatch(/<- README\.md has a chapter Oddities$/);
  edit('README.md', '## Oddities', '### Oddities');
  expect(await failures(only)).toMatch(/<- README\.md has no chapter Quirks$/);
  edit('README.md', '### Oddities', '## Operations');
  edit('README.md', '## Operations\n\n`', '## Quirks\n\n`');
  expect(await failures(only)).toMatch(
    /<- README\.md has its chapters in the order Credentials, .*Operations, Quirks, Not/,
  );
});

test('replies that nobody uses, without a source or too old for a stable destination are caught', async () => {
  write('contract/replies/spare.json', '{ "status": 200, "source": "docs", "recordedOn": "2026-11-22" }');
  write('contract/replies/nowhere.json', '{ "status": 200, "recordedOn": "2026-11-22" }');
  expect(await failures(/^replies/)).toMatch(/nowhere\.json: source/);
  rmSync(path.join(folder, 'contract/replies/nowhere.json'));
  expect(await failures(/^replies/)).toMatch(/spare\.json is used by no case/);
  expect(await failures(/^replies: those/, { today: new Date('2028-06-01') })).toMatch(/record it again/);
});

test('a case that is not what happens is caught, with the difference', async () => {
  edit('contract/cases/purchase.json', '"order-2001"', '"order-2009"');
  edit('contract/cases/second-refused.json', '"vendor_rejected"', '"invalid_value"');
  const found = await failures(/^case/);
  expect(found).toMatch(/purchase[\s\S]*order-2009/);
  expect(found).toMatch(/second-refused[\s\S]*vendor_rejected[\s\S]*invalid_value/);
  expect(found).toMatch(/case purchase.*<- request 0: body.0.order is "order-2001", not "order-2009"$/m);
  expect(found).toMatch(/case second-.*<- event 1 was rejected \(vendor_rejected\), not rejected \(invalid_value\)$/m);
});

test('F-43 the first line of a failing case says what happened', async () => {
  reply('throttled', { status: 429, headers: { 'retry-after': '3600' } });
  const settings = { account: 'acc-1', apiKey: 'key-1-example' };
  write(
    'contract/cases/throttled.json',
    JSON.stringify({
      title: 'PAPER-05 a throttled purchase is asked again',
      config: settings,
      events: [{ base: 'order-completed-web' }, { base: 'order-completed-web' }],
      replies: ['throttled', 'ok'],
      outcomes: [{ kind: 'delivered', attempts: 2 }, { kind: 'delivered' }],
    }),
  );
  const [first] = (await failures(/^case throttled/)).split('\n');
  expect(first).toMatch(
    /<- 1 request left, 2 expected; event 0 was deferred \(rate_limited\) until 2026-01-15T12:05:00.000Z, not delivered; event 1 was deferred \(rate_limited\) until 2026-01-15T12:05:00.000Z, not delivered$/,
  );
});

test('a case with too few or too many replies is caught', async () => {
  edit('contract/cases/outage-then-reset.json', '"reset", "ok"', '"reset"');
  expect(await failures(/^case/)).toMatch(/<- 3 requests left, 2 expected; event 0 was .*, not delivered$/m);
  edit('contract/cases/outage-then-reset.json', '"reset"', '"ok", "ok"');
  expect(await failures(/^case/)).toMatch(/<- 2 requests left, 3 expected; event 0: attempts is 2, not 3$/m);
});

test('a malformed case names its file and the place', async () => {
  write('contract/cases/unknown-base.json', caseWith('"events": [{ "base": "order-compleated" }]'));
  write('contract/cases/no-events.json', caseWith('"events": []'));
  write('contract/cases/not-json.json', '{ "title": ');
  edit('contract/cases/second-refused.json', '"delivered"', '"sent"');
  edit('contract/cases/outage-then-reset.json', '"outage"', '"storm"');
  const found = await failures(/^case/);
  expect(found).toMatch(/unknown-base\.json: events\.0\.base: is not the name of a canonical event/);
  expect(found).toMatch(/no-events\.json: events: must hold at least one event/);
  expect(found).toMatch(/not-json\.json: .*JSON/);
  expect(found).toMatch(/second-refused\.json: outcomes\.0\.kind: /);
  expect(found).toMatch(/outage-then-reset\.json: replies\.0: there is no contract\/replies\/storm\.json/);
});

describe('F-43 a check that does not apply to a folder', () => {
  const titles: string[] = [];
  const marked = skipMarker();
  const symbol = Object.getOwnPropertySymbols(globalThis).find(
    ({ description }) => description === 'JEST_STATE_SYMBOL',
  );
  interface Block {
    readonly currentDescribeBlock: Block;
    readonly children: readonly { readonly mode?: string; readonly name: string }[];
  }
  describe('under Jest', () => {
    describeContract('test/support/contract/any-200', { only: /^(?:operations: each|folder: the slug)/ });
  });
  const { currentDescribeBlock } = (globalThis as unknown as Record<symbol, Block>)[symbol as symbol] as Block;

  beforeAll(() => marked('an unmarked test would fail', 'a marked test is skipped'));
  test('an unmarked test would fail', () => {
    throw new Error('it ran');
  });

  test('is a skipped test whose title says why', () => {
    const inner = currentDescribeBlock.children[0] as unknown as Block;
    const [contract] = inner.children as unknown as readonly Block[];
    for (const { mode, name } of contract?.children ?? [])
      titles.push(`${mode === 'skip' ? 'skipped' : 'run'}: ${name}`);
    expect(titles).toEqual([
      'run: folder: the slug is the name of the folder, in kebab-case',
      'skipped: operations: each has a call that succeeds, and one that is refused or invalid (not run: this destination has no operations)',
    ]);
  });
});

describe('F-32 the folder of a contract', () => {
  test('may be named by its file: URL', async () => {
    const url = pathToFileURL(`${path.resolve('test/support/contract/any-200')}/`);
    const results: CheckResult[] = [];
    for await (const result of checkDestination(url, { only: /^folder: the slug/ })) results.push(result);
    expect(results.map(({ ok }) => ok)).toEqual([true, true]);
    const titles: string[] = [];
    const noted = (title: string, body: () => void): void => {
      titles.push(title);
      body();
    };
    Object.assign(globalThis, { describe: noted, beforeAll: () => {}, test: (title: string) => titles.push(title) });
    try {
      describeContract(url, { only: /^folder: the slug/ });
    } finally {
      Object.assign(globalThis, { describe, test, beforeAll });
    }
    expect(titles).toEqual(['contract of any-200', 'folder: the slug is the name of the folder, in kebab-case']);
  });

  test('is named in the error where it is neither a path nor a file: URL', async () => {
    const url = new URL('https://example.com/acme');
    expect(() => describeContract(url)).toThrow('describeContract(): the folder must be a path or a file: URL');
    await expect(checkDestination(url).next()).rejects.toThrow('checkDestination(): the folder must be a path');
  });
});

describe('a case that is to do', () => {
  const todo = '{ "title": "PAPER-08 a copy does no harm", "todo": "ask what a copy does", "replies": ["later"] }';
  beforeEach(() => write('contract/cases/copy.json', todo));

  test('is not run, and says what is to be done', async () => {
    const results: CheckResult[] = [];
    for await (const result of checkDestination(folder, { definition: paperplane, only: /^case / }))
      results.push(result);
    expect(results).toContainEqual({
      title: 'case copy: PAPER-08 a copy does no harm',
      ok: true,
      ran: false,
      todo: true,
      why: 'ask what a copy does',
    });
    expect(results.filter(({ ran }) => ran)).toHaveLength(5); // with the loading
  });

  test('is a skipped test whose title says what is to be done', () => {
    const titles = { run: [] as string[], skipped: [] as string[] };
    const noted = Object.assign((title: string) => void titles.run.push(title), {
      skip: (title: string) => void titles.skipped.push(title),
    });
    Object.assign(globalThis, { describe: (_: string, body: () => void) => body(), beforeAll: () => {}, test: noted });
    try {
      describeContract(folder, { only: /^case / });
    } finally {
      Object.assign(globalThis, { describe, test, beforeAll });
    }
    expect(titles.skipped).toEqual(['case copy: PAPER-08 a copy does no harm (to do: ask what a copy does)']);
    expect(titles.run).toHaveLength(4);
  });

  test('is none of the three a folder needs, and uses no reply', async () => {
    write('contract/replies/later.json', '{ "status": 200, "source": "docs", "recordedOn": "2026-11-22" }');
    rmSync(path.join(folder, 'contract/cases/second-refused.json'));
    rmSync(path.join(folder, 'contract/cases/two-counted.json'));
    const found = await failures(/^(?:cases|replies: every)/);
    expect(found).toMatch(/there are 2/);
    expect(found).toMatch(/later\.json is used by no case/);
  });

  test.each([
    ['"todo": ""', /copy\.json: todo: must say what is to be done/],
    ['"todo": true', /copy\.json: todo: /],
    ['"todo": "ask", "event": []', /copy\.json: Unrecognized key: "event"/],
    ['"todo": "ask", "events": [{ "base": "order" }]', /copy\.json: events\.0\.base: is not the name/],
  ])('that is written wrong, %s, fails', async (rest, why) => {
    write('contract/cases/copy.json', `{ "title": "PAPER-08 a copy does no harm", ${rest} }`);
    expect(await failures(/^case copy/)).toMatch(why);
  });
});

const caseWith = (events: string): string =>
  `{ "title": "PAPER-09 a case that is wrong", "config": {}, ${events}, "replies": [], "outcomes": [] }`;

describe('a note in a case', () => {
  const { transform } = paperplane;
  const note = { code: 'dropped', field: 'properties.gift', payloadField: 'extras.gift', message: 'No gifts' } as const;
  const noting: typeof paperplane = {
    ...paperplane,
    transform: (event, config, context) => {
      const result = transform(event, config, context);
      return result.kind === 'payload' ? { ...result, notes: [note] } : result;
    },
  };
  const expecting = (field: string): void =>
    edit(
      'contract/cases/purchase.json',
      '"attempts": 1 }',
      `"attempts": 1, "notes": [{ "code": "dropped", "field": "${field}" }] }`,
    );

  test.each(['properties.gift', 'extras.gift'])(
    'may be called %s: by the event’s path or the payload’s',
    async (field) => {
      expecting(field);
      expect(await failures(/^case purchase/, { definition: noting })).toBe('');
    },
  );

  test('is not found by another path', async () => {
    expecting('gift');
    expect(await failures(/^case purchase/, { definition: noting })).toContain('case purchase');
  });
});

test('F-43 a demo.json with events that do not exist names all kinds, and so does the page', async () => {
  write('demo.json', JSON.stringify({ settings: {}, events: { 'purchase-web': 1 } }));
  const found = await failures(/^demo/);
  expect(found).toMatch(/demo\.json: events: purchase-web: no kind of event; the kinds are web-order, /);
  const page = readFileSync('docs/destinations.md', 'utf8');
  expect(eventKinds.filter((kind) => !found.includes(kind) || !page.includes(`\`${kind}\``))).toEqual([]);
});
