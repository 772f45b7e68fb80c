import { longestSleepMs, yieldToEventLoop } from '../policy/clock.ts';
import { createProber } from './prober.ts';
import { isStoreLost } from './queue.ts';
import { shortestWaitMs } from './waits.ts';
import { maxClaimBytes, type QueueWorker, type WorkOptions } from './work-options.ts';
import { createWorkerParts } from './worker-parts.ts';

/** After so many events that are retried, the rest waits for the next turn of the event loop. */
const maxRetriesPerTurn = 100;

const noAlarm = (): void => undefined;

/**
 * Takes the events of one connection out of the queue, batch by batch, delivers them, and records each outcome as it
 * comes. Within a batch nothing is sent twice: retries wait in the queue. A lane goes on behind an event that was not
 * delivered only once that is on disk, so that a crash cannot send that event behind a later one.
 *
 * Where our own pace lets nothing leave, nothing is claimed until it does: a quota of a few requests a day is for full
 * ones.
 *
 * An event that failed does not delay the others: it is retried apart from them, in ever smaller groups and soon by
 * itself, ever more rarely. Each failure by itself makes it more likely that the event is to blame, see PoisonTracker.
 *
 * A vendor that cannot be reached opens a circuit breaker. Then one event at a time leaves, as a probe: the first after
 * 1 s, each further one after twice as long, up to a minute. A probe is an event that never failed, else one of those
 * that failed least often; after each failed probe the worker looks further ahead for the next. When the vendor answers
 * a probe, a small sample follows. If most of it gets through, everything leaves again; if only some does, larger
 * samples follow. A suspended connection is probed with its check(), or with one event where it has none: the first
 * time after a minute, then ever more rarely, up to an hour.
 */
