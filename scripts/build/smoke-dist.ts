/**
 * After the build: the packed package in an empty folder. Every entry loads in plain Node without development packages,
 * by import and by require, the command line answers, the declarations compile, the install is small, and publint and
 * attw find nothing.
 */
import { execFileSync } from 'node:child_process';
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { checkTypes, checkTypesWithoutPeers } from './check-types.ts';
import { installSizeOf } from './install-size.ts';
import { installInEmptyFolder, type Project } from './installed-package.ts';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const project = installInEmptyFolder(root);
const { installed, manifest, entries, node } = project;
const run = (...args: string[]): string => node(path.join(installed, 'dist/core/hosts/cli/main.js'), ...args);

/** Loads entries in a process of its own: the names that each exports, or the error's message. */
const load = (how: 'import' | 'require', names: readonly string[]): readonly (readonly string[] | string)[] => {
  const script = `
    const load = async (name) => Object.keys(${how === 'import' ? 'await import(name)' : 'require(name)'});
    Promise.all(${JSON.stringify(names)}.map((name) => load(name).catch((error) => error.message)))
      .then((all) => console.log(JSON.stringify(all)));`;
  return JSON.parse(node('--input-type=commonjs', '-e', script)) as readonly (readonly string[] | string)[];
};

/** What an entry needs of a host: optional peers. */
const peers: Readonly<Record<string, readonly string[]>> = {
  'spillway/metrics': ['prom-client'],
  'spillway/rudder': ['@rudderstack/integrations-lib'],
  'spillway/service': ['hono', '@hono/node-server', '@asteasolutions/zod-to-openapi'],
  'spillway/tracing': ['@opentelemetry/api'],
};

/** Node can require ES modules from these versions on: what README says of `require`. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const canRequire = major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19);

/** What moves code into chunks breaks paths and `instanceof` without a word: the command line and a folder outside. */
function deliversFromTheBundle({ folder }: Project, command: typeof run): void {
  const foreign = path.join(folder, 'foreign', 'lantern');
  mkdirSync(foreign, { recursive: true });
  writeFileSync(path.join(foreign, 'index.js'), lantern);
  const config = path.join(folder, 'config.json');
  writeFileSync(config, '{"config":{"key":"k-simulated-1"}}');
  writeFileSync(path.join(folder, 'events.ndjson'), '{"type":"track","event":"Seen","messageId":"m1"}\n');
  const args = ['--destinations', 'foreign', '--config', config];
  const events = ['--input', path.join(folder, 'events.ndjson')];
  const text = command('preview', 'lantern', ...args, ...events);
  assert.match(
    text,
    /POST https:\/\/in\.lantern\.example\/e/,
    'a folder with a zod of its own is loaded and transforms',
  );
  assert.throws(() => command('preview', 'lantern', ...args, ...events, '--allow-origin', 'nonsense'), /not an origin/);
}

const lantern = `
import { z } from 'zod';
import { defineDestination, errorTable, payloadBuilder } from 'spillway/api';
export default defineDestination({
  manifest: {
    slug: 'lantern', displayName: 'Lantern', aliases: [], summary: 'A folder outside.', stage: 'alpha',
    reference: { url: 'https://docs.lantern.example/', checkedOn: '2026-01-15' }, accepts: ['track'],
    hosts: ['in.lantern.example'], limits: { maxItems: 1, maxBytes: 1000, maxAgeMs: 0 },
    pace: { concurrency: 1, timeoutMs: 1000 }, replay: 'tolerated',
  },
  config: z.strictObject({ key: z.string() }),
  transform: (event, config, context) => payloadBuilder(context, { name: event.event }).payload(),
  request: () => ({ method: 'POST', url: 'https://in.lantern.example/e', headers: {} }),
  response: { ...errorTable({ rows: [] }), success: [{ status: 200, body: 'empty' }] },
});
`;

/** A process that holds a store is killed; the next one starts the child that looks through the store. */
function survivesAKill({ folder, node: start }: Project): void {
  const put = `
    import { openStore } from 'spillway/queue';
    const store = await openStore({ path: 'store' });
    const event = { type: 'track', event: 'Seen', messageId: 'm1' };
    await store.put([{ connection: 'c', events: [{ id: 'm1', event, acceptedAt: Date.now() }] }]);
    process.kill(process.pid, 'SIGKILL');`;
  assert.throws(() => start('--input-type=module', '-e', put));
  const reopen = `
    import { openStore } from 'spillway/queue';
    const store = await openStore({ path: 'store' });
    console.log((await store.status('c')).connections[0].waiting);
    await store.close();`;
  assert.equal(start('--input-type=module', '-e', reopen).trim(), '1', 'the store opens after a kill');
  assert.ok(existsSync(path.join(folder, 'store')));
}

/** The clients of a broker are loaded when a store is opened. */
function asksForTheClientsOfABroker(consumer: Project): void {
  const open = `
    import { openJetStreamStore } from 'spillway/jetstream';
    await openJetStreamStore({ url: 'nats://127.0.0.1:1', waitMs: 0 }).catch(({ message }) => console.log(message));`;
  const says = (): string => consumer.node('--input-type=module', '-e', open).trim();
  for (const client of ['@nats-io/transport-node', '@nats-io/jetstream', '@nats-io/kv']) {
    assert.equal(
      says(),
      `spillway/jetstream needs ${client}, which is not installed. Run: npm install ${client}@3.3.1`,
      'F-33: the command is named',
    );
    consumer.link(client);
  }
  assert.match(says(), /^the broker at 127\.0\.0\.1:1 cannot be reached/);
}

