/** A lane of which an event is claimed, or waits although the cursor has passed it. */
export interface Lane {
  readonly name: string;
  /** Open claims. */
  claimed: number;
  /** The call of claim() that made them, as long as more may follow in it. */
  call: number;
  /** The first of its events that is not claimed, among those that the cursor has passed, or that came back. */
  waiting: number | undefined;
  /** None of those is after this one. */
  last: number;
  /** Those that come next after `waiting`, ascending, as far as they are read. */
  ahead: number[];
}

/** Up to `most` events of a lane above `seq`, and not above `last`, ascending. */
export type NextOf = (lane: string, seq: number, last: number, most: number) => number[];

interface LanesOfEvent {
  readonly seq: number;
  /** Each of them once. */
  readonly lanes: readonly string[];
}

/** The call of a lane of which nothing more may be claimed in this one. */
const noCall = 0;

/** One read of the index takes longer than another entry of it. */
const aheadLength = 8;

/** The lanes that keep events from leaving. Those of which nothing is claimed, and nothing waits, take no memory. */
export class OccupiedLanes {
  readonly #lanes = new Map<string, Lane>();
  readonly #nextOf: NextOf;

  constructor(nextOf: NextOf) {
    this.#nextOf = nextOf;
  }

  get size(): number {
    return this.#lanes.size;
  }

  hasClaims(name: string): boolean {
    return (this.#lanes.get(name)?.claimed ?? 0) > 0;
  }

  /** Whether an event comes next in each of its lanes, and no other call has claims of them. */
  admits({ seq, lanes }: LanesOfEvent, call: number): boolean {
    for (const name of lanes) {
      const lane = this.#lanes.get(name);
      if (lane === undefined) continue;
      if (lane.waiting !== undefined && lane.waiting !== seq) return false;
      if (lane.claimed > 0 && lane.call !== call) return false;
    }
    return true;
  }

  /** Whether an event that waits comes next in each of its lanes, and nothing of them is claimed. */
  isFirst({ seq, lanes }: LanesOfEvent): boolean {
    return lanes.every((name) => {
      const lane = this.#lanes.get(name)!;
      return lane.waiting === seq && lane.claimed === 0;
    });
  }

  /** Says that an event waits in its lanes, and is not claimed. */
  wait({ seq, lanes }: LanesOfEvent): void {
    for (const name of lanes) {
      const lane = this.#lane(name);
      // It came back.
      if (seq < lane.last) lane.ahead = [];
      lane.waiting = Math.min(lane.waiting ?? seq, seq);
      lane.last = Math.max(lane.last, seq);
    }
  }

  /**
   * Claims an event. Without `call`, nothing behind it may go in the same call. Returns the lanes of which another
   * waits behind it.
   */
  claim({ seq, lanes }: LanesOfEvent, call = noCall): readonly Lane[] {
    const more: Lane[] = [];
    for (const name of lanes) {
      const lane = this.#lane(name);
      lane.claimed += 1;
      lane.call = call;
      if (lane.waiting === seq) this.#advance(lane);
      if (lane.waiting !== undefined) more.push(lane);
    }
    return more;
  }

  /** Ends a claim. The lanes are to be asked for by release() then. */
  unclaim(lanes: readonly string[], released: Set<Lane>): void {
    for (const name of lanes) {
      const lane = this.#lanes.get(name)!;
      lane.claimed -= 1;
      released.add(lane);
    }
  }

  /** The event that waits for a lane of which nothing is claimed any more; `undefined` where none does. */
  release(lane: Lane): number | undefined {
    if (lane.claimed > 0) return undefined;
    if (lane.waiting === undefined) this.#lanes.delete(lane.name);
    return lane.waiting;
  }

  /** Goes on behind an event that is gone without a claim, and returns its lanes. Looks at all lanes. */
  forget(seq: number): readonly Lane[] {
    const found = [...this.#lanes.values()].filter(({ waiting }) => waiting === seq);
    for (const lane of found) this.#advance(lane);
    return found;
  }

  #advance(lane: Lane): void {
    const { name, waiting = -1, last } = lane;
    if (lane.ahead.length === 0 && waiting < last) lane.ahead = this.#nextOf(name, waiting, last, aheadLength);
    lane.waiting = lane.ahead.shift();
  }

  #lane(name: string): Lane {
    let lane = this.#lanes.get(name);
    if (lane === undefined)
      this.#lanes.set(name, (lane = { name, claimed: 0, call: noCall, waiting: undefined, last: -1, ahead: [] }));
    return lane;
  }
}
