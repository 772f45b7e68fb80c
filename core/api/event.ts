/** Anything JSON can carry. */
export type JsonValue = string | number | boolean | null | JsonObject | readonly JsonValue[];
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** The six calls of the Segment and RudderStack SDKs. */
export const eventTypes = ['track', 'identify', 'page', 'screen', 'group', 'alias'] as const;
export type EventType = (typeof eventTypes)[number];

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

/** `properties` of track, page and screen, `traits` of identify and group; an empty object if there are none. */
export function propertiesOf(event: CdpEvent): JsonObject {
  return ('properties' in event ? event.properties : 'traits' in event ? event.traits : undefined) ?? noProperties;
}

const noProperties: JsonObject = Object.freeze({});
