import { crc32 } from 'node:zlib';
import type { IncomingEvent } from '../../api/event.ts';
import type { OutcomeKind, Reason } from '../../api/outcome.ts';
import type { FailureHistory } from '../queue.ts';
import { allocate } from './buffer-slab.ts';

/*
 * A record on disk. Each one is self-contained and carries its own checksum, so that it can be judged, and found again,
 * without the tree that holds it:
 *
 *   0  magic, 4 bytes      4  version, 1      5  kind, 1      6  zero, 2
 *   8  length of the state, u32               12  length of the event, u32
 *  16  CRC-32 of all the other bytes, u32     20  seq, u48    26  stamp, u48
 *  32  the state, then the event, both JSON in UTF-8
 *
 * All numbers are little-endian. Everything that changes about an event is in the state, so that a new state copies the
 * event's bytes and does not encode them again. The names in the state's JSON are part of the format.
 */

export const recordKinds = ['waiting', 'done', 'dead'] as const;
export type RecordKind = (typeof recordKinds)[number];

/**
 * Unlikely in text: two of the bytes are not UTF-8.
 *
 * @internal
 */
export const magic: Buffer = Buffer.from([0xd5, 0x53, 0x71, 0x8e]);
/** @internal */
export const headerBytes = 32;
const version = 1;
/**
 * No longer record is ever written; a length beyond it is damage.
 *
 * @internal
 */
export const maxRecordBytes = 64 * 1024 * 1024;
/** Leaves space for a state beside the event. */
const maxEventBytes = maxRecordBytes - 1024 * 1024;

interface CommonState {
  readonly connection: string;
  readonly id: string;
  /** Each of them once; left out where there is none. */
  readonly lanes?: readonly string[] | undefined;
  readonly acceptedAt: number;
  readonly attempts: number;
  /** Not of what is done. */
  readonly trace?: string | undefined;
}
export type RecordState =
  /**
   * `notBefore`: epoch ms; 0 = at once. `doubtful` and `trouble` are the names on disk of a claim's `ambiguous` and
   * `history`: to rename them would change the format.
   */
  | (CommonState & {
      readonly kind: 'waiting';
      readonly notBefore: number;
      readonly doubtful?: true | undefined;
      readonly trouble?: FailureHistory | undefined;
    })
  | (CommonState & { readonly kind: 'done'; readonly doneAt: number; readonly outcome: 'delivered' | 'skipped' })
  | (CommonState & {
      readonly kind: 'dead';
      readonly diedAt: number;
      readonly outcome: OutcomeKind;
      readonly reason: Reason;
      readonly configHash: string;
    });
export type StateOf<K extends RecordKind> = Extract<RecordState, { readonly kind: K }>;

/**
 * `seq` names the event; `stamp` grows with every write of the store, so that the newest record of an event can be
 * told.
 */
export interface RecordId {
  readonly seq: number;
  readonly stamp: number;
}

export type RecordWithoutEvent<K extends RecordKind = RecordKind> = RecordId & StateOf<K>;
export type QueueRecord<K extends RecordKind = RecordKind> = RecordWithoutEvent<K> & { readonly event: IncomingEvent };

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** @internal */
export function encode(id: RecordId, state: RecordState, event: IncomingEvent): Buffer {
  const text = JSON.stringify(event);
  const length = Buffer.byteLength(text);
  if (length > maxEventBytes)
    throw new RangeError(`an event of ${length} bytes is more than the queue takes (${maxEventBytes})`);
  const bytes = startRecord(id, state, length);
  bytes.write(text, bytes.length - length);
  return writeChecksum(bytes);
}

/**
 * The same event in another state. `record` must be intact.
 *
 * @internal
 */
export function withState(record: Buffer, id: RecordId, state: RecordState): Buffer {
  const event = record.subarray(headerBytes + record.readUInt32LE(8));
  const bytes = startRecord(id, state, event.length);
  bytes.set(event, bytes.length - event.length);
  return writeChecksum(bytes);
}

