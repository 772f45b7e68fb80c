import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';

interface Cruise {
  readonly modules: readonly {
    readonly source: string;
    readonly dependencies: readonly { readonly module: string; readonly resolved: string }[];
  }[];
  readonly summary: { readonly violations: readonly Violation[] };
}
interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

const repository = process.cwd();
const cruiser = path.join(repository, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
const rules = path.join(repository, '.dependency-cruiser.cjs');

/** dependency-cruiser is ESM alone, so it runs beside the tests. Its exit code is the number of violations. */
async function cruise(tree: string, ...folders: string[]): Promise<Cruise> {
  const given = [cruiser, '--config', rules, '--output-type', 'json', ...folders];
  const told = await promisify(execFile)(process.execPath, given, { cwd: tree, maxBuffer: 64 * 1024 * 1024 }).catch(
    (error: { stdout?: string; stderr?: string }) => {
      if (error.stdout?.startsWith('{') !== true) throw new Error(error.stderr ?? 'dependency-cruiser said nothing');
      return { stdout: error.stdout };
    },
  );
  return JSON.parse(told.stdout) as Cruise;
}

const written = (violations: readonly Violation[]): string[] =>
  violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`).sort();

const slow = 60_000;

describe('who may import whom', () => {
  let tree: Cruise;
  beforeAll(async () => {
    tree = await cruise(repository, 'core', 'destinations', 'docs', 'test', 'scripts');
  }, slow);

  it('keeps to the rules of .dependency-cruiser.cjs everywhere', () => {
    expect(written(tree.summary.violations)).toEqual([]);
  });

  it('looks at every part of the tree, and at type imports', () => {
    const seen = tree.modules.map(({ source }) => source);
    for (const part of [
      'core/api/',
      'core/http/',
      'core/runtime/',
      'core/registry/',
      'core/policy/',
      'core/mapping/',
      'core/queue/',
      'core/queue/jetstream/',
      'core/metrics/',
      'core/tracing/',
      'destinations/',
      'core/testing/kit/',
      'core/testing/checks/',
      'core/testing/simulators/',
    ]) {
      expect([part, seen.filter((source) => source.startsWith(part)).length > 1]).toEqual([part, true]);
    }
    expect(importsOf(tree, 'core/http/exchange.ts')).toEqual(expect.arrayContaining(['undici', '../api/failure.ts']));
  });

  it.each([
    ['core/runtime/', 'undici'],
    ['core/testing/simulators/', '[^\'"]*core/api/[^\'"]*'],
    ['core/queue/jetstream/', '@nats-io/[^\'"]+'],
  ])('lets %s have types of %s, and nothing that runs', async (room, borrowed) => {
    const lender = new RegExp(`^${borrowed}$`);
    const borrowers = tree.modules.filter(
      ({ source, dependencies }) =>
        source.startsWith(room) &&
        dependencies.some(({ module, resolved }) => lender.test(module) || lender.test(resolved)),
    );
    expect(borrowers.length).toBeGreaterThan(0);
    for (const { source } of borrowers) {
      const text = await readFile(path.join(repository, source), 'utf8');
      const statements = text.match(new RegExp(`(?:import|export)[^;=]*?['"]${borrowed}['"]`, 'g')) ?? [];
      for (const statement of statements)
        expect([source, statement]).toEqual([source, expect.stringMatching(/^(?:im|ex)port type /)]);
    }
  });

  it('lets one file of core/queue/jetstream load the clients of NATS', async () => {
    const inRoom = tree.modules.map(({ source }) => source).filter((file) => file.startsWith('core/queue/jetstream/'));
    const loads = await Promise.all(
      inRoom.map(async (file) =>
        /\('@nats-io\//.test(await readFile(path.join(repository, file), 'utf8')) ? [file] : [],
      ),
    );
    expect(loads.flat()).toEqual(['core/queue/jetstream/nats.ts']);
  });

  it('hides no import in the middle of a type, where dependency-cruiser does not look', async () => {
    for (const { source, dependencies } of tree.modules) {
      if (!/^(?:core|destinations|scripts)\//.test(source)) continue;
      const text = await readFile(path.join(repository, source), 'utf8');
      const inline = [...text.matchAll(/\bimport\(\s*['"]([^'"$]+)['"]/g)].map(([, module]) => module);
      const hidden = inline.filter((name) => !dependencies.some(({ module }) => module === name));
      expect([source, hidden]).toEqual([source, []]);
    }
  });

  it('vendor folders hold no clock, no chance, no network, no state and no classes', async () => {
    const forbidden =
      /\bfetch\(|\bset(?:Timeout|Interval|Immediate)\(|\bqueueMicrotask\(|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bprocess\.|\bconsole\.|\bglobalThis\b|^(?:export )?(?:let|var|class) /m;
    const sources = tree.modules.map(({ source }) => source).filter((source) => source.startsWith('destinations/'));
    for (const source of sources) {
      const found = forbidden.exec(await readFile(path.join(repository, source), 'utf8'))?.[0];
      expect([source, found]).toEqual([source, undefined]);
    }
  });
});

describe('the rules bite', () => {
  /** What stands in the file, and the violation it is. */
  const wrong: readonly [file: string, statement: string, violation: string][] = [
    ['destinations/a/other.ts', "import '../b/index.ts';", 'vendor-folder: … -> destinations/b/index.ts'],
    [
      'destinations/a/inner.ts',
      "import { x } from '../../core/api/event.ts';",
      'vendor-folder: … -> core/api/event.ts',
    ],
    [
      'destinations/a/deep/run.ts',
      "import type { x } from '../../../core/runtime/run.ts';",
      'vendor-folder: … -> core/runtime/run.ts',
    ],
    ['destinations/a/all.ts', "export * from '../../core/index.ts';", 'vendor-folder: … -> core/index.ts'],
    ['destinations/a/zod.ts', "import { z } from 'zod';", 'vendor-folder: … -> zod'],
    ['destinations/a/fs.ts', "import { readFile } from 'node:fs/promises';", 'vendor-folder: … -> fs/promises'],
    [
      'destinations/a/required.ts',
      "const b = require('../b/index.ts');",
      'vendor-folder: … -> destinations/b/index.ts',
    ],
    [
      'destinations/a/later.ts',
      "export const b = () => import('../b/index.ts');",
      'vendor-folder: … -> destinations/b/index.ts',
    ],
    ['destinations/a/http.ts', "import 'undici';", 'undici: … -> undici'],
    ['core/api/up.ts', "import type { x } from '../http/wire.ts';", 'core-api: … -> core/http/wire.ts'],
    ['core/api/fs.ts', "import 'node:fs';", 'core-api: … -> fs'],
    ['core/api/lodash.ts', "import get from 'lodash/get.js';", 'core-api: … -> lodash/get.js'],
    ['core/http/up.ts', "import { x } from '../runtime/run.ts';", 'core-http: … -> core/runtime/run.ts'],
    ['core/registry/up.ts', "import { x } from '../index.ts';", 'core-registry: … -> core/index.ts'],
    ['core/policy/up.ts', "import { x } from '../runtime/run.ts';", 'core-policy: … -> core/runtime/run.ts'],
    ['core/policy/fs.ts', "import 'node:fs';", 'core-policy: … -> fs'],
    ['core/mapping/up.ts', "import type { x } from '../runtime/run.ts';", 'core-mapping: … -> core/runtime/run.ts'],
    ['core/mapping/fs.ts', "import 'node:fs';", 'core-mapping: … -> fs'],
    ['core/runtime/side.ts', "import { x } from '../registry/load.ts';", 'core-runtime: … -> core/registry/load.ts'],
    ['core/queue/up.ts', "import { x } from '../index.ts';", 'core-queue: … -> core/index.ts'],
    ['core/queue/http.ts', "import { x } from '../http/wire.ts';", 'core-queue: … -> core/http/wire.ts'],
    [
      'core/runtime/queue.ts',
      "import type { x } from '../queue/index.ts';",
      'core-queue-apart: … -> core/queue/index.ts',
    ],
    [
      'core/queue/jetstream/embedded.ts',
      "import type { x } from '../lmdb/embedded.ts';",
      'core-jetstream: … -> core/queue/lmdb/embedded.ts',
    ],
    ['core/queue/jetstream/door.ts', "import { x } from '../index.ts';", 'core-jetstream: … -> core/queue/index.ts'],
    ['core/queue/jetstream/lines.ts', "import '../../ndjson.ts';", 'core-jetstream: … -> core/ndjson.ts'],
    [
      'core/queue/broker.ts',
      "import type { x } from './jetstream/index.ts';",
      'core-jetstream-apart: … -> core/queue/jetstream/index.ts',
    ],
    [
      'core/service/broker.ts',
      "import type { x } from '../queue/jetstream/index.ts';",
      'core-jetstream-apart: … -> core/queue/jetstream/index.ts',
    ],
    ['core/queue/nats.ts', "import type { x } from '@nats-io/kv';", 'nats-apart: … -> @nats-io/kv'],
    [
      'core/service/tracking/deep.ts',
      "import { x } from '../../runtime/run.ts';",
      'core-tracking: … -> core/runtime/run.ts',
    ],
    ['core/service/up.ts', "import { x } from '../runtime/run.ts';", 'core-service: … -> core/runtime/run.ts'],
    [
      'core/queue/service.ts',
      "import type { x } from '../service/index.ts';",
      'core-service-apart: … -> core/service/index.ts',
    ],
    ['core/hosts/app.ts', "import type { x } from 'hono';", 'service-packages-apart: … -> hono'],
    ['core/hosts/service.ts', "import { x } from '../service/inner.ts';", 'hosts: … -> core/service/inner.ts'],
    ['core/hosts/queue.ts', "import { x } from '../queue/inner.ts';", 'hosts: … -> core/queue/inner.ts'],
    ['core/json-text.ts', "import type { x } from './api/event.ts';", 'core-alone: … -> core/api/event.ts'],
    ['core/adapters/rudder.ts', "import { x } from '../runtime/run.ts';", 'core-rudder: … -> core/runtime/run.ts'],
    ['core/metrics/run.ts', "import { x } from '../runtime/run.ts';", 'core-metrics: … -> core/runtime/run.ts'],
    ['core/metrics/store.ts', "import type { x } from '../queue/index.ts';", 'core-metrics: … -> core/queue/index.ts'],
    ['core/runtime/gauge.ts', "import type { x } from 'prom-client';", 'metrics-apart: … -> prom-client'],
    [
      'core/runtime/metrics.ts',
      "import { x } from '../metrics/index.ts';",
      'core-metrics-apart: … -> core/metrics/index.ts',
    ],
    ['core/tracing/run.ts', "import { x } from '../runtime/run.ts';", 'core-tracing: … -> core/runtime/run.ts'],
    ['core/tracing/fs.ts', "import 'node:fs';", 'core-tracing: … -> fs'],
    ['core/runtime/spans.ts', "import type { x } from '@opentelemetry/api';", 'tracing-apart: … -> @opentelemetry/api'],
    [
      'core/runtime/tracing.ts',
      "import { x } from '../tracing/index.ts';",
      'core-tracing-apart: … -> core/tracing/index.ts',
    ],
    ['core/runtime/vendor.ts', "import '../../destinations/b/index.ts';", 'core-outward: … -> destinations/b/index.ts'],
    ['core/runtime/script.ts', "import '../../scripts/run.ts';", 'core-outward: … -> scripts/run.ts'],
    ['core/runtime/test.ts', "import '../../test/core/any.test.ts';", 'core-outward: … -> test/core/any.test.ts'],
    ['core/hosts/cli/main.ts', "import '../../testing/index.ts';", 'core-testing: … -> core/testing/index.ts'],
    [
      'core/registry/kit.ts',
      "export const kit = () => import('../testing/index.ts');",
      'core-testing: … -> core/testing/index.ts',
    ],
    [
      'core/hosts/cli/contract-kit.ts',
      "import '../../testing/simulators/server.ts';",
      'contract-kit: … -> core/testing/simulators/server.ts',
    ],
    [
      'core/hosts/cli/serve/simulators.ts',
      "import '../../../testing/simulators/server.ts';",
      'trial-vendors: … -> core/testing/simulators/server.ts',
    ],
    [
      'core/hosts/cli/serve/serve.ts',
      "import '../../../testing/index.ts';",
      'core-testing: … -> core/testing/index.ts',
    ],
    ['core/runtime/host.ts', "import '../hosts/ok.ts';", 'core-hosts: … -> core/hosts/ok.ts'],
    ['core/hosts/deep.ts', "import { x } from '../runtime/run.ts';", 'hosts: … -> core/runtime/run.ts'],
    ['scripts/deep.ts', "import { x } from '../core/http/wire.ts';", 'hosts: … -> core/http/wire.ts'],
    [
      'core/hosts/cli/new/template/inner.ts',
      "import { x } from '../../../../api/event.ts';",
      'vendor-folder: … -> core/api/event.ts',
    ],
    [
      'core/hosts/cli/new/template/fill.ts',
      "import { fill } from '../fill.ts';",
      'vendor-folder: … -> core/hosts/cli/new/fill.ts',
    ],
    [
      'core/hosts/cli/new/read.ts',
      "import { own } from './template/own.ts';",
      'new-template: … -> core/hosts/cli/new/template/own.ts',
    ],
    ['core/hosts/cli/prompt.ts', "export const ask = () => import('@clack/prompts');", 'prompts: … -> @clack/prompts'],
    ['core/hosts/cli/ask.ts', "import { Agent } from 'undici';", 'undici: … -> undici'],
    [
      'core/hosts/cli/record/deep.ts',
      "import { x } from '../../../http/wire.ts';",
      'hosts-record: … -> core/http/wire.ts',
    ],
    [
      'test/proofs/outage/run.ts',
      "import { x } from '../../../core/queue/inner.ts';",
      'proofs-inside: … -> core/queue/inner.ts',
    ],
    [
      'test/proofs/poison/run.ts',
      "import { x } from '../../../core/queue/inner.ts';",
      'proofs-inside: … -> core/queue/inner.ts',
    ],
    ['test/proofs/kill/run.ts', "import { x } from '../../../core/queue/inner.ts';", 'kill: … -> core/queue/inner.ts'],
    ['core/registry/http.ts', "import type { Agent } from 'undici';", 'undici: … -> undici'],
    [
      'core/runtime/rudder.ts',
      "import { tags } from '@rudderstack/integrations-lib/build/tags.js';",
      'rudder: … -> @rudderstack/integrations-lib/build/tags.js',
    ],
    [
      'core/testing/kit/folder-under-test.ts',
      "import { x } from '../../runtime/run.ts';",
      'folder-under-test: … -> core/runtime/run.ts',
    ],
    ['core/testing/kit/deep.ts', "import { x } from '../../runtime/run.ts';", 'testing-kit: … -> core/runtime/run.ts'],
    [
      'core/testing/checks/queue.ts',
      "import { x } from '../../queue/index.ts';",
      'testing-kit: … -> core/queue/index.ts',
    ],
    [
      'core/testing/kit/vendor.ts',
      "import { x } from '../../../destinations/b/index.ts';",
      'core-outward: … -> destinations/b/index.ts',
    ],
    [
      'core/testing/kit/server.ts',
      "import { y } from '../simulators/server.ts';",
      'testing-kit: … -> core/testing/simulators/server.ts',
    ],
    [
      'core/testing/simulators/core.ts',
      "import { x } from '../../index.ts';",
      'testing-simulators: … -> core/index.ts',
    ],
    [
      'core/testing/simulators/vendor.ts',
      "import type { x } from '../../../destinations/b/index.ts';",
      'core-outward: … -> destinations/b/index.ts',
    ],
    [
      'core/testing/simulators/kit.ts',
      "import { x } from '../kit/case.ts';",
      'testing-simulators: … -> core/testing/kit/case.ts',
    ],
    ['core/testing/simulators/nock.ts', "import nock from 'nock';", 'testing-peers: … -> nock'],
    ['core/runtime/chance.ts', "import 'fast-check';", 'testing-peers: … -> fast-check'],
    ['core/hosts/jest.ts', "import type { Jest } from '@jest/globals';", 'testing-peers: … -> @jest/globals'],
    ['core/http/ping.ts', "import type { pong } from './pong.ts';", 'circular: … -> core/http/pong.ts'],
  ];
  /** What is allowed, and what the wrong ones lead to. */
  const right: Readonly<Record<string, string>> = {
    'destinations/b/index.ts':
      "import { x } from '../../core/api/index.ts';\nimport { own } from './own.ts';\nexport { x, own };",
    'destinations/b/own.ts': "import type { x } from '../../core/api/index.ts';\nexport const own = 1;",
    'core/api/index.ts': "export { x } from './event.ts';",
    'core/api/event.ts':
      "import 'zod';\nimport 'ipaddr.js';\nimport 'node:crypto';\nimport 'node:net';\nexport const x = 1;",
    'core/http/wire.ts':
      "import { Agent } from 'undici';\nimport '../api/event.ts';\nimport 'node:dns';\nexport const x = Agent;",
    'core/http/pong.ts': "import { ping } from './ping.ts';\nexport const pong = ping;",
    'core/runtime/run.ts': "import type { Agent } from 'undici';\nimport '../http/wire.ts';\nexport const x = 1;",
    'core/registry/load.ts': "import '../api/event.ts';\nexport const x = 1;",
    'core/index.ts':
      "export { x } from './runtime/run.ts';\nexport * from './api/index.ts';\nimport './registry/load.ts';",
    'core/policy/clock.ts': "import type { x } from '../api/event.ts';\nimport 'denque';\nexport const y = 1;",
    'core/mapping/query.ts': "import type { x } from '../api/event.ts';\nexport const y = 1;",
    'core/queue/index.ts': "export { x } from './inner.ts';",
    'core/service/tracking/ok.ts': "import '../../api/event.ts';\nimport '../problem.ts';\nimport 'node:crypto';",
    'core/service/problem.ts': 'export const problem = 1;',
    'core/service/index.ts': "export { x } from './inner.ts';",
    'core/service/inner.ts':
      "import '../index.ts';\nimport '../ndjson.ts';\nimport '../queue/index.ts';\nimport 'hono';\nexport const x = 1;",
    'core/ndjson.ts': "import 'node:buffer';\nexport const x = 1;",
    'core/queue/inner.ts':
      "import '../runtime/run.ts';\nimport '../api/event.ts';\nimport '../ndjson.ts';\nexport const x = 1;",
    'core/queue/jetstream/index.ts': "export { x } from './nats.ts';",
    'core/queue/jetstream/nats.ts':
      "import type { KV } from '@nats-io/kv';\nimport '../../optional-peer.ts';\nimport '../inner.ts';\nimport '../../api/event.ts';\nexport const x = 1;",
    'core/queue/lmdb/embedded.ts': 'export const x = 1;',
    'core/optional-peer.ts': "import 'node:module';\nexport const x = 1;",
    'core/adapters/rudder-library.ts': "import '../optional-peer.ts';",
    'core/metrics/index.ts':
      "import type { y } from '../index.ts';\nimport 'prom-client';\nimport '../optional-peer.ts';\nexport const x = 1;",
    'core/tracing/index.ts':
      "import type { y } from '../index.ts';\nimport '@opentelemetry/api';\nimport '../optional-peer.ts';\nexport const x = 1;",
    'core/hosts/ok.ts':
      "import '../index.ts';\nimport '../ndjson.ts';\nimport '../queue/index.ts';\nimport '../queue/jetstream/index.ts';\nimport '../metrics/index.ts';\nimport '../service/index.ts';\nimport '../tracing/index.ts';\nimport 'commander';",
    'core/hosts/cli/new/template/index.ts':
      "import { x } from '../../../../api/index.ts';\nimport type { own } from './own.ts';\nexport { x };",
    'core/hosts/cli/new/template/own.ts': 'export const own = 1;',
    'core/hosts/cli/new/fill.ts': 'export const fill = 1;',
    'core/hosts/cli/new/ask-options.ts': "export const prompts = () => import('@clack/prompts');",
    'core/http/redact.ts': 'export const redact = 1;',
    'core/hosts/cli/record/masks.ts': "import '../../../http/redact.ts';\nimport 'undici';",
    'scripts/run.ts':
      "import '../core/index.ts';\nimport '../core/hosts/ok.ts';\nimport '../core/testing/simulators/server.ts';",
    'core/testing/index.ts':
      "import '../index.ts';\nimport '../api/index.ts';\nimport './kit/case.ts';\nexport * from './simulators/index.ts';",
    'core/testing/kit/case.ts':
      "import '../../index.ts';\nimport 'nock';\nimport 'fast-check';\nimport 'undici';\nexport const x = 1;",
    'core/testing/simulators/index.ts': "export { y } from './server.ts';",
    'core/testing/simulators/server.ts': "import type { x } from '../../api/index.ts';\nexport const y = 1;",
    'test/core/any.test.ts':
      "import '../../core/runtime/run.ts';\nimport '../../core/testing/index.ts';\nimport '../../destinations/b/index.ts';",
  };

  let root: string;
  let found: string[];
  beforeAll(async () => {
    root = await realpath(await mkdtemp(path.join(tmpdir(), 'boundaries-')));
    await writeFile(path.join(root, 'package.json'), '{"type":"module"}');
    for (const [file, text] of [...wrong, ...Object.entries(right)]) {
      await mkdir(path.dirname(path.join(root, file)), { recursive: true });
      await writeFile(path.join(root, file), `${text}\n`);
    }
    found = written((await cruise(root, 'core', 'destinations', 'test', 'scripts')).summary.violations);
  }, slow);
  afterAll(() => rm(root, { recursive: true }));

  test.each(wrong)('on %s: %s', (file, _statement, violation) => {
    expect(found).toContain(violation.replace('…', file));
  });

  it('and on nothing else', () => {
    const files = new Set(wrong.map(([file]) => file));
    const strangers = found.filter((violation) => !files.has(/: (.*) ->/.exec(violation)?.[1] ?? ''));
    expect(strangers.filter((violation) => !violation.startsWith('circular: core/http/pong.ts'))).toEqual([]);
  });
});

const importsOf = (tree: Cruise, file: string): string[] =>
  tree.modules.find(({ source }) => source === file)?.dependencies.map(({ module }) => module) ?? [];
