import { describe, expect, it } from '@jest/globals';
import type { CdpEvent, JsonObject } from '../../core/api/index.ts';
import {
  appEventNames,
  eventKinds,
  generate,
  generateAsync,
  generateLabelled,
  generateLines,
  mixes,
  userIdOf,
  type EventKind,
} from '../../core/testing/simulators/index.ts';

const sample = [...generateLabelled({ count: 5000 })];
const objectAt = (value: unknown, ...keys: readonly string[]): JsonObject =>
  keys.reduce<JsonObject>((inner, key) => (inner[key] ?? {}) as JsonObject, (value ?? {}) as JsonObject);
const propertiesOf = (event: CdpEvent): JsonObject => ('properties' in event ? (event.properties ?? {}) : {});
const ofKind = (kind: EventKind): CdpEvent => {
  const [made] = [...generateLabelled({ count: 1, mix: { [kind]: 1 }, people: 10, phones: 10 })];
  if (made === undefined) throw new Error('The generator made nothing');
  return made.event;
};

describe('the event generator', () => {
  it('makes the same events for the same seed, in every form it has', async () => {
    const lines = [...generateLines({ count: 500 })];
    expect([...generate({ count: 500 })].map((event) => `${JSON.stringify(event)}\n`)).toEqual(lines);
    const later: string[] = [];
    for await (const event of generateAsync({ count: 500 })) later.push(`${JSON.stringify(event)}\n`);
    expect(later).toEqual(lines);
    expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
    expect([...generateLines({ count: 500, seed: 2 })]).not.toEqual(lines);
  });

  it('makes the events only as they are asked for', () => {
    const endless = generate({ count: Number.MAX_SAFE_INTEGER });
    expect(endless.next().value).toMatchObject({ messageId: expect.any(String) });
    endless.return();
    expect(endless.next().done).toBe(true);
  });

  it('gives every event a messageId of its own, and puts it where each vendor carries it', () => {
    const ids = sample.map(({ event }) => event.messageId ?? '');
    expect(new Set(ids).size).toBe(sample.length);
    const untraceable = sample.filter(
      ({ event }) =>
        event.userId !== userIdOf(event.messageId ?? '') ||
        (event.type === 'track' && propertiesOf(event)['message_id'] !== event.messageId),
    );
    expect(untraceable).toEqual([]);
  });

  it('contains every kind it names, the ordinary ones nine times in ten', () => {
    const kinds = sample.map(({ kind }) => kind);
    expect([...new Set(kinds)].sort()).toEqual(Object.keys(mixes.everything).sort());
    const odd = kinds.filter((kind) => kind.startsWith('odd-')).length / kinds.length;
    expect(odd).toBeGreaterThan(0.07);
    expect(odd).toBeLessThan(0.13);
  });

  it('has a mix for every kind it knows', () => {
    const mixed = new Set(Object.values(mixes).flatMap((mix) => Object.keys(mix)));
    expect([...mixed].sort()).toEqual([...eventKinds].sort());
  });

  it('speaks the dialects of both SDK families, and all six calls', () => {
    const libraries = new Set(sample.map(({ event }) => objectAt(event.context, 'library')['name']));
    expect([...libraries].map(String).sort()).toEqual([
      'RudderLabs JavaScript SDK',
      'analytics-ios',
      'analytics-kotlin',
      'analytics.js',
      'com.rudderstack.android.sdk.core',
      'rudder-ios-library',
    ]);
    expect([...new Set(sample.map(({ event }) => event.type))].sort()).toEqual([
      'alias',
      'group',
      'identify',
      'page',
      'screen',
      'track',
    ]);
  });

  it('writes orders whose revenue is the sum of their lines, in 1.2 to 2.2 kB', () => {
    for (const event of generate({ count: 300, mix: mixes.webOrders })) {
      const { revenue, products } = propertiesOf(event);
      const lines = products as readonly { price: number; quantity: number }[];
      expect(revenue).toBeCloseTo(
        lines.reduce((sum, { price, quantity }) => sum + price * quantity, 0),
        2,
      );
      const size = JSON.stringify(event).length;
      expect(size).toBeGreaterThan(1200);
      expect(size).toBeLessThan(2200);
    }
  });

  it('comes back to the same phones, and never goes back in time', () => {
    const events = [...generate({ count: 2000, mix: mixes.adjust, phones: 50 })];
    const phones = new Set(events.map((event) => objectAt(event.context, 'device')['id']));
    expect(phones.size).toBe(50);
    const times = events.map(({ timestamp }) => Date.parse(timestamp ?? ''));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const names = new Set(events.map((event) => (event.type === 'track' ? event.event : '')));
    expect([...names].sort()).toEqual([...appEventNames].sort());
  });

  it('disturbs the order within the bound it is given', () => {
    const start = Date.parse('2026-03-01T00:00:00.000Z');
    const events = [...generate({ count: 500, startTime: start, stepMs: 10, disorderMs: 200, mix: mixes.orders })];
    const times = events.map(({ timestamp }) => Date.parse(timestamp ?? ''));
    expect(times).not.toEqual([...times].sort((a, b) => a - b));
    const behind = times.map((time, index) => start + index * 10 - time);
    expect(Math.min(...behind)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...behind)).toBeLessThanOrEqual(200);
  });

  it('freezes what events share, so that a vendor folder that changes its input is found out', () => {
    const traits = objectAt(ofKind('web-order').context, 'traits') as Record<string, unknown>;
    expect(() => {
      traits['email'] = 'changed@example.com';
    }).toThrow(TypeError);
  });

  const odd: readonly [EventKind, (event: CdpEvent) => unknown, unknown][] = [
    ['odd-no-ip', (event) => event.context?.['ip'], undefined],
    ['odd-bad-ip', (event) => event.context?.['ip'], '999.1.2.3'],
    ['odd-ipv6-phone', (event) => event.context?.['ip'], expect.stringContaining('::')],
    ['odd-bad-currency', (event) => propertiesOf(event)['currency'], 'US Dollars'],
    ['odd-no-currency', (event) => propertiesOf(event)['currency'], null],
    ['odd-relative-url', (event) => objectAt(event.context, 'page')['url'], '/account'],
    ['odd-no-email', (event) => objectAt(event.context, 'traits')['email'], undefined],
    ['odd-no-cookie', (event) => [event.context?.['adroll'], event.integrations], [undefined, {}]],
    ['odd-no-device-id', (event) => Object.keys(objectAt(event.context, 'device')).includes('id'), false],
    ['odd-stale', (event) => (event.timestamp ?? '').slice(0, 4), '2025'],
    ['odd-no-zone', (event) => event.timestamp, '2026-01-15T12:00:00'],
    ['odd-negative-revenue', (event) => propertiesOf(event)['revenue'], -5],
    ['odd-huge-revenue', (event) => propertiesOf(event)['revenue'], 2e11],
    ['odd-unmapped', (event) => (event.type === 'track' ? event.event : ''), 'Coupon Brushed Aside'],
    ['odd-all-off', (event) => event.integrations?.['All'], false],
    ['odd-vendors-off', (event) => objectAt(event.integrations)['Rokt'], false],
    [
      'odd-segment-consent-denied',
      (event) => objectAt(event.context, 'consent', 'categoryPreferences')['Advertising'],
      false,
    ],
    [
      'odd-rudder-consent-denied',
      (event) => objectAt(event.context, 'consentManagement')['deniedConsentIds'],
      ['C0004'],
    ],
  ];
  it.each(odd)('makes %s as odd as it says', (kind, read, expected) => {
    expect(read(ofKind(kind))).toEqual(expected);
  });

  it('makes hostile events that survive JSON, each of the specimens in turn', () => {
    const events = [...generate({ count: 24, mix: { 'odd-hostile': 1 } })];
    const lines = events.map((event) => JSON.stringify(event));
    expect(lines.map((line) => JSON.stringify(JSON.parse(line)))).toEqual(lines);
    const own = events.filter((event) => Object.hasOwn(propertiesOf(event), '__proto__'));
    expect(own).toHaveLength(2);
  });
});
