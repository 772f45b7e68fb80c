import { hostname } from 'node:os';
import { z } from '../../index.ts';
import { isPidUsed, over, processSpace, startOfProcess } from '../../process-identity.ts';

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

export function processOf(pid: number): LockProcess {
  const { boot, namespace } = processSpace();
  return { pid, startedAt: startOfProcess(pid), host: hostname(), space: `${boot} ${namespace}` };
}

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
  if (!isPidUsed(pid)) return false;
  const start = startOfProcess(pid);
  return start !== over && (startedAt === start || startedAt === '' || start === '');
}
