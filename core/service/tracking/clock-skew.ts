import type { JsonObject, JsonValue } from '../../api/event.ts';
import { parseTime } from '../../api/events/event-time.ts';
import { isMissing } from '../../api/fields/mapping.ts';

/** Of an event's times those that its sender did not write, or that its clock made wrong. */
export interface EventTimes {
  readonly timestamp?: string;
  readonly originalTimestamp?: JsonValue;
  readonly sentAt?: JsonValue;
  readonly receivedAt?: string;
}

/** A clock that is further off says nothing: the request waited on a phone, or was sent again much later. */
const mostSkewMs = 24 * 60 * 60 * 1000;

/**
 * The times of an event that was received at `receivedAt` (epoch ms) in a request sent at `sentAt` (by its sender's
 * clock), as the servers of Segment and RudderStack give them to destinations:
 *
 *     timestamp = receivedAt - (sentAt - originalTimestamp)
 *
 * An SDK writes what its clock says into `originalTimestamp`, or, as Segment's do, into `timestamp`. An event with
 * both, and two different times in them, keeps its `timestamp`: RudderStack's SDKs write it only for a caller that says
 * when it happened, such as an import of last year's orders. A time stays as it is where one of the three is missing or
 * cannot be read, or where sending and receiving are more than a day apart. An event without any time happened when it
 * was received.
 *
 * An event with a `receivedAt` came through such a server before, and keeps it. A time that was right stays right then.
 *
 * RudderStack's SDK for Node does not renew `sentAt` when it sends again, so what it retried for a minute seems to have
 * happened a minute later. That is so with its own server as well; no one else knows how long it waited.
 */
export function eventTimes(event: JsonObject, sentAt: JsonValue | undefined, receivedAt: number): EventTimes {
  const sent = event['sentAt'] ?? sentAt;
  const received = parseTime(event['receivedAt']) ?? receivedAt;
  const original = isMissing(event['originalTimestamp']) ? event['timestamp'] : event['originalTimestamp'];
  const times = {
    ...(isMissing(original) ? {} : { originalTimestamp: original }),
    ...(isMissing(sent) ? {} : { sentAt: sent }),
    ...(parseTime(event['receivedAt']) === undefined ? { receivedAt: new Date(received).toISOString() } : {}),
  };
  if (isMissing(original)) return { ...times, timestamp: new Date(received).toISOString() };
  const originally = parseTime(original);
  const sending = parseTime(sent);
  if (originally === undefined || sending === undefined || isStated(event, originally)) return times;
  if (Math.abs(received - sending) > mostSkewMs) return times;
  const corrected = new Date(received - (sending - originally));
  return Number.isNaN(corrected.getTime()) ? times : { ...times, timestamp: corrected.toISOString() };
}

/** Whether its `timestamp` is another time than the sender's clock told. */
function isStated({ timestamp }: JsonObject, originally: number): boolean {
  const stated = parseTime(timestamp);
  return stated !== undefined && stated !== originally;
}
