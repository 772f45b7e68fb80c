import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const sources = {
  main: 'core/hosts/cli/main.ts',
  'take-out': 'test/proofs/damage/take-out.ts',
  produce: 'test/support/queue/produce.ts',
  'core/queue/lmdb/verify-child': 'core/queue/lmdb/verify-child.ts',
} as const;

export interface Ended {
  /** The exit code; of a process that was killed, the signal. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Programs {
  run(name: keyof typeof sources, args: readonly string[], how?: How): Promise<Ended>;
  remove(): Promise<void>;
}

export interface How {
  /** What comes before it on the command line. */
  readonly before?: readonly string[];
  /** As this user (and group). */
  readonly uid?: number;
}

/** The command line and its like as plain JavaScript: hundreds of processes start. Inside node_modules, to find what they import. */
export async function buildPrograms(): Promise<Programs> {
  const folder = await mkdtemp(path.join(root, 'node_modules', '.damage-'));
  // For the processes of another user.
  await chmod(folder, 0o755);
  await build({
    entryPoints: Object.fromEntries(Object.entries(sources).map(([name, source]) => [name, path.join(root, source)])),
    outdir: folder,
    bundle: true,
    splitting: false,
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
  return {
    run(name, args, { before = [], uid } = {}) {
      const [file, ...rest] = [...before, process.execPath, path.join(folder, `${name}.js`), ...args];
      const child = spawn(file as string, rest, {
        stdio: ['ignore', 'pipe', 'pipe'],
        cwd: '/',
        ...(uid === undefined ? {} : { uid, gid: uid }),
      });
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      return new Promise((resolve) =>
        child.once('close', (code, signal) => resolve({ code: code ?? signal ?? 'unknown', stdout, stderr })),
      );
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
