import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { CliError, errnoOf, usage } from './exit-codes.ts';
import { alone } from './queue/replace-file.ts';

/** Who writes an outcomes file. */
interface Writer {
  readonly pid: number;
  /** In clock ticks since the machine started, as a later process may get the same pid; '' where there is no /proc. */
  readonly startedAt: string;
  /** Where this pid means this process: a machine and, on Linux, a container. */
  readonly host: string;
}

/** A writer renews its lock so often. */
const renewMs = 10_000;
/** A writer on another machine that has not for so long is gone; its process cannot be asked for. */
const staleMs = 60_000;

/**
 * Takes an outcomes file for this run, and returns what gives it back. A usage error while another run has it: the two
 * would write over each other. In a directory that takes no new file there is no lock.
 */
export function lockOutcomes(file: string): () => void {
  const real = realpathSync(file);
  if (!isWritable(path.dirname(real))) return () => undefined;
  const lock = path.join(path.dirname(real), `.${path.basename(real)}.writer`);
  const own = JSON.stringify(writerOf(process.pid));
  let fd: number | undefined;
  try {
    alone(lock, () => {
      const other = runningWriter(lock);
      if (other !== undefined)
        throw usage(
          `process ${other.pid} (${other.host}) writes its outcomes to ${file}, and the two would be mixed; ` +
            'name another file, or wait for its end',
        );
      // A file of its own, never one that a link leads to: the writer before may still renew its lock.
      rmSync(lock, { force: true });
      fd = openSync(lock, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
      writeSync(fd, own, 0);
    });
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    if (error instanceof CliError && error.exitCode === usage('').exitCode) throw error;
    throw usage(
      `cannot lock the outcomes file ${file} (${error instanceof CliError ? error.message : errnoOf(error)})`,
    );
  }
  const timer = setInterval(() => renew(fd, own), renewMs).unref();
  return () => {
    clearInterval(timer);
    if (fd === undefined) return;
    const isOwn = isSameFile(fd, lock);
    closeSync(fd);
    fd = undefined;
    if (isOwn) rmSync(lock, { force: true });
  };
}

/** Another run may have taken over the lock of one that stood still. */
function isSameFile(fd: number, file: string): boolean {
  const [own, named] = [fstatSync(fd), lstatSync(file, { throwIfNoEntry: false })];
  return named?.ino === own.ino && named.dev === own.dev;
}

/** The same bytes over themselves: a reader never finds half of them. */
function renew(fd: number | undefined, own: string): void {
  try {
    if (fd !== undefined) writeSync(fd, own, 0);
  } catch {
    // A full disk: the lock ages, and on this machine that changes nothing.
  }
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The writer that a lock names, if it still runs. A lock that a crash left unfinished names none. */
function runningWriter(lock: string): Writer | undefined {
  let fd: number | undefined;
  try {
    // A link is not followed, and a pipe not waited for.
    fd = openSync(lock, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (!fstatSync(fd).isFile()) return undefined;
    const writer = JSON.parse(readFileSync(fd, 'utf8')) as Writer;
    const { host, startedAt } = writerOf(writer.pid);
    const runs =
      host === writer.host
        ? isProcess(writer.pid) && startedAt === writer.startedAt
        : Date.now() - fstatSync(fd).mtimeMs < staleMs;
    return runs ? writer : undefined;
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

const writerOf = (pid: number): Writer => ({
  pid,
  // The 22nd field; the second one, a name in parentheses, may hold blanks.
  startedAt: orEmpty(() => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19]),
  host: [hostname(), orEmpty(() => readlinkSync('/proc/self/ns/pid'))].join(' ').trim(),
});

/** '' where there is no /proc, or no such process. */
function orEmpty(read: () => string | undefined): string {
  try {
    return read() ?? '';
  } catch {
    return '';
  }
}
