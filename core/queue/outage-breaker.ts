import type { Outcome, ReasonCode } from '../api/outcome.ts';
import { createStandstill, outageProbes, healthOf, batchHealth, type VendorHealth } from './vendor-health.ts';

export interface OutageBreakerOptions {
  /** Epoch ms. */
  readonly now: () => number;
  /** It opened, or stays open after a probe: nothing but the next probe may leave, at `at` (epoch ms). */
  readonly held: (code: ReasonCode, at: number) => void;
  /** It opened while requests were under way: they are the last. */
  readonly opened: () => void;
  readonly resumed: () => void;
}

/**
 * Why events leave: as part of a slice; apart from it, because they failed before; as a probe; or as one of the sample that is taken
 * after a good probe.
 */
export type Purpose = 'slice' | 'apart' | 'probe' | 'sample';

/**
 * Opens when a vendor cannot be reached, or is too busy for anything: after several requests in a row that failed for want of it, or a
 * slice in which none got through. Then only probes leave, ever more rarely, until it answers one, and most of a sample as well.
 *
 * A vendor that answers for others is not down. What failed before counts only while nobody else gets through; and after a good sample
 * the circuit stays closed for a while, however many fail in a row.
 */
export interface OutageBreaker {
  /** Epoch ms of the next probe; `undefined` while it is closed. */
  at(): number | undefined;
  /** Probes in a row that the vendor failed on. */
  probesFailed(): number;
  /** One outcome, as it comes. */
  record(outcome: Outcome, errand: Purpose): void;
  /** All outcomes of a slice that ended, or of a probe. */
  recordBatch(outcomes: readonly Outcome[], errand: Purpose): BatchVerdict;
  /**
   * What the events of a sample came to, each by itself. Returns whether another sample is worth its requests: too few got through to go
   * on as usual, and yet not so few that the vendor can be called down.
   */
  recordSample(outcomes: readonly Outcome[]): boolean;
  /** Something of ours does not work: not so fast. */
  recordDefect(): void;
}

export interface BatchVerdict {
  /** The vendor answers. */
  readonly reached: boolean;
  /** It does so again: whether for others, too, is what a sample says. */
  readonly again: boolean;
  /** Epoch ms before which what has to go again should not: another event is to be the next probe. 0 = any time. */
  readonly earliest: number;
}

/** At half of all requests failing by themselves, one in 64 times. Each of them costs a vendor that is down one request more. */
const mostInARow = 6;
/** For so long after somebody got through, a slice in which nobody does proves nothing; nor does any row of failures after a good sample. */
const freshMs = 10_000;
/** For so long, what failed before is itself to blame for failing again. */
const othersMs = 60_000;

/** So many of the samples after a good probe fail in a row, and there is no next one. An outage that lets one in 50 through ends them soon. */
const mostInVain = 56;

export function createOutageBreaker({ now, held, opened, resumed }: OutageBreakerOptions): OutageBreaker {
  const outage = createStandstill(outageProbes);
  let inARow = 0;
  let probesFailed = 0;
  /** What became of the events of the samples since the last one that got through. */
  let inVain: readonly Extract<VendorHealth, { kind: 'failed' }>[] = [];
  /** What is told in one go came of one request. */
  let counted = false;
  /** Epoch ms when the vendor last answered for an event. */
  let reachedAt = Number.NEGATIVE_INFINITY;
  let closedUntil = Number.NEGATIVE_INFINITY;

  function fail(code: ReasonCode, earliest?: number): void {
    inARow = 0;
    outage.fail(now(), earliest);
    held(code, outage.at() ?? 0);
  }

  function count({ code, earliest }: Extract<VendorHealth, { kind: 'failed' }>, errand: Purpose): void {
    if (counted) return;
    counted = true;
    queueMicrotask(() => (counted = false));
    if (errand === 'apart' && now() - reachedAt < othersMs) return;
    inARow += 1;
    if (inARow < mostInARow || now() < closedUntil) return;
    fail(code, earliest);
    opened();
  }

  const unreached = (): BatchVerdict => ({
    reached: false,
    again: false,
    earliest: (outage.at() ?? 0) + outage.waitMs() / 2,
  });

  function concluded(outcomes: readonly Outcome[], errand: Purpose): BatchVerdict {
    const verdict = batchHealth(outcomes);
    if (verdict.kind === 'silent') return { reached: false, again: false, earliest: 0 };
    if (verdict.kind === 'reached') {
      const again = outage.at() !== undefined;
      if (again) resumed();
      inVain = [];
      if (errand === 'probe') outage.pass();
      else if (errand === 'slice') {
        probesFailed = 0;
        outage.clear();
      }
      return { reached: true, again, earliest: 0 };
    }
    const proves = errand === 'probe' || (errand === 'slice' && now() - reachedAt >= freshMs);
    if (!proves) return { reached: false, again: false, earliest: 0 };
    if (errand === 'probe') probesFailed += 1;
    fail(verdict.code, verdict.earliest);
    return unreached();
  }

  return {
    at: () => outage.at(),
    probesFailed: () => probesFailed,
    record(outcome, errand) {
      const sound = healthOf(outcome);
      if (sound.kind === 'reached') {
        reachedAt = now();
        inARow = 0;
      } else if (sound.kind === 'failed' && errand !== 'sample' && outage.at() === undefined) count(sound, errand);
    },
    recordBatch(outcomes, errand) {
      // What was under way when it opened says nothing new.
      if (errand !== 'probe' && outage.at() !== undefined) return unreached();
      return concluded(outcomes, errand);
    },
    recordSample(outcomes) {
      if (outage.at() !== undefined) return false;
      const sounds = outcomes.map(healthOf);
      const failed = sounds.filter((sound) => sound.kind === 'failed');
      const isGood = sounds.length === 0 ? inVain.length === 0 : failed.length * 2 <= sounds.length;
      if (isGood) {
        outage.clear();
        probesFailed = 0;
        closedUntil = now() + freshMs;
        return false;
      }
      inVain = failed.length < sounds.length ? [] : [...inVain, ...failed];
      if (sounds.length > 0 && inVain.length < mostInVain) return true;
      fail(inVain[0]!.code, Math.min(...inVain.map(({ earliest }) => earliest)));
      return false;
    },
    recordDefect: () => fail('internal_error'),
  };
}
