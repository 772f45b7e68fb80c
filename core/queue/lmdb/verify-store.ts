import { fork } from 'node:child_process';
import { closeSync, existsSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { StoreDirectory } from './store-directory.ts';
import { refusalOf, StoreDamaged, StoreRefused } from './store-errors.ts';
import { metaPagesBytes } from './tables.ts';

/** What the child says in the end. `errno`: the system's answer that kept it from reading. */
export type Verification =
  { readonly sound: true } | { readonly sound: false; readonly what: string; readonly errno?: string | undefined };

/** What it says first: from here on, what ends it may be what it reads. */
export const readingMessage = 'reading';

/**
 * Ends that come from outside, whatever the child was at: somebody stopped it, or the system did for want of memory.
 */
const externalSignals: readonly string[] = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGXCPU'];

interface ChildReport {
  readonly isReading: boolean;
  readonly finding: Verification | undefined;
  /** The signal, or the exit code in words. */
  readonly end: string;
  readonly printed: string;
}

/**
 * Has a child process read everything there is, as LMDB will see it. Throws StoreDamaged when it says that something is
 * wrong, or when it dies of it; StoreRefused (unread) when it could not look. A record with a wrong checksum is nothing
 * wrong: that one goes to quarantine when it is met.
 */
export async function verifyStore({ path, dataFile }: Pick<StoreDirectory, 'path' | 'dataFile'>): Promise<void> {
  const before = readMetaPages(dataFile);
  try {
    assertSound(
      path,
      await runChild(dataFile).catch((error: unknown) => {
        throw unreadable(path, String(error), error);
      }),
    );
  } catch (error) {
    // The child may have gone back to the last flushed transaction; a store that is refused stays as it was found.
    if (!readMetaPages(dataFile).equals(before)) writeMetaPages(dataFile, before);
    throw error;
  }
}

function readMetaPages(data: string): Buffer {
  const file = openSync(data, 'r');
  try {
    const bytes = Buffer.alloc(metaPagesBytes);
    return bytes.subarray(0, readSync(file, bytes, 0, metaPagesBytes, 0));
  } finally {
    closeSync(file);
  }
}

function writeMetaPages(data: string, bytes: Buffer): void {
  const file = openSync(data, 'r+');
  try {
    writeSync(file, bytes, 0, bytes.length, 0);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function assertSound(path: string, { isReading, finding, end, printed }: ChildReport): void {
  if (finding?.sound === true) return;
  if (finding !== undefined) {
    const cause = Object.assign(new Error(finding.what), { code: finding.errno });
    throw refusalOf(path, cause) ?? new StoreDamaged(path, finding.what);
  }
  const lines = printed.trim().split('\n');
  const line = lines.find((one) => /error|assert/i.test(one)) ?? lines.at(-1) ?? '';
  const how = `the process that read it ended with ${end}${line === '' ? '' : `: ${line.trim()}`}`;
  if (!isReading || externalSignals.includes(end) || printed.includes('heap out of memory'))
    throw unreadable(path, how);
  throw new StoreDamaged(path, how);
}

function unreadable(path: string, why: string, cause?: unknown): StoreRefused {
  return new StoreRefused(
    'unread',
    path,
    `the queue store was not closed, and could not be looked through (${why}). It was not judged, and nothing was changed. ` +
      `Mend that and open it again; where it cannot be mended, \`spillway queue status --store ${path}\` looks through it and closes it`,
    { cause },
  );
}

/** Rejects when the child could not be started. */
async function runChild(data: string): Promise<ChildReport> {
  const here = fileURLToPath(import.meta.url);
  const source = here.endsWith('.ts');
  const script = fileURLToPath(new URL(source ? './verify-child.ts' : './verify-child.js', import.meta.url));
  if (!existsSync(script))
    throw new Error(
      `${script} is not there. A host that is bundled into one file keeps this package out of the bundle`,
    );
  const child = fork(script, [data], {
    // Run from source, the child needs what its parent may have from a test runner, in whatever folder that was
    // started. Otherwise it needs no flags, and no inspector port.
    execArgv: source ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href] : [],
    // What LMDB prints before it aborts is nothing for a host's log.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let isReading = false;
  let finding: Verification | undefined;
  let printed = '';
  child.on('message', (message) => {
    if (message === readingMessage) isReading = true;
    else finding = message as Verification;
  });
  // Not there when the process has too many files open.
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    printed = (printed + text).slice(-4000);
  });
  const end = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  return { isReading, finding, end, printed };
}
