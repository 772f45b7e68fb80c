import { statSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { open, type Database } from 'lmdb';
import { assertMappable } from './address-space.ts';
import { muteStackTraces } from './console-guard.ts';

export type Table = Database<Buffer, Buffer>;
export const recordTables = ['log', 'done', 'dead'] as const;
export type RecordTable = (typeof recordTables)[number];
export type TableName = RecordTable | 'seen' | 'meta';

export interface Tables extends Readonly<Record<TableName, Table>> {
  readonly root: ReturnType<typeof open<Buffer, Buffer>>;
}

/** Bytes as they are: what salvage looks for must lie in the file uncompressed and in one piece. */
const binary = { encoding: 'binary', keyEncoding: 'binary' } as const;

interface OpenMode {
  readonly readOnly: boolean;
  readonly bytes: number;
}

function openRoot(data: string, { readOnly, bytes }: OpenMode): Tables['root'] {
  // Address space, not disk. LMDB makes it larger by itself when it must; here it need not.
  const mapSize = Math.max(2 ** 30, 4 * bytes);
  assertMappable(Math.max(mapSize, statSync(data, { throwIfNoEntry: false })?.size ?? 0));
  const root = open<Buffer, Buffer>({
    path: data,
    noSubdir: true,
    readOnly,
    maxDbs: 8,
    pageSize: 4096,
    mapSize,
    // One batch is one transaction here. With batching by turns, LMDB makes a promise of its own for each turn, and when the disk is
    // full that one rejects with nobody listening.
    eventTurnBatching: false,
    // Events are about people. Not in the package's types.
    ...({ permissionsMode: 0o600 } as object),
    ...binary,
  });
  muteStackTraces(root);
  return root;
}

/**
 * Has LMDB go back to the last transaction that was flushed, when the machine was started anew since: of a later one not every page need
 * be there. It does so only when it opens a file for writing, and writes the first two pages for it, nothing else; opened for reading, it
 * takes the newest transaction it finds.
 */
export async function rollBackToFlushed(data: string): Promise<void> {
  // It would make an empty file a store.
  if (statSync(data).size < metaPagesBytes) throw new Error('the file ends too early');
  await openRoot(data, { readOnly: false, bytes: 0 }).close();
}

/** Where LMDB says which transaction is the last: two pages. */
export const metaPagesBytes = 2 * 4096;

export function openTables(data: string, opening: OpenMode): Tables {
  const root = openRoot(data, opening);
  const table = (name: TableName): Table => {
    const opened = root.openDB<Buffer, Buffer>({ name, ...binary });
    // Read only, one that is not there comes back half made.
    if ((opened as unknown as { readonly status?: string }).status !== 'open')
      throw new Error(`the table ${name} is missing`);
    return opened;
  };
  return {
    root,
    log: table('log'),
    done: table('done'),
    dead: table('dead'),
    seen: table('seen'),
    meta: table('meta'),
  };
}

/** Of the whole store; every transaction writes it. */
export interface StoreTotals {
  /** The last one given. */
  readonly seq: number;
  readonly stamp: number;
  /** Of the records in log, done and dead. */
  readonly bytes: number;
  readonly quarantined: number;
}
/** How a store was made. */
export interface StoreConfig {
  readonly lanes: number;
  /** Width of a bucket of seen ids, ms. */
  readonly seenMs: number;
  /** Bytes of records it may keep. */
  readonly maxBytes?: number;
  /** The last seq given when it was last found unclosed. */
  readonly crashedAt?: number;
}
/** How many records of a connection each table holds. */
export interface ConnectionCounts {
  readonly id: string;
  readonly waiting: number;
  readonly done: number;
  readonly dead: number;
  /** Events that were taken for such as a process may have sent that ended at that seq, see Make. */
  readonly doubted?: { readonly crashedAt: number; readonly events: number };
}

export const totalsKey: Buffer = Buffer.from('totals');
export const configKey: Buffer = Buffer.from('make');
/** Holds zeros for a moment, see Writer.proveRoomFor(). */
export const probeKey: Buffer = Buffer.from('room');
const countsPrefix = 'connection ';
export const countsKey = (connection: number): Buffer => Buffer.from(countsPrefix + connection);
/** The number in a key of countsKey; `undefined` of another key. */
export const connectionNumberIn = (key: Buffer): number | undefined => {
  const text = key.toString();
  return text.startsWith(countsPrefix) ? Number(text.slice(countsPrefix.length)) : undefined;
};

/** A value of meta: its CRC-32, then JSON. */
export function withChecksum(value: object): Buffer {
  const bytes = Buffer.from(`0000${JSON.stringify(value)}`);
  bytes.writeUInt32LE(crc32(bytes.subarray(4)));
  return bytes;
}

/** Throws when it is not what was sealed. */
export function withoutChecksum<T>(bytes: Buffer): T {
  if (bytes.length < 4 || bytes.readUInt32LE() !== crc32(bytes.subarray(4)))
    throw new Error('a number kept about the records has a wrong checksum');
  return JSON.parse(bytes.toString('utf8', 4)) as T;
}

export interface StoreMeta {
  readonly totals: StoreTotals;
  readonly config: StoreConfig;
  readonly counts: ReadonlyMap<number, ConnectionCounts>;
}

/** `undefined` when nothing was written yet. Throws when it is damaged. */
export function readMeta(meta: Table): StoreMeta | undefined {
  const totals = meta.getBinary(totalsKey);
  const make = meta.getBinary(configKey);
  if (totals === undefined && make === undefined) return undefined;
  if (totals === undefined || make === undefined) throw new Error('numbers kept about the records are missing');
  const counts = new Map<number, ConnectionCounts>();
  for (const { key, value } of meta.getRange()) {
    const number = connectionNumberIn(key);
    if (number !== undefined) counts.set(number, withoutChecksum<ConnectionCounts>(value));
  }
  return { totals: withoutChecksum<StoreTotals>(totals), config: withoutChecksum<StoreConfig>(make), counts };
}
