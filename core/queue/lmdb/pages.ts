import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/*
 * What LMDB does not look at when it reads, and trusts when it writes: that a page has its own number in its head, and that no page is
 * both in use and free. Where that is damaged, reading goes well and the next write destroys other records.
 *
 * The format is that of LMDB 1.0 (data version 2) on 64 bits, little-endian: a head of 24 bytes (number u64, transaction u64, pad u16,
 * flags u16, then lower and upper bound u16 each, or the number of overflow pages u32); nodes of lo, hi, flags and key length, u16
 * each. Learnt from its source and from files.
 */
const pageSize = 4096;
const head = 24;
/** The kinds of page; what else is in the flags is for pages in memory. */
const kind = { branch: 1, leaf: 2, overflow: 4 } as const;
const kindMask = 0x2f;
const node = { big: 1, table: 2 } as const;
/** Three places for the state of a transaction: each of the first two pages, and the middle of the first. */
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

class Walk {
  readonly #file: number;
  readonly #pages: number;
  readonly #taken: Uint8Array;

  constructor(file: number) {
    this.#file = file;
    this.#pages = Math.ceil(fstatSync(file).size / pageSize);
    this.#taken = new Uint8Array(this.#pages);
  }

  check(transaction: number): void {
    const meta = metaPlaces
      .map((place) => this.#bytes(place, 200))
      .find((bytes) => bytes.readUInt32LE(24) === 0xbeefc0de && bytes.readBigUInt64LE(152) === BigInt(transaction));
    if (meta === undefined) throw new Error(`the state of transaction ${transaction} is missing`);
    this.#tree(meta.readBigUInt64LE(136), () => undefined);
    const end = meta.readBigUInt64LE(144);
    this.#tree(meta.readBigUInt64LE(88), (value) => {
      for (const run of freed(value)) this.#free(run, end);
    });
  }

  /** A store that once was full has hundreds of thousands of free pages: they are never all in one list. */
  #free({ first, count }: Run, end: bigint): void {
    const last = first + count - 1n;
    if (first < firstPage || last > end) throw new Error(`pages ${first} to ${last} are free, beyond the ends`);
    // The file may end before the last pages, when they are free.
    for (let page = first; page <= last && page < this.#pages; page += 1n) this.#take(page);
  }

  #tree(root: bigint, free: (value: Buffer) => void): void {
    if (root === none) return;
    const todo = [root];
    for (let number = todo.pop(); number !== undefined; number = todo.pop()) {
      const page = this.#page(number);
      const flags = page.readUInt16LE(18) & kindMask;
      if (flags !== kind.branch && flags !== kind.leaf) throw new Error(`page ${number} is none of a tree`);
      const lower = page.readUInt16LE(20);
      if (lower % 2 !== 0 || lower > pageSize - head) throw new Error(`page ${number} has wrong bounds`);
      for (let at = head; at < head + lower; at += 2) {
        const start = page.readUInt16LE(at) + head;
        if (start < head + lower || start + 8 > pageSize) throw new Error(`page ${number} has a node out of bounds`);
        const low = page.readUInt32LE(start);
        const nodeFlags = page.readUInt16LE(start + 4);
        if (flags === kind.branch) todo.push(BigInt(low) + (BigInt(nodeFlags) << 32n));
        else {
          const value = this.#value(page, start + 8 + page.readUInt16LE(start + 6), low, nodeFlags);
          if ((nodeFlags & node.table) !== 0) todo.push(value.readBigUInt64LE(40));
          else free(value);
        }
        if (todo.at(-1) === none) todo.pop();
      }
    }
  }

  #value(page: Buffer, start: number, length: number, flags: number): Buffer {
    const big = (flags & node.big) !== 0;
    if (start + (big ? head : length) > pageSize || (flags & ~(node.big | node.table)) !== 0)
      throw new Error(`page ${page.readBigUInt64LE()} has a value out of bounds`);
    if (!big) return page.subarray(start, start + length);
    const first = page.readBigUInt64LE(start);
    const over = this.#page(first);
    const count = over.readUInt32LE(20);
    if ((over.readUInt16LE(18) & kindMask) !== kind.overflow || BigInt(count) !== page.readBigUInt64LE(start + 16))
      throw new Error(`page ${first} does not begin a long value`);
    if (head + length > count * pageSize || head + length <= (count - 1) * pageSize)
      throw new Error(`page ${first} begins a value of another length`);
    for (let next = 1; next < count; next += 1) this.#take(first + BigInt(next));
    return this.#bytes(Number(first) * pageSize + head, length);
  }

  #page(number: bigint): Buffer {
    this.#take(number);
    const page = this.#bytes(Number(number) * pageSize, pageSize);
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

/** The pages in a list of free ones: how many numbers follow, then page numbers, or the negative length of a run and its first page. */
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
