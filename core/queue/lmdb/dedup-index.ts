import type { Operation } from './group-commit.ts';
import * as keys from './keys.ts';
import type { Table } from './tables.ts';

/** The ids that were put within the window. They lie in buckets by time, so that those that went by can be forgotten as a whole. */
export class DedupIndex {
  readonly #table: Table;
  readonly #bucketMs: number;
  readonly #windowMs: number;
  /** Those with something in them, later ones than now included: a clock may have been set back. */
  readonly #buckets: Set<number>;
  /** By connection: the ids on their way to the disk. */
  readonly #pending = new Map<number, Set<string>>();

  constructor(table: Table, { bucketMs, windowMs }: { readonly bucketMs: number; readonly windowMs: number }) {
    this.#table = table;
    this.#bucketMs = bucketMs;
    this.#windowMs = windowMs;
    this.#buckets = new Set(bucketsOf(table));
  }

  /** Whether an id was not put within the window. Then it is from now on, once `operations` are on disk. */
  add(connection: number, id: string, now: number, operations: Operation[]): boolean {
    if (this.#windowMs <= 0) return true;
    const arriving = this.#pendingOf(connection);
    if (arriving.has(id)) return false;
    const bucket = Math.floor(now / this.#bucketMs);
    const key = keys.seenKey(bucket, connection, id);
    for (const at of this.#buckets) {
      if ((at + 1) * this.#bucketMs <= now - this.#windowMs) continue;
      const seen = this.#table.getBinaryFast(keys.setBucket(key, at));
      if (seen !== undefined && seen.readUIntLE(0, 6) > now - this.#windowMs) return false;
    }
    const value = Buffer.allocUnsafe(6);
    value.writeUIntLE(now, 0, 6);
    operations.push([this.#table, keys.setBucket(key, bucket), value]);
    this.#buckets.add(bucket);
    arriving.add(id);
    return true;
  }

  /** They are on disk, or nothing of their put was kept. */
  committed(connection: number, ids: readonly string[]): void {
    const arriving = this.#pendingOf(connection);
    for (const id of ids) arriving.delete(id);
  }

  /** What they take, in the pages that are on disk; the first hundred, which share one, count as nothing. */
  get bytes(): number {
    const { pageSize, treeBranchPageCount, treeLeafPageCount, overflowPages } = this.#table.getStats() as TableStats;
    const pages = treeBranchPageCount + treeLeafPageCount + overflowPages;
    return pages > 1 ? pages * pageSize : 0;
  }

  /** Takes up to `most` of those the window has passed out of the table. */
  expired(now: number, most: number): readonly Operation[] {
    const end = keys.seenKey(Math.max(0, Math.floor((now - this.#windowMs) / this.#bucketMs)), 0, '');
    return Array.from(this.#table.getKeys({ end, limit: most }), (key) => [this.#table, key, undefined] as const);
  }

  /** Takes up to `most` of those of a connection out of the table, whatever their time. */
  ofConnection(connection: number, most: number): readonly Operation[] {
    const operations: Operation[] = [];
    for (const bucket of this.#buckets) {
      const range = { start: keys.seenKey(bucket, connection, ''), end: keys.seenKey(bucket, connection + 1, '') };
      for (const key of this.#table.getKeys({ ...range, limit: most - operations.length }))
        operations.push([this.#table, key, undefined]);
      if (operations.length >= most) break;
    }
    return operations;
  }

  #pendingOf(connection: number): Set<string> {
    let ids = this.#pending.get(connection);
    if (ids === undefined) this.#pending.set(connection, (ids = new Set()));
    return ids;
  }
}

/** What LMDB says of a table: not in the package's types. */
interface TableStats {
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

/** One look for each. */
function* bucketsOf(table: Table): Generator<number, void, undefined> {
  for (let from = 0; ;) {
    const [key] = [...table.getKeys({ start: keys.seenKey(from, 0, ''), limit: 1 })];
    if (key === undefined) return;
    from = keys.bucketOf(key) + 1;
    yield from - 1;
  }
}
