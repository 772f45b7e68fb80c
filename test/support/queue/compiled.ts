import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import type { Drained } from './drain.ts';

export interface Compiled {
  readonly script: (name: 'drain' | 'produce' | 'compact') => string;
  /** What came out of a store, or that its process did not end well. */
  readonly drain: (store: string) => Promise<Drained | { readonly died: string }>;
  readonly remove: () => Promise<void>;
}

/** The queue as plain JavaScript: many processes start faster without a compiler in each. Inside node_modules, to find lmdb. */
export async function compiled(): Promise<Compiled> {
  const folder = await mkdtemp(path.join(process.cwd(), 'node_modules', '.queue-'));
  await build({
    entryPoints: {
      drain: 'test/support/queue/drain.ts',
      produce: 'test/support/queue/produce.ts',
      compact: 'test/support/queue/compact.ts',
      'core/queue/lmdb/verify-child': 'core/queue/lmdb/verify-child.ts',
    },
    outdir: folder,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['lmdb'],
  });
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
  const script: Compiled['script'] = (name) => path.join(folder, `${name}.js`);
  return {
    script,
    drain: (store) =>
      new Promise((resolve) => {
        execFile(process.execPath, [script('drain'), store], (error, out, printed) => {
          resolve(
            error === null ? (JSON.parse(out) as Drained) : { died: `${error.signal ?? error.code}: ${printed}` },
          );
        });
      }),
    remove: () => rm(folder, { recursive: true }),
  };
}
