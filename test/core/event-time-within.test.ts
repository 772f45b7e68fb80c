import { expect, it } from '@jest/globals';
import { eventTimeWithin, type CdpEvent, type TimeBounds } from '../../core/api/index.ts';

const day = 86_400_000;
const now = Date.parse('2026-11-22T12:00:00Z');
const timeOf = eventTimeWithin({ vendor: 'Acme', pastMs: 7 * day, futureMs: 60_000 });
const at = (time: number): CdpEvent => ({ type: 'track', event: 'x', timestamp: new Date(time).toISOString() });

it.each([0, -7 * day, 60_000])('an event %d ms from now is in time', (offset) => {
  expect(timeOf(at(now + offset), { now })).toBe(now + offset);
});

it('an event that is older than the vendor takes is stale', () => {
  expect(timeOf(at(now - 7 * day - 1), { now })).toEqual({
    kind: 'rejected',
    reason: { code: 'stale_event', message: 'The event is older than Acme takes', field: 'timestamp' },
  });
});

it('an event of the future is refused, where the vendor bounds it', () => {
  expect(timeOf(at(now + 60_001), { now })).toMatchObject({ kind: 'rejected', reason: { code: 'invalid_value' } });
  expect(eventTimeWithin({ vendor: 'Acme', pastMs: 1 })(at(now + 99 * day), { now })).toBe(now + 99 * day);
});

it('an event from before the first day of the vendor is stale, whatever the window', () => {
  const notBefore = Date.UTC(1971, 0, 1);
  const since = eventTimeWithin({ vendor: 'Acme', notBefore, futureMs: 0 });
  expect(since(at(notBefore), { now })).toBe(notBefore);
  expect(since(at(notBefore - 1), { now })).toMatchObject({
    reason: { code: 'stale_event', message: 'The event is older than Acme takes', field: 'timestamp' },
  });
  expect(since(at(now + 1), { now })).toMatchObject({ reason: { code: 'invalid_value' } });
  const both = eventTimeWithin({ vendor: 'Acme', notBefore, pastMs: day });
  expect(both(at(now - 2 * day), { now })).toMatchObject({ reason: { code: 'stale_event' } });
});

it('a reason names the time that was read', () => {
  const { timestamp } = at(now - 8 * day) as { readonly timestamp: string };
  const event: CdpEvent = { type: 'track', event: 'x', receivedAt: timestamp };
  expect(timeOf(event, { now })).toMatchObject({ reason: { code: 'stale_event', field: 'receivedAt' } });
  expect(timeOf({ type: 'track', event: 'x' }, { now })).toMatchObject({
    reason: { code: 'invalid_value', field: 'timestamp' },
  });
  expect(timeOf({ type: 'track', event: 'x', sentAt: 'today' }, { now })).toMatchObject({
    reason: { field: 'sentAt' },
  });
});

it.each([{ pastMs: Number.NaN }, { pastMs: 0 }, { pastMs: 1, futureMs: -1 }, { notBefore: Number.NaN }])(
  '%j bounds nothing',
  (bounds) => {
    expect(() => eventTimeWithin({ vendor: 'Acme', ...bounds })).toThrow('must be milliseconds');
  },
);

it.each([{}, { pastMs: Infinity }, { futureMs: Infinity }])('a reader without a bound is a mistake: %j', (bounds) => {
  expect(() => eventTimeWithin({ vendor: 'Acme', ...bounds })).toThrow('there is no bound');
});

it('a word that it does not know stops the folder from loading', () => {
  const bounds = { vendor: 'Acme', past: 1 } as unknown as TimeBounds;
  expect(() => eventTimeWithin(bounds)).toThrow('eventTimeWithin(): no member "past"; ');
});
