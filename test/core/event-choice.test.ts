import { describe, expect, it } from '@jest/globals';
import { eventChoice, type CdpEvent } from '../../core/api/index.ts';

const track = (event: string): CdpEvent => ({ type: 'track', event });
const page = (name: string, type: 'page' | 'screen' = 'page'): CdpEvent => ({ type, name });
const names = {
  vendor: 'Acme',
  track: [{ 'Product Viewed': 'view', 'Order Completed': 'buy' }, { 'Product Viewed': 'skip' }] as const,
  page: [{ Pricing: 'view', Home: 'skip' }] as const,
};

describe('eventChoice', () => {
  const choose = eventChoice<'view' | 'buy' | 'other'>(names);

  it('finds the vendor’s event by the name of the call', () => {
    expect([choose(track('Order Completed')), choose(page('Pricing')), choose(page('Pricing', 'screen'))]).toEqual([
      'buy',
      'view',
      'view',
    ]);
  });

  it('says why there is none', () => {
    const why = (event: CdpEvent) => {
      const unsent = choose(event);
      return typeof unsent === 'string' ? unsent : [unsent.kind, unsent.reason.code, unsent.reason.field];
    };
    expect(why(track('Product Viewed'))).toEqual(['skipped', 'unmapped_event', undefined]);
    expect(why(page('Home'))).toEqual(['skipped', 'unmapped_event', undefined]);
    expect(why(track('constructor'))).toEqual(['skipped', 'unmapped_event', 'event']);
    expect(why(page('About'))).toEqual(['skipped', 'unsupported_event', 'type']);
    expect(why({ type: 'identify' })).toEqual(['skipped', 'unsupported_event', 'type']);
  });

  it('takes other tracks and pages for what the settings say, and nothing for a call that is neither', () => {
    const all = eventChoice<'view' | 'buy' | 'other'>({ ...names, otherTracks: 'other', otherPages: 'view' });
    expect([all(track('Anything')), all(page('About')), all(page('', 'screen'))]).toEqual(['other', 'view', 'view']);
    expect([all(track('Product Viewed')), all({ type: 'group' })]).toMatchObject([
      { kind: 'skipped', reason: { code: 'unmapped_event' } },
      { kind: 'skipped', reason: { code: 'unsupported_event' } },
    ]);
  });
});
