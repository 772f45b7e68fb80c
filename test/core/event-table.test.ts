import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { eventTable, pageName, plainName } from '../../core/api/events/event-table.ts';
import { trimInvisible } from '../../core/api/fields/trim-invisible.ts';
import type { CdpEvent } from '../../core/api/event.ts';

const track = (event: string): CdpEvent => ({ type: 'track', event });
const page = (name: unknown, properties: unknown = null, type = 'page'): CdpEvent =>
  ({ type, name, properties }) as CdpEvent;

describe('eventTable', () => {
  const defaults = { 'Order Completed': 'purchase', 'Product Added': 'addToCart' };
  const meaningOf = eventTable<string>({
    track: [defaults, { 'Product Added': 'skip' }, new Map([['Signed Up', 'lead']])],
    page: [{ Pricing: 'highValuePage' }],
  });

  it('lets the customer’s list override the defaults, whether it is an object or pairs', () => {
    expect(['Order Completed', 'Product Added', 'Signed Up', 'Other'].map((name) => meaningOf(track(name)))).toEqual([
      'purchase',
      'skip',
      'lead',
      undefined,
    ]);
  });

  it('compares names exactly unless told otherwise', () => {
    expect([meaningOf(track('order completed')), meaningOf(track('Order  Completed'))]).toEqual([undefined, undefined]);
  });

  it.each(['exact', 'plain'] as const)('F-58 trims a name on both sides, compared as %s', (names) => {
    const table = eventTable<string | undefined>({
      track: [{ 'Left the list ': 'leave', '\u200BOff\uFEFF': undefined }],
      page: [{ ' Pricing': 'highValuePage' }],
      names,
    });
    for (const name of ['Left the list', 'Left the list ', '\tLeft the list\u200B', '\u00A0Left the list']) {
      expect([name, table(track(name)), table.has(track(name))]).toEqual([name, 'leave', true]);
    }
    expect([table.has(track(' Off')), table.has(track('Offer')), table(track('Left the list!'))]).toEqual([
      true,
      false,
      undefined,
    ]);
    for (const name of ['Pricing', ' Pricing ', 'Pricing\u200B']) expect(table(page(name))).toBe('highValuePage');
  });

  it('F-58 compares names without the characters that turn the direction of writing', () => {
    const table = eventTable({ track: [{ 'Left the list': 'leave' }], names: 'plain' });
    for (const sign of ['\u061C', '\u2066', '\u2067', '\u2068', '\u2069', '\u200F', '\u202B', '\u2060', '\u180E']) {
      expect([sign, table(track(`${sign}Left${sign} the list${sign}`))]).toEqual([sign, 'leave']);
    }
  });

  it('finds page and screen calls by their name, else by properties.name, and never by the name of a track', () => {
    expect(meaningOf(page('Pricing'))).toBe('highValuePage');
    expect(meaningOf(page(null, { name: ' Pricing ' }, 'screen'))).toBe('highValuePage');
    expect(meaningOf(page('Order Completed'))).toBeUndefined();
    expect(meaningOf(track('Pricing'))).toBeUndefined();
    expect(meaningOf(page(undefined))).toBeUndefined();
    expect(meaningOf({ type: 'identify' })).toBeUndefined();
  });

  it('says whether it names an event, also where that means nothing', () => {
    const table = eventTable<string | undefined>({ track: [{ Off: undefined }], page: [{ Home: 'home' }] });
    expect([track('Off'), track('On'), page('Home'), page('x'), page(null)].map((event) => table.has(event))).toEqual([
      true,
      false,
      true,
      false,
      false,
    ]);
    expect(table.has({ type: 'alias', previousId: 'Off' })).toBe(false);
  });

  it('compares without case, space, _ and - by plain names; the last spelling of a name wins', () => {
    const table = eventTable<string>({
      track: [{ 'Order Completed': 'default', Install: 'a' }, { order_completed: 'own' }],
      names: 'plain',
    });
    const names = ['Order Completed', 'order_completed', 'ORDER-COMPLETED', 'ordercompleted', ' in stall', 'Orders'];
    expect(names.map((name) => table(track(name)))).toEqual(['own', 'own', 'own', 'own', 'a', undefined]);
    expect([table.has(track('ORDER-completed')), table.has(track('Orders'))]).toEqual([true, false]);
  });

  it('answers to no name of a prototype, and to any name that a list has', () => {
    const inherited = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'then'];
    fc.assert(
      fc.property(
        fc.constantFrom('exact', 'plain'),
        fc.oneof(fc.constantFrom(...inherited), fc.string()),
        fc.string(),
        (names, name, other) => {
          const table = eventTable<string>({ track: [Object.fromEntries([[name, 'yes']])], names });
          expect(table(track(name))).toBe('yes');
          const form = names === 'exact' ? trimInvisible : plainName;
          const isSame = form(other) === form(name);
          expect([table(track(other)), table.has(track(other))]).toEqual(isSame ? ['yes', true] : [undefined, false]);
        },
      ),
    );
    const empty = eventTable<string>({ track: [{}], page: [{}], names: 'plain' });
    expect(inherited.flatMap((name) => [empty(track(name)), empty(page(name))]).filter(Boolean)).toEqual([]);
  });
});

describe('pageName', () => {
  it('is trimmed text, from the call before its properties', () => {
    expect(pageName(page(' Home ', { name: 'Other' }))).toBe('Home');
    expect(pageName(page(' ', { name: 'Other' }))).toBe('Other');
    expect(pageName(page('\u200BHome\uFEFF'))).toBe('Home');
    expect(pageName(page('\u200B'))).toBeUndefined();
    expect(pageName(page({}, null))).toBeUndefined();
  });
});
