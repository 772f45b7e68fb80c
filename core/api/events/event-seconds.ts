import { type CdpEvent } from '../event.ts';
import { eventClock, eventTime } from './event-time.ts';
import type { Found } from './first-of.ts';

/**
 * When the event happened, in whole epoch seconds, and the name of the time that says so; `undefined` like eventTime().
 *
 * @example
 * interface AcmeEvent {
 *   time: number;
 * }
 * const time = fieldTable<AcmeEvent>([
 *   { to: 'time', from: 'timestamp', read: eventSeconds, required: 'Acme needs it' },
 * ]);
 */
export function eventSeconds(event: CdpEvent): Found<number> | undefined {
  const milliseconds = eventTime(event);
  if (milliseconds === undefined) return undefined;
  return { value: Math.floor(milliseconds / 1000), path: eventClock(event) ?? 'timestamp' };
}
