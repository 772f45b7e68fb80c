import type { Lane } from './pending-delivery.ts';

/** What a lane takes nobody in for: until a time (by clock.elapsed), or until a full lane is empty. */
export type Block = number | Lane;

/** Lanes that take nobody in, because something of theirs came back and must not be overtaken. */
export class BlockedLanes {
  readonly #blocks = new Map<string, Block>();
  /** What all lanes wait for, once they were too many to keep one by one. */
  #ofAll: Block | undefined;

  /** What lanes with these names wait for, the longest of it. */
  of(names: readonly string[], now: number): Block | undefined {
    let longest = this.#ofAll;
    if (longest !== undefined && isOver(longest, now)) longest = this.#ofAll = undefined;
    for (const name of names) {
      const block = this.#blocks.get(name);
      if (block === undefined) continue;
      if (isOver(block, now)) this.#blocks.delete(name);
      else longest = longer(longest, block);
    }
    return longest;
  }

  add(name: string, block: Block, now: number): void {
    if (this.#ofAll !== undefined && !isOver(this.#ofAll, now)) {
      this.#ofAll = longer(this.#ofAll, block);
      return;
    }
    const blocks = this.#blocks;
    const known = blocks.get(name);
    blocks.set(name, known === undefined || isOver(known, now) ? block : longer(known, block));
    // From time to time, so that a long stream does not collect blocks that are over.
    if (known !== undefined || blocks.size % sweepEvery !== 0) return;
    for (const [one, other] of blocks) if (isOver(other, now)) blocks.delete(one);
    if (blocks.size >= mostBlocked) this.#ofAll = block;
  }
}

const sweepEvery = 1024;
/** A stream that brings ever new lanes, all with one that is blocked, must not fill the memory. */
const mostBlocked = 64 * sweepEvery;

const isOver = (block: Block, now: number): boolean => (typeof block === 'number' ? block <= now : !block.overCapacity);

/** A time goes before a full lane, from which nobody hears when it will be empty. */
function longer(one: Block | undefined, other: Block): Block {
  if (one === undefined) return other;
  if (typeof other !== 'number') return one;
  return typeof one === 'number' ? Math.max(one, other) : other;
}
