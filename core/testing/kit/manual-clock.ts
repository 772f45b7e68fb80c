import { setImmediate as nextRound, setTimeout as realTime } from 'node:timers/promises';
import { sleepOn } from '../../policy/clock.ts';

/** The time at which a clock starts, in epoch ms: 2026-01-15T12:00:00Z, a minute after the canonical events. */
export const start = Date.parse('2026-01-15T12:00:00.000Z');

/** Where a clock starts, and what it waits for before it moves on. */
export interface ManualClockOptions {
  /** Epoch ms. Default: 2026-01-15T12:00:00Z, a minute after the canonical events. */
  readonly start?: number | undefined;
  /** Chance, in [0, 1). Default: always 0.5. */
  readonly random?: (() => number) | undefined;
  /** A number that changes while something goes on that needs no time, such as the count of requests. */
  readonly activity?: (() => number) | undefined;
  /** The clock moves on by itself, to the next that waits, whenever nothing is under way. */
  readonly selfDrive?: SelfDriveOptions | undefined;
}

/** What holds a clock that moves on by itself. */
export interface SelfDriveOptions {
  /** Whether something is still under way: time stands still until it is over. */
  readonly busy: () => boolean;
  /** Real milliseconds to wait while something is under way, where another thread may be at work. Default 0. */
  readonly quietMs?: number;
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** Rounds of the event loop without activity after which nothing counts as under way. */
const quietRounds = 4;
/** The same before `run` looks again after a real millisecond, and before it gives up. */
const [patientRounds, mostRounds] = [10, 300];

/**
 * Time that moves only when a test lets it: with `advance()`, with `run()`, or by itself where nothing is under way.
 * `now`, `sleep` and `random` are options of createRuntime(). Nothing sleeps until the time limit of a request: to let
 * one run out, call `advance()`; the runtime sees it a little later in real time.
 *
 * @example
 * import { createRuntime } from 'spillway';
 * import { ManualClock, VendorDouble } from 'spillway/testing';
 *
 * const clock = new ManualClock();
 * const vendor = new VendorDouble(async () => {
 *   await clock.sleep(9_000);
 *   return { status: 200 };
 * });
 * const { now, sleep, random } = clock;
 * const runtime = createRuntime({ destinations, dispatcher: () => vendor, now, sleep, random });
 * // ... open a connection
 * await clock.run(connection.deliver(events)); // nine seconds pass in no time
 */
export class ManualClock {
  readonly #sleepers = new Set<Sleeper>();
  readonly #activity: () => number;
  readonly #selfDrive: SelfDriveOptions | undefined;
  #now: number;
  #driving = false;

  constructor({ start: first = start, random = () => 0.5, activity = () => 0, selfDrive }: ManualClockOptions = {}) {
    this.#now = first;
    this.#activity = activity;
    this.#selfDrive = selfDrive;
    this.random = random;
  }

  /** In [0, 1). */
  readonly random: () => number;
  /** Epoch ms. */
  readonly now = (): number => this.#now;
  /** Milliseconds since some moment: here those of `now`. */
  readonly elapsed = (): number => this.#now;

  /** Resolves when the clock has moved on by `ms`, or when the signal fires. */
  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> => sleepOn(this.after, ms, signal);

  /** Calls `run` when the clock has moved on by `ms`, unless the function it returns is called first. */
  readonly after = (ms: number, run: () => void): (() => void) => {
    const sleeper: Sleeper = { at: this.#now + ms, wake: run };
    this.#sleepers.add(sleeper);
    if (this.#selfDrive !== undefined && !this.#driving) void this.#moveOn(this.#selfDrive);
    return () => void this.#sleepers.delete(sleeper);
  };

  /** How many wait for the clock to move on. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let quiet = 0, before = this.#activity(); quiet < quietRounds; quiet++) {
      await nextRound();
      const after = this.#activity();
      if (after !== before) quiet = 0;
      before = after;
    }
  }

  /** Moves on by `ms`, and ends the waits that are over by then, in order. */
  async advance(ms: number): Promise<void> {
    await this.#advanceTo(this.#now + ms);
  }

  /** Moves on from wait to wait until the promise settles; throws when nothing would ever settle it. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let pending = true;
    const end = (): void => {
      pending = false;
    };
    promise.then(end, end);
    for (let idle = 0; pending;) {
      await this.settle();
      const next = pending ? this.#earliest() : undefined;
      if (next !== undefined) {
        idle = 0;
        await this.#advanceTo(next.at);
      } else if (idle++ > mostRounds) throw new Error('stuck: nobody sleeps and nothing happens');
      else if (idle > patientRounds) await realTime(1);
    }
    return promise;
  }

  async #advanceTo(time: number): Promise<void> {
    await this.settle();
    for (let next = this.#earliest(); next !== undefined && next.at <= time; next = this.#earliest()) {
      this.#wake(next);
      await this.settle();
    }
    this.#now = Math.max(this.#now, time);
  }

  async #moveOn({ busy, quietMs = 0 }: SelfDriveOptions): Promise<void> {
    this.#driving = true;
    while (this.#sleepers.size > 0) {
      await this.settle();
      if (busy()) {
        if (quietMs > 0) await realTime(quietMs);
        continue;
      }
      const next = this.#earliest();
      if (next !== undefined) this.#wake(next);
    }
    this.#driving = false;
  }

  #wake(sleeper: Sleeper): void {
    this.#now = Math.max(this.#now, sleeper.at);
    this.#sleepers.delete(sleeper);
    sleeper.wake();
  }

  #earliest(): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of this.#sleepers) if (first === undefined || sleeper.at < first.at) first = sleeper;
    return first;
  }
}
