import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { hostname } from 'node:os';
import path from 'node:path';
import type { SocketAddress } from '../admin/protocol.ts';
import { StoreRefused } from './store-errors.ts';

/*
 * The owner of a store is the process that listens on the socket with the highest number in its directory,
 * owner.<n>.sock. The kernel accepts for it as long as it lives, even while it is busy or stopped, and for other
 * containers, too; it closes the socket with the process, however that ends.
 *
 * A socket listens under a name of its own before it is linked to the next number, so that nobody takes one for dead
 * that does not listen yet. A number is never given twice: the socket of the last owner stays, dead, until the next one
 * has written a higher number into the store. An owner that somehow lost its name finds that number there before it
 * commits.
 */

/** This process's ownership of a store. */
export interface Ownership {
  /** Higher than that of every owner before, as far as their sockets are still there. */
  readonly number: number;
  /** Removes the sockets of former owners. To be called once the store has this owner's number. */
  removeFormer(): Promise<void>;
  /** Listens no more. */
  release(): void;
}

/** Who said that it owns a store, for words alone: a stopped process cannot be asked. */
export interface OwnerNote {
  readonly number: number;
  readonly pid: number;
  readonly host: string;
}

/** Thrown when another process, or this one, owns the store. */
export class StoreOwned extends Error {
  override readonly name = 'StoreOwned';
}

const socketName = (number: number): string => `owner.${number}.sock`;
const socketNumber = /^owner\.(\d{1,15})\.sock$/;
const newSocket = /^o\.[0-9a-f]{16}\.sock$/;
const noteName = 'owner.json';
/** A link to the socket of the last owner, for people: it may be dead. */
const linkName = 'owner.sock';

/** Whether a file of that name says who owns a store, and nothing of what is in it. */
export const isOfOwner = (name: string): boolean =>
  name.startsWith(linkName) || name === noteName || socketNumber.test(name) || newSocket.test(name);

/**
 * Makes this process the owner: `server` listens, on a socket that only this user can reach. Throws StoreOwned while
 * another process is.
 */
export async function acquire(directory: string, server: Server): Promise<Ownership> {
  if (process.platform === 'win32') return acquirePipe(directory, server);
  const name = `o.${randomBytes(8).toString('hex')}.sock`;
  const address = addressOf(directory, name);
  await listen(server, address.path).finally(address.letGo);
  try {
    chmodSync(path.join(directory, name), 0o600);
    const number = await takeNumber(directory, name).finally(() => rmSync(path.join(directory, name), { force: true }));
    writeNote(directory, number);
    linkToOwner(directory, number);
    return { number, removeFormer: () => removeFormer(directory, number), release: () => close(server) };
  } catch (error) {
    close(server);
    // A new owner took the socket for a dead one, between its two steps to listen.
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? new StoreOwned() : error;
  }
}

/** Where the owner listens; `undefined` while there is none. */
export async function findOwner(directory: string): Promise<SocketAddress | undefined> {
  if (process.platform === 'win32') return (await isAlive(pipeAddress(directory))) ? pipeAddress(directory) : undefined;
  for (const number of socketNumbers(directory)) {
    const address = addressOf(directory, socketName(number));
    if (await isAlive(address)) return address;
    address.letGo();
  }
  return undefined;
}

