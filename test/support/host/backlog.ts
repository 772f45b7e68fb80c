import TinyQueue from 'tinyqueue';
import type { CdpEvent, Reason } from '../../../core/index.ts';

/** An event of the host's, and what the host remembers of it. */
export interface Item {
  /** Position in the input, from 0. */
  readonly index: number;
  readonly event: CdpEvent;
  /** What the destination wants in order (connection.routeOf). */
  readonly lane: string | undefined;
  /** Epoch ms. */
  readonly acceptedAt: number;
  /** How often it came back with a failure that the vendor itself answered. */
  failures: number;
  /** How many of these it had a request of its own, and epoch ms of the first. */
  aloneFailures: number;
  firstAloneAt: number;
  /** Some answer was lost: the vendor may have it. */
  doubtful: boolean;
  lastReason: Reason | undefined;
}

export const itemOf = (index: number, event: CdpEvent, lane: string | undefined, acceptedAt: number): Item => ({
  index,
  event,
  lane,
  acceptedAt,
  failures: 0,
  aloneFailures: 0,
  firstAloneAt: 0,
  doubtful: false,
  lastReason: undefined,
});

interface Lane {
  readonly name: string;
  /** Handed out, and not come back. */
  out: number;
  /** The holder: meanwhile no other one gets an event of this lane. */
  holder: object | undefined;
  /** In input order. */
  readonly waiting: Item[];
  notBefore: number;
  queued: boolean;
}

interface Turn {
  readonly at: number;
  readonly index: number;
  readonly what: Item | Lane;
}

const byTime = (a: Turn, b: Turn): number => a.at - b.at || a.index - b.index;

/** What is to be sent: new events, and those put back, each not before its time. Events of one lane keep their order. */
export interface Backlog {
  /**
   * The next event that may leave now. `holder` stands for a call, or for one place in a stream: two events of a lane are
   * out at once only with the same holder.
   */
  take(holder: object, now: number): Item | undefined;
  putBack(item: Item, notBefore: number): void;
  /** It waits for something else, and its lane goes on without it, until it is put back. */
  park(item: Item): void;
  /** The host is done with it. */
  finish(item: Item): void;
  /** Epoch ms when take() will have something; `undefined` where only what is out can tell. */
  nextAt(now: number): number | undefined;
  /** Events not let go, those handed out included; new ones only once they were looked at. */
  open(): number;
  /** No more new ones. */
  exhausted(): boolean;
}

/** How many of one lane a holder gets at most. */
const mostOfALane = 50;

export function createBacklog(input: Iterator<Item>): Backlog {
  const turns = new TinyQueue<Turn>([], byTime);
  const lanes = new Map<string, Lane>();
  const parked = new Set<Item>();
  let exhausted = false;
  let open = 0;

  function laneOf(name: string): Lane {
    let lane = lanes.get(name);
    if (lane === undefined) {
      lane = { name, out: 0, holder: undefined, waiting: [], notBefore: 0, queued: false };
      lanes.set(name, lane);
    }
    return lane;
  }

  function line(lane: Lane): void {
    const [first] = lane.waiting;
    if (lane.out > 0 || lane.queued) return;
    if (first === undefined) return void lanes.delete(lane.name);
    lane.queued = true;
    turns.push({ at: lane.notBefore, index: first.index, what: lane });
  }

  /** One of its events is not out any more. */
  function back({ lane: name }: Item): Lane | undefined {
    if (name === undefined) return undefined;
    const lane = laneOf(name);
    if (lane.out > 0) lane.out -= 1;
    return lane;
  }

  function give(item: Item, lane: Lane | undefined, holder: object): Item {
    if (lane !== undefined) {
      lane.out += 1;
      lane.holder = holder;
      lane.notBefore = 0;
    }
    return item;
  }

  /** Another one of a lane that the holder has already. */
  let current: Lane | undefined;
  function more(holder: object): Item | undefined {
    const lane = current;
    if (lane?.holder !== holder || lane.out === 0 || lane.out >= mostOfALane) return undefined;
    const item = lane.waiting.shift();
    return item === undefined ? undefined : give(item, lane, holder);
  }

  function fresh(): Item | undefined {
    if (exhausted) return undefined;
    const next = input.next();
    if (next.done === true) {
      exhausted = true;
      return undefined;
    }
    open += 1;
    return next.value;
  }

  return {
    take(holder, now) {
      const another = more(holder);
      if (another !== undefined) return another;
      const first = turns.peek();
      if (first !== undefined && first.at <= now) {
        turns.pop();
        if ('index' in first.what) {
          const { what } = first;
          return give(what, what.lane === undefined ? undefined : laneOf(what.lane), holder);
        }
        const lane = first.what;
        lane.queued = false;
        current = lane;
        return give(lane.waiting.shift() as Item, lane, holder);
      }
      for (let item = fresh(); item !== undefined; item = fresh()) {
        if (item.lane === undefined) return item;
        const lane = laneOf(item.lane);
        if (lane.out === 0 && lane.waiting.length === 0) {
          current = lane;
          return give(item, lane, holder);
        }
        if (lane.holder === holder && lane.out > 0 && lane.out < mostOfALane && lane.waiting.length === 0)
          return give(item, lane, holder);
        lane.waiting.push(item);
      }
      return undefined;
    },
    putBack(item, notBefore) {
      const lane = parked.delete(item) && item.lane !== undefined ? laneOf(item.lane) : back(item);
      if (lane === undefined) {
        turns.push({ at: notBefore, index: item.index, what: item });
        return;
      }
      lane.notBefore = Math.max(lane.notBefore, notBefore);
      const place = lane.waiting.findIndex(({ index }) => index > item.index);
      lane.waiting.splice(place === -1 ? lane.waiting.length : place, 0, item);
      line(lane);
    },
    park(item) {
      parked.add(item);
      const lane = back(item);
      if (lane !== undefined) line(lane);
    },
    finish(item) {
      open -= 1;
      const lane = back(item);
      if (lane !== undefined) line(lane);
    },
    nextAt(now) {
      if (!exhausted) return now;
      return turns.peek()?.at;
    },
    open: () => open,
    exhausted: () => exhausted,
  };
}
