import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { seqOf } from './keys.ts';
import { recordTables } from './tables.ts';

/*
 * Checks what LMDB does not check when it reads, and relies on when it writes: that each page has its own number in its
 * header, and that no page is both in use and free. Where that is damaged, reading succeeds and the next write destroys
 * other records.
 *
 * The format is that of LMDB 1.0 (data version 2) on 64 bits, little-endian: a header of 24 bytes (number u64,
 * transaction u64, pad u16, flags u16, then lower and upper bound u16 each, or the number of overflow pages u32); nodes
 * of lo, hi, flags and key length, u16 each. Taken from its source and from files.
 */
const pageSize = 4096;
const head = 24;
/** The kinds of page; the other flags are for pages in memory. */
const kind = { branch: 1, leaf: 2, overflow: 4 } as const;
const kindMask = 0x2f;
const node = { big: 1, table: 2 } as const;
/** Three places for the state of a transaction: the two first pages, and the middle of the first. */
const metaPlaces = [0, pageSize / 2, pageSize];
const none = 2n ** 64n - 1n;
const firstPage = 2;

/** Throws when the pages of the snapshot of that transaction contradict each other. */
export function checkPages(data: string, transaction: number): void {
  const file = openSync(data, 'r');
  try {
    new Walk(file).check(transaction);
  } finally {
    closeSync(file);
  }
}

/** The records that a tree holds. */
export interface TreeContents {
  /** Where each begins in the file. */
  readonly places: ReadonlySet<number>;
  readonly seqs: ReadonlySet<number>;
  /** No page of it is missing, and it holds as many as it says itself. */
  readonly isWhole: boolean;
}

/**
 * What the newest tree holds, as far as it can be read; nothing when it is not clear which is the newest. Never throws.
 */
export function readTreeContents(file: number): TreeContents {
  try {
    const walk = new Walk(file);
    // Transactions write the first page and the second alternately: if one is lost, the other belongs to an older
    // transaction.
    const [older, newer] = [walk.metaAt(0), walk.metaAt(pageSize)]
      .filter((meta) => meta !== undefined)
      .sort((a, b) => (transactionOf(a) < transactionOf(b) ? -1 : 1));
    if (older !== undefined && newer !== undefined && transactionOf(newer) === transactionOf(older) + 1n)
      return contentsOf(walk, newer.readBigUInt64LE(136));
  } catch {
    // Not even the first pages can be read.
  }
  return { places: new Set(), seqs: new Set(), isWhole: false };
}

const transactionOf = (meta: Buffer): bigint => meta.readBigUInt64LE(152);

function contentsOf(walk: Walk, root: bigint): TreeContents {
  const places = new Set<number>();
  const seqs = new Set<number>();
  const tables = new Set<string>();
  let missing = 0;
  let isWhole = true;
  const isOfRecords = (table: string): boolean => (recordTables as readonly string[]).includes(table);
  const onFault = (): void => {
    isWhole = false;
  };
  const visit = ({ key, value, at, root: below }: TreeEntry, table: string | undefined): void => {
    if (below !== undefined) {
      if (!isOfRecords(nameOf({ key }))) return;
      tables.add(nameOf({ key }));
      missing += Number(value.readBigUInt64LE(32));
    } else if (table !== undefined && isOfRecords(table)) {
      places.add(at);
      seqs.add(seqOf(key));
      missing -= 1;
    }
  };
  walk.tree(root, visit, onFault);
  return { places, seqs, isWhole: isWhole && tables.size === recordTables.length && missing === 0 };
}

interface TreeEntry {
  readonly key: Buffer;
  readonly value: Buffer;
  /** Where the value begins in the file. */
  readonly at: number;
  /** Of the table that this is the state of. */
  readonly root: bigint | undefined;
}

/** Of a table. LMDB stores it with a zero at its end. */
const nameOf = ({ key }: Pick<TreeEntry, 'key'>): string => key.toString().replace(/\0$/, '');

class Walk {
  readonly #file: number;
  readonly #pages: number;
  readonly #taken: Uint8Array;
  /** No page may be of a later transaction than this; the highest number while none is known. */
  #last = 2n ** 64n - 1n;

  constructor(file: number) {
    this.#file = file;
    this.#pages = Math.ceil(fstatSync(file).size / pageSize);
    this.#taken = new Uint8Array(this.#pages);
  }

  check(transaction: number): void {
    this.#last = BigInt(transaction);
    const meta = metaPlaces
      .map((place) => this.metaAt(place))
      .find((bytes) => bytes !== undefined && transactionOf(bytes) === BigInt(transaction));
    if (meta === undefined) throw new Error(`the state of transaction ${transaction} is missing`);
    this.tree(meta.readBigUInt64LE(136), () => undefined);
    const end = meta.readBigUInt64LE(144);
    this.tree(meta.readBigUInt64LE(88), ({ value }) => {
      for (const run of freed(value)) this.#free(run, end);
    });
  }

  /** The state of a transaction that stands there. */
  metaAt(place: number): Buffer | undefined {
    const bytes = this.#bytes(place, 200);
    return bytes.readUInt32LE(24) === 0xbeefc0de ? bytes : undefined;
  }

  /** Takes run by run: a store that was full once has hundreds of thousands of free pages. */
  #free({ first, count }: Run, end: bigint): void {
    const last = first + count - 1n;
    if (first < firstPage || last > end) throw new Error(`pages ${first} to ${last} are free, beyond the ends`);
    // The file may end before its last pages when they are free.
    for (let page = first; page <= last && page < this.#pages; page += 1n) this.#take(page);
  }

