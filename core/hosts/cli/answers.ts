import type { Outcome } from '../../index.ts';

/**
 * One outcome per line of the input, given out in the order of the lines. Remembers no more than `capacity` lines from the
 * first one that waits for its outcome: who reads the input waits for `room`.
 */
export interface Answers {
  /** The next line went to the stream; its outcome comes with settle(). */
  expect(line: number): void;
  /** The next line did not. */
  refuse(line: number, outcome: Outcome): void;
  /** The outcome of the n-th expected line, from 0. */
  settle(index: number, outcome: Outcome): void;
  readonly full: boolean;
  /** Resolves when there is room for a line. */
  room(): Promise<void>;
  /** Lines so far. */
  readonly count: number;
  /**
   * The stream ended. A last line it was stopped before is given back, as not attempted; any other one without an outcome
   * is lost, and gets `lost` for its outcome.
   */
  finish(stopped: boolean, lost: () => Outcome): void;
  /** After finish(): the first line that nothing was done about. */
  readonly nextLine: number;
}

const defaultCapacity = 65_536;

export function createAnswers(
  give: (line: number, outcome: Outcome) => void,
  capacity: number = defaultCapacity,
): Answers {
  // Rings. Places count lines, indices count the events among them; neither can run ahead by more than the capacity.
  const lineAt = new Float64Array(capacity);
  const outcomeAt = Array.from<Outcome | undefined>({ length: capacity });
  const placeOf = new Float64Array(capacity);
  let places = 0;
  let expected = 0;
  let given = 0;
  let wake: (() => void) | undefined;

  function put(place: number, outcome: Outcome): void {
    outcomeAt[place % capacity] ??= outcome;
    while (given < places) {
      const slot = given % capacity;
      const next = outcomeAt[slot];
      if (next === undefined) break;
      outcomeAt[slot] = undefined;
      given += 1;
      give(lineAt[slot] ?? 0, next);
    }
    if (wake !== undefined && places - given < capacity) {
      wake();
      wake = undefined;
    }
  }

  function take(line: number): number {
    lineAt[places % capacity] = line;
    places += 1;
    return places - 1;
  }

  return {
    expect(line) {
      placeOf[expected % capacity] = take(line);
      expected += 1;
    },
    refuse: (line, outcome) => put(take(line), outcome),
    settle(index, outcome) {
      const place = placeOf[index % capacity] ?? 0;
      if (index < expected && place >= given) put(place, outcome);
    },
    get full() {
      return places - given >= capacity;
    },
    room() {
      if (places - given < capacity) return Promise.resolve();
      return new Promise((resolve) => {
        wake = resolve;
      });
    },
    get count() {
      return places;
    },
    finish(stopped, lost) {
      const last = places - 1;
      if (stopped && last >= given && outcomeAt[last % capacity] === undefined) places = last;
      for (let place = given; place < places; place++) {
        if (outcomeAt[place % capacity] === undefined && place >= given) put(place, lost());
      }
    },
    get nextLine() {
      return places === 0 ? 1 : (lineAt[(places - 1) % capacity] ?? 0) + 1;
    },
  };
}
