import type { Outcome, Reason, ReasonCode } from '../api/outcome.ts';
import type { DestinationManifest } from '../api/manifest.ts';
import { systemClock, type Clock } from '../runtime/clock.ts';
import type { Connection } from '../runtime/connection.ts';
import { errorText } from '../runtime/error-text.ts';
import { safely, type Emit } from '../runtime/signals.ts';
import { failpoint } from './failpoint.ts';
import { longestNapMs, nap } from './nap.ts';
import { createCircuit } from './circuit.ts';
import { createStandstill, heldUntil, suspensionProbes } from './probe.ts';
import { isTaken, type Claim, type DeliveryQueue } from './queue.ts';
import type { RateBudget } from './rate-budget.ts';
import { createRecorder } from './recorder.ts';
import { defaultQueuePolicy, policyFor, type QueuePolicy } from './settlement.ts';
import { openSlice, type Slice } from './slice.ts';
import { wholeSuspension } from './suspension.ts';

/** What a worker needs of a queue. */
export type WorkableQueue = Pick<DeliveryQueue, 'claim' | 'nextAt' | 'settle' | 'release' | 'waiting'>;

/** What a worker needs of a connection. */
export type WorkableConnection = Pick<Connection, 'slug' | 'id' | 'deliver' | 'check' | 'suspended' | 'resume'>;

export interface WorkOptions {
  readonly queue: WorkableQueue;
  readonly connection: WorkableConnection;
  /** Under which the queue keeps its events. Default: the connection's own. */
  readonly id?: string;
  /** Default: until an event is a day old. policyFor(manifest) knows better. */
  readonly policy?: QueuePolicy;
  /** Of the connection's settings: goes into dead letters. */
  readonly configHash: string;
  /** Most events taken out at once (default 1,000). workFor(manifest) knows better. */
  readonly sliceSize?: number;
  /** Slices under way at once (default 2): the next is sent while the answers to one are still coming. */
  readonly inFlight?: number;
  /** How long one slice may take, in milliseconds (default 30 s). */
  readonly withinMs?: number;
  /** Pace shared with other workers. Each event is a permit; without `perSecond` only the vendor's pauses are shared. */
  readonly shared?: { readonly budget: RateBudget; readonly bucket: string; readonly perSecond?: number };
  /** Epoch ms. Default: Date.now. */
  readonly now?: Clock['now'];
  readonly after?: Clock['after'];
  /** Held and resumed connections, defects. What it throws is ignored. */
  readonly onSignal?: Emit;
}

/** A worker under way. */
export interface Working {
  /**
   * Takes nothing more out, waits for what is in flight, after `graceMs` tells the connection to start nothing more, settles what
   * came back and gives back the rest. Called again with less, it hurries.
   */
  stop(graceMs: number): Promise<void>;
  /** Resolves when nothing waits any more and all is settled; or when the connection pauses, or the worker ended. */
  idle(): Promise<void>;
  /** Why the connection pauses; `undefined` while it does not. */
  paused(): Reason | undefined;
  /** What the queue threw when it turned out to be another process's: the worker has ended. `undefined` while it is ours. */
  lost(): unknown;
  /** There may be something new: events were put, revived or replayed, or somebody resumed the connection. */
  wake(): void;
}

/** What suits a destination: how long to try, and slices of one request for each of its sockets. */
export const workFor = (
  manifest: Pick<DestinationManifest, 'limits' | 'pace' | 'maxQueueAgeMs'>,
): Required<Pick<WorkOptions, 'policy' | 'sliceSize'>> => ({
  policy: policyFor(manifest),
  sliceSize: Math.min(mostInSlice, manifest.limits.maxItems * manifest.pace.concurrency),
});

