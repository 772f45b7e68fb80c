import { describe, expect, it } from '@jest/globals';
import { Suspensions } from '../../core/runtime/sending/suspensions.ts';

describe('suspensions', () => {
  const reason = (message: string) => ({ code: 'unauthorized', message }) as const;

  it('keep the first reason, and say whether they are news', () => {
    const suspensions = new Suspensions();
    expect(suspensions.any).toBe(false);
    expect([
      suspensions.add(reason('1'), 'a'),
      suspensions.add(reason('2'), 'a'),
      suspensions.add(reason('3')),
    ]).toEqual([true, false, true]);
    expect(suspensions.any).toBe(true);
    expect(suspensions.list()).toEqual([{ reason: reason('3') }, { scope: 'a', reason: reason('1') }]);
  });

  it('concern a delivery by any of its scopes, or all deliveries', () => {
    const suspensions = new Suspensions();
    suspensions.add(reason('b'), 'b');
    expect(suspensions.against(['a', 'b'])).toEqual({ reason: reason('b'), scope: 'b' });
    expect(suspensions.against(['a'])).toBeUndefined();
    expect(suspensions.against(undefined)).toBeUndefined();
    suspensions.add(reason('all'));
    expect(suspensions.against(undefined)).toEqual({ reason: reason('all') });
  });

  it('are lifted one by one or all together', () => {
    const suspensions = new Suspensions();
    suspensions.add(reason('a'), 'a');
    suspensions.add(reason('b'), 'b');
    suspensions.lift('a');
    expect(suspensions.list()).toEqual([{ scope: 'b', reason: reason('b') }]);
    suspensions.add(reason('all'));
    suspensions.lift();
    expect(suspensions.list()).toEqual([]);
  });
});
