/** The child of verifyStore(): reads a whole store and copies it, and survives that or not. */
import { statSync } from 'node:fs';
import { connectionOf, laneKey, laneKeysBytes, seqOf } from './keys.ts';
import { decodeState } from './record.ts';
import { CopyFailed, StoreCopy, swapIn, type SwapEnd } from './store-copy.ts';
import { errnoOf } from './store-errors.ts';
import { probeKey, readMeta, totalsKey, withChecksum, type ConnectionCounts } from './store-meta.ts';
import {
  copiedTables,
  entriesOf,
  isRecordTable,
  lastTransaction,
  openTables,
  rollBackToFlushed,
  usedBytes,
  type RecordTable,
  type Table,
  type Tables,
} from './tables.ts';
import { readingMessage, type Verification } from './verify-store.ts';

const kindIn = { log: 'waiting', done: 'done', dead: 'dead' } as const;
const nothing = Buffer.alloc(0);

/**
 * Throws where a record is missing, or too many are there. What a copy makes anew is not looked at; without a copy, it
 * has to be right too.
 */
function readStore(tables: Tables, copy: StoreCopy | undefined): void {
  const meta = readMeta(tables.meta);
  if (meta === undefined) throw new Error('the values of the table meta are missing');
  let bytes = 0;
  let damaged = meta.totals.quarantined;
  const found = new Map<number, Record<RecordTable, number>>();
  for (const name of copiedTables) {
    let entries = 0;
    for (const { key, value } of inOrder(tables[name])) {
      entries += 1;
      copy?.add(name, key, value);
      if (!isRecordTable(name)) continue;
      const connection = connectionOf(key);
      const counts = found.get(connection) ?? { log: 0, done: 0, dead: 0 };
      found.set(connection, counts);
      counts[name] += 1;
      bytes += value.length;
      // The checksum covers the event, which need not be parsed.
      const record = decodeState(value);
      if (record === 'bad') {
        // It goes to quarantine when it is met.
        damaged += 1;
        continue;
      }
      const id = meta.counts.get(connection)?.id;
      if (record.kind !== kindIn[name] || record.seq !== seqOf(key) || record.connection !== id)
        throw new Error(`a record of ${name} is stored under the key of another`);
      if (name !== 'log') continue;
      bytes += laneKeysBytes(record.lanes);
      for (const lane of record.lanes ?? []) {
        const entry = laneKey(connection, lane, record.seq);
        if (copy !== undefined) copy.add('lanes', entry, nothing);
        else if (!tables.lanes.doesExist(entry)) throw new Error('a lane of a waiting event is not in the index');
      }
    }
    if (!isRecordTable(name)) assertWhole(name, tables[name], entries);
  }
  for (const [number, counts] of meta.counts) assertCounts(counts, found.get(number) ?? { log: 0, done: 0, dead: 0 });
  // Records that were damaged have left lanes in the index which nobody knows any more; those count, too.
  const unknown = meta.totals.bytes - bytes;
  if ([...found.keys()].some((number) => !meta.counts.has(number)) || unknown < 0 || (unknown > 0 && damaged === 0))
    throw new Error('there are too many or too few records');
  readMetaTable(tables.meta, copy, withChecksum({ ...meta.totals, bytes }));
}

function readMetaTable(table: Table, copy: StoreCopy | undefined, totals: Buffer): void {
  let entries = 0;
  for (const { key, value } of inOrder(table)) {
    entries += 1;
    if (!key.equals(probeKey)) copy?.add('meta', key, key.equals(totalsKey) ? totals : value);
  }
  assertWhole('meta', table, entries);
}

/** The records have counts of their own in `meta`. */
function assertWhole(name: string, table: Table, entries: number): void {
  if (entries !== entriesOf(table)) throw new Error(`${name} has ${entries} entries instead of ${entriesOf(table)}`);
}

/** Copies of what LMDB has in its memory. */
function* inOrder(table: Table): Generator<{ readonly key: Buffer; readonly value: Buffer }> {
  let before: Buffer | undefined;
  for (const entry of table.getRange()) {
    const key = Buffer.from(entry.key);
    if (before !== undefined && before.compare(key) >= 0) throw new Error('keys are out of order');
    before = key;
    yield { key, value: Buffer.from(entry.value) };
  }
}

function assertCounts({ waiting, done, dead, id }: ConnectionCounts, found: Record<RecordTable, number>): void {
  if (found.log !== waiting || found.done !== done || found.dead !== dead)
    throw new Error(
      `${id} has ${found.log} waiting, ${found.done} done and ${found.dead} dead records instead of ${waiting}, ${done} and ${dead}`,
    );
}

interface Verified {
  readonly verification: Verification;
  readonly copy?: StoreCopy;
  /** The last transaction in the copy. */
  readonly copied: number;
}

async function verify(data: string, file: string | undefined): Promise<Verified> {
  let copied = 0;
  try {
    await rollBackToFlushed(data);
    const tables = openTables(data, { readOnly: true, bytes: 0 });
    copied = lastTransaction(tables.root);
    const copy = file === undefined ? undefined : await copyTo(file, data, tables);
    if (copy === undefined) readStore(tables, undefined);
    await tables.root.close();
    if (copy === undefined) return { verification: { sound: true }, copied };
    return { verification: { sound: true, isCopied: true }, copy, copied };
  } catch (error) {
    return { verification: { sound: false, problem: (error as Error).message, errno: errnoOf(error) }, copied };
  }
}

/** `undefined` where there is no room for it. */
async function copyTo(file: string, data: string, tables: Tables): Promise<StoreCopy | undefined> {
  try {
    // What a damaged file says of its size may be too much.
    const copy = StoreCopy.begin(file, Math.min(usedBytes(tables), statSync(data).size));
    readStore(tables, copy);
    await copy.finish();
    return copy;
  } catch (error) {
    if (error instanceof CopyFailed) return undefined;
    throw error;
  }
}

const [data = '', file = ''] = process.argv.slice(2);
process.once('disconnect', () => process.exit(0));
process.send!(readingMessage, (error: Error | null) => {
  // The parent is gone, and the next owner of the store may have a child that copies to the same file.
  if (error !== null) process.exit(0);
  void verify(data, file === '' ? undefined : file).then(({ verification, copy, copied }) => {
    if (copy === undefined) {
      process.send!(verification, () => process.exit(0));
      return;
    }
    // The parent says when.
    process.once('message', () => {
      void swapIn(copy, data, copied)
        .catch((): SwapEnd => 'failed')
        .then((end) => process.send!(end, () => process.exit(0)));
    });
    // Without a parent, it stays a copy.
    process.send!(verification, () => undefined);
  });
});
