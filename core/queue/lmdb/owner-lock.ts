import { linkSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { StoreRefused } from './refused.ts';

export const lockName = 'owner.json';

interface Owner {
  readonly pid: number;
  /** What tells it from a later process of the same number; '' where the system does not say. */
  readonly started: string;
}

/** This process's hold of a store. */
export interface Ownership {
  /** Whether nobody took it over since: a process in another container may have found this one dead. */
  holds(): boolean;
  release(): void;
}

/**
 * Makes this process the owner of a store. A lock whose process is gone is taken over. Throws StoreRefused (busy) when it is not.
 */
export function own(folder: string): Ownership {
  const lock = path.join(folder, lockName);
  const mine = `${lock}.${process.pid}.${process.hrtime.bigint()}`;
  const text = JSON.stringify({
    pid: process.pid,
    started: startOf(process.pid),
    token: randomUUID(),
  } satisfies Owner & { token: string });
  writeFileSync(mine, text, { flag: 'wx' });
  try {
    while (!linked(mine, lock)) {
      const found = read(lock);
      if (found === undefined) continue;
      const owner = parse(found);
      if (owner !== undefined && isAlive(owner))
        throw new StoreRefused(
          'busy',
          folder,
          owner.pid === process.pid
            ? 'this process has the queue store open already. One store, one queue: share it'
            : `the queue store is in use by process ${owner.pid}. Stop that one first; a store has one process at a time`,
        );
      pushAside(lock, found, mine);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  const holds = (): boolean => read(lock) === text;
  return {
    holds,
    release() {
      if (holds()) rmSync(lock, { force: true });
    },
  };
}

/** A link is there whole or not at all, unlike a file that is being written. */
function linked(mine: string, lock: string): boolean {
  try {
    linkSync(mine, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Two processes may find the same lock stale: the second one moves the first one's new lock away, sees it, and puts it back. */
function pushAside(lock: string, stale: string, mine: string): void {
  const aside = `${mine}.stale`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (read(aside) !== stale) linked(aside, lock);
  rmSync(aside, { force: true });
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(text: string): Owner | undefined {
  try {
    const owner = JSON.parse(text) as Partial<Owner> | null;
    return typeof owner?.pid === 'number' && typeof owner.started === 'string'
      ? { pid: owner.pid, started: owner.started }
      : undefined;
  } catch {
    return undefined;
  }
}

function isAlive({ pid, started }: Owner): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: alive, and somebody else's.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = startOf(pid);
  return started === '' || now === '' || now === started;
}

/** Boot, process namespace and start time of a process where /proc tells: a number alone is used again after a restart. */
function startOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything; field 22 of the whole is field 20 after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie is dead: only its parent has not looked yet.
    const ticks = fields[0] === 'Z' ? 'over' : (fields[19] ?? '');
    return `${boot} ${readlinkSync('/proc/self/ns/pid')} ${ticks}`;
  } catch {
    return '';
  }
}
