import { createHash } from 'node:crypto';
import type { FileDelivery } from '../delivery-log.ts';

/*
 * Keys hold big-endian numbers, so that the order of bytes is the order of numbers. A connection goes by a number
 * because its id may have any length.
 *
 *   log    connection u32, seq u48                       a waiting event
 *   lanes  connection u32, length u8, lane, seq u48      a waiting event that names this lane
 *   done   connection u32, doneAt u48, seq u48           a delivered or skipped event, kept for replay
 *   dead   connection u32, seq u48                       a dead letter
 *   seen   bucket u32, connection u32, u8, id            when that id was put; a bucket is a span of time
 *
 * and of deliveries, which knows no connection numbers:
 *
 *   16 bytes that stand for a file and a connection, line u48      what became of that line
 */

/** Of log and dead. */
export const eventKey = (connection: number, seq: number): Buffer => {
  const key = Buffer.allocUnsafe(10);
  key.writeUInt32BE(connection, 0);
  key.writeUIntBE(seq, 4, 6);
  return key;
};

export const doneKey = (connection: number, doneAt: number, seq: number): Buffer => {
  const key = Buffer.allocUnsafe(16);
  key.writeUInt32BE(connection, 0);
  key.writeUIntBE(doneAt, 4, 6);
  key.writeUIntBE(seq, 10, 6);
  return key;
};
export const doneAtOf = (key: Buffer): number => key.readUIntBE(4, 6);

/** Of a key of log, lanes, done or dead. */
export const connectionOf = (key: Buffer): number => key.readUInt32BE(0);
export const seqOf = (key: Buffer): number => key.readUIntBE(key.length - 6, 6);

/** Below every key of that connection in log, lanes, done or dead. */
export const startOf = (connection: number): Buffer => endOf(connection - 1);
/** Above every key of that connection in log, lanes, done or dead. */
export const endOf = (connection: number): Buffer => {
  const key = Buffer.allocUnsafe(4);
  key.writeUInt32BE(connection + 1, 0);
  return key;
};

/** A longer lane or id is replaced by its SHA-256: LMDB limits the length of a key. */
const maxPlainBytes = 128;
const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** What stands for the length of a lane that is replaced by its hash. */
const hashedLane = 255;

/** With the length in front, no lane is the beginning of another, and the events of one lie together, by age. */
export const laneKey = (connection: number, lane: string, seq: number): Buffer => {
  const length = Buffer.byteLength(lane);
  const hash = length > maxPlainBytes ? hashOf(lane) : undefined;
  const key = Buffer.allocUnsafe(11 + (hash?.length ?? length));
  key.writeUInt32BE(connection, 0);
  key[4] = hash === undefined ? length : hashedLane;
  if (hash === undefined) key.write(lane, 5);
  else hash.copy(key, 5);
  key.writeUIntBE(seq, key.length - 6, 6);
  return key;
};

/** What an event that names these lanes takes in the table. */
export const laneKeysBytes = (lanes: readonly string[] = []): number =>
  lanes.reduce((bytes, lane) => bytes + laneKey(0, lane, 0).length, 0);

export const seenKey = (bucket: number, connection: number, id: string): Buffer => {
  const length = Buffer.byteLength(id);
  const hash = length > maxPlainBytes ? hashOf(id) : undefined;
  const key = Buffer.allocUnsafe(9 + (hash?.length ?? length));
  key.writeUInt32BE(bucket, 0);
  key.writeUInt32BE(connection, 4);
  key[8] = hash === undefined ? 0 : 1;
  if (hash === undefined) key.write(id, 9);
  else hash.copy(key, 9);
  return key;
};
/** Moves a key to another bucket, in place. */
export const setBucket = (key: Buffer, bucket: number): Buffer => {
  key.writeUInt32BE(bucket, 0);
  return key;
};
export const bucketOf = (key: Buffer): number => key.readUInt32BE(0);

const deliveryBytes = 16;
const allOnes = Buffer.alloc(7, 0xff);

/** `of`: a delivery, or a key of it. */
export const deliveryKey = (of: FileDelivery | Buffer, line: number): Buffer => {
  const key = Buffer.allocUnsafe(deliveryBytes + 6);
  const source = Buffer.isBuffer(of) ? of : hashOf(JSON.stringify([of.file, of.destination, of.connection]));
  source.copy(key, 0, 0, deliveryBytes);
  key.writeUIntBE(line, deliveryBytes, 6);
  return key;
};
export const lineOf = (key: Buffer): number => key.readUIntBE(deliveryBytes, 6);
/** Above every key of the delivery of which this is one. */
export const endOfDelivery = (key: Buffer): Buffer => Buffer.concat([key.subarray(0, deliveryBytes), allOnes]);

/** The lowest key above this one. */
export const justAfter = (key: Buffer): Buffer => Buffer.concat([key, Buffer.of(0)]);

export const largestSeq = 2 ** 48 - 1;
/** The nearest time that a key can store. */
export const keyTime = (time: number): number => Math.min(Math.max(0, Math.floor(time)), largestSeq);
