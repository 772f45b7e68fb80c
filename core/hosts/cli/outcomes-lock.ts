import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CliError, errnoOf, usage } from './exit-codes.ts';
import { isSameFile } from './input.ts';
import { isHere, isRunning, processOf, readProcess, type LockProcess } from './lock-process.ts';

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
  const made = `${lock}.${randomBytes(8).toString('hex')}`;
  try {
    writeFileSync(made, own, { flag: 'wx' });
    place(made, lock, file);
    return openSync(lock, constants.O_WRONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw usage(`cannot lock the outcomes file ${file} (${errnoOf(error)}); remove ${lock}, or name another file`);
  } finally {
    rmSync(made, { force: true });
  }
}

/**
 * Puts a lock in its place, whole or not at all. Of those that find one whose process is gone there, one alone may
 * replace it: who has a lock on that, named after what is replaced. It looks again once it has it, as another may have
 * replaced that before. What a crash leaves on the way is such a lock whose process is gone.
 */
function place(made: string, lock: string, file: string): void {
  while (!isLinked(made, lock)) {
    const before = identityOf(lock);
    // By the clock of the lock's file system, as the age of a lock is.
    const other = runningProcess(lock, statSync(made).mtimeMs);
    if (other !== undefined)
      throw usage(
        `process ${other.pid} (${other.host}) writes its outcomes to ${file}, and the two would be mixed; ` +
          `name another file, or wait for its end; if it is certainly gone, remove ${lock}`,
      );
    if (before === undefined) continue;
    const successor = `${lock}.${before}`;
    place(made, successor, file);
    try {
      if (identityOf(lock) === before) return renameSync(successor, lock);
    } finally {
      rmSync(successor, { force: true });
    }
  }
}

/** Whether the place was free. */
function isLinked(made: string, lock: string): boolean {
  try {
    try {
      linkSync(made, lock);
    } catch (error) {
      // No links there, as in FAT. A copy is not whole at once: for a moment it looks like one that a crash left.
      if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes(errnoOf(error))) throw error;
      copyFileSync(made, lock, constants.COPYFILE_EXCL);
    }
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Another one for each file, and after each renewal. */
function identityOf(lock: string): string | undefined {
  const stats = lstatSync(lock, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? undefined : `${stats.ino}-${stats.mtimeNs}`;
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
 * cannot be read is an error. `now` is by the clock of the lock's file system.
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
