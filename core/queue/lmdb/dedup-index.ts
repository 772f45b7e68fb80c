import type { Operation } from './group-commit.ts';
import * as keys from './keys.ts';
import { bytesOf, type Table, type Tables } from './tables.ts';

/** The ids that were put within the dedup window, in buckets by time, so that expired ids lie together. */
export class DedupIndex {
  readonly #tables: Pick<Tables, 'seen'>;
  readonly #bucketMs: number;
  readonly #windowMs: number;
  /** Buckets that hold ids. Later ones than now are among them when the clock was set back. */
  readonly #buckets: Set<number>;
  /** By connection: the ids on their way to the disk. */
  readonly #pending = new Map<number, Set<string>>();

  constructor(
    tables: Pick<Tables, 'seen'>,
    { bucketMs, windowMs }: { readonly bucketMs: number; readonly windowMs: number },
  ) {
    this.#tables = tables;
    this.#bucketMs = bucketMs;
    this.#windowMs = windowMs;
    this.#buckets = new Set(bucketsOf(tables.seen));
  }

  /**
   * Adds an id and returns true; returns false when it was put within the window. It counts from now on, on disk with
   * `operations`.
   */
  add(connection: number, id: string, now: number, operations: Operation[]): boolean {
    if (this.#windowMs <= 0) return true;
    const pending = this.#pendingOf(connection);
    if (pending.has(id)) return false;
    const bucket = Math.floor(now / this.#bucketMs);
    const key = keys.seenKey(bucket, connection, id);
    for (const one of this.#buckets) {
      if ((one + 1) * this.#bucketMs <= now - this.#windowMs) continue;
      const putAt = this.#tables.seen.getBinaryFast(keys.setBucket(key, one));
      if (putAt !== undefined && putAt.readUIntLE(0, 6) > now - this.#windowMs) return false;
    }
    const value = Buffer.allocUnsafe(6);
    value.writeUIntLE(now, 0, 6);
    operations.push(['seen', keys.setBucket(key, bucket), value]);
    this.#buckets.add(bucket);
    pending.add(id);
    return true;
  }

  /** Call it once the ids are on disk, or once nothing of their put was kept. */
  committed(connection: number, ids: readonly string[]): void {
    const pending = this.#pendingOf(connection);
    for (const id of ids) pending.delete(id);
  }

  /** In pages on disk; a table of one page, some hundred ids, counts as nothing. */
  get bytes(): number {
    return bytesOf(this.#tables.seen);
  }

  /** Operations that remove up to `most` ids which the window has passed. */
  expired(now: number, most: number): readonly Operation[] {
    const end = keys.seenKey(Math.max(0, Math.floor((now - this.#windowMs) / this.#bucketMs)), 0, '');
    return Array.from(this.#tables.seen.getKeys({ end, limit: most }), (key) => ['seen', key, undefined] as const);
  }

  /** Operations that remove up to `most` ids of a connection, whatever their time. */
  ofConnection(connection: number, most: number): readonly Operation[] {
    const operations: Operation[] = [];
    for (const bucket of this.#buckets) {
      const range = { start: keys.seenKey(bucket, connection, ''), end: keys.seenKey(bucket, connection + 1, '') };
      for (const key of this.#tables.seen.getKeys({ ...range, limit: most - operations.length }))
        operations.push(['seen', key, undefined]);
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

/** One look at the table for each bucket. */
function* bucketsOf(table: Table): Generator<number, void, undefined> {
  for (let from = 0; ;) {
    const [key] = [...table.getKeys({ start: keys.seenKey(from, 0, ''), limit: 1 })];
    if (key === undefined) return;
    from = keys.bucketOf(key) + 1;
    yield from - 1;
  }
}