const mostInSlice = 1_000;
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
  const { queue, connection, configHash, shared } = options;
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
  const suspension = createStandstill(suspensionProbes);
  const circuit = createCircuit({
    now,
    held: (code, until) => held('unreachable', code, until),
    opened: endSlices,
    resumed,
  });
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
  let pausedFor: Reason | undefined;
  /** Until the destination says that it has no check. */
  let canCheck = true;
  let probing = false;
  let stopping = false;
  let timer: (() => void) | undefined;
  let idlers: (() => void)[] = [];
  let finishers: (() => void)[] = [];

  function defect(where: string, error: unknown): void {
    emit?.({ kind: 'defect', slug, where, error: errorText(error) });
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
      if (isTaken(error)) return void lose(error);
      circuit.stumble();
      return circuit.at();
    }
  }

  /** Returns when to look again (epoch ms); `undefined` where something else will tell: the end of a slice, or a put. */
  function goOn(): number | undefined {
    if (probing || recorder.isStuck()) return undefined;
    if (store !== 'writable') return void proveStore();
    noticeSuspension();
    const due = pausedFor === undefined ? circuit.at() : suspension.at();
    if (due !== undefined) {
      if (running.size > 0) return undefined;
      return now() < due ? due : probe();
    }
    while (hasRoom()) {
      const claims = queue.claim(id, sliceSize, now());
      if (claims.length === 0) return nextTime();
      void send(claims);
    }
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
    if (isTaken(error)) return lose(error);
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

  function noticeSuspension(): void {
    const reason = wholeSuspension(connection.suspended());
    if (reason !== undefined && pausedFor === undefined) putOff(reason);
    if (reason === undefined && pausedFor !== undefined) {
      pausedFor = undefined;
      resumed();
    }
  }

  function putOff(reason: Reason): void {
    pausedFor = reason;
    suspension.fail(now());
    held('suspended', reason.code, suspension.at() ?? 0);
  }

  function held(cause: 'suspended' | 'unreachable', code: ReasonCode, until: number): void {
    emit?.({ kind: 'connection_held', slug, connection: id, cause, code, forMs: Math.max(0, until - now()) });
  }

  function resumed(): void {
    emit?.({ kind: 'connection_resumed', slug, connection: id });
  }

  function probe(): number | undefined {
    if (pausedFor !== undefined && canCheck) {
      void probed(ask());
      return undefined;
    }
    const claims = queue.claim(id, 1, now());
    if (claims.length === 0) return nextTime();
    // Scopes are lifted with the rest: the next event of each finds out anew.
    if (pausedFor !== undefined) connection.resume();
    void probed(send(claims, 'probe'));
    return undefined;
  }

  async function probed(answer: Promise<'asked' | 'cannot ask'>): Promise<void> {
    probing = true;
    const asked = (await answer) === 'asked';
    probing = false;
    const reason = stopping ? undefined : wholeSuspension(connection.suspended());
    if (asked && pausedFor !== undefined && reason !== undefined) putOff(reason);
    turn();
  }

  /** A yes ends the suspension: check() itself sees to that. */
  async function ask(): Promise<'asked' | 'cannot ask'> {
    try {
      const { kind } = await connection.check({ signal: asking.signal });
      if (kind !== 'unsupported') return 'asked';
      canCheck = false;
      return 'cannot ask';
    } catch (error) {
      defect('queue.check', error);
      return 'asked';
    }
  }

  /** Never rejects. */
  async function send(claims: readonly Claim[], as: 'slice' | 'probe' = 'slice'): Promise<'asked'> {
    const stop = new AbortController();
    const slice = openSlice(claims, { recorder, policy, now, suspended: () => connection.suspended(), freed });
    running.set(slice, stop);
    open += claims.length;
    const outcomes = await outcomesOf(slice, claims, stop.signal);
    if (outcomes === undefined) await slice.abandon();
    else await conclude(slice, outcomes, as, stop.signal);
    running.delete(slice);
    turn();
    return 'asked';
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
      await permitted(claims.length, signal);
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
    if (reached && as === 'slice' && wholeSuspension(connection.suspended()) === undefined) suspension.clear();
    await tellOthers(outcomes);
    const moved = await slice.conclude(outcomes, earliest);
    const inVain = !moved && (circuit.at() ?? 0) <= now() && !signal.aborted;
    // A connection that was closed gives everything back at once, for ever.
    if (inVain && wholeSuspension(connection.suspended()) === undefined) circuit.stumble();
  }

  async function permitted(permits: number, signal: AbortSignal): Promise<void> {
    if (shared === undefined) return;
    const { budget, bucket, perSecond = Number.POSITIVE_INFINITY } = shared;
    let wait = await budget.lease(bucket, permits, perSecond);
    while (wait > 0 && !signal.aborted) {
      await nap(wait, after, signal);
      wait = await budget.lease(bucket, 0, perSecond);
    }
  }

  async function tellOthers(outcomes: readonly Outcome[]): Promise<void> {
    const ms = heldUntil(outcomes) - now();
    if (shared === undefined || ms <= 0) return;
    try {
      await shared.budget.hold(shared.bucket, ms);
    } catch (error) {
      defect('queue.budget', error);
    }
  }

  function tellWaiters(): void {
    // A check holds no claims: whoever stops need not wait for its answer.
    if (running.size > 0 || (probing && !stopping)) return;
    const ready = stopping ? finishers : [];
    if (stopping) finishers = [];
    if (idlers.length > 0 && (stopping || pausedFor !== undefined || nothingWaits())) {
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
    paused: () => pausedFor,
    lost: () => lostTo,
    wake: turn,
  };
}
