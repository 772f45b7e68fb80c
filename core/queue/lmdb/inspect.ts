import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Folder } from './folder.ts';
import { StoreDamaged } from './refused.ts';

/** What the child says: `sound`, or what is wrong. */
export type Finding = { readonly sound: true } | { readonly sound: false; readonly what: string };

/**
 * Has a child process read everything there is. Throws StoreDamaged when it says that something is wrong, or when it dies of it.
 * A record with a wrong checksum is nothing wrong: that one goes to quarantine when it is met.
 */
export async function inspect({ path, data }: Pick<Folder, 'path' | 'data'>): Promise<void> {
  const here = fileURLToPath(import.meta.url);
  const source = here.endsWith('.ts');
  const child = fork(
    fileURLToPath(new URL(source ? './inspect-child.ts' : './inspect-child.js', import.meta.url)),
    [data],
    {
      // Run from source, the child needs what its parent may have from a test runner. Otherwise it needs no flags, and no inspector port.
      execArgv: source ? ['--import', 'tsx'] : [],
      // What LMDB prints before it aborts is nothing for a host's log.
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    },
  );
  let finding: Finding | undefined;
  let printed = '';
  child.on('message', (message) => {
    finding = message as Finding;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    printed = (printed + text).slice(-500);
  });
  const ended = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(String(error)));
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  if (finding?.sound === true) return;
  const [line] = printed.trim().split('\n').slice(-1);
  throw new StoreDamaged(
    path,
    finding?.what ??
      `the process that read it ended with ${ended}${line === undefined || line === '' ? '' : `: ${line}`}`,
  );
}
