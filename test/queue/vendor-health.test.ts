import { describe, expect, it } from '@jest/globals';
import type { Outcome, Reason } from '../../core/index.ts';
import { healthOf, isPaced, pacedUntilOf } from '../../core/queue/vendor-health.ts';
import { slotRefusals } from '../../core/runtime/sending/outcomes.ts';

const retryAt = '2026-03-01T00:10:00.000Z';
const deferred = (reason: Reason): Outcome => ({ kind: 'deferred', eventId: 'm-1', reason, retryAt });

describe('F-83 the queue knows our own pace', () => {
  it('by the reason of the runtime: nobody was asked, and no other event may leave before', () => {
    const outcome = deferred(slotRefusals.throttled);
    expect([isPaced(outcome), healthOf(outcome)]).toEqual([true, { kind: 'silent' }]);
    expect(pacedUntilOf([outcome])).toBe(Date.parse(retryAt));
  });

  it('from what a folder says of one event in the same words: the others go on', () => {
    const outcome = deferred({ ...slotRefusals.throttled });
    expect([isPaced(outcome), healthOf(outcome).kind]).toEqual([false, 'failed']);
    expect(pacedUntilOf([outcome])).toBe(0);
  });
});
