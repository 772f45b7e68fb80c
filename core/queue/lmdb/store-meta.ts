import { crc32 } from 'node:zlib';
import type { RegisteredConnection } from '../queue.ts';
import type { Table } from './tables.ts';

/*
 * The table `meta`: what the store says about itself. A value is a CRC-32 (u32, little-endian) and JSON; the names in
 * the JSON and the keys are part of the format on disk.
 */

/** About the whole store; every transaction writes it. */
export interface StoreTotals {
  /** The last sequence number given to an event. */
  readonly seq: number;
  /** The last stamp given to a write. */
  readonly stamp: number;
  /** Of the records in `log`, `done` and `dead`, and of the keys in `lanes`. */
  readonly bytes: number;
  readonly quarantined: number;
  /** The number of the owner that wrote this: it grows with every owner. */
  readonly fence?: number | undefined;
}

/** How the store is laid out. */
export interface StoreConfig {
  /** Width of a bucket of the dedup index (ms). */
  readonly seenMs: number;
  /** The byte budget. */
  readonly maxBytes?: number;
  /** The last sequence number given when the store was last found unclosed. */
  readonly crashedAt?: number;
}

/** How many records of a connection each table holds, and for what they were put. */
export interface ConnectionCounts {
  readonly id: string;
  readonly waiting: number;
  readonly done: number;
  readonly dead: number;
  readonly registered?: RegisteredConnection | undefined;
  /** How many events were marked ambiguous since the crash at that sequence number, see StoreConfig. */
  readonly doubted?: { readonly crashedAt: number; readonly events: number };
}

export interface StoreMeta {
  readonly totals: StoreTotals;
  readonly config: StoreConfig;
  /** By connection number. */
  readonly counts: ReadonlyMap<number, ConnectionCounts>;
}

export const totalsKey: Buffer = Buffer.from('totals');
export const configKey: Buffer = Buffer.from('make');
/** Holds zeros for a moment, see StoreWriter.probeSpaceFor(). */
export const probeKey: Buffer = Buffer.from('room');

const countsPrefix = 'connection ';
export const countsKey = (connection: number): Buffer => Buffer.from(countsPrefix + connection);

/** The connection number in a key of countsKey(); `undefined` of another key. */
function connectionNumberIn(key: Buffer): number | undefined {
  const text = key.toString();
  return text.startsWith(countsPrefix) ? Number(text.slice(countsPrefix.length)) : undefined;
}

/** `before`: the checksum of what stands before the value, such as its key. */
export function withChecksum(value: object, before = 0): Buffer {
  const bytes = Buffer.from(`0000${JSON.stringify(value)}`);
  bytes.writeUInt32LE(crc32(bytes.subarray(4), before));
  return bytes;
}

/** What withChecksum() was given; `undefined` when the checksum is wrong. */
export function checkedJson<T>(bytes: Buffer, before = 0): T | undefined {
  if (bytes.length < 4 || bytes.readUInt32LE() !== crc32(bytes.subarray(4), before)) return undefined;
  return JSON.parse(bytes.toString('utf8', 4)) as T;
}

/** Throws when the checksum is wrong. */
function withoutChecksum<T>(bytes: Buffer): T {
  const value = checkedJson<T>(bytes);
  if (value === undefined) throw new Error('a value of the table meta has a wrong checksum');
  return value;
}

/** `undefined` when nothing was written yet. Throws when its checksum is wrong. */
export function readTotals(meta: Table): StoreTotals | undefined {
  const totals = meta.getBinary(totalsKey);
  return totals === undefined ? undefined : withoutChecksum<StoreTotals>(totals);
}

/** `undefined` when nothing was written yet. Throws when it is damaged. */
export function readMeta(meta: Table): StoreMeta | undefined {
  const totals = readTotals(meta);
  const config = meta.getBinary(configKey);
  if (totals === undefined && config === undefined) return undefined;
  if (totals === undefined || config === undefined) throw new Error('a value of the table meta is missing');
  const counts = new Map<number, ConnectionCounts>();
  for (const { key, value } of meta.getRange()) {
    const number = connectionNumberIn(key);
    if (number !== undefined) counts.set(number, withoutChecksum<ConnectionCounts>(value));
  }
  return { totals, config: withoutChecksum<StoreConfig>(config), counts };
}
