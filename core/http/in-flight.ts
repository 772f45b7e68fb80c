/** A member of a list, which holds the links itself. */
export interface Linked<T> {
  next: T | undefined;
  previous: T | undefined;
}

/**
 * The exchanges that have not settled, the oldest first. They are linked through themselves: a Set, which allocates
 * with nearly every deletion, would cost as much as the rest of an exchange's bookkeeping.
 */
export class InFlight<T extends Linked<T>> {
  first: T | undefined = undefined;
  #last: T | undefined = undefined;

  add(one: T): void {
    const last = this.#last;
    one.previous = last;
    if (last === undefined) this.first = one;
    else last.next = one;
    this.#last = one;
  }

  /** Takes out a member. It keeps no link, or one that lives long would keep those that came after it. */
  delete(one: T): void {
    const { next, previous } = one;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    one.next = undefined;
    one.previous = undefined;
  }
}
