/** What stands in a text at one place. */
export interface Found {
  /** Length of the longest indexed text that stands there whole; 0 for none. */
  whole: number;
  /** How much of an indexed text stands there from its beginning. */
  begun: number;
}

/**
 * Texts to be found in other texts, many at once: a place that begins like none of them costs a few nanoseconds, however many
 * there are. All texts are folded, and none is shorter than `gram`.
 */
export class TextIndex {
  readonly #gram: number;
  readonly #buckets = new Map<number, Bucket>();
  /** One bit for each hash: most places of a text are told by it. */
  readonly #bits = new Uint32Array(2048);
  readonly #found: Found = { whole: 0, begun: 0 };

  /** `gram`: by how many of their first characters the texts are told apart. */
  constructor(gram: number) {
    this.#gram = gram;
  }

  get empty(): boolean {
    return this.#buckets.size === 0;
  }

  /** Each text is added once. */
  add(text: string): void {
    const hash = this.#hashAt(text, 0);
    const bucket = this.#buckets.get(hash);
    if (bucket !== undefined) return bucket.add(text);
    this.#buckets.set(hash, new Bucket(text));
    const bit = hash & 0xffff;
    this.#bits[bit >> 5] = (this.#bits[bit >> 5] as number) | (1 << (bit & 31));
  }

  /** What stands at that place, until the next call; `undefined` when it is not even the first characters of one. */
  at(text: string, place: number): Readonly<Found> | undefined {
    if (place + this.#gram > text.length) return undefined;
    const hash = this.#hashAt(text, place);
    const bit = hash & 0xffff;
    if (((this.#bits[bit >> 5] as number) & (1 << (bit & 31))) === 0) return undefined;
    const bucket = this.#buckets.get(hash);
    if (bucket === undefined) return undefined;
    bucket.find(text, place, this.#found);
    return this.#found.begun < this.#gram ? undefined : this.#found;
  }

  #hashAt(text: string, place: number): number {
    let hash = 0;
    for (let i = 0; i < this.#gram; i++)
      hash = Math.imul(hash ^ text.charCodeAt(place + i), 0x9e3779b1) ^ (hash >>> 15);
    return hash ^ (hash >>> 16);
  }
}

/** Texts that begin alike. */
class Bucket {
  #texts: string[];
  /** For each text, the place of the longest other one that it begins with; -1 for none. Made when the bucket is first asked. */
  #parents: Int32Array | undefined;

  constructor(text: string) {
    this.#texts = [text];
  }

  add(text: string): void {
    this.#texts.push(text);
    this.#parents = undefined;
  }

  find(text: string, place: number, found: Found): void {
    const texts = this.#texts;
    const parents = (this.#parents ??= this.#sorted());
    // The first one that sorts behind what stands there: one of its neighbours has most of it.
    let low = 0;
    let high = texts.length;
    let before = 0;
    let behind = 0;
    while (low < high) {
      const middle = (low + high) >> 1;
      const candidate = texts[middle] as string;
      const same = sameFrom(text, place, candidate);
      const ends = same === candidate.length;
      if (ends || candidate.charCodeAt(same) < text.charCodeAt(place + same)) {
        low = middle + 1;
        before = same;
      } else {
        high = middle;
        behind = same;
      }
    }
    found.begun = before > behind ? before : behind;
    found.whole = 0;
    for (let i = low - 1; i >= 0; i = parents[i] as number) {
      const { length } = texts[i] as string;
      if (length > before) continue;
      found.whole = length;
      return;
    }
  }

  #sorted(): Int32Array {
    const texts = this.#texts.sort();
    const parents = new Int32Array(texts.length);
    let parent = -1;
    for (let i = 0; i < texts.length; i++) {
      while (parent >= 0 && !(texts[i] as string).startsWith(texts[parent] as string))
        parent = parents[parent] as number;
      parents[i] = parent;
      parent = i;
    }
    return parents;
  }
}

function sameFrom(text: string, place: number, candidate: string): number {
  const most = Math.min(candidate.length, text.length - place);
  let same = 0;
  while (same < most && text.charCodeAt(place + same) === candidate.charCodeAt(same)) same += 1;
  return same;
}
