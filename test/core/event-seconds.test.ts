import { expect, it } from '@jest/globals';
import { eventSeconds } from '../../core/api/events/event-seconds.ts';

it.each([
  [{ timestamp: '2026-01-15T11:59:00.999Z' }, { value: 1768478340, path: 'timestamp' }],
  [
    { timestamp: null, sentAt: '2026-01-15T12:59:00+01:00' },
    { value: 1768478340, path: 'sentAt' },
  ],
  [{ timestamp: '1969-12-31T23:59:59.500Z' }, { value: -1, path: 'timestamp' }],
  [{ timestamp: '2026-01-15 11:59', sentAt: '2026-01-15T11:59:00Z' }, undefined],
  [{}, undefined],
])('the time of %j in whole seconds is %j', (times, seconds) => {
  expect(eventSeconds({ type: 'identify', ...times })).toEqual(seconds);
});
