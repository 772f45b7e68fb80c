import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { dedupIdOf, eventIdOf, type IncomingEvent, type JsonObject } from '../../core/index.ts';
import { canonicalEvents } from '../../core/testing/kit/events.ts';
import { defaultEventLimits } from '../../core/runtime/intake/event-size.ts';
import { normalizeEvent } from '../../core/runtime/intake/normalize-event.ts';
import { track } from '../support/runtime/test-connection.ts';

const normalized = (event: unknown) => normalizeEvent(event, defaultEventLimits);
const plain: JsonObject = { type: 'track', event: 'Order Completed', messageId: 'm-1' };

/** The event that folders see, and `code@field` of each note. */
function seen(changes: object) {
  const normal = normalized({ ...plain, ...changes });
  if (normal.kind !== 'normalized') return { kind: normal.kind };
  return { event: normal.event, notes: normal.notes.map(({ code, field }) => `${code}@${field}`) };
}

describe('an event in an odd spelling', () => {
  it.each<[string, object, object]>([
    ['F-54 a number as user id', { userId: 12345 }, { userId: '12345' }],
    ['F-54 numbers as ids', { messageId: 7, anonymousId: -1 }, { messageId: '7', anonymousId: '-1' }],
    ['F-54 a group id', { type: 'group', event: undefined, groupId: 9 }, { type: 'group', groupId: '9' }],
    ['F-54 a previous id', { type: 'alias', event: undefined, previousId: 0 }, { type: 'alias', previousId: '0' }],
    ['F-54 epoch milliseconds', { timestamp: 1768478340000 }, { timestamp: '2026-01-15T11:59:00.000Z' }],
    ['F-54 epoch seconds', { sentAt: 1768478340 }, { sentAt: '2026-01-15T11:59:00.000Z' }],
    ['F-54 epoch seconds with a fraction', { sentAt: 1768478340.25 }, { sentAt: '2026-01-15T11:59:00.250Z' }],
    ['F-54 epoch microseconds', { timestamp: 1768478340000001 }, { timestamp: '2026-01-15T11:59:00.000Z' }],
    ['F-54 epoch nanoseconds', { timestamp: '1768478340000000001' }, { timestamp: '2026-01-15T11:59:00.000Z' }],
    ['F-54 epoch milliseconds as text', { timestamp: '1768478340000' }, { timestamp: '2026-01-15T11:59:00.000Z' }],
    ['F-54 epoch seconds as text', { receivedAt: '1768478340' }, { receivedAt: '2026-01-15T11:59:00.000Z' }],
    ['F-54 a Date', { originalTimestamp: new Date(0) }, { originalTimestamp: '1970-01-01T00:00:00.000Z' }],
    ['F-54 a number as name', { event: 404 }, { event: '404' }],
    ['F-55 empty lists', { context: [], integrations: [] }, { context: {}, integrations: {} }],
    ['F-55 more empty lists', { properties: [], traits: [] }, { properties: {}, traits: {} }],
    ['F-65 a type in capitals', { type: 'Track' }, { type: 'track' }],
    ['F-65 a type between blanks', { type: ' TRACK\n' }, { type: 'track' }],
    ['F-65 a type with an invisible end', { type: 'track\u200B' }, { type: 'track' }],
  ])('has the usual one behind the gate: %s', (_, changes, wanted) => {
    const { event, notes } = seen(changes);
    expect(event).toEqual({ ...plain, ...changes, ...wanted });
    expect(notes).toEqual([]);
  });

  it.each<[string, object, string]>([
    ['an unsafe number', { userId: 2 ** 53 }, 'dropped@userId'],
    ['a fraction', { userId: 1.5 }, 'dropped@userId'],
    ['NaN', { messageId: Number.NaN }, 'dropped@messageId'],
    ['a boolean', { anonymousId: false }, 'dropped@anonymousId'],
  ])('F-54 loses an id that is none, and says so: %s', (_, changes, note) => {
    const { event, notes } = seen(changes);
    for (const name of Object.keys(changes)) expect(event).toHaveProperty(name, undefined);
    expect(notes).toEqual([note]);
  });

  it.each<[string, object]>([
    ['lists with entries', { properties: [1] }],
    ['objects as ids', { userId: {} }],
    ['lists as ids', { userId: [] }],
    ['a time of five digits', { timestamp: 12345 }],
    ['no date', { timestamp: new Date('none') }],
    ['text for an object', { context: '{}' }],
    ['a boolean for a name', { event: true }],
    ['a type of another kind', { type: 7 }],
    ['a type that nobody knows', { type: 'tracks' }],
    ['nothing but U+0000 for a name', { event: '\0' }],
  ])('stays refused where nobody can tell what it means: %s', (_, changes) => {
    expect(seen(changes)).toEqual({ kind: 'rejected' });
  });

  it('F-67 loses U+0000 in texts and keys, with a note for each by its path', () => {
    const changes = {
      event: 'Order\0 Completed',
      properties: {
        'a\0b': 1,
        products: [{ name: 'x' }, { name: '\0y\0' }],
        deep: { 'k\0': 'v\0' },
        good: { n: null },
      },
    };
    const { event, notes } = seen(changes);
    expect(event).toEqual({
      ...plain,
      properties: { ab: 1, products: [{ name: 'x' }, { name: 'y' }], deep: { k: 'v' }, good: { n: null } },
    });
    expect(notes).toEqual([
      'coerced@event',
      'coerced@properties.ab',
      'coerced@properties.products[1].name',
      'coerced@properties.deep.k',
      'coerced@properties.deep.k',
    ]);
    expect(changes.properties.products[1]).toEqual({ name: '\0y\0' });
  });

  it('F-67 a name with U+0000 takes the place of no id, consent, switch or member that is spelled right', () => {
    const odd = {
      'userId\0': 'other',
      'messageId\0': 'm',
      integrations: { All: false, 'All\0': true },
      context: { consent: { categoryPreferences: { ads: false, 'ads\0': true, 'other\0': true } } },
      properties: { 'a\0': 1, a: 2, 'b\0': 3, '\0b': 4 },
    };
    const { event, notes } = seen(odd);
    expect(event).toMatchObject({
      integrations: { All: false },
      context: { consent: { categoryPreferences: { ads: false } } },
      properties: { a: 2, b: 3 },
    });
    expect(event?.userId).toBeUndefined();
    expect(notes?.filter((note) => note.startsWith('dropped@')).map((note) => note.slice(8))).toEqual([
      'userId',
      'messageId',
      'integrations.All',
      'context.consent.categoryPreferences.ads',
      'context.consent.categoryPreferences.other',
      'properties.a',
      'properties.b',
    ]);
  });

  it('F-67 F-54 an epoch time is read behind its U+0000', () => {
    expect(seen({ timestamp: '1768478340000\0' }).event?.timestamp).toBe('2026-01-15T11:59:00.000Z');
  });

  it('F-67 says a hundred times that U+0000 was removed, and then how often more', () => {
    const notesFor = (losses: number) => {
      const normal = normalized({ ...plain, properties: { list: Array(losses).fill('\0') } });
      return normal.kind === 'normalized' ? normal.notes : [];
    };
    expect([100, 101, 102].map((losses) => notesFor(losses).length)).toEqual([100, 101, 101]);
    const [first] = notesFor(1);
    expect(notesFor(101).at(-1)).toEqual({ ...first, field: 'properties.list[100]' });
    expect(notesFor(500).at(-1)).toEqual({
      ...first,
      field: 'properties.list[100]',
      message: `And 400 more notes, the first of them: ${first?.message}`,
    });
    const dropped = { ...plain, properties: { list: Array(200).fill('\0'), a: 1, 'a\0': 2 } };
    expect(normalized(dropped)).toMatchObject({
      notes: expect.arrayContaining([
        { ...notesFor(101)[100], code: 'dropped', message: expect.stringMatching(/^And 101 more/) },
      ]),
    });
  });

  it('F-67 bounds the paths of what it says, however long the names are', () => {
    const deep = (levels: number): object => ({ ['n'.repeat(15_000)]: levels === 0 ? '\0' : deep(levels - 1) });
    const { notes } = seen({ properties: deep(20) });
    expect(notes).toHaveLength(1);
    expect(notes?.[0]?.length).toBeLessThan(4_100);
  });

  class ShopEvent {
    readonly type = 'Track';
    readonly event = 'Order Completed';
    readonly userId = 12345;
    get integrations(): object {
      return { All: false };
    }
  }
  it.each<[string, object]>([
    ['a class with getters', new ShopEvent()],
    ['the same in the usual spelling', Object.assign(new ShopEvent(), { type: 'track', userId: 'u' })],
    ['a prototype with members', Object.assign(Object.create({ integrations: { All: false } }), plain, { userId: 5 })],
  ])('F-32 is refused where a copy would lose a part of it: %s', (_, event) => {
    expect(normalized(event)).toMatchObject({ kind: 'rejected', reason: { message: /^A plain object is wanted/ } });
  });

  it.each<[string, object]>([
    ['a typed array', new Uint8Array(2e6)],
    ['a text as an object', Object('x'.repeat(2e6)) as object],
    ['a typed array with an odd type', Object.assign(new Uint8Array(2e6), { type: 'Track', event: 'x' })],
    ['an odd event with a typed array', { ...plain, userId: 5, properties: { list: [new Uint8Array(2e6)] } }],
  ])('F-32 is refused before anything is copied: %s', (_, event) => {
    const startedAt = performance.now();
    expect(normalized(event).kind).toBe('rejected');
    expect(performance.now() - startedAt).toBeLessThan(100);
  });

  it('is not copied inside before its size is known', () => {
    const read: string[] = [];
    const properties = {
      text: '\0',
      pad: 'x'.repeat(2 ** 21),
      get last() {
        return read.push('last');
      },
    };
    expect(normalized({ ...plain, userId: 5, properties })).toMatchObject({ reason: { code: 'payload_too_large' } });
    expect(read).toEqual([]);
  });

  it('is not changed for its owner', () => {
    const event = Object.freeze({ ...plain, userId: 5, properties: Object.freeze({ a: '\0' }) });
    expect(normalized(event)).toMatchObject({ event: { userId: '5', properties: { a: '' } } });
    expect(event).toMatchObject({ userId: 5, properties: { a: '\0' } });
  });
});