/** What the last owner left about itself; `undefined` where that cannot be read. */
export function lastOwner(directory: string): OwnerNote | undefined {
  try {
    const note = JSON.parse(readFileSync(path.join(directory, noteName), 'utf8')) as Partial<OwnerNote>;
    const { number, pid, host } = note;
    const isLast = process.platform === 'win32' || number === socketNumbers(directory)[0];
    return isLast && typeof pid === 'number' && typeof host === 'string'
      ? { number: number ?? 0, pid, host }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Links the listening socket to the next number, until no owner is above it. */
async function takeNumber(directory: string, name: string): Promise<number> {
  for (let mine = 0; ;) {
    const above = socketNumbers(directory).filter((number) => number > mine);
    const [highest] = above;
    if (highest === undefined && mine > 0) return mine;
    for (const number of above) if (await isAliveAt(directory, number)) throw new StoreOwned();
    const next = (highest ?? 0) + 1;
    if (isLinked(path.join(directory, name), path.join(directory, socketName(next)))) mine = next;
  }
}

function isLinked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** The highest first. */
const socketNumbers = (directory: string): number[] =>
  readdirSync(directory)
    .flatMap((name) => Number(socketNumber.exec(name)?.[1] ?? []))
    .sort((a, b) => b - a);

async function isAliveAt(directory: string, number: number): Promise<boolean> {
  const address = addressOf(directory, socketName(number));
  return isAlive(address).finally(address.letGo);
}

/** Whether a process listens there. Where it does not come to accept, the kernel does for it. */
const isAlive = ({ path: at }: SocketAddress): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const socket = connect({ path: at });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      // Reset: it ended while this waited to be accepted.
      if (['ECONNREFUSED', 'ECONNRESET', 'ENOENT'].includes(error.code ?? '')) resolve(false);
      // Its backlog is full.
      else if (error.code === 'EAGAIN') resolve(true);
      else reject(error);
    });
  });

async function removeFormer(directory: string, number: number): Promise<void> {
  for (const former of socketNumbers(directory).filter((one) => one < number))
    rmSync(path.join(directory, socketName(former)), { force: true });
  // Left by processes that were killed before they had a number.
  for (const name of readdirSync(directory).filter((one) => newSocket.test(one))) {
    const address = addressOf(directory, name);
    if (!(await isAlive(address).finally(address.letGo))) rmSync(path.join(directory, name), { force: true });
  }
}

/** The owner has the store without it, so a full disk does not matter. */
function writeNote(directory: string, number: number): void {
  const note: OwnerNote = { number, pid: process.pid, host: hostname() };
  try {
    writeFileSync(path.join(directory, noteName), JSON.stringify(note), { mode: 0o600 });
  } catch {
    // Then nobody can name a process that is stopped.
  }
}

function linkToOwner(directory: string, number: number): void {
  const link = path.join(directory, linkName);
  try {
    symlinkSync(socketName(number), `${link}.${number}`);
    renameSync(`${link}.${number}`, link);
  } catch {
    // Programs look for the highest number.
  }
}

/** Bytes that every system takes for the path of a socket. Node cuts a longer one short without a word. */
const longestPath = 100;
const ownDescriptors = '/proc/self/fd';

/** A long path goes by the descriptor of its directory. Throws StoreRefused where that is not possible. */
function addressOf(directory: string, name: string): SocketAddress {
  const at = path.join(directory, name);
  const length = Buffer.byteLength(at);
  if (length <= longestPath) return { path: at, letGo: () => undefined };
  if (!existsSync(ownDescriptors))
    throw new StoreRefused(
      'path',
      directory,
      `the path of the queue store is too long: its owner's socket would have ${length} bytes, and this system takes ` +
        `${longestPath}. Name a directory with a shorter path`,
    );
  const handle = openSync(directory, 'r');
  return { path: `${ownDescriptors}/${handle}/${name}`, letGo: () => closeSync(handle) };
}

const listen = (server: Server, at: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    // Exclusive: a worker of node:cluster would have its primary process listen.
    server.listen({ path: at, exclusive: true }, () => {
      server.off('error', reject);
      server.unref();
      resolve();
    });
  });

/** Node also unlinks the name under which the socket listened first, which is gone by then. */
function close(server: Server): void {
  server.close();
  server.closeAllConnections();
}

/** On Windows, a named pipe: one process at a time can listen on it, and it ends with that process. */
function pipeAddress(directory: string): SocketAddress {
  const place = createHash('sha256').update(realpathSync.native(directory).toLowerCase()).digest('hex');
  return { path: `\\\\.\\pipe\\spillway-${place}`, letGo: () => undefined };
}

async function acquirePipe(directory: string, server: Server): Promise<Ownership> {
  await listen(server, pipeAddress(directory).path).catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? new StoreOwned() : error;
  });
  writeNote(directory, 0);
  return { number: 0, removeFormer: () => Promise.resolve(), release: () => close(server) };
}