/** Everything except the event, which goes to the end, and the checksum. */
function startRecord({ seq, stamp }: RecordId, { kind, ...state }: RecordState, eventLength: number): Buffer {
  const text = JSON.stringify(state);
  const stateLength = Buffer.byteLength(text);
  const length = headerBytes + stateLength + eventLength;
  if (length > maxRecordBytes)
    throw new RangeError(`a record of ${length} bytes is more than the queue takes (${maxRecordBytes})`);
  const bytes = allocate(length);
  bytes.set(magic);
  bytes[4] = version;
  bytes[5] = recordKinds.indexOf(kind);
  bytes.writeUInt16LE(0, 6);
  bytes.writeUInt32LE(stateLength, 8);
  bytes.writeUInt32LE(eventLength, 12);
  bytes.writeUIntLE(seq, 20, 6);
  bytes.writeUIntLE(stamp, 26, 6);
  bytes.write(text, headerBytes);
  return bytes;
}

function writeChecksum(bytes: Buffer): Buffer {
  bytes.writeUInt32LE(checksum(bytes), 16);
  return bytes;
}

const checksum = (bytes: Buffer): number => crc32(bytes.subarray(20), headerChecksum(bytes));

/** The CRC-32 of the first 16 bytes: for so few, a call into zlib takes longer than the sum. */
function headerChecksum(bytes: Buffer): number {
  let sum = -1;
  for (let at = 0; at < 16; at += 1) sum = (sum >>> 8) ^ crcTable[(sum ^ bytes[at]!) & 0xff]!;
  return ~sum >>> 0;
}

const crcTable = Int32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  return sum;
});

/**
 * The length of the record whose header begins at `at`, or `undefined` when none can begin there. Reads `headerBytes`
 * bytes and says nothing about the checksum.
 *
 * @internal
 */
export function lengthAt(bytes: Buffer, at = 0): number | undefined {
  if (bytes.length < at + headerBytes || bytes.compare(magic, 0, 4, at, at + 4) !== 0) return undefined;
  if (bytes[at + 4] !== version || bytes[at + 5]! >= recordKinds.length || bytes.readUInt16LE(at + 6) !== 0)
    return undefined;
  const length = headerBytes + bytes.readUInt32LE(at + 8) + bytes.readUInt32LE(at + 12);
  return length > maxRecordBytes ? undefined : length;
}

/**
 * `bad` when the bytes are not exactly what was written.
 *
 * @internal
 */
export function decode(bytes: Buffer): QueueRecord | 'bad' {
  const record = decodeState(bytes);
  return record === 'bad' ? 'bad' : Object.assign(record, { event: JSON.parse(textOf(bytes)) as IncomingEvent });
}

/**
 * The same without parsing the event.
 *
 * @internal
 */
export function decodeState(bytes: Buffer): RecordWithoutEvent | 'bad' {
  if (!isIntact(bytes)) return 'bad';
  const text = bytes.toString('utf8', headerBytes, headerBytes + bytes.readUInt32LE(8));
  // Filled in place: spreading a parsed object costs ten times as much.
  const state = JSON.parse(text) as Writable<RecordId> & { kind: RecordKind };
  state.kind = kindOf(bytes);
  state.seq = bytes.readUIntLE(20, 6);
  state.stamp = bytes.readUIntLE(26, 6);
  return state as RecordWithoutEvent;
}

/**
 * The event of an intact record, as JSON.
 *
 * @internal
 */
export const textOf = (bytes: Buffer): string => bytes.toString('utf8', headerBytes + bytes.readUInt32LE(8));

/** @internal */
export const isIntact = (bytes: Buffer): boolean =>
  lengthAt(bytes) === bytes.length && bytes.readUInt32LE(16) === checksum(bytes);

/**
 * Of an intact record.
 *
 * @internal
 */
export const recordIdOf = (bytes: Buffer): RecordId => ({
  seq: bytes.readUIntLE(20, 6),
  stamp: bytes.readUIntLE(26, 6),
});
const kindOf = (bytes: Buffer): RecordKind => recordKinds[bytes[5]!]!;
