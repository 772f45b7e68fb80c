import type { Random } from '../../../core/testing/simulators/random.ts';
import { scan } from './scan.ts';

export const pageSize = 4096;

/** A data file that was damaged. */
export interface Damaged {
  /** Where, for the log. */
  readonly where: string;
  readonly bytes: Buffer;
}

export type Damage = (random: Random) => Damaged;

/** A flag of LMDB's pages, at byte 18 of each: part of a tree. */
const tree = 0x1 | 0x2;

/** Every kind of damage to a file, at random places of it. */
export function damagesOf(file: Buffer): Readonly<Record<string, Damage>> {
  const pages = Math.floor(file.length / pageSize);
  const withRecords = new Set<number>();
  for (const { from, to } of scan(file))
    for (let page = Math.floor(from / pageSize); page * pageSize < to; page += 1) withRecords.add(page);
  const ofTrees = Array.from({ length: pages - 2 }, (_, index) => index + 2).filter(
    (page) => !withRecords.has(page) && (file.readUInt16LE(page * pageSize + 18) & tree) !== 0,
  );
  const some = (random: Random, of: readonly number[]): number => of[random.below(of.length)] ?? 0;

  const changed = (where: string, change: (copy: Buffer) => void): Damaged => {
    const copy = Buffer.from(file);
    change(copy);
    return { where, bytes: copy };
  };
  const torn = (at: number): Damaged => ({ where: `cut at ${at}`, bytes: file.subarray(0, at) });
  const flip = (random: Random, from: number, length: number): Damaged => {
    const at = from + random.below(length);
    const bit = random.below(8);
    return changed(`bit ${bit} of ${at}`, (copy) => (copy[at] = (copy[at] ?? 0) ^ (1 << bit)));
  };
  const zero = (from: number, length: number): Damaged =>
    changed(`${length} zeroes from ${from}`, (copy) => copy.fill(0, from, from + length));

  return {
    'torn anywhere': (random) => torn(random.below(file.length)),
    'torn in the middle of a page': (random) => torn(random.below(pages) * pageSize + pageSize / 2),
    'a bit of a page with records': (random) => flip(random, some(random, [...withRecords]) * pageSize, pageSize),
    'a bit of a page of a tree': (random) => flip(random, some(random, ofTrees) * pageSize, pageSize),
    'a bit of the head of any page': (random) => flip(random, random.below(pages) * pageSize, 24),
    'a bit of a meta page': (random) => flip(random, random.below(2) * pageSize, 200),
    'a zeroed page': (random) => zero((2 + random.below(pages - 2)) * pageSize, pageSize),
    'a zeroed meta page': (random) => zero(random.below(2) * pageSize, pageSize),
    '100 zeroes': (random) => zero(random.below(file.length - 100), 100),
  };
}
