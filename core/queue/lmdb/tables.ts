import { statSync } from 'node:fs';
import { open, type Database } from 'lmdb';
import { assertMappable } from './address-space.ts';
import { muteStackTraces } from './console-guard.ts';

export type Table = Database<Buffer, Buffer>;
export const recordTables = ['log', 'done', 'dead'] as const;
export type RecordTable = (typeof recordTables)[number];
export const isRecordTable = (name: string): name is RecordTable => (recordTables as readonly string[]).includes(name);
/** What a copy of a store makes anew from the records. */
const derivedTables = ['lanes', 'meta'] as const;
/** What a copy of a store takes over, in this order. */
export const copiedTables = [...recordTables, 'seen', 'deliveries'] as const;
const tableNames = [...copiedTables, ...derivedTables] as const;
export type TableName = (typeof tableNames)[number];

export type Root = ReturnType<typeof open<Buffer, Buffer>>;
export interface Tables extends Readonly<Record<TableName, Table>> {
  readonly root: Root;
  /** Whether the file that is open is the one under its name, and no copy is there in its place. */
  readonly isInPlace: () => boolean;
}

const pageBytes = 4096;

/** Plain bytes: salvage scans the file for records, so they must lie there uncompressed and in one piece. */
const binary = { encoding: 'binary', keyEncoding: 'binary' } as const;

interface OpenMode {
  readonly readOnly: boolean;
  /** The byte budget of the store. */
  readonly bytes: number;
}

export function openTables(data: string, mode: OpenMode): Tables {
  const before = inodeOf(data);
  const root = openRoot(data, mode);
  const inode = before ?? inodeOf(data);
  const table = (name: TableName): Table => {
    const opened = root.openDB<Buffer, Buffer>({ name, ...binary });
    // For a missing table of a read-only store, the package returns an object that is not open, or nothing.
    if ((opened as unknown as { readonly status?: string } | undefined)?.status !== 'open')
      throw new Error(`the table ${name} is missing`);
    return opened;
  };
  const tables = Object.fromEntries(tableNames.map((name) => [name, table(name)])) as Record<TableName, Table>;
  return { ...tables, root, isInPlace: () => inodeOf(data) === inode };
}

/** Opens the file that is under the name now, in place of the one that is open. */
export async function reopen(tables: Tables, data: string, mode: OpenMode): Promise<void> {
  const { root } = tables;
  Object.assign(tables, openTables(data, mode));
  await root.close();
}

const inodeOf = (file: string): bigint | undefined => statSync(file, { bigint: true, throwIfNoEntry: false })?.ino;

export function openRoot(data: string, { readOnly, bytes }: OpenMode): Root {
  // Address space, not disk. LMDB enlarges the map when it has to; this size spares it that.
  const mapSize = Math.max(2 ** 30, 4 * bytes);
  assertMappable(Math.max(mapSize, statSync(data, { throwIfNoEntry: false })?.size ?? 0));
  const root = open<Buffer, Buffer>({
    path: data,
    noSubdir: true,
    readOnly,
    maxDbs: 8,
    pageSize: pageBytes,
    mapSize,
    // One batch is one transaction here. With batching by event turn, the package makes a promise of its own for each
    // turn; on a full disk that promise rejects and nobody handles it.
    eventTurnBatching: false,
    // Events hold personal data. The option is not in the package's types.
    ...({ permissionsMode: 0o600 } as object),
    ...binary,
  });
  muteStackTraces(root);
  return root;
}

/** The first two pages of the file, in which LMDB says which transaction is the last. */
export const metaPagesBytes = 2 * pageBytes;

/**
 * Has LMDB return to the last flushed transaction when the machine was restarted since: of a later transaction some
 * pages may be missing. LMDB does so only when it opens a file for writing, and then writes the first two pages alone;
 * opened for reading, it takes the newest transaction that it finds.
 */
export async function rollBackToFlushed(data: string): Promise<void> {
  // LMDB would turn an empty file into a store.
  if (statSync(data).size < metaPagesBytes) throw new Error('the file ends too early');
  await openRoot(data, { readOnly: false, bytes: 0 }).close();
}

/** Part of what LMDB reports about a table: not in the package's types. */
interface TableStats {
  readonly lastTxnId: number;
  readonly pageSize: number;
  readonly entryCount: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}
const statsOf = (table: Table): TableStats => table.getStats() as TableStats;

/** The number of the last transaction in the file. */
export const lastTransaction = (root: Root): number => statsOf(root).lastTxnId;

/** How many entries a table says that it has. */
export const entriesOf = (table: Table): number => statsOf(table).entryCount;

/** Of the table's pages on disk; a table of one page, some hundred entries, counts as nothing. */
export function bytesOf(table: Table): number {
  const stats = statsOf(table);
  const pages = stats.treeBranchPageCount + stats.treeLeafPageCount + stats.overflowPages;
  return pages > 1 ? pages * stats.pageSize : 0;
}

/** The same of all tables: what of the file is in use. */
export const usedBytes = (tables: Tables): number =>
  tableNames.reduce((bytes, name) => bytes + bytesOf(tables[name]), 0);
