import type { ReasonCode } from '../api/outcome.ts';
import { yieldToEventLoop, systemClock } from '../policy/clock.ts';
import { errorText } from '../runtime/error-text.ts';
import { safely } from '../runtime/signals.ts';
import { createAmbiguityMarker } from './ambiguous-after-crash.ts';
import { createPoisonTracker } from './poison-tracker.ts';
import { createClaimSelector } from './claim-selector.ts';
import { createOutageBreaker } from './outage-breaker.ts';
import { createBatchDeliveries } from './batch-deliveries.ts';
import { longestSleepMs } from './nap.ts';
import { createSuspensionWatch } from './suspension-watch.ts';
import { createSharedLimiter } from './permits.ts';
import { isStoreLost, type Claim } from './queue.ts';
import { createSettlementWriter } from './settlement-writer.ts';
import { defaultQueuePolicy } from './settlement.ts';
import { maxPrefetch, maxClaimBytes, type QueueWorker, type WorkOptions } from './work-options.ts';

/** So many events by themselves, after a good probe, say whether the vendor answers for others as well. */
const sampleSize = 7;

/** Each probe that failed makes the next one look so many times further ahead among those that failed least. */
const lookAhead = 16;

/** An event that never failed is a better probe than the last one: it waits no longer than this after that. */
const newcomerMs = 1_000;

/** An empty-handed look at the queue is not repeated faster than this. */
const shortestSleepMs = 10;

/**
 * Takes the events of one connection out of the queue, slice by slice, delivers them, and writes down what came of each as it comes.
 * Nothing is sent twice within a slice: what has to go again waits in the queue. A lane goes on behind an event that was
 * not delivered only once that is on disk, so that a crash cannot make it go again behind a later one.
 *
 * What failed does not hold up the others: it leaves apart from them, in ever smaller company and soon by itself, ever more rarely; with
 * each failure there is more of a case that it is to blame, see Blame.
 *
 * A vendor that cannot be reached opens a circuit: nothing leaves but one event at a time, after 1 s and twice as long each time up
 * to a minute, the one that failed least each time, and from ever further on, until the vendor answers for one, and for most of a few
 * more. Where it answers for a few of them, others follow by the dozen for as long as it goes on so. A suspended connection is
 * asked with its check(), or with one event where it has none, after a minute, up to an hour.
 */
