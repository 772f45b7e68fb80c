/** After the build: the published entry points load in plain Node without development packages, and the built CLI answers. */
import { execFileSync } from 'node:child_process';
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const node = (...args: string[]): string => execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
const exportsOf = (entry: string): string[] =>
  JSON.parse(
    node('--input-type=module', '-e', `console.log(JSON.stringify(Object.keys(await import('${entry}'))))`),
  ) as string[];

const cli = path.join(root, 'dist/core/hosts/cli/main.js');
const slugs = ['adjust', 'adroll', 'adroll-email', 'rokt'];
assert.ok(exportsOf('spillway').includes('createRuntime'));
assert.ok(exportsOf('spillway/api').includes('defineDestination'));
assert.ok(exportsOf('spillway/rudder').includes('toRudderError'));
assert.ok(exportsOf('spillway/testing').includes('checkDestination'));
for (const slug of slugs) {
  assert.deepEqual(exportsOf(`spillway/destinations/${slug}`), ['default']);
  assert.equal((JSON.parse(node(cli, 'schema', slug)) as { type: string }).type, 'object');
}
const listed = JSON.parse(node(cli, 'list', '--json')) as { slug: string }[];
assert.deepEqual(
  slugs.filter((slug) => !listed.some((entry) => entry.slug === slug)),
  [],
);

const { dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { dependencies: object };
const dist = path.join(root, 'dist');
const staticImport = /^(?:import\s*|(?:import|export)\b[\w\s{},*$]*\bfrom\s*)['"]((?:@[\w.-]+\/)?\w[\w:.-]*)/gm;
for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'))) {
  const code = readFileSync(path.join(dist, file), 'utf8');
  for (const [, name = ''] of code.matchAll(staticImport)) {
    assert.ok(
      name.startsWith('node:') || name in dependencies,
      `${file} needs ${name}, which is not installed with it`,
    );
  }
}
// A project that has the built package alone: a new folder there keeps the contract without compiling.
const project = mkdtempSync(path.join(tmpdir(), 'spillway-smoke-'));
try {
  mkdirSync(path.join(project, 'node_modules'));
  symlinkSync(root, path.join(project, 'node_modules', 'spillway'));
  const choices = ['--name', 'Lighthouse', '--host', 'in.lighthouse.example', '--auth', 'basic', '--body', 'array'];
  node(cli, 'new', 'lighthouse', ...choices, '--dir', path.join(project, 'own'));
  assert.match(node(cli, 'verify', path.join(project, 'own/lighthouse')), /38 of 38 checks passed, 7 not run, 3 to do/);
} finally {
  rmSync(project, { recursive: true });
}
console.log(`smoke: ${listed.length} destinations, all entry points load from dist`);
