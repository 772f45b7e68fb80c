import { spawnSync } from 'node:child_process';
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Project } from './installed-package.ts';

interface Consumer {
  readonly compiler: string;
  readonly entries: readonly string[];
  readonly moduleResolution: 'nodenext' | 'bundler';
  /** Whether @types/node is there; without it, AbortSignal and URL come from the DOM. */
  readonly nodeTypes: boolean;
}

/** Compiles a program that imports these entries, strictly and with the declarations of all packages. */
export function compileConsumer(project: Project, { compiler, entries, moduleResolution, nodeTypes }: Consumer): void {
  const name = (entry: string): string => entry.replaceAll(/\W/g, '_');
  writeFileSync(
    path.join(project.folder, 'consumer.mts'),
    entries.map((entry) => `export * as ${name(entry)} from '${entry}';\n`).join(''),
  );
  writeFileSync(
    path.join(project.folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        noEmit: true,
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        target: 'es2022',
        lib: nodeTypes ? ['es2022'] : ['es2022', 'dom'],
        module: moduleResolution === 'bundler' ? 'esnext' : moduleResolution,
        moduleResolution,
        types: nodeTypes ? ['node'] : [],
      },
      files: ['consumer.mts'],
    }),
  );
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, '-p', project.folder], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, `${compiler}, ${moduleResolution}, ${entries.join(', ')}:\n${stdout}${stderr}`);
}

/** The lowest TypeScript that README names. */
const lowestIn = (root: string): string =>
  path.join(root, 'scripts/build/lowest-typescript/node_modules/typescript/bin/tsc');

/**
 * F-34: what needs neither Node's types nor an optional peer compiles without either. The peers of the other entries
 * are not in the project yet: their declarations would bring Node's.
 */
export const checkTypesWithoutPeers = (project: Project, root: string, needPeers: readonly string[]): void =>
  compileConsumer(project, {
    compiler: lowestIn(root),
    entries: project.entries.filter((entry) => !needsNode.test(entry) && !needPeers.includes(entry)),
    moduleResolution: 'nodenext',
    nodeTypes: false,
  });

/** F-34: the declarations compile under the lowest TypeScript that README names, and under ours. */
export function checkTypes(project: Project, root: string): void {
  const lowest = lowestIn(root);
  const ours = path.join(root, 'node_modules/typescript/bin/tsc');
  const withoutNode = project.entries.filter((entry) => !needsNode.test(entry));
  compileConsumer(project, { compiler: lowest, entries: withoutNode, moduleResolution: 'nodenext', nodeTypes: false });
  project.link('@types/node');
  for (const moduleResolution of ['nodenext', 'bundler'] as const)
    compileConsumer(project, { compiler: lowest, entries: project.entries, moduleResolution, nodeTypes: true });
  compileConsumer(project, {
    compiler: ours,
    entries: project.entries,
    moduleResolution: 'nodenext',
    nodeTypes: true,
  });
}

/** undici's Dispatcher is an option of the runtime, the simulators are servers, and RudderStack's library is Node's. */
const needsNode = /^spillway(?:\/testing|\/rudder)?$/;
