import { ambiguousCodes, type Outcome, type Reason } from '../api/outcome.ts';

/** When to try again what stands still: first after `firstMs`, then twice as long each time, up to `longestMs`. */
export interface ProbeTimes {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** A vendor that cannot be reached, or is too busy, for anything. */
export const outageProbes: ProbeTimes = { firstMs: 1_000, longestMs: 60_000 };

/** A connection that a human has to look after. */
export const suspensionProbes: ProbeTimes = { firstMs: 60_000, longestMs: 3_600_000 };

/** Something that stands still, and when it is tried next. */
export interface Standstill {
  /** Epoch ms of the next probe; `undefined` while all goes well. */
  at(): number | undefined;
  /** The last wait, in milliseconds. */
  waitMs(): number;
  /** It failed: the next probe comes later than the last one did, and not before `earliest` (epoch ms). */
  fail(now: number, earliest?: number): void;
  /** The probe went well. Should it fail again before clear(), it is tried as rarely as before. */
  pass(): void;
  /** All is well. */
  clear(): void;
}

export function createStandstill({ firstMs, longestMs }: ProbeTimes): Standstill {
  let at: number | undefined;
  let waited = 0;
  return {
    at: () => at,
    waitMs: () => waited,
    fail(now, earliest = now) {
      waited = waited === 0 ? firstMs : Math.min(longestMs, waited * 2);
      at = Math.max(now + waited, earliest);
    },
    pass() {
      at = undefined;
    },
    clear() {
      at = undefined;
      waited = 0;
    },
  };
}

/** What an outcome, or a slice of them, says of its vendor. */
export type VendorHealth =
  /** It answered, for at least one event. */
  | { readonly kind: 'reached' }
  /** It did so for none, and at least one failed for want of it. `earliest`: before then it should not be asked again (epoch ms). */
  | { readonly kind: 'failed'; readonly code: Reason['code']; readonly earliest: number }
  /** Nobody asked it. */
  | { readonly kind: 'silent' };

/** Reasons that are about the vendor or the way there, not about an event. */
const absent: ReadonlySet<Reason['code']> = new Set([
  'vendor_unavailable',
  'network',
  'timeout',
  ...ambiguousCodes,
  'rate_limited',
]);

const reached: VendorHealth = { kind: 'reached' };
const silent: VendorHealth = { kind: 'silent' };

/** What is held by its scope says nothing of the vendor as a whole. */
export function healthOf(outcome: Outcome): VendorHealth {
  if (outcome.kind === 'delivered') return reached;
  if ('scope' in outcome && outcome.scope !== undefined) return silent;
  const { code, status } = outcome.reason;
  if (outcome.kind !== 'deferred' && outcome.kind !== 'unknown') return status === undefined ? silent : reached;
  if (!absent.has(code)) return silent;
  return { kind: 'failed', code, earliest: (outcome.kind === 'deferred' && timeOf(outcome.retryAt)) || 0 };
}

export function batchHealth(outcomes: readonly Outcome[]): VendorHealth {
  let failed: Extract<VendorHealth, { kind: 'failed' }> | undefined;
  for (const outcome of outcomes) {
    const sound = healthOf(outcome);
    if (sound.kind === 'reached') return sound;
    if (sound.kind === 'silent') continue;
    if (failed === undefined) failed = sound;
    else if (sound.earliest < failed.earliest) failed = { ...failed, earliest: sound.earliest };
  }
  return failed ?? silent;
}

/** How long the vendor itself asked everybody, not a scope, to wait: the latest such time, in epoch ms; 0 when it did not. */
export function retryAfterOf(outcomes: readonly Outcome[]): number {
  let until = 0;
  for (const outcome of outcomes) {
    if (outcome.kind !== 'deferred' || outcome.reason.code !== 'rate_limited' || outcome.scope !== undefined) continue;
    if (outcome.reason.status !== undefined) until = Math.max(until, timeOf(outcome.retryAt));
  }
  return until;
}

const timeOf = (written: string | undefined): number => (written === undefined ? 0 : Date.parse(written));
