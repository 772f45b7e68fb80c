/** Whether the vendor will not have an item of a request. */
export type RefusesItem = (item: unknown) => boolean;

/**
 * A vendor that finds something wrong with every second item, and says so again whenever that item comes: a client that
 * sends the others once more, or each one alone, gets the same verdicts.
 */
export class ItemRefusals {
  readonly #verdicts = new Map<string, boolean>();

  /** In a request that meets the fault: of the items that are new, every second is refused, the first to begin with. */
  readonly judgesNew: RefusesItem = (item) => {
    const text = JSON.stringify(item);
    const known = this.#verdicts.get(text);
    if (known !== undefined) return known;
    const isRefused = this.#verdicts.size % 2 === 0;
    this.#verdicts.set(text, isRefused);
    return isRefused;
  };

  /** In any other request. */
  readonly judgesKnown: RefusesItem = (item) =>
    this.#verdicts.size > 0 && this.#verdicts.get(JSON.stringify(item)) === true;
}
