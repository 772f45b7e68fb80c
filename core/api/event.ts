/** Anything JSON can carry. */
export type JsonValue = string | number | boolean | null | JsonObject | readonly JsonValue[];
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** The six calls of the Segment and RudderStack SDKs. */
export const eventTypes = ['track', 'identify', 'page', 'screen', 'group', 'alias'] as const;
export type EventType = (typeof eventTypes)[number];

/** RudderStack's other types, which no destination takes: they are skipped. */
export const otherEventTypes = ['record', 'audiencelist', 'merge'] as const;

/** What every call carries. SDKs write `null` for unknown values, so every field may be null. */
interface Envelope {
  readonly messageId?: string | null | undefined;
  /** ISO 8601 with a zone. `timestamp` is corrected for clock skew; `originalTimestamp` is from the device's clock. */
  readonly timestamp?: string | null | undefined;
  readonly originalTimestamp?: string | null | undefined;
  readonly sentAt?: string | null | undefined;
  readonly receivedAt?: string | null | undefined;
  readonly userId?: string | null | undefined;
  readonly anonymousId?: string | null | undefined;
  readonly context?: JsonObject | null | undefined;
  readonly integrations?: JsonObject | null | undefined;
}

export interface TrackEvent extends Envelope {
  readonly type: 'track';
  readonly event: string;
  readonly properties?: JsonObject | null | undefined;
}
export interface PageEvent extends Envelope {
  readonly type: 'page' | 'screen';
  readonly name?: string | null | undefined;
  readonly category?: string | null | undefined;
  readonly properties?: JsonObject | null | undefined;
}
export interface IdentifyEvent extends Envelope {
  readonly type: 'identify';
  readonly traits?: JsonObject | null | undefined;
}
export interface GroupEvent extends Envelope {
  readonly type: 'group';
  readonly groupId?: string | null | undefined;
  readonly traits?: JsonObject | null | undefined;
}
export interface AliasEvent extends Envelope {
  readonly type: 'alias';
  readonly previousId?: string | null | undefined;
}

/** One event as a CDP passes it on. Not called `Event`: a forgotten import would resolve to the global type. */
export type CdpEvent = TrackEvent | PageEvent | IdentifyEvent | GroupEvent | AliasEvent;

/** An id as sources write it: as text, or as a number or boolean, of which only safe integers are ids. */
type IncomingId = string | number | boolean | null | undefined;
/**
 * A time as sources write it: a Date; since 1970 in seconds, milliseconds, microseconds or nanoseconds, told by their
 * 10, 13, 16 or 19 digits, as a number or text; or a text that names its zone, such as ISO 8601: see `parseTime`. A
 * text without a zone is no time.
 */
type IncomingTime = string | number | Date | null | undefined;
/** An object as sources write it. PHP writes an empty one as an empty list. */
type IncomingObject = JsonObject | readonly [] | null | undefined;

interface IncomingEnvelope {
  readonly messageId?: IncomingId;
  readonly timestamp?: IncomingTime;
  readonly originalTimestamp?: IncomingTime;
  readonly sentAt?: IncomingTime;
  readonly receivedAt?: IncomingTime;
  readonly userId?: IncomingId;
  readonly anonymousId?: IncomingId;
  readonly context?: IncomingObject;
  readonly integrations?: IncomingObject;
  readonly properties?: IncomingObject;
  readonly traits?: IncomingObject;
}

type AnyCase<T extends string> = T | Capitalize<T> | Uppercase<T>;

/**
 * One event as a host may hand it over: a CdpEvent, or one in another spelling that sources write, which the runtime
 * reads as that CdpEvent. Ids may be numbers, times epoch numbers or Dates, empty objects PHP's empty lists, and types
 * in any case. It is a plain object, as JSON.parse() makes it: one whose class or prototype has members besides methods
 * is rejected.
 *
 * @example
 * await connection.deliver([{ type: 'Track', event: 'Order Completed', userId: 12345, timestamp: new Date() }]);
 */
export type IncomingEvent =
  | CdpEvent
  | (IncomingEnvelope & { readonly type: AnyCase<'track'>; readonly event: string | number })
  | (IncomingEnvelope & {
      readonly type: AnyCase<'page' | 'screen'>;
      readonly name?: string | number | null | undefined;
      readonly category?: string | null | undefined;
    })
  | (IncomingEnvelope & { readonly type: AnyCase<'identify'> })
  | (IncomingEnvelope & { readonly type: AnyCase<'group'>; readonly groupId?: IncomingId })
  | (IncomingEnvelope & { readonly type: AnyCase<'alias'>; readonly previousId?: IncomingId })
  | (IncomingEnvelope & { readonly type: AnyCase<(typeof otherEventTypes)[number]> });

/**
 * An event and the JSON text that it was parsed from, for a host that has looked into the event. It costs as little as
 * the text alone, and is not parsed again.
 *
 * @example
 * const text = '{"type":"track","event":"Order Completed","userId":"12345"}';
 * const event = JSON.parse(text) as IncomingEvent;
 * if (event.type === 'track') await connection.deliver([new EventAndText(event, text)]);
 */
export class EventAndText {
  readonly event: IncomingEvent;
  readonly text: string;

  constructor(event: IncomingEvent, text: string) {
    this.event = event;
    this.text = text;
  }
}

/**
 * An event, its JSON text, such as a line of NDJSON, or both. A text costs less than what JSON.parse() makes of it:
 * nothing but JSON can come of it, so the runtime need not look through the event for what is no JSON.
 *
 * @example
 * await connection.deliver(['{"type":"track","event":"Order Completed","userId":"12345"}']);
 */
export type EventOrText = IncomingEvent | EventAndText | string;

/** `properties` of track, page and screen, `traits` of identify and group; an empty object if there are none. */
export function propertiesOf(event: CdpEvent): JsonObject {
  return ('properties' in event ? event.properties : 'traits' in event ? event.traits : undefined) ?? noProperties;
}

const noProperties: JsonObject = Object.freeze({});
