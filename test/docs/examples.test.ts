import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { read, root } from '../support/docs/pages.ts';

/** What an example may use without saying where it comes from. */
const surroundings = {
  connection: 'Connection',
  runtime: 'Runtime',
  store: 'DeliveryStore',
  event: 'CdpEvent',
  events: 'readonly CdpEvent[]',
  context: 'TransformContext<unknown>',
  properties: 'JsonObject',
  out: 'PayloadBuilder<any>',
  batch: 'Batch<unknown>',
  settings: 'unknown',
  manifest: 'DestinationManifest',
  configHash: 'string',
  answer: '{ readonly message: string }',
  config: "DestinationDefinition<unknown, unknown>['config']",
  transform: "DestinationDefinition<unknown, unknown>['transform']",
  request: "NonNullable<DestinationDefinition<unknown, unknown>['request']>",
  response: 'ResponseHandler<unknown>',
  check: 'CredentialCheck<unknown, undefined>',
  signal: 'AbortSignal',
  destinations: 'readonly AnyDestination[]',
} as const;

const entries = [
  'core/index.ts',
  'core/metrics/index.ts',
  'core/queue/index.ts',
  'core/queue/jetstream/index.ts',
  'core/service/index.ts',
  'core/tracing/index.ts',
] as const;

interface Example {
  readonly file: string;
  readonly code: string;
}

/** The text behind `@example` in each doc comment of a file, up to the next tag or the end of the comment. */
function examplesIn(file: string, text: string): Example[] {
  const comments = [...text.matchAll(/\/\*\*.*?\*\//gs)].map(([comment]) =>
    comment.slice(3, -2).replaceAll(/^[ \t]*\* ?/gm, ''),
  );
  return comments.flatMap((comment) =>
    [...comment.matchAll(/^@example\b(.*?)(?=^@|(?![^]))/gms)].map(([, code = '']) => ({
      file,
      code: code.replaceAll(/^```\w*$/gm, '').trim(),
    })),
  );
}

/** Names that an entry of the package exports, and how to import each. */
async function exportsOf(entry: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const text = await read(entry);
  for (const [, all] of text.matchAll(/export \* from '([^']+)'/g))
    for (const [name, how] of await exportsOf(path.join(path.dirname(entry), all ?? ''))) found.set(name, how);
  for (const [, type, names = ''] of text.matchAll(/export (type )?\{([^}]+)\}/g)) {
    for (const written of names.split(',')) {
      const name = written
        .trim()
        .replace(/^type /, '')
        .replace(/^.* as /, '');
      if (name !== '') found.set(name, type === undefined && !written.includes('type ') ? name : `type ${name}`);
    }
  }
  return found;
}

/** An example as a module of its own, with the imports it leaves out. */
async function moduleOf({ code }: Example): Promise<string> {
  const own = /^import /m.test(code);
  // Where the example declares one itself, that one shadows this.
  const ambient = Object.entries(surroundings)
    .filter(([name]) => new RegExp(`(?<![.\\w])${name}\\b`).test(code))
    .map(([name, type]) => `declare const ${name}: ${type};`);
  const imports = await Promise.all(
    entries.map(async (entry) => {
      const words = new Set([...`${own ? '' : code} ${ambient.join(' ')}`.matchAll(/\w+/g)].map(([word]) => word));
      const names = [...(await exportsOf(entry))].filter(([name]) => words.has(name)).map(([, how]) => how);
      return names.length === 0 ? '' : `import { ${names.join(', ')} } from '${path.join(root, entry)}';`;
    }),
  );
  const [head = '', body] = own ? (/^((?:import .*\n)*)([^]*)$/.exec(code)?.slice(1) ?? []) : ['', code];
  const resolved = head
    .replaceAll("'spillway/queue'", `'${path.join(root, 'core/queue/index.ts')}'`)
    .replaceAll(/'spillway\/(metrics|service|tracing)'/g, `'${root}/core/$1/index.ts'`)
    .replaceAll("'spillway/testing'", `'${path.join(root, 'core/testing/index.ts')}'`)
    .replaceAll(/'spillway\/destinations\/([\w-]+)'/g, `'${root}/destinations/$1/index.ts'`)
    .replaceAll(/'spillway(?:\/api)?'/g, `'${path.join(root, 'core/index.ts')}'`);
  return [
    ...imports,
    resolved,
    ...ambient,
    'export async function example() {',
    body?.replaceAll(/^export (?:default )?/gm, ''),
    '}',
  ].join('\n');
}

async function check(examples: readonly Example[]): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'spillway-examples-'));
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
  const config = {
    extends: path.join(root, 'tsconfig.json'),
    compilerOptions: {
      rootDir: '/',
      typeRoots: [path.join(root, 'node_modules/@types')],
      allowImportingTsExtensions: true,
      rewriteRelativeImportExtensions: false,
      noUnusedLocals: false,
    },
    include: ['*.ts'],
  };
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
  for (const [index, example] of examples.entries())
    await writeFile(path.join(folder, `example-${index}.ts`), await moduleOf(example));
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  const said = await promisify(execFile)(process.execPath, [tsc, '-p', folder], { cwd: folder }).then(
    () => '',
    (error: { readonly stdout?: string }) => error.stdout ?? 'tsc did not start',
  );
  await rm(folder, { recursive: true });
  return said.replaceAll(/example-(\d+)\.ts/g, (_, index: string) => `${examples[Number(index)]?.file}`);
}

async function allExamples(): Promise<Example[]> {
  const files = (await readdir(path.join(root, 'core'), { recursive: true })).filter((file) => file.endsWith('.ts'));
  const found = files.map(async (file) =>
    examplesIn(`core/${file}`, await readFile(path.join(root, 'core', file), 'utf8')),
  );
  return (await Promise.all(found)).flat();
}

describe('the examples in doc comments', () => {
  it('have the right types', async () => {
    const examples = await allExamples();
    expect(examples.length).toBeGreaterThan(0);
    expect(await check(examples)).toBe('');
  }, 120_000);

  it('would not get away with a method that is gone', async () => {
    const examples = examplesIn(
      'core/gone.ts',
      '/**\n * Sends.\n *\n * @example\n * await connection.post(events);\n */',
    );
    expect(examples).toEqual([{ file: 'core/gone.ts', code: 'await connection.post(events);' }]);
    expect(await check(examples)).toMatch(/^core\/gone\.ts\(.*Property 'post' does not exist/);
  }, 120_000);
});
