import type { Outcome, ReasonCode } from '../api/outcome.ts';
import { breathe, systemClock } from '../runtime/clock.ts';
import { errorText } from '../runtime/error-text.ts';
import { safely } from '../runtime/signals.ts';
import { createCircuit } from './circuit.ts';
import { failpoint } from './failpoint.ts';
import { longestNapMs } from './nap.ts';
import { createPause } from './pause.ts';
import { createPermits } from './permits.ts';
import { isOver, type Claim } from './queue.ts';
import { createRecorder } from './recorder.ts';
import { defaultQueuePolicy } from './settlement.ts';
import { openSlice, type Slice } from './slice.ts';
import { wholeSuspension } from './suspension.ts';
import { mostInSlice, mostSliceBytes, type Working, type WorkOptions } from './work-options.ts';

/** An empty-handed look at the queue is not repeated faster than this. */
const shortestSleepMs = 10;

/**
 * Takes the events of one connection out of the queue, slice by slice, delivers them, and writes down what came of each as it comes.
 * Nothing is sent twice within a slice: what has to go again waits in the queue. A lane goes on behind an event that was
 * not delivered only once that is on disk, so that a crash cannot make it go again behind a later one.
 *
 * A vendor that cannot be reached opens a circuit: nothing leaves but one event at a time, after 1 s and twice as long each time up
 * to a minute, another one each time where there is another, until the vendor answers for one. A suspended connection is
 * asked with its check(), or with one event where it has none, after a minute, up to an hour.
 */
