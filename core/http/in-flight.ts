/**
 * A member of InFlight, which holds the links itself.
 *
 * @internal
 */
export interface Linked<T> {
  nextInFlight: T | undefined;
  previousInFlight: T | undefined;
}

/**
 * The exchanges that have not settled, the oldest first. They are linked through themselves: a Set, which allocates
 * with nearly every deletion, would cost as much as the rest of an exchange's bookkeeping.
 */
export class InFlight<T extends Linked<T>> {
  first: T | undefined = undefined;
  count = 0;
  #last: T | undefined = undefined;

  add(one: T): void {
    this.count += 1;
    const last = this.#last;
    one.previousInFlight = last;
    if (last === undefined) this.first = one;
    else last.nextInFlight = one;
    this.#last = one;
  }

  /** Takes out a member. It keeps no link, or one that lives long would keep those that came after it. */
  delete(one: T): void {
    this.count -= 1;
    const { nextInFlight, previousInFlight } = one;
    if (previousInFlight === undefined) this.first = nextInFlight;
    else previousInFlight.nextInFlight = nextInFlight;
    if (nextInFlight === undefined) this.#last = previousInFlight;
    else nextInFlight.previousInFlight = previousInFlight;
    one.nextInFlight = undefined;
    one.previousInFlight = undefined;
  }
}
