import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

export interface Compiled {
  readonly drain: string;
  readonly remove: () => Promise<void>;
}

/** The queue as plain JavaScript: hundreds of processes start faster without a compiler in each. Inside node_modules, to find lmdb. */
export async function compiled(): Promise<Compiled> {
  const folder = await mkdtemp(path.join(process.cwd(), 'node_modules', '.queue-'));
  await build({
    entryPoints: ['test/queue/support/drain.ts', 'core/queue/lmdb/inspect-child.ts'],
    outdir: folder,
    entryNames: '[name]',
    outExtension: { '.js': '.js' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['lmdb'],
    banner: { js: '' },
  });
  const { writeFile } = await import('node:fs/promises');
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
  return { drain: path.join(folder, 'drain.js'), remove: () => rm(folder, { recursive: true }) };
}
