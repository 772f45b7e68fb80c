import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CliError, errnoOf, exitCode, usage } from './exit-codes.ts';
import { isSameFile } from './input.ts';
import { isHere, isRunning, processOf, readProcess, type LockProcess } from './lock-process.ts';
import { alone } from './alone.ts';

/** A run renews its locks so often. */
const renewMs = 10_000;
/** A run on another machine that has not for so long is gone; its process cannot be asked for. */
const staleMs = 60_000;

/** An outcomes file that is open. */
interface OpenFile {
  readonly fd: number;
  /** As the command line names it. */
  readonly file: string;
  /** Without links. */
  readonly realPath: string;
}

/**
 * Takes an outcomes file for this run, and returns what gives it back. A usage error while another run has it, by
 * whatever name: the two would write over each other. A directory that takes no new file has no lock.
 */
export function lockOutcomes({ fd, file, realPath }: OpenFile): () => void {
  const releases: (() => void)[] = [];
  const releaseAll = (): void => releases.forEach((release) => release());
  try {
    for (const lock of locksOf(fd, realPath)) releases.push(take(lock, file));
  } catch (error) {
    releaseAll();
    throw error;
  }
  return releaseAll;
}

/**
 * The inode names them, so that a link to the file has the same, and the file after a move. Other machines and
 * containers see the one beside the file; runs that find the file in another directory see the one of this machine,
 * which is each user's own, as no other could remove it.
 */
function locksOf(fd: number, realPath: string): readonly string[] {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  const user = process.getuid?.() ?? '';
  return [
    path.join(path.dirname(realPath), `.spillway-${ino}.writer`),
    path.join(tmpdir(), `spillway-${user}-${dev}-${ino}.writer`),
  ].filter((lock) => isWritable(path.dirname(lock)));
}

function take(lock: string, file: string): () => void {
  const own = JSON.stringify(processOf(process.pid));
  const fd = create(lock, file, own);
  const timer = setInterval(() => renew(fd, own), renewMs).unref();
  return () => {
    clearInterval(timer);
    release(fd, lock);
  };
}

function create(lock: string, file: string, own: string): number {
  try {
    return alone(lock, (now) => {
      const other = runningProcess(lock, now);
      if (other !== undefined)
        throw usage(
          `process ${other.pid} (${other.host}) writes its outcomes to ${file}, and the two would be mixed; ` +
            `name another file, or wait for its end; if it is certainly gone, remove ${lock}`,
        );
      // A file of its own, never one that a link leads to: the run before may still renew its lock.
      rmSync(lock, { force: true });
      writeFileSync(lock, own, { flag: 'wx' });
      return openSync(lock, constants.O_WRONLY | constants.O_NOFOLLOW);
    });
  } catch (error) {
    if (error instanceof CliError && error.exitCode === exitCode.usage) throw error;
    const why = error instanceof CliError ? error.message : errnoOf(error);
    throw usage(`cannot lock the outcomes file ${file} (${why}); remove ${lock}, or name another file`);
  }
}

/** The same bytes over themselves: a reader never finds half of them. */
function renew(fd: number, own: string): void {
  try {
    writeSync(fd, own, 0);
  } catch {
    // A full disk: the lock ages, and on this machine that changes nothing.
  }
}

function release(fd: number, lock: string): void {
  try {
    // Another run may have taken over the lock of one that stood still.
    if (isSameFile(fstatSync(fd), lstatSync(lock, { throwIfNoEntry: false }))) rmSync(lock, { force: true });
  } catch {
    // The outcomes are written, and a lock without its process holds nobody up.
  }
  closeSync(fd);
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The process that has a lock, unless it is certainly gone. A lock that a crash left unfinished is nobody's; one that
 * cannot be read is an error. `now` is by the clock of the lock's file system, as the age of a lock is.
 */
function runningProcess(lock: string, now: number): LockProcess | undefined {
  const fd = openLock(lock);
  if (fd === undefined) return undefined;
  try {
    const stats = fstatSync(fd);
    const other = stats.isFile() ? readProcess(readFileSync(fd, 'utf8')) : undefined;
    if (other === undefined) return undefined;
    const runs = isHere(other) ? isRunning(other) : now - stats.mtimeMs < staleMs;
    return runs ? other : undefined;
  } finally {
    closeSync(fd);
  }
}

/** `undefined` where there is none. A link is not followed, and a pipe not waited for. */
function openLock(lock: string): number | undefined {
  try {
    return openSync(lock, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (['ENOENT', 'ELOOP'].includes(errnoOf(error))) return undefined;
    throw error;
  }
}
