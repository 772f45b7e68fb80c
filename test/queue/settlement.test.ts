import { describe, expect, it } from '@jest/globals';
import type { Outcome } from '../../core/index.ts';
import { defaultQueuePolicy, policyFor, settlementOf, workFor } from '../../core/queue/index.ts';
import adjust from '../../destinations/adjust/index.ts';
import rokt from '../../destinations/rokt/index.ts';

const now = Date.parse('2026-01-15T12:00:00.000Z');
const claim = { seq: 7, attempts: 0, acceptedAt: now - 1_000 };
const at = { policy: defaultQueuePolicy, now, paused: false };
const failed: Outcome = {
  kind: 'deferred',
  eventId: 'e',
  reason: { code: 'vendor_unavailable', message: 'The vendor cannot take it now (503)' },
  retryAt: new Date(now + 300).toISOString(),
};
const afterMs = (attempts: number): number => {
  const settlement = settlementOf({ ...claim, attempts }, failed, at);
  return settlement.kind === 'retry' ? settlement.notBefore - now : Number.NaN;
};

describe('how long a queue tries', () => {
  it('is a day, and 28 for Adjust, which takes events that long (ADJUST-33)', () => {
    expect(policyFor(rokt.manifest)).toEqual({ attempts: Infinity, maxAgeMs: 86_400_000 });
    expect(policyFor(adjust.manifest)).toEqual({ attempts: Infinity, maxAgeMs: 28 * 86_400_000 });
  });

  it('in batches of one request for each socket, a thousand events at most', () => {
    expect(workFor(adjust.manifest).prefetch).toBe(32);
    const limits = { ...adjust.manifest.limits, maxItems: 25 };
    expect(workFor({ ...adjust.manifest, limits }).prefetch).toBe(800);
    expect(workFor(rokt.manifest).prefetch).toBe(1_000);
  });
});

describe('an event that fails again and again', () => {
  it('waits as the vendor says at first, then ever longer, up to five minutes', () => {
    expect([0, 1, 2, 3, 4].map(afterMs)).toEqual([300, 1_000, 2_000, 4_000, 8_000]);
    expect([9, 10, 1_000].map(afterMs)).toEqual([256_000, 300_000, 300_000]);
  });

  it('waits between half of that and all of it, so that those that failed together do not come back together', () => {
    const waits = [0, 0.5, 1].map((chance) => {
      const settlement = settlementOf({ ...claim, attempts: 4 }, failed, { ...at, random: () => chance });
      return settlement.kind === 'retry' ? settlement.notBefore - now : Number.NaN;
    });
    expect(waits).toEqual([4_000, 6_000, 8_000]);
  });

  it('waits no longer behind another, or where our own limit throttled it and no answer did', () => {
    for (const code of ['rate_limited', 'held_back'] as const) {
      const outcome: Outcome = { ...failed, reason: { ...failed.reason, code } };
      expect(settlementOf({ ...claim, attempts: 9 }, outcome, at)).toEqual({
        kind: 'retry',
        seq: 7,
        attempts: 9,
        notBefore: now + 300,
      });
    }
  });
});

describe('an event whose answer was lost', () => {
  const lost: Outcome = { ...failed, reason: { code: 'ambiguous_delivery', message: 'The connection broke' } };
  const refused: Outcome = {
    kind: 'rejected',
    eventId: 'e',
    reason: { code: 'vendor_rejected', message: 'No.', status: 400 },
  };

  it('is ambiguous from then on, whatever follows', () => {
    expect(settlementOf(claim, lost, at)).toMatchObject({ kind: 'retry', ambiguous: true });
    expect(settlementOf({ ...claim, ambiguous: true }, failed, at)).toMatchObject({ kind: 'retry', ambiguous: true });
    expect(settlementOf(claim, failed, at)).not.toHaveProperty('ambiguous');
  });

  it('is not claimed to be rejected when it is refused later', () => {
    expect(settlementOf(claim, refused, at)).toMatchObject({ outcome: 'rejected' });
    expect(settlementOf({ ...claim, ambiguous: true }, refused, at)).toMatchObject({
      kind: 'dead',
      outcome: 'unknown',
      reason: { code: 'ambiguous_delivery', status: 400 },
    });
  });
});