  /** Visits everything in a tree and in its tables. With `onFault`, continues after a page that cannot be read. */
  tree(root: bigint, visit: (entry: TreeEntry, table: string | undefined) => void, onFault?: () => void): void {
    const todo: { readonly number: bigint; readonly table: string | undefined }[] = [
      { number: root, table: undefined },
    ];
    for (let one = todo.pop(); one !== undefined; one = todo.pop()) {
      const { number, table } = one;
      if (number === none) continue;
      try {
        const { children, entries } = this.#nodes(number);
        for (const child of children) todo.push({ number: child, table });
        for (const entry of entries) {
          if (entry.root !== undefined) todo.push({ number: entry.root, table: nameOf(entry) });
          visit(entry, table);
        }
      } catch (error) {
        if (onFault === undefined) throw error;
        onFault();
      }
    }
  }

  #nodes(number: bigint): { readonly children: readonly bigint[]; readonly entries: readonly TreeEntry[] } {
    const children: bigint[] = [];
    const entries: TreeEntry[] = [];
    const page = this.#page(number);
    const flags = page.readUInt16LE(18) & kindMask;
    if (flags !== kind.branch && flags !== kind.leaf) throw new Error(`page ${number} does not belong to a tree`);
    const lower = page.readUInt16LE(20);
    const upper = page.readUInt16LE(22);
    if (lower % 2 !== 0 || lower > upper || upper > pageSize - head) throw new Error(`page ${number} has wrong bounds`);
    for (let at = head; at < head + lower; at += 2) {
      const start = page.readUInt16LE(at) + head;
      if (start < head + lower || start + 8 > pageSize) throw new Error(`page ${number} has a node out of bounds`);
      const low = page.readUInt32LE(start);
      const nodeFlags = page.readUInt16LE(start + 4);
      if (flags === kind.branch) {
        children.push(BigInt(low) + (BigInt(nodeFlags) << 32n));
        continue;
      }
      const keyEnd = start + 8 + page.readUInt16LE(start + 6);
      const { value, offset } = this.#value(page, keyEnd, low, nodeFlags);
      const isTable = (nodeFlags & node.table) !== 0;
      entries.push({
        key: page.subarray(start + 8, keyEnd),
        value,
        at: offset,
        root: isTable ? value.readBigUInt64LE(40) : undefined,
      });
    }
    return { children, entries };
  }

  #value(
    page: Buffer,
    start: number,
    length: number,
    flags: number,
  ): { readonly value: Buffer; readonly offset: number } {
    const big = (flags & node.big) !== 0;
    if (start + (big ? head : length) > pageSize || (flags & ~(node.big | node.table)) !== 0)
      throw new Error(`page ${page.readBigUInt64LE()} has a value out of bounds`);
    if (!big) {
      const offset = Number(page.readBigUInt64LE()) * pageSize + start;
      return { value: page.subarray(start, start + length), offset };
    }
    const first = page.readBigUInt64LE(start);
    const over = this.#page(first);
    const count = over.readUInt32LE(20);
    if ((over.readUInt16LE(18) & kindMask) !== kind.overflow || BigInt(count) !== page.readBigUInt64LE(start + 16))
      throw new Error(`page ${first} does not begin a long value`);
    if (head + length > count * pageSize || head + length <= (count - 1) * pageSize)
      throw new Error(`page ${first} begins a value of another length`);
    for (let next = 1; next < count; next += 1) this.#take(first + BigInt(next));
    const offset = Number(first) * pageSize + head;
    return { value: this.#bytes(offset, length), offset };
  }

  #page(number: bigint): Buffer {
    this.#take(number);
    const page = this.#bytes(Number(number) * pageSize, pageSize);
    // LMDB takes such a page for one that it has just made, and writes past its end.
    if (page.readBigUInt64LE(8) > this.#last) throw new Error(`page ${number} is of a later transaction`);
    if (page.readBigUInt64LE() !== number) throw new Error(`page ${number} has another number in it`);
    return page;
  }

  #take(number: bigint): void {
    if (number < firstPage || number >= this.#pages) throw new Error(`page ${number} is not in the file`);
    if (this.#taken[Number(number)] === 1) throw new Error(`page ${number} is used twice`);
    this.#taken[Number(number)] = 1;
  }

  #bytes(at: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    if (readSync(this.#file, bytes, 0, length, at) < length) throw new Error('the file ends too early');
    return bytes;
  }
}

/** Free pages that follow each other. */
interface Run {
  readonly first: bigint;
  readonly count: bigint;
}

/**
 * The pages in a list of free pages. It begins with the count of its numbers; each is a page, or the negative length of
 * a run followed by its first page.
 */
function* freed(list: Buffer): Generator<Run, void, undefined> {
  const numbers = list.readBigUInt64LE();
  if (8n * (numbers + 1n) > list.length) throw new Error('a list of free pages has another length');
  const end = 8 * (Number(numbers) + 1);
  for (let at = 8; at < end; at += 8) {
    const entry = list.readBigInt64LE(at);
    if (entry > 0n) yield { first: entry, count: 1n };
    if (entry >= 0n) continue;
    at += 8;
    if (at >= end) throw new Error('a list of free pages ends inside a run');
    yield { first: list.readBigInt64LE(at), count: -entry };
  }
}
