import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { isPidUsed, processSpace, startOfProcess } from '../../process-identity.ts';
import { present, presenceOf } from './presence.ts';
import { StoreRefused } from './store-errors.ts';

export const lockName = 'owner.json';

interface Owner {
  readonly pid: number;
  /** Tells it from a later process with the same number; '' where the system does not say. */
  readonly started: string;
  /** The name of its socket, if it has one. */
  readonly presence?: string | undefined;
}

/** This process's ownership of a store. */
export interface Ownership {
  /** Whether no other process has taken the store over. */
  isOwner(): boolean;
  release(): void;
}

/**
 * Makes this process the owner of a store. Takes over a lock whose process is gone. Throws StoreRefused (busy) when the
 * process is alive, or when that cannot be told.
 */
export async function acquire(folder: string): Promise<Ownership> {
  const lock = path.join(folder, lockName);
  const name = `${lockName}.${process.pid}.${process.hrtime.bigint()}`;
  const mine = path.join(folder, name);
  // The socket must listen before a lock names it.
  const presence = await present(folder, `${name}.sock`);
  const text = JSON.stringify({
    pid: process.pid,
    started: startOf(process.pid),
    presence: presence?.name,
    token: randomUUID(),
  } satisfies Owner & { token: string });
  const over: string[] = [];
  try {
    writeFileSync(mine, text, { flag: 'wx', mode: 0o600 });
    while (!linked(mine, lock)) {
      const found = read(lock);
      if (found === undefined) continue;
      const owner = parse(found);
      if (owner !== undefined) await assertDead(folder, owner);
      pushAside(lock, found, mine);
      if (owner?.presence !== undefined) over.push(owner.presence);
    }
    // Not earlier: another process may be asking whether that owner is alive.
    for (const socket of over) rmSync(path.join(folder, socket), { force: true });
  } catch (error) {
    presence?.close();
    throw error;
  } finally {
    rmSync(mine, { force: true });
  }
  const isOwner = (): boolean => read(lock) === text;
  return {
    isOwner,
    release() {
      if (isOwner()) rmSync(lock, { force: true });
      presence?.close();
    },
  };
}

/** Throws StoreRefused (busy) when the owner is alive, or may be. */
async function assertDead(folder: string, owner: Owner): Promise<void> {
  const elsewhere = isElsewhere(owner);
  if (!elsewhere && !isAlive(owner)) return;
  const presence = owner.presence === undefined ? 'unseen' : await presenceOf(folder, owner.presence);
  if (elsewhere && presence === 'dead') return;
  throw new StoreRefused('busy', folder, elsewhere ? busyElsewhere(owner, presence) : busyHere(owner, presence));
}

type Presence = Awaited<ReturnType<typeof presenceOf>>;

function busyHere({ pid }: Owner, presence: Presence): string {
  if (presence === 'dead' || presence === 'absent')
    return (
      `process ${pid} runs, and had the queue store when ${lockName} was written, but does not answer in this folder. ` +
      `If the folder is a copy of that store, remove ${lockName} from it`
    );
  return pid === process.pid
    ? 'this process has the queue store open already. Open it once, and share that queue'
    : `the queue store is in use by process ${pid}. Stop that one first; only one process at a time can open a store`;
}

function busyElsewhere({ pid }: Owner, presence: Presence): string {
  return presence === 'alive'
    ? `the queue store is in use by process ${pid} of another container. Stop that one first; only one process at a time can open a store`
    : `process ${pid} of another container has the queue store, and whether it still runs cannot be seen from here. ` +
        `Stop that container. Once it is certainly gone, remove ${lockName} from the folder`;
}

/** A link appears whole or not at all, unlike a file that is being written. */
function linked(mine: string, lock: string): boolean {
  try {
    linkSync(mine, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Two processes may find the same lock stale. The second one then moves the new lock of the first away, recognises
 * that, and puts it back.
 */
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
    if (typeof owner?.pid !== 'number' || typeof owner.started !== 'string') return undefined;
    const { pid, started, presence } = owner;
    const named = typeof presence === 'string' && presence.startsWith(`${lockName}.`) && !presence.includes('/');
    return { pid, started, presence: named ? presence : undefined };
  } catch {
    return undefined;
  }
}

/** Whether the owner runs, since the last boot of this machine, in another process namespace. */
function isElsewhere({ started }: Owner): boolean {
  const [boot, processes] = started.split(' ');
  const [thisBoot, ours] = startOf(process.pid).split(' ');
  return boot !== '' && boot === thisBoot && processes !== ours;
}

function isAlive({ pid, started }: Owner): boolean {
  if (!isPidUsed(pid)) return false;
  const now = startOf(pid);
  return started === '' || now === '' || now === started;
}

/** Boot, process namespace and start of a process; '' where the system does not say all three. */
function startOf(pid: number): string {
  const { boot, namespace } = processSpace();
  const start = startOfProcess(pid);
  return boot === '' || namespace === '' || start === '' ? '' : `${boot} ${namespace} ${start}`;
}