describe('an event with nothing odd', () => {
  it.each(Object.entries(canonicalEvents))('is admitted as it is, uncopied: %s', (_, event) => {
    expect(normalized(event)).toEqual({ kind: 'admitted' });
  });

  it('is what every event is once it has come through', () => {
    const odd = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constantFrom(null, [], {}, 'a\0', 1768478340000));
    const names = ['event', 'messageId', 'userId', 'timestamp', 'sentAt', 'context', 'properties', 'traits', 'groupId'];
    const types = fc.constantFrom('track', 'Track', 'identify', 'GROUP', 'alias', 'page', 'record');
    const events = fc.record({ type: types, ...Object.fromEntries(names.map((name) => [name, odd])) });
    fc.assert(
      fc.property(events, (event) => {
        const normal = normalized(event);
        if (normal.kind === 'normalized') expect(normalized(normal.event)).toEqual({ kind: 'admitted' });
      }),
      { numRuns: 500 },
    );
  });
});

describe('the ids of an event', () => {
  it.each<[unknown, string, string]>([
    ['m-1', 'm-1', 'm-1'],
    [' m-1', ' m-1', 'm-1'],
    ['m\0-1', 'm\0-1', 'm-1'],
    [42, '42', '42'],
    [2 ** 53, '', ''],
    [true, '', ''],
    ['0000-00', '0000-00', ''],
    ['null', 'null', ''],
    ['undefined', 'undefined', ''],
    [null, '', ''],
  ])('F-52 messageId %j is %j in outcomes, and told from others by %j', (messageId, written, id) => {
    expect(eventIdOf({ messageId })).toBe(written);
    expect(dedupIdOf({ messageId })).toBe(id);
  });

  it('has a type for what hosts hand over', () => {
    const events: readonly IncomingEvent[] = [
      { type: 'Track', event: 404, userId: 12345, timestamp: new Date(), properties: [] },
      { type: 'record' },
      track('a'),
    ];
    expect(events.map((event) => normalized(event).kind)).toEqual(['normalized', 'rejected', 'admitted']);
  });
});