export function work(options: WorkOptions): QueueWorker {
  /** Whether the store takes writes. */
  let store: 'unknown' | 'checking' | 'writable' = 'unknown';
  /** Why the queue cannot be used any more. */
  let storeError: unknown;
  /** The next turn() is scheduled, after other connections of the process have run. */
  let isYielding = false;
  let isStopping = false;
  /** Nothing is claimed, because our own pace lets nothing leave. */
  let isHeldByPace = false;
  /** Of the timer that calls turn() next. */
  let cancelAlarm = noAlarm;
  let idleWaiters: (() => void)[] = [];
  let endWaiters: (() => void)[] = [];
  /** Ends a probe that is a check(). */
  const checks = new AbortController();
  /** Fires when no time is left: the writer tries each refused settlement once more, then releases its claim. */
  const hurry = new AbortController();
  const parts = createWorkerParts(options, {
    hurry: hurry.signal,
    onRefused: onStoreRefused,
    onRecovered: onStoreRecovered,
    onCapacity: turn,
  });
  const { queue, id, now, after, prefetch, signals, outage, suspension, writer, monitor, selector, deliveries } = parts;
  const prober = createProber({
    ...parts,
    isStopping: () => isStopping,
    checkSignal: checks.signal,
    nextClaimAt,
    onClaimFailed,
    onEnd: turn,
  });

  /** Starts what may start, and sets an alarm for what may not yet. */
  function turn(): void {
    cancelAlarm();
    cancelAlarm = noAlarm;
    const at = isStopping ? undefined : stepSafely();
    if (at !== undefined) {
      const ms = Math.max(shortestWaitMs, at - now());
      cancelAlarm = after(Math.min(longestSleepMs, ms), turn);
    }
    resolveWaiters();
  }

  function stepSafely(): number | undefined {
    try {
      return step();
    } catch (error) {
      onClaimFailed(error);
      return isStopping ? undefined : outage.probeAt();
    }
  }

  function onClaimFailed(error: unknown): void {
    signals.defect('queue.claim', error);
    if (isStoreLost(error)) endWith(error);
    else outage.recordDefect();
  }

  /**
   * Returns when to look again (epoch ms); `undefined` where something else calls turn(): the end of a batch or of a
   * probe, the store as it recovers, or wake().
   */
  function step(): number | undefined {
    // Beside a probe nothing leaves; and nothing while the store refuses settlements, as no outcome could be recorded.
    if (prober.isProbing() || writer.isStuck()) return undefined;
    if (store !== 'writable') {
      checkStore();
      return undefined;
    }
    suspension.refresh();
    // What comes meanwhile gathers in the queue, and leaves in full requests when the pace allows one.
    const pacedUntil = deliveries.pacedUntil();
    if (pacedUntil > now()) {
      isHeldByPace = true;
      return pacedUntil;
    }
    if (isHeldByPace) signals.resumed();
    isHeldByPace = false;
    // Of the two breakers, a suspension comes first: while nothing may leave, an outage cannot be probed.
    const probeAt = suspension.reason() === undefined ? outage.probeAt() : suspension.probeAt();
    // A probe leaves alone, after the batches in flight: the end of each looks again.
    if (probeAt !== undefined) return deliveries.count() > 0 ? undefined : prober.step(probeAt);
    if (isYielding) return undefined;
    const hasCapacity = deliveries.hasCapacity();
    const freshCount = hasCapacity ? deliverFresh() : 0;
    // After the fresh ones: claiming those is how the queue learns what failed before a restart.
    deliverRetries();
    // Without capacity, the end of a batch looks again; with fresh events, the turn after them does.
    if (!hasCapacity || freshCount > 0) return undefined;
    const at = nextClaimAt();
    if (at !== 0) return at;
    // The claim met many events that may not leave, and has not looked at all of them yet.
    continueNextTurn();
    return undefined;
  }

  /** What is sent must be recordable: else each restart beside a full disk would send the same events again. */
  function checkStore(): void {
    if (store === 'checking' || queue.waiting(id) === 0) return;
    store = 'checking';
    void writer.proveWritable(Math.min(parts.maxOut, queue.waiting(id))).then((isWritable) => {
      store = isWritable ? 'writable' : 'unknown';
      turn();
    });
  }

  /** Returns how many events leave. */
  function deliverFresh(): number {
    const claims = queue.claim(id, prefetch, now(), maxClaimBytes, 'fresh');
    if (claims.length === 0) return 0;
    void deliveries.deliver(claims, 'batch');
    continueNextTurn();
    return claims.length;
  }

  function deliverRetries(): void {
    for (let started = 0; deliveries.count('retry') < parts.retryConcurrency;) {
      if (started >= maxRetriesPerTurn) return continueNextTurn();
      const group = selector.retryGroup();
      if (group.length === 0) return;
      started += group.length;
      void deliveries.deliver(group, 'retry');
    }
  }

  /** Starting a batch takes some time: lets the other connections of the process run before the next. */
  function continueNextTurn(): void {
    if (isYielding) return;
    isYielding = true;
    void yieldToEventLoop().then(() => {
      isYielding = false;
      turn();
    });
  }

  /** What is due, but not given out, waits for a batch in flight that has its lane. */
  function nextClaimAt(): number | undefined {
    const at = queue.nextAt(id);
    return at !== undefined && at > 0 && at <= now() && deliveries.count() > 0 ? undefined : at;
  }

  function onStoreRefused(error: unknown, retryMs: number): void {
    signals.defect('queue.settle', error);
    if (isStoreLost(error)) return endWith(error);
    // The signal has no cause of its own for a store that refuses; `internal_error` says that it is not the vendor.
    if (retryMs > 0 && !writer.isStuck()) signals.held('unreachable', 'internal_error', now() + retryMs);
    deliveries.abort();
  }

  function onStoreRecovered(): void {
    // The settlements that it took may need less space than those of the next events: it is asked before they leave.
    store = 'unknown';
    signals.resumed();
    turn();
  }

  /** Nothing can be claimed or settled any more, so nothing may be sent. */
  function endWith(error: unknown): void {
    storeError ??= error;
    isStopping = true;
    checks.abort();
    monitor.stop();
    endNow();
    resolveWaiters();
  }

  function endNow(): void {
    hurry.abort();
    deliveries.abort();
  }

  function resolveWaiters(): void {
    // A check() has no claims: stopping does not wait for it.
    if (deliveries.count() > 0 || (prober.isProbing() && !isStopping)) return;
    const ready = isStopping ? endWaiters : [];
    if (isStopping) endWaiters = [];
    if (idleWaiters.length > 0 && (isStopping || suspension.reason() !== undefined || isEmpty())) {
      ready.push(...idleWaiters);
      idleWaiters = [];
    }
    for (const resolve of ready) resolve();
  }

  function isEmpty(): boolean {
    try {
      return queue.waiting(id) === 0;
    } catch (error) {
      signals.defect('queue.waiting', error);
      return false;
    }
  }

  turn();
  return {
    stop(graceMs) {
      isStopping = true;
      cancelAlarm();
      cancelAlarm = noAlarm;
      checks.abort();
      monitor.stop();
      const cancelGrace = after(Math.min(Math.max(0, graceMs), longestSleepMs), endNow);
      return new Promise((resolve) => {
        endWaiters.push(() => {
          cancelGrace();
          // The store may still be asked whether it takes writes.
          hurry.abort();
          resolve();
        });
        resolveWaiters();
      });
    },
    idle: () =>
      new Promise((resolve) => {
        idleWaiters.push(resolve);
        resolveWaiters();
      }),
    ended: () =>
      new Promise((resolve) => {
        endWaiters.push(resolve);
        resolveWaiters();
      }),
    paused: () => suspension.reason(),
    state: () => monitor.state(queue.waiting(id)),
    waiting: () => queue.waiting(id),
    counts: () => monitor.counts(),
    storeError: () => storeError,
    wake: turn,
    resume() {
      options.connection.resume();
      turn();
    },
  };
}
