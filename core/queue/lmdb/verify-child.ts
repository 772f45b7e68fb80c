/** The child of verifyStore(): reads a whole store, and survives that or not. */
import { decodeState } from './record.ts';
import { checkPages } from './pages.ts';
import { readingMessage, type Verification } from './verify-store.ts';
import { connectionOf, laneKey, seqOf } from './keys.ts';
import { errnoOf } from './store-errors.ts';
import { readMeta, type ConnectionCounts } from './store-meta.ts';
import { rollBackToFlushed, openTables, recordTables, type RecordTable, type Table, type Tables } from './tables.ts';

const kindIn = { log: 'waiting', done: 'done', dead: 'dead' } as const;

function verifyRecords(tables: Tables): void {
  const meta = readMeta(tables.meta);
  if (meta === undefined) throw new Error('the values of the table meta are missing');
  let bytes = 0;
  const found = new Map<number, Record<RecordTable, number>>();
  for (const name of recordTables) {
    for (const { key, value } of inOrder(tables[name])) {
      const connection = connectionOf(key);
      const counts = found.get(connection) ?? { log: 0, done: 0, dead: 0 };
      found.set(connection, counts);
      counts[name] += 1;
      bytes += value.length;
      // The checksum covers the event, which need not be parsed. A record with a wrong one goes to quarantine later.
      const record = decodeState(Buffer.from(value));
      if (record === 'bad') continue;
      const id = meta.counts.get(connection)?.id;
      if (record.kind !== kindIn[name] || record.seq !== seqOf(key) || record.connection !== id)
        throw new Error(`a record of ${name} is stored under the key of another`);
      if (name !== 'log') continue;
      for (const lane of record.lanes ?? [])
        if (!tables.lanes.doesExist(laneKey(connection, lane, record.seq)))
          throw new Error('a lane of a waiting event is not in the index');
    }
  }
  // A damaged record leaves its entries there, which the scheduler passes over.
  for (const { key } of inOrder(tables.lanes)) bytes += key.length;
  for (const name of ['seen', 'deliveries'] as const) for (const entry of inOrder(tables[name])) void entry;
  for (const [number, counts] of meta.counts) assertCounts(counts, found.get(number) ?? { log: 0, done: 0, dead: 0 });
  if ([...found.keys()].some((number) => !meta.counts.has(number)) || bytes !== meta.totals.bytes)
    throw new Error('there are too many or too few records');
}

function* inOrder(table: Table): Generator<{ readonly key: Buffer; readonly value: Buffer }> {
  let before: Buffer | undefined;
  for (const entry of table.getRange()) {
    if (before !== undefined && before.compare(entry.key) >= 0) throw new Error('keys are out of order');
    before = Buffer.from(entry.key);
    yield entry;
  }
}

function assertCounts({ waiting, done, dead, id }: ConnectionCounts, found: Record<RecordTable, number>): void {
  if (found.log !== waiting || found.done !== done || found.dead !== dead)
    throw new Error(
      `${id} has ${found.log} waiting, ${found.done} done and ${found.dead} dead records instead of ${waiting}, ${done} and ${dead}`,
    );
}

async function verify(data: string): Promise<Verification> {
  try {
    await rollBackToFlushed(data);
    const tables = openTables(data, { readOnly: true, bytes: 0 });
    checkPages(data, (tables.root.getStats() as { readonly lastTxnId: number }).lastTxnId);
    verifyRecords(tables);
    return { sound: true };
  } catch (error) {
    return { sound: false, problem: (error as Error).message, errno: errnoOf(error) };
  }
}

process.send!(readingMessage, () => {
  void verify(process.argv[2]!).then((verification) => process.send!(verification, () => process.exit(0)));
});
