import type { JsonValue } from '../../api/event.ts';
import { parseTime } from '../../api/events/event-time.ts';
import { asAmount } from '../../api/fields/casts.ts';
import { nothing } from '../mapping-place.ts';
import { converted, type Directive } from './directive.ts';

/** Epoch milliseconds of a value, by where the event has it from. */
const readers: Readonly<Record<'any' | 'seconds' | 'ms' | 'iso', (value: JsonValue) => number | undefined>> = {
  any: parseTime,
  iso: (value) => (typeof value === 'string' ? parseTime(value) : undefined),
  ms: (value) => wholeMs(asAmount(value)),
  seconds: (value) => msOf(asAmount(value)),
};

const takes = {
  any: '@date takes a time with a zone, or a time since 1970 of 10, 13, 16 or 19 digits',
  iso: '@date takes a time with a zone here',
  ms: '@date takes a number of milliseconds here',
  seconds: '@date takes a number of seconds here',
} as const;

/**
 * `@date`: a time as ISO 8601 in UTC, with milliseconds. Without `from`, the value is read as the times of events are:
 * see parseTime().
 */
export const date: Directive = (argument, place) => {
  const options = place.options(argument, ['value'], ['from']);
  if (options === undefined) return nothing;
  const from = options['from'] === undefined ? 'any' : place.choice(options, 'from', ['seconds', 'ms', 'iso']);
  const read = readers[from];
  return converted(place.side(options, 'value'), takes[from], (value) => isoTime(read(value)));
};

/** What is finer than a millisecond is cut off. */
const wholeMs = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : Math.floor(ms));

/** Rounded to a microsecond before, because 1.001 * 1000 is a little less than it should be. */
const msOf = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : Math.floor(Math.round(seconds * 1e6) / 1e3);

/** Years of more than four digits have another spelling, which few read. */
const [firstTime, lastTime] = [Date.parse('0000-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59.999Z')];

const isoTime = (ms: number | undefined): string | undefined =>
  ms !== undefined && ms >= firstTime && ms <= lastTime ? new Date(ms).toISOString() : undefined;
