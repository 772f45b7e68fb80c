/** As a power of two. */
const smallestSize = 6;
const free = -1;
/** 2^32 divided by the golden ratio: multiples of it lie far apart, however many there are (Knuth, volume 3, 6.4). */
const golden = 0x9e3779b1;

/**
 * A map by sequence number for what comes and goes fast. In a `Map`, each table that V8 gives up points to the next
 * one; once such a table has grown old, whatever the later ones held outlives every collection of young objects. For
 * claims that is each record, in the end with its event. Here nothing points to what was removed.
 *
 * Open addressing: an entry is at its home, or in the first free place after it. Numbers follow each other, so homes
 * are spread: side by side, their entries would be one long run, and each removal would go along all of it.
 */
export class SeqMap<V> {
  #seqs: number[] = Array.from({ length: 2 ** smallestSize }, () => free);
  #values: (V | undefined)[] = Array.from({ length: 2 ** smallestSize });
  /** So many of the 32 bits are no part of a home. */
  #shift = 32 - smallestSize;
  #count = 0;

  get(seq: number): V | undefined {
    return this.#values[this.#placeOf(seq)];
  }

  has(seq: number): boolean {
    return this.#seqs[this.#placeOf(seq)] === seq;
  }

  set(seq: number, value: V): void {
    let place = this.#placeOf(seq);
    if (this.#seqs[place] !== seq) {
      this.#count += 1;
      // Half of the places stay free, so that a search soon meets one.
      if (this.#count * 2 > this.#seqs.length) {
        this.#grow();
        place = this.#placeOf(seq);
      }
      this.#seqs[place] = seq;
    }
    this.#values[place] = value;
  }

  delete(seq: number): void {
    let hole = this.#placeOf(seq);
    if (this.#seqs[hole] !== seq) return;
    this.#count -= 1;
    const mask = this.#seqs.length - 1;
    // What stands behind the hole moves into it, unless that is before its home: no search may meet a hole too early.
    for (let place = (hole + 1) & mask; this.#seqs[place] !== free; place = (place + 1) & mask) {
      const fromHome = (place - this.#homeOf(this.#seqs[place]!)) & mask;
      if (fromHome < ((place - hole) & mask)) continue;
      this.#seqs[hole] = this.#seqs[place]!;
      this.#values[hole] = this.#values[place];
      hole = place;
    }
    this.#seqs[hole] = free;
    this.#values[hole] = undefined;
  }

  /** In no order. Nothing may be added or removed meanwhile. */
  *entries(): Generator<readonly [seq: number, value: V], void, undefined> {
    for (const [place, seq] of this.#seqs.entries()) if (seq !== free) yield [seq, this.#values[place] as V];
  }

  /** Where a number is, or would be. */
  #placeOf(seq: number): number {
    const seqs = this.#seqs;
    const mask = seqs.length - 1;
    let place = this.#homeOf(seq);
    while (seqs[place] !== seq && seqs[place] !== free) place = (place + 1) & mask;
    return place;
  }

  /** The upper bits of the product, which depend on all lower ones. */
  #homeOf(seq: number): number {
    return Math.imul(seq, golden) >>> this.#shift;
  }

  #grow(): void {
    const seqs = this.#seqs;
    const values = this.#values;
    this.#seqs = Array.from({ length: seqs.length * 2 }, () => free);
    this.#values = Array.from({ length: seqs.length * 2 });
    this.#shift -= 1;
    for (const [from, seq] of seqs.entries()) {
      if (seq === free) continue;
      const to = this.#placeOf(seq);
      this.#seqs[to] = seq;
      this.#values[to] = values[from];
    }
  }
}
