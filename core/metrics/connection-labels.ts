/** Stands for all connections beyond the most that are labelled. */
const others = 'other';

/** The label of a connection: its id, for as many as there may be, in the order in which they come. */
export class ConnectionLabels {
  readonly #labelled = new Set<string>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  of(id: string): string {
    if (this.#labelled.has(id)) return id;
    if (this.#labelled.size >= this.#most) return others;
    this.#labelled.add(id);
    return id;
  }
}