/** The bundle has a zod of its own, and the package that describes the API another: schemas pass between them. */
function describesAsTheSourcesDo({ node: start }: Project): void {
  const describe = (from: string): string => `
    import { createService } from '${from}';
    const service = createService({ destinations: [] });
    const response = await service.fetch(new Request('http://localhost/openapi.json'));
    console.log(await response.text());
    await service.close(0);`;
  const source = path.join(root, 'core/service/index.ts');
  const args = ['--import', 'tsx', '--input-type=module', '-e', describe(source)];
  const expected = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  const { paths, components } = JSON.parse(expected) as { readonly paths: object; readonly components: object };
  assert.ok('/v1/events' in paths && 'schemas' in components, 'the description has routes and schemas');
  assert.equal(start('--input-type=module', '-e', describe('spillway/service')), expected, 'in the bundle, too');
}

try {
  checkTypesWithoutPeers(project, root, Object.keys(peers));

  for (const [entry, needed] of Object.entries(peers)) {
    const missing = new Set(needed);
    while (missing.size > 0) {
      const [message] = load('import', [entry]);
      const peer = /npm install (\S+)@[\d.]+$/.exec(String(message))?.[1] ?? '';
      assert.ok(
        missing.delete(peer),
        `F-33: the command is named, for one of ${[...missing].join()}: ${String(message)}`,
      );
      project.link(peer);
    }
  }

  asksForTheClientsOfABroker(project);

  const expected: Readonly<Record<string, string>> = {
    spillway: 'createRuntime',
    'spillway/api': 'defineDestination',
    'spillway/rudder': 'toRudderError',
    'spillway/queue': 'openStore',
    'spillway/jetstream': 'openJetStreamStore',
    'spillway/service': 'createService',
    'spillway/testing': 'checkDestination',
    'spillway/metrics': 'createMetrics',
    'spillway/tracing': 'createTracing',
  };
  const slugs = entries.flatMap((entry) => /^spillway\/destinations\/(.+)$/.exec(entry)?.[1] ?? []);
  assert.deepEqual(slugs, ['adjust', 'adroll', 'adroll-email', 'rokt']);
  for (const how of canRequire ? (['import', 'require'] as const) : (['import'] as const)) {
    for (const [index, names] of load(how, entries).entries()) {
      const entry = entries[index] ?? '';
      assert.ok(names.includes(expected[entry] ?? 'default'), `${how} of ${entry}: ${String(names)}`);
    }
  }

  const version = (JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }).version;
  assert.equal(run('--version').trim(), version);
  const named = run('--help').match(/\S+\.md$/gm) ?? [];
  assert.deepEqual(
    named.map((file) => path.relative(realpathSync(installed), file)),
    ['docs/cli.md', 'destinations/README.md'],
    '--help names pages of the installed package',
  );
  for (const file of named) assert.ok(existsSync(file), `--help names ${file}, which is not packed`);

  const listed = (JSON.parse(run('list', '--json')) as { slug: string }[]).map(({ slug }) => slug);
  assert.deepEqual(listed, slugs);
  for (const slug of slugs) assert.equal((JSON.parse(run('schema', slug)) as { type: string }).type, 'object');
  const choices = ['--name', 'Lighthouse', '--host', 'in.lighthouse.example', '--auth', 'basic', '--body', 'array'];
  run('new', 'lighthouse', ...choices, '--dir', 'own');
  assert.match(run('verify', 'own/lighthouse'), /\n(\d+) of \1 checks passed, \d+ not run, 3 to do/);

  deliversFromTheBundle(project, run);
  survivesAKill(project);
  describesAsTheSourcesDo(project);

  const staticImport = /^(?:import\s*|(?:import|export)\b[\w\s{},*$]*\bfrom\s*)['"]((?:@[\w.-]+\/)?\w[\w:.-]*)/gm;
  const files = readdirSync(path.join(installed, 'dist'), { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.js'))) {
    const code = readFileSync(path.join(installed, 'dist', file), 'utf8');
    assert.ok(
      !/[^\0-\x7f]/.test(code),
      `${file} has a letter beyond ASCII, for which V8 keeps two bytes of every letter`,
    );
    for (const [, name = ''] of code.matchAll(staticImport))
      assert.ok(
        name.startsWith('node:') || name in manifest.dependencies,
        `${file} needs ${name}, which is not installed with it`,
      );
  }
  assert.deepEqual(
    files.filter((name) => /^destinations\/.*\.json$|\.test\./.test(name)),
    [],
    'F-34: contract cases and tests stay in the repository',
  );

  checkTypes(project, root);

  const { packages, megabytes } = installSizeOf(root, installed);
  const size = `an install has ${packages.length} packages (aim: <= 30) and ${megabytes.toFixed(1)} MB (aim: <= 45)`;
  assert.ok(packages.length <= 30 && megabytes <= 45, `${size}: ${packages.join(', ')}`);
  const readme = readFileSync(path.join(installed, 'README.md'), 'utf8');
  assert.equal(/ (\d+) packages, /.exec(readme)?.[1], String(packages.length), `README counts packages: ${size}`);

  const { messages, pkg } = await publint({ pkgDir: installed, strict: true, pack: false });
  assert.deepEqual(
    messages.map((message) => formatMessage(message, pkg as Record<string, unknown>)),
    [],
    'F-34: publint',
  );
  const attw = path.join(root, 'node_modules/.bin/attw');
  execFileSync(attw, [project.tarball, '--profile', 'esm-only', '--quiet'], { cwd: root, stdio: 'inherit' });
  console.log(`smoke: ${entries.length} entries load and compile out of the tarball, and the command line answers`);
  console.log(`smoke: ${size}`);
} finally {
  project.remove();
}
