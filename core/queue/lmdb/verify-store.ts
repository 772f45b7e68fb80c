import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { codePath, runsFromSource } from '../../package-root.ts';
import { finishSwap, type SwapEnd } from './store-copy.ts';
import type { StoreDirectory } from './store-directory.ts';
import { refusalOf, StoreDamaged, StoreRefused } from './store-errors.ts';
import { metaPagesBytes } from './tables.ts';

/**
 * The child's second message. `errno`: the error of the system that kept it from reading. Where there is a copy, the
 * child waits for a message, puts it in the place of the store, and says how that ended.
 */
export type Verification =
  | { readonly sound: true; readonly isCopied?: true }
  | { readonly sound: false; readonly problem: string; readonly errno?: string | undefined };

/** The child's first message: when it dies after this, the store may be the cause. */
export const readingMessage = 'reading';

/** Signals from outside, which say nothing about the store: a person sent them, or the system for want of memory. */
const externalSignals: readonly string[] = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGXCPU'];

interface ChildReport {
  readonly isReading: boolean;
  readonly verification: Verification | undefined;
  /** What became of the copy. */
  readonly swap: SwapEnd;
  /** The signal, or the exit code in words. */
  readonly end: string;
  readonly printed: string;
}

export type StoreFiles = Pick<StoreDirectory, 'path' | 'dataFile' | 'copyFile'>;

/** Calls `swap` when the copy may take the place of the store. */
export type SwapWhen = (swap: () => Promise<unknown>) => Promise<unknown>;

/**
 * Has a child process read the whole store, as LMDB will, and copy it into a fresh file that takes its place. Throws
 * StoreDamaged when the child finds a fault or dies of one, StoreRefused (unread) when it could not read. A record with
 * a wrong checksum is no fault: it goes to quarantine when it is met. Without room for the copy, the store stays as it
 * is. Returns what became of the copy.
 */
export async function verifyStore({ path, dataFile, copyFile }: StoreFiles): Promise<SwapEnd> {
  const before = readMetaPages(dataFile);
  try {
    let report = await runChild(path, dataFile, copyFile);
    // It may have died of writing: then reading alone succeeds.
    if (isOfStore(report)) report = await runChild(path, dataFile, undefined);
    assertSound(path, report);
    return report.swap;
  } catch (error) {
    // The child may have rolled back to the last flushed transaction; a store that is refused stays as it was found.
    if (!readMetaPages(dataFile).equals(before)) writeMetaPages(dataFile, before);
    throw error;
  } finally {
    finishSwap(copyFile, dataFile);
  }
}

/** The same for a store that is open in this process: it only reads it. Throws StoreRefused where there is no room. */
export async function copyStore(
  { path, dataFile, copyFile }: StoreFiles,
  swapWhen: SwapWhen,
  signal: AbortSignal,
): Promise<void> {
  const report = await runChild(path, dataFile, copyFile, swapWhen, signal).finally(() =>
    finishSwap(copyFile, dataFile),
  );
  const { verification, end } = report;
  if (verification === undefined)
    throw new StoreRefused(
      'unread',
      path,
      `a copy of the queue store was not made: the process that made it ended with ${end}. Nothing was changed`,
    );
  assertSound(path, report);
  if (verification.sound && verification.isCopied !== true)
    throw new StoreRefused(
      'unwritable',
      path,
      'there is no room for a copy of the queue store. Make room; nothing was changed',
    );
}

/** It died while it read, of no signal from outside. */
const isOfStore = ({ isReading, verification, end, printed }: ChildReport): boolean =>
  isReading && verification === undefined && !externalSignals.includes(end) && !printed.includes('heap out of memory');

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

function assertSound(path: string, report: ChildReport): void {
  const { verification, end, printed } = report;
  if (verification?.sound === true) return;
  if (verification !== undefined) {
    const { problem, errno } = verification;
    throw refusalOf(path, Object.assign(new Error(problem), { code: errno })) ?? new StoreDamaged(path, problem);
  }
  const lines = printed.trim().split('\n');
  const line = lines.find((one) => /error|assert/i.test(one)) ?? lines.at(-1) ?? '';
  const how = `the process that read it ended with ${end}${line === '' ? '' : `: ${line.trim()}`}`;
  throw isOfStore(report) ? new StoreDamaged(path, how) : unreadable(path, how);
}

function unreadable(path: string, why: string, cause?: unknown): StoreRefused {
  return new StoreRefused(
    'unread',
    path,
    `the queue store was not closed, and could not be looked through (${why}). It was not judged, and nothing was changed. ` +
      `Repair that and open it again; where it cannot be repaired, \`spillway queue status --store ${path}\` verifies it and closes it`,
    { cause },
  );
}

async function runChild(
  path: string,
  data: string,
  copy: string | undefined,
  swapWhen: SwapWhen = (swap) => swap(),
  signal?: AbortSignal,
): Promise<ChildReport> {
  const notStarted = (error: unknown): never => {
    throw unreadable(path, String(error), error);
  };
  let child: ChildProcess;
  try {
    child = startChild(copy === undefined ? [data] : [data, copy]);
  } catch (error) {
    return notStarted(error);
  }
  let isReading = false;
  let verification: Verification | undefined;
  let swap: SwapEnd = 'failed';
  let swapped: Promise<unknown> | undefined;
  let printed = '';
  const ended = new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  child.on('message', (message: typeof readingMessage | Verification | SwapEnd) => {
    if (message === readingMessage) isReading = true;
    else if (typeof message === 'string') swap = message;
    else {
      verification = message;
      if (!message.sound || message.isCopied !== true) return;
      swapped = swapWhen(() => {
        // Where the child ends before it is told, the store stays as it is.
        if (child.connected) child.send('swap', () => undefined);
        return ended;
      });
      // Nobody will say when.
      swapped.catch(() => child.kill());
    }
  });
  // Missing when the process has too many files open.
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    printed = (printed + text).slice(-4000);
  });
  const kill = (): boolean => child.kill('SIGKILL');
  if (signal?.aborted === true) kill();
  signal?.addEventListener('abort', kill);
  const end = await ended.catch(notStarted).finally(() => signal?.removeEventListener('abort', kill));
  await swapped;
  return { isReading, verification, swap, end, printed };
}

function startChild(args: readonly string[]): ChildProcess {
  const script = codePath(`core/queue/lmdb/verify-child.${runsFromSource ? 'ts' : 'js'}`);
  return fork(script, args, {
    // Run from source, the child needs a compiler; a test runner may have loaded its own into the parent. Compiled, it
    // needs no flags, and no inspector port.
    execArgv: runsFromSource ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href] : [],
    // LMDB prints a line before it aborts, which does not belong in a host's log.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}
