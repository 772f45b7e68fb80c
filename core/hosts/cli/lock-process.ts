import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from '../../index.ts';
import { errnoOf } from './exit-codes.ts';

const lockProcess = z.object({
  pid: z.int32().positive(),
  /** In clock ticks since the machine started, as a later process may get the same pid; '' where that is not known. */
  startedAt: z.string().catch(''),
  host: z.string(),
  /** Where this pid means this process: since a start of the machine and, on Linux, in a container. */
  space: z.string().catch(''),
});
/** The process that has a lock, as the lock says it. */
export type LockProcess = z.infer<typeof lockProcess>;

export const processOf = (pid: number): LockProcess => ({
  pid,
  startedAt: startOf(pid),
  host: hostname(),
  space: [
    orEmpty(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    orEmpty(() => readlinkSync('/proc/self/ns/pid')),
  ].join(' '),
});

/** `undefined` where the text names no process. */
export function readProcess(text: string): LockProcess | undefined {
  try {
    return lockProcess.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Whether it would be seen from here. */
export function isHere({ host, space }: LockProcess): boolean {
  const own = processOf(process.pid);
  return host === own.host && space === own.space;
}

/** Of a process of this machine. One whose start nobody tells counts as running while its pid is in use. */
export function isRunning({ pid, startedAt }: LockProcess): boolean {
  if (!isUsed(pid)) return false;
  const start = startOf(pid);
  return start !== over && (startedAt === start || startedAt === '' || start === '');
}

function isUsed(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's.
    return errnoOf(error) === 'EPERM';
  }
}

/** The start of a process that has ended, and that its parent has not collected yet. */
const over = 'over';

/** '' where there is no /proc, or it hides the process. */
function startOf(pid: number): string {
  const stat = orEmpty(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The second field, a name in parentheses, may hold anything. The state is the third, the start the 22nd.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' ? over : (fields[18] ?? '');
}

function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