export function work(options: WorkOptions): QueueWorker {
  const { queue, connection, configHash } = options;
  const { policy = defaultQueuePolicy, prefetch = maxPrefetch, inFlight = 2, withinMs = 30_000 } = options;
  const { batchSize = prefetch, retryConcurrency = 4 } = options;
  /** Events out at once: a slice more than may be under way, as one leaves when most of another has come back. */
  const mostOut = prefetch * (inFlight + 1) + batchSize * retryConcurrency;
  const { now = systemClock.now, after = systemClock.after, id = connection.id } = options;
  const emit = options.onSignal === undefined ? undefined : safely(options.onSignal);
  const { slug } = connection;

  const asking = new AbortController();
  const hurrying = new AbortController();
  const circuit = createOutageBreaker({
    now,
    held: (code, until) => held('unreachable', code, until),
    opened: () => departures.end(),
    resumed,
  });
  const pause = createSuspensionWatch({
    connection,
    now,
    held: (code, until) => held('suspended', code, until),
    resumed,
    defect,
  });
  const permits = createSharedLimiter({ shared: options.shared, now, after, defect });
  const recorder = createSettlementWriter({
    queue,
    id,
    configHash,
    now,
    after,
    hurry: hurrying.signal,
    refused: storeRefused,
    recovered() {
      // What it took is less than what the next events need.
      store = 'unknown';
      resumed();
      turn();
    },
    defect,
  });
  const blame = createPoisonTracker(now, policy.poison);
  const candidates = createClaimSelector({ queue, id, now, batchSize });
  const departures = createBatchDeliveries({
    connection,
    recorder,
    circuit,
    pause,
    permits,
    blame,
    aftermath: createAmbiguityMarker(queue, id, mostOut),
    policy,
    prefetch,
    inFlight,
    batchSize,
    withinMs,
    now,
    defect,
    freed: turn,
  });
  /** Whether the store takes writes: not asked yet, being asked, or so. */
  let store: 'unknown' | 'asked' | 'writable' = 'unknown';
  /** Why the queue cannot be used any more. */
  let lostTo: unknown;
  let underProbe = false;
  /** When a probe that had failed before left, as there was no other (epoch ms); `undefined` once it was another. */
  let staleProbeAt: number | undefined;
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
      timer = after(Math.min(longestSleepMs, Math.max(shortestSleepMs, at - now())), () => {
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
      unclaimed(error);
      return stopping ? undefined : circuit.at();
    }
  }

  function unclaimed(error: unknown): void {
    defect('queue.claim', error);
    if (isStoreLost(error)) lose(error);
    else circuit.recordDefect();
  }

  /** Returns when to look again (epoch ms); `undefined` where something else will tell: the end of a slice, or a put. */
  function goOn(): number | undefined {
    if (underProbe || recorder.isStuck()) return undefined;
    if (store !== 'writable') {
      proveStore();
      return undefined;
    }
    pause.refresh();
    const due = pause.reason() === undefined ? circuit.at() : pause.at();
    if (due !== undefined) {
      if (departures.running() > 0) return undefined;
      return now() < due ? newcomer(due) : probe();
    }
    const fresh = breathing || !departures.hasRoom() ? undefined : sendSlice();
    // After the others, as that is how the queue learns what failed before a restart.
    while (departures.running('apart') < retryConcurrency) {
      const company = candidates.retryGroup();
      if (company.length === 0) break;
      void departures.send(company, 'apart');
    }
    return fresh === 0 ? nextTime() : undefined;
  }

  /** Returns how many events it has. */
  function sendSlice(): number {
    const claims = queue.claim(id, prefetch, now(), maxClaimBytes, 'fresh');
    if (claims.length === 0) return 0;
    void departures.send(claims, 'slice');
    // A slice is some work to begin with; the other connections of the process come in between.
    breathing = true;
    void yieldToEventLoop().then(() => {
      breathing = false;
      turn();
    });
    return claims.length;
  }

  /** Nothing is sent that nobody could write down: a restart beside a full disk would send the same events again each time. */
  function proveStore(): void {
    if (store === 'asked' || queue.waiting(id) === 0) return;
    store = 'asked';
    void recorder.prove(Math.min(mostOut, queue.waiting(id))).then((good) => {
      store = good ? 'writable' : 'unknown';
      turn();
    });
  }

  function storeRefused(error: unknown, forMs: number): void {
    defect('queue.settle', error);
    if (isStoreLost(error)) return lose(error);
    if (forMs > 0 && !recorder.isStuck()) held('unreachable', 'internal_error', now() + forMs);
    departures.end();
  }

  /** Nothing can be claimed or settled any more, and so nothing may be sent. */
  function lose(error: unknown): void {
    lostTo ??= error;
    stopping = true;
    asking.abort();
    hurry();
    tellWaiters();
  }

  /** What is due and yet not given out waits for a slice of its lane. */
  function nextTime(): number | undefined {
    const at = queue.nextAt(id);
    return at !== undefined && at <= now() && departures.running() > 0 ? undefined : at;
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
    // Where one after another failed, the reason may be that they are alike: those that were put together.
    const look = lookAhead ** circuit.probesFailed();
    const fresh = candidates.fresh(look);
    if (fresh !== undefined) return startProbe(fresh);
    const failed = candidates.failed(look);
    return failed === undefined ? nextTime() : startProbe(failed, now());
  }

  /** Where the last probe had failed before, a newcomer says more, and need not wait until the next. Returns when to look again. */
  function newcomer(due: number): number | undefined {
    if (pause.reason() !== undefined || staleProbeAt === undefined) return due;
    const soonest = staleProbeAt + newcomerMs;
    if (now() < soonest) return Math.min(due, soonest);
    const fresh = candidates.fresh(1);
    return fresh === undefined ? due : startProbe(fresh);
  }

  function startProbe(claim: Claim, staleAt?: number): undefined {
    staleProbeAt = staleAt;
    if (pause.reason() !== undefined) pause.resumeForProbe();
    void probed(tryWith(claim));
  }

  /** Never rejects. */
  async function tryWith(claim: Claim): Promise<void> {
    const { again } = await departures.send([claim], 'probe');
    if (!again || stopping) return;
    try {
      for (let size = sampleSize, more = true; more && !stopping; size = 2 * sampleSize) {
        const sample = candidates.sample(size);
        const arrivals = await Promise.all(sample.map((one) => departures.send([one], 'sample')));
        more = circuit.recordSample(arrivals.flatMap(({ outcomes }) => outcomes));
      }
    } catch (error) {
      unclaimed(error);
    }
  }

  async function probed(probing: Promise<void>): Promise<void> {
    underProbe = true;
    await probing;
    underProbe = false;
    if (!stopping) pause.afterProbe();
    turn();
  }

  function tellWaiters(): void {
    // A check holds no claims: whoever stops need not wait for its answer.
    if (departures.running() > 0 || (underProbe && !stopping)) return;
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

  function hurry(): void {
    hurrying.abort();
    departures.end();
  }

  turn();
  return {
    stop(graceMs) {
      stopping = true;
      timer?.();
      timer = undefined;
      asking.abort();
      const off = after(Math.min(Math.max(0, graceMs), longestSleepMs), hurry);
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
    suspects: () => blame.suspects(),
    lost: () => lostTo,
    wake: turn,
  };
}
