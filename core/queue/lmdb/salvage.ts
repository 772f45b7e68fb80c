import { open, readdir, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { folderPath } from '../../folder-path.ts';
import {
  decode,
  headerBytes,
  isIntact,
  lengthAt,
  maxRecordBytes,
  magic,
  recordIdOf,
  type QueueRecord,
} from './record.ts';
import { dataName } from './store-directory.ts';
import { errnoOf, refusalOf, StoreRefused } from './store-errors.ts';

export interface SalvageOptions {
  /**
   * The folder of the store, as a path or a file: URL. It is only read, and needs no owner; a store that is open is
   * better closed first.
   */
  readonly store: string | URL;
  /** Called with one intact record after another, in the order they were put, and awaited. */
  readonly onRecord: (record: QueueRecord) => unknown;
}

export interface Salvaged {
  /** How often onRecord was called. */
  readonly records: number;
  /** Intact records that were skipped, because a newer state of the same event was found. */
  readonly older: number;
  /** Places where a record begins and its checksum is wrong. Many of them are space that was used again. */
  readonly broken: number;
}

interface FileSpan {
  stamp: number;
  at: number;
  length: number;
}

/**
 * Finds the records of a store by scanning its data file, whatever became of the tree that held them. LMDB keeps a
 * value in one piece, inside a leaf page or over pages that follow each other, so a record lies in the file as it was
 * written.
 *
 * Reports the newest state of each event that is intact. LMDB does not wipe freed space, so the file may also hold
 * records that the store has no more: pruned ones, dead letters that were requeued (with another `seq` since), earlier
 * states of an event whose last one is damaged, puts that were never acknowledged. Every acknowledged record that is
 * intact is among the reported ones. What is `waiting` may have been delivered before.
 *
 * Memory: a few MB and some 100 bytes per event, whatever its size.
 */
export async function salvage({ store: pathOrUrl, onRecord }: SalvageOptions): Promise<Salvaged> {
  const store = folderPath(pathOrUrl, 'salvage(): store');
  const file = await open(path.join(store, dataName), 'r').catch(async (error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw refusalOf(store, error) ?? error;
    const names = await readdir(store).catch(() => undefined);
    throw new StoreRefused(
      'foreign',
      store,
      names === undefined
        ? 'there is no such folder'
        : `there is no ${dataName} in it. Name the folder of a queue store`,
      { cause: error },
    );
  });
  try {
    const spans = new Map<number, FileSpan>();
    let older = 0;
    let broken = 0;
    for await (const { at, bytes } of candidates(file)) {
      if (bytes === undefined || !isIntact(bytes)) {
        broken += 1;
        continue;
      }
      const { seq, stamp } = recordIdOf(bytes);
      const newest = spans.get(seq);
      if (newest === undefined) spans.set(seq, { stamp, at, length: bytes.length });
      else {
        // The same bytes may lie there twice: LMDB copies a page before it changes it.
        if (newest.stamp !== stamp) older += 1;
        if (newest.stamp < stamp) Object.assign(newest, { stamp, at, length: bytes.length });
      }
    }
    for (const seq of [...spans.keys()].sort((a, b) => a - b)) {
      const { at, length } = spans.get(seq)!;
      const record = decode(await readBytes(file, at, length));
      if (record === 'bad')
        throw new StoreRefused(
          'busy',
          store,
          'the data file changes while it is read. Stop the process that has it open',
        );
      await onRecord(record);
    }
    return { records: spans.size, older, broken };
  } finally {
    await file.close();
  }
}

const windowBytes = 1024 * 1024;

/**
 * Every place where a record may begin, with its bytes; `undefined` when its header is wrong or the file ends before.
 */
async function* candidates(
  file: FileHandle,
): AsyncGenerator<{ readonly at: number; readonly bytes: Buffer | undefined }, void, undefined> {
  const { size } = await file.stat();
  for (let start = 0; start < size; start += windowBytes) {
    // A header that begins in this window may end in the next.
    const seen = await readBytes(file, start, Math.min(windowBytes + headerBytes, size - start));
    for (let at = seen.indexOf(magic); at !== -1 && at < windowBytes; at = seen.indexOf(magic, at + 1)) {
      const length = lengthAt(seen, at);
      if (length === undefined) {
        yield { at: start + at, bytes: undefined };
        continue;
      }
      const whole = at + length <= seen.length;
      const bytes = whole
        ? seen.subarray(at, at + length)
        : start + at + length <= size && length <= maxRecordBytes
          ? await readBytes(file, start + at, length)
          : undefined;
      yield { at: start + at, bytes };
    }
  }
}

async function readBytes(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await file.read(bytes, read, length - read, at + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}
