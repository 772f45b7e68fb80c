import type { Claim } from './queue.ts';
import { freshProbeMs } from './waits.ts';
import type { WorkerParts } from './worker-parts.ts';

/** So many events, sent one by one after a good probe, say whether the vendor answers for others as well. */
const sampleSize = 7;

/** Each failed probe makes the next one look this many times further ahead among the events that failed least often. */
const lookAheadFactor = 16;

export interface ProberOptions extends Pick<WorkerParts, 'now' | 'outage' | 'suspension' | 'selector' | 'deliveries'> {
  readonly isStopping: () => boolean;
  /** Ends a check() that nobody waits for any more. */
  readonly checkSignal: AbortSignal;
  /** Epoch ms when the queue has something that may leave; `undefined` where something else calls step(). */
  readonly nextClaimAt: () => number | undefined;
  readonly onClaimFailed: (error: unknown) => void;
  readonly onEnd: () => void;
}

/** Sends the probes of the breaker that is open: a suspension's, or else an outage's. */
export interface Prober {
  isProbing(): boolean;
  /**
   * The next probe is due at `probeAt` (epoch ms). Starts it where it is due, or an earlier one where that says more.
   * Returns when to look again (epoch ms); `undefined` where a probe is in progress, or something else calls it.
   */
  step(probeAt: number): number | undefined;
}

export function createProber(options: ProberOptions): Prober {
  const { now, outage, suspension, selector, deliveries, isStopping, checkSignal, onClaimFailed, onEnd } = options;
  let isProbing = false;
  /** Epoch ms when the last probe left, where it had failed before because there was no other event. */
  let staleProbeAt: number | undefined;

  function probe(): number | undefined {
    if (suspension.reason() !== undefined && suspension.canCheck()) {
      void track(suspension.check(checkSignal));
      return undefined;
    }
    // Events that were put together may fail for being alike: look further ahead each time.
    const look = lookAheadFactor ** outage.failedProbes();
    const fresh = selector.fresh(look);
    if (fresh !== undefined) return start(fresh);
    const failed = selector.failed(look);
    return failed === undefined ? options.nextClaimAt() : start(failed, now());
  }

  /**
   * Where the last probe had failed before, an event that never did says more, and need not wait for the next probe.
   */
  function probeEarly(probeAt: number): number | undefined {
    if (suspension.reason() !== undefined || staleProbeAt === undefined) return probeAt;
    const soonest = staleProbeAt + freshProbeMs;
    if (now() < soonest) return Math.min(probeAt, soonest);
    const fresh = selector.fresh(1);
    return fresh === undefined ? probeAt : start(fresh);
  }

  function start(claim: Claim, staleAt?: number): undefined {
    staleProbeAt = staleAt;
    if (suspension.reason() !== undefined) suspension.resumeForProbe();
    void track(probeWith(claim));
  }

  /** Never rejects. */
  async function probeWith(claim: Claim): Promise<void> {
    const { recovered } = await deliveries.deliver([claim], 'probe');
    if (!recovered || isStopping()) return;
    try {
      for (let size = sampleSize, more = true; more && !isStopping(); size = 2 * sampleSize) {
        const sample = selector.sample(size);
        const results = await Promise.all(sample.map((one) => deliveries.deliver([one], 'sample')));
        more = outage.recordSample(results.flatMap(({ outcomes }) => outcomes));
      }
    } catch (error) {
      onClaimFailed(error);
    }
  }

  async function track(probing: Promise<void>): Promise<void> {
    isProbing = true;
    await probing;
    isProbing = false;
    if (!isStopping()) suspension.afterProbe();
    onEnd();
  }

  return {
    isProbing: () => isProbing,
    step: (probeAt) => (now() < probeAt ? probeEarly(probeAt) : probe()),
  };
}
