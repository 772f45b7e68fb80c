import { crc32 } from 'node:zlib';
import type { CdpEvent } from '../api/event.ts';
import type { OutcomeKind, Reason } from '../api/outcome.ts';
import type { FailureHistory } from './queue.ts';
import { room } from './room.ts';

/*
 * How a record lies on disk. Every one is whole in itself and says so with its own checksum, so that it can be judged, and found
 * again, without the tree that holds it:
 *
 *   0  magic, 4 bytes      4  version, 1      5  kind, 1      6  zero, 2
 *   8  length of the state, u32               12  length of the event, u32
 *  16  CRC-32 of all the other bytes, u32     20  seq, u48    26  stamp, u48
 *  32  the state, then the event, both JSON in UTF-8
 *
 * All numbers are little-endian. What changes about a record is in its state, so that the event's bytes are copied, not encoded again.
 */

export const recordKinds = ['waiting', 'done', 'dead'] as const;
export type RecordKind = (typeof recordKinds)[number];

/** Unlikely in text: two of the bytes are not UTF-8. */
export const magic: Buffer = Buffer.from([0xd5, 0x53, 0x71, 0x8e]);
export const headLength = 32;
const version = 1;
/** Nothing longer is ever written; a length beyond it is damage. */
export const longest = 64 * 1024 * 1024;
/** Of an event: what becomes of it has to have room beside it. */
const longestEvent = longest - 1024 * 1024;

interface Common {
  readonly connection: string;
  readonly id: string;
  readonly lane?: string | undefined;
  readonly acceptedAt: number;
  readonly attempts: number;
}
export type RecordState =
  /** Not to be sent before `notBefore` (epoch ms; 0 = at once). `doubtful`: the vendor may have it. */
  | (Common & {
      readonly kind: 'waiting';
      readonly notBefore: number;
      readonly doubtful?: true | undefined;
      readonly trouble?: FailureHistory | undefined;
    })
  | (Common & { readonly kind: 'done'; readonly doneAt: number; readonly outcome: 'delivered' | 'skipped' })
  | (Common & {
      readonly kind: 'dead';
      readonly diedAt: number;
      readonly outcome: OutcomeKind;
      readonly reason: Reason;
      readonly configHash: string;
    });
export type StateOf<K extends RecordKind> = Extract<RecordState, { readonly kind: K }>;

/** Where a record stands: `seq` names its event, `stamp` grows with every write of the store, so the newest of a seq can be told. */
export interface Place {
  readonly seq: number;
  readonly stamp: number;
}

/** A record but for its event. */
export type Stated<K extends RecordKind = RecordKind> = Place & StateOf<K>;
export type QueueRecord<K extends RecordKind = RecordKind> = Stated<K> & { readonly event: CdpEvent };

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export function encode(place: Place, state: RecordState, event: CdpEvent): Buffer {
  const text = JSON.stringify(event);
  const length = Buffer.byteLength(text);
  if (length > longestEvent)
    throw new RangeError(`an event of ${length} bytes is more than the queue takes (${longestEvent})`);
  const bytes = begun(place, state, length);
  bytes.write(text, bytes.length - length);
  return sealed(bytes);
}

/** The same event in another state. `record` must be one that decoded well. */
export function restate(record: Buffer, place: Place, state: RecordState): Buffer {
  const event = record.subarray(headLength + record.readUInt32LE(8));
  const bytes = begun(place, state, event.length);
  bytes.set(event, bytes.length - event.length);
  return sealed(bytes);
}

/** All but the event, which goes to the end, and the checksum. */
function begun({ seq, stamp }: Place, { kind, ...state }: RecordState, eventLength: number): Buffer {
  const text = JSON.stringify(state);
  const stateLength = Buffer.byteLength(text);
  const length = headLength + stateLength + eventLength;
  if (length > longest) throw new RangeError(`a record of ${length} bytes is more than the queue takes (${longest})`);
  const bytes = room(length);
  bytes.set(magic);
  bytes[4] = version;
  bytes[5] = recordKinds.indexOf(kind);
  bytes.writeUInt16LE(0, 6);
  bytes.writeUInt32LE(stateLength, 8);
  bytes.writeUInt32LE(eventLength, 12);
  bytes.writeUIntLE(seq, 20, 6);
  bytes.writeUIntLE(stamp, 26, 6);
  bytes.write(text, headLength);
  return bytes;
}

function sealed(bytes: Buffer): Buffer {
  bytes.writeUInt32LE(checksum(bytes), 16);
  return bytes;
}

const checksum = (bytes: Buffer): number => crc32(bytes.subarray(20), crc32(bytes.subarray(0, 16)));

/**
 * How long the record is that claims to begin here, by a head of at least `headLength` bytes; `undefined` when none can. Says
 * nothing about its checksum.
 */
export function lengthAt(bytes: Buffer, at = 0): number | undefined {
  if (bytes.length < at + headLength || bytes.compare(magic, 0, 4, at, at + 4) !== 0) return undefined;
  if (bytes[at + 4] !== version || bytes[at + 5]! >= recordKinds.length || bytes.readUInt16LE(at + 6) !== 0)
    return undefined;
  const length = headLength + bytes.readUInt32LE(at + 8) + bytes.readUInt32LE(at + 12);
  return length > longest ? undefined : length;
}

/** `bad` when it is not, byte for byte, what was written. */
export function decode(bytes: Buffer): QueueRecord | 'bad' {
  const head = decodeState(bytes);
  return head === 'bad' ? 'bad' : Object.assign(head, { event: eventOf(bytes) });
}

/** The same without its event. */
export function decodeState(bytes: Buffer): Stated | 'bad' {
  if (!isIntact(bytes)) return 'bad';
  const text = bytes.toString('utf8', headLength, headLength + bytes.readUInt32LE(8));
  // Filled in place: an object that is spread from a parsed one costs ten times as much.
  const state = JSON.parse(text) as Writable<Place> & { kind: RecordKind };
  state.kind = kindOf(bytes);
  state.seq = bytes.readUIntLE(20, 6);
  state.stamp = bytes.readUIntLE(26, 6);
  return state as Stated;
}

/** Of an intact record. */
export const eventOf = (bytes: Buffer): CdpEvent =>
  JSON.parse(bytes.toString('utf8', headLength + bytes.readUInt32LE(8))) as CdpEvent;

export const isIntact = (bytes: Buffer): boolean =>
  lengthAt(bytes) === bytes.length && bytes.readUInt32LE(16) === checksum(bytes);

/** Of an intact record. */
export const placeOf = (bytes: Buffer): Place => ({ seq: bytes.readUIntLE(20, 6), stamp: bytes.readUIntLE(26, 6) });
export const kindOf = (bytes: Buffer): RecordKind => recordKinds[bytes[5]!]!;