export function work(options: WorkOptions): Working {
  const { queue, connection, configHash } = options;
  const { policy = defaultQueuePolicy, sliceSize = mostInSlice, inFlight = 2, withinMs = 30_000 } = options;
  const { now = systemClock.now, after = systemClock.after, id = connection.id } = options;
  const emit = options.onSignal === undefined ? undefined : safely(options.onSignal);
  const { slug } = connection;

  /** Slices under way, and how to tell each to start nothing more. */
  const running = new Map<Slice, AbortController>();
  /** Claims of theirs that nothing has become of yet. */
  let open = 0;
  const asking = new AbortController();
  const hurrying = new AbortController();
  const circuit = createCircuit({
    now,
    held: (code, until) => held('unreachable', code, until),
    opened: endSlices,
    resumed,
  });
  const pause = createPause({
    connection,
    now,
    held: (code, until) => held('suspended', code, until),
    resumed,
    defect,
  });
  const permits = createPermits({ shared: options.shared, now, after, defect });
  const recorder = createRecorder({
    queue,
    id,
    configHash,
    now,
    after,
    hurry: hurrying.signal,
    refused: storeRefused,
    recovered() {
      resumed();
      turn();
    },
    defect,
  });
  /** Whether the store takes writes: not asked yet, being asked, or so. */
  let store: 'unknown' | 'asked' | 'writable' = 'unknown';
  /** Why the queue cannot be used any more. */
  let lostTo: unknown;
  let underProbe = false;
  let breathing = false;
  let stopping = false;
  let timer: (() => void) | undefined;
  let idlers: (() => void)[] = [];
  let finishers: (() => void)[] = [];

  function defect(where: string, error: unknown): void {
    emit?.({ kind: 'defect', slug, connection: id, where, error: errorText(error) });
  }

  /** Starts what may start, and sets the alarm for what may not yet. */
  function turn(): void {
    timer?.();
    timer = undefined;
    const at = stopping ? undefined : goOnSafely();
    if (at !== undefined) {
      timer = after(Math.min(longestNapMs, Math.max(shortestSleepMs, at - now())), () => {
        timer = undefined;
        turn();
      });
    }
    tellWaiters();
  }

  function goOnSafely(): number | undefined {
    try {
      return goOn();
    } catch (error) {
      defect('queue.claim', error);
      if (isOver(error)) lose(error);
      else circuit.stumble();
      return stopping ? undefined : circuit.at();
    }
  }

  /** Returns when to look again (epoch ms); `undefined` where something else will tell: the end of a slice, or a put. */
  function goOn(): number | undefined {
    if (underProbe || recorder.isStuck()) return undefined;
    if (store !== 'writable') {
      proveStore();
      return undefined;
    }
    pause.notice();
    const due = pause.reason() === undefined ? circuit.at() : pause.at();
    if (due !== undefined) {
      if (running.size > 0) return undefined;
      return now() < due ? due : probe();
    }
    if (breathing || !hasRoom()) return undefined;
    const claims = queue.claim(id, sliceSize, now(), mostSliceBytes);
    if (claims.length === 0) return nextTime();
    void send(claims);
    // A slice is some work to begin with; the other connections of the process come in between.
    breathing = true;
    void breathe().then(() => {
      breathing = false;
      turn();
    });
    return undefined;
  }

  /** Nothing is sent that nobody could write down: a restart beside a full disk would send the same events again each time. */
  function proveStore(): void {
    if (store === 'asked' || queue.waiting(id) === 0) return;
    store = 'asked';
    void recorder.prove().then((good) => {
      store = good ? 'writable' : 'unknown';
      turn();
    });
  }

  function storeRefused(error: unknown, forMs: number): void {
    defect('queue.settle', error);
    if (isOver(error)) return lose(error);
    if (forMs > 0 && !recorder.isStuck()) held('unreachable', 'internal_error', now() + forMs);
    endSlices();
  }

  /** Nothing can be claimed or settled any more, and so nothing may be sent. */
  function lose(error: unknown): void {
    lostTo ??= error;
    stopping = true;
    asking.abort();
    hurry();
    tellWaiters();
  }

  /** A slice that only waits for a few slow answers does not keep the sockets from the next. */
  function hasRoom(): boolean {
    let busy = 0;
    for (const slice of running.keys()) if (slice.isBusy()) busy += 1;
    return busy < inFlight && open <= sliceSize * inFlight;
  }

  /** What is due and yet not given out waits for a slice of its lane. */
  function nextTime(): number | undefined {
    const at = queue.nextAt(id);
    return at !== undefined && at <= now() && running.size > 0 ? undefined : at;
  }

  function held(cause: 'suspended' | 'unreachable', code: ReasonCode, until: number): void {
    emit?.({ kind: 'connection_held', slug, connection: id, cause, code, forMs: Math.max(0, until - now()) });
  }

  function resumed(): void {
    emit?.({ kind: 'connection_resumed', slug, connection: id });
  }

  function probe(): number | undefined {
    if (pause.reason() !== undefined && pause.canCheck()) {
      void probed(pause.check(asking.signal));
      return undefined;
    }
    const claims = queue.claim(id, 1, now());
    if (claims.length === 0) return nextTime();
    if (pause.reason() !== undefined) pause.liftForProbe();
    void probed(send(claims, 'probe'));
    return undefined;
  }

  async function probed(probing: Promise<void>): Promise<void> {
    underProbe = true;
    await probing;
    underProbe = false;
    if (!stopping) pause.probed();
    turn();
  }

  /** Never rejects. */
  async function send(claims: readonly Claim[], as: 'slice' | 'probe' = 'slice'): Promise<void> {
    const stop = new AbortController();
    const slice = openSlice(claims, { recorder, policy, now, suspended: () => connection.suspended(), freed });
    running.set(slice, stop);
    open += claims.length;
    const outcomes = await outcomesOf(slice, claims, stop.signal);
    if (outcomes === undefined) await slice.abandon();
    else await conclude(slice, outcomes, as, stop.signal);
    running.delete(slice);
    turn();
  }

  function freed(claims: number): void {
    open -= claims;
    if (claims > 0) turn();
  }

  async function outcomesOf(
    slice: Slice,
    claims: readonly Claim[],
    signal: AbortSignal,
  ): Promise<readonly Outcome[] | undefined> {
    try {
      await permits.wait(claims.length, signal);
      if (signal.aborted) return undefined;
      const events = claims.map(({ event }) => event);
      const settled = (position: number, outcome: Outcome): Promise<boolean> | undefined => {
        circuit.hear(outcome);
        return slice.hear(position, outcome);
      };
      failpoint('before send');
      const outcomes = await connection.deliver(events, { withinMs, signal, once: true, settled });
      if (outcomes.length === claims.length) return outcomes;
      throw new Error('deliver() did not return an outcome for each event');
    } catch (error) {
      defect('queue.deliver', error);
      circuit.stumble();
      return undefined;
    }
  }

  async function conclude(
    slice: Slice,
    outcomes: readonly Outcome[],
    as: 'slice' | 'probe',
    signal: AbortSignal,
  ): Promise<void> {
    const { reached, earliest } = circuit.conclude(outcomes, as);
    if (reached && as === 'slice') pause.clear();
    permits.tell(outcomes);
    const moved = await slice.conclude(outcomes, earliest);
    const inVain = !moved && (circuit.at() ?? 0) <= now() && !signal.aborted;
    // A connection that was closed gives everything back at once, for ever.
    if (inVain && wholeSuspension(connection.suspended()) === undefined) circuit.stumble();
  }

  function tellWaiters(): void {
    // A check holds no claims: whoever stops need not wait for its answer.
    if (running.size > 0 || (underProbe && !stopping)) return;
    const ready = stopping ? finishers : [];
    if (stopping) finishers = [];
    if (idlers.length > 0 && (stopping || pause.reason() !== undefined || nothingWaits())) {
      ready.push(...idlers);
      idlers = [];
    }
    for (const tell of ready) tell();
  }

  function nothingWaits(): boolean {
    try {
      return queue.waiting(id) === 0;
    } catch (error) {
      defect('queue.waiting', error);
      return false;
    }
  }

  /** Nothing more of what is under way is started. */
  function endSlices(): void {
    for (const stop of running.values()) stop.abort();
  }

  function hurry(): void {
    hurrying.abort();
    endSlices();
  }

  turn();
  return {
    stop(graceMs) {
      stopping = true;
      timer?.();
      timer = undefined;
      asking.abort();
      const off = after(Math.min(Math.max(0, graceMs), longestNapMs), hurry);
      return new Promise((resolve) => {
        finishers.push(() => {
          off();
          // The store may still be asked whether it takes writes.
          hurrying.abort();
          resolve();
        });
        tellWaiters();
      });
    },
    idle: () =>
      new Promise((resolve) => {
        idlers.push(resolve);
        tellWaiters();
      }),
    ended: () =>
      new Promise((resolve) => {
        finishers.push(resolve);
        tellWaiters();
      }),
    paused: () => pause.reason(),
    lost: () => lostTo,
    wake: turn,
  };
}
