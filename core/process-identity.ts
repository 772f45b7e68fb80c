import { readFileSync, readlinkSync } from 'node:fs';

// What the lock of a store and the locks of the command line ask of the process that wrote them.

/** The start of a process that has ended, and that its parent has not collected yet. */
export const over = 'over';

/**
 * When a process started, in clock ticks since the machine did, as a later process may get the same number; `over` of
 * one that has ended; '' where there is no /proc, or it hides the process.
 */
export function startOfProcess(pid: number): string {
  const stat = orEmpty(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The second field, a name in parentheses, may hold anything. The state is the third, the start the 22nd.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' ? over : (fields[18] ?? '');
}

/** Where the number of this process means this process: since a start of the machine, and in a container. */
interface ProcessSpace {
  /** '' where there is no /proc. */
  readonly boot: string;
  /** '' where there is no /proc. */
  readonly namespace: string;
}

export const processSpace = (): ProcessSpace => ({
  boot: orEmpty(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
  namespace: orEmpty(() => readlinkSync('/proc/self/ns/pid')),
});

/** Whether a process has this number now, whoever it is. */
export function isPidUsed(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: alive, and of another user.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
