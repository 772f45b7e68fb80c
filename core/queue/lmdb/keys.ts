import { createHash } from 'node:crypto';

/*
 * Keys hold big-endian numbers, so that the order of bytes is the order of numbers. A connection goes by a number
 * because its id may have any length.
 *
 *   log   connection u32, lane u16, seq u48      a waiting event
 *   done  connection u32, doneAt u48, seq u48    a delivered or skipped event, kept for replay
 *   dead  connection u32, seq u48                a dead letter
 *   seen  bucket u32, connection u32, id         when that id was put; a bucket is a span of time
 */

export const logKey = (connection: number, lane: number, seq: number): Buffer => {
  const key = Buffer.allocUnsafe(12);
  key.writeUInt32BE(connection, 0);
  key.writeUInt16BE(lane, 4);
  key.writeUIntBE(seq, 6, 6);
  return key;
};
export const laneOf = (key: Buffer): number => key.readUInt16BE(4);

export const doneKey = (connection: number, doneAt: number, seq: number): Buffer => {
  const key = Buffer.allocUnsafe(16);
  key.writeUInt32BE(connection, 0);
  key.writeUIntBE(doneAt, 4, 6);
  key.writeUIntBE(seq, 10, 6);
  return key;
};
export const doneAtOf = (key: Buffer): number => key.readUIntBE(4, 6);

export const deadKey = (connection: number, seq: number): Buffer => {
  const key = Buffer.allocUnsafe(10);
  key.writeUInt32BE(connection, 0);
  key.writeUIntBE(seq, 4, 6);
  return key;
};

/** Of a key of log, done or dead. */
export const connectionOf = (key: Buffer): number => key.readUInt32BE(0);
export const seqOf = (key: Buffer): number => key.readUIntBE(key.length - 6, 6);

/** Below every key of that connection in log, done or dead. */
export const startOf = (connection: number): Buffer => endOf(connection - 1);
/** Above every key of that connection in log, done or dead. */
export const endOf = (connection: number): Buffer => {
  const key = Buffer.allocUnsafe(4);
  key.writeUInt32BE(connection + 1, 0);
  return key;
};

/** A longer id is replaced by its SHA-256: LMDB limits the length of a key. */
const maxPlainIdBytes = 128;

export const seenKey = (bucket: number, connection: number, id: string): Buffer => {
  const length = Buffer.byteLength(id);
  const hash = length > maxPlainIdBytes ? createHash('sha256').update(id).digest() : undefined;
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

/** The lowest key above this one. */
export const justAfter = (key: Buffer): Buffer => Buffer.concat([key, Buffer.of(0)]);

export const largestSeq = 2 ** 48 - 1;
/** The nearest time that a key can store. */
export const keyTime = (time: number): number => Math.min(Math.max(0, Math.floor(time)), largestSeq);
