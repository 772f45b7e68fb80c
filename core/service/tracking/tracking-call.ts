import type { EventType } from '../../api/event.ts';

/** What a request to the tracking API holds: one event of that type, or a batch of any. */
export type TrackingCall = 'batch' | EventType;

/**
 * The paths to which the SDKs of Segment and RudderStack send. Segment's for browsers and phones use the short ones,
 * its one for Java sends batches to `/v1/import/`, and RudderStack's for browsers sends them to `/beacon` as a page
 * closes.
 */
export const trackingCalls: ReadonlyMap<string, TrackingCall> = new Map([
  ['/v1/batch', 'batch'],
  ['/v1/b', 'batch'],
  ['/v1/import', 'batch'],
  ['/beacon/v1/batch', 'batch'],
  ['/v1/track', 'track'],
  ['/v1/t', 'track'],
  ['/v1/identify', 'identify'],
  ['/v1/i', 'identify'],
  ['/v1/page', 'page'],
  ['/v1/p', 'page'],
  ['/v1/screen', 'screen'],
  ['/v1/s', 'screen'],
  ['/v1/group', 'group'],
  ['/v1/g', 'group'],
  ['/v1/alias', 'alias'],
  ['/v1/a', 'alias'],
]);

/** What is sent to that path; a slash at its end is allowed. `undefined`: it is no path of the tracking API. */
export const trackingCallOf = (path: string): TrackingCall | undefined => trackingCalls.get(path.replace(/\/$/, ''));
