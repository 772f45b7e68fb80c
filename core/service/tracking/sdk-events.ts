import { randomUUID } from 'node:crypto';
import type { IncomingEvent, JsonObject, JsonValue } from '../../api/event.ts';
import { isSentByServer } from '../../api/events/event-source.ts';
import { isBlank, isObject } from '../../api/fields/mapping.ts';
import { ipAddress } from '../../api/person/ip-address.ts';
import { dedupIdOf } from '../../runtime/intake/event-shape.ts';
import { eventTimes } from './clock-skew.ts';
import type { TrackingCall } from './tracking-call.ts';

/** When a request was received, and from where. */
export interface Received {
  /** Epoch ms. */
  readonly at: number;
  /** The sender's address. `undefined` where it is not known. */
  readonly ip?: string | undefined;
}

/** The events of a request, or where its body is none of the tracking API. */
export type SdkEvents =
  | { readonly kind: 'events'; readonly events: readonly IncomingEvent[] }
  | {
      readonly kind: 'invalid';
      /** Dotted paths in the body; '' is all of it. Never a value of it. */
      readonly issues: readonly { readonly path: string; readonly message: string }[];
    };

/** The SDKs send at most 500 kB, which is some hundred events. */
export const mostEvents = 10_000;

/**
 * Reads the JSON body of a request that an SDK of Segment or RudderStack sent, and fills in what their servers do:
 * `receivedAt`, `messageId`, the address in `context.ip`, and the times (see eventTimes()).
 *
 * - The path decides the type where it names one, also against the body, as with RudderStack.
 * - `context` and `integrations` of a batch hold for each of its events, which may say otherwise member by member.
 * - `context.ip` is filled in for browsers and phones alone: the address of a server that sends is no person's.
 * - A word for nothing, such as "null", is no messageId: it is replaced, or else the second event with it would be
 *   lost.
 * - The write key stays in the request.
 *
 * Only a body without events is invalid. An event that no destination could take, one without a user or one that is no
 * object, is passed on as it is: each connection settles it for a reason of its own, and it can be found among the dead
 * letters. SDKs drop a whole batch at a 400, and the good events with it; and who needs a `userId` is for the
 * destination to say.
 */
export function sdkEvents(call: TrackingCall, body: JsonValue, received: Received): SdkEvents {
  if (!isObject(body)) return invalid('', 'must be an object');
  if (call !== 'batch') return { kind: 'events', events: [filledIn({ ...body, type: call }, noBatch, received)] };
  const { batch, context, integrations } = body;
  if (!Array.isArray(batch)) return invalid('batch', 'must be a list of events');
  if (batch.length > mostEvents) return invalid('batch', `has more than ${mostEvents} events`);
  // Consent may stand there: what cannot be read must not be left out.
  if (!isObject(objectOf(context))) return invalid('context', 'must be an object');
  if (!isObject(objectOf(integrations))) return invalid('integrations', 'must be an object');
  return { kind: 'events', events: (batch as readonly JsonValue[]).map((event) => filledIn(event, body, received)) };
}

const invalid = (path: string, message: string): SdkEvents => ({ kind: 'invalid', issues: [{ path, message }] });

const noBatch: JsonObject = {};

function filledIn(incoming: JsonValue, batch: JsonObject, received: Received): IncomingEvent {
  if (!isObject(incoming)) return incoming as unknown as IncomingEvent;
  const { writeKey: _, ...event } = incoming;
  const context = merged(batch['context'], event['context']);
  const integrations = merged(batch['integrations'], event['integrations']);
  const whole: JsonObject = {
    ...event,
    ...(context === undefined ? {} : { context }),
    ...(integrations === undefined ? {} : { integrations }),
    ...(dedupIdOf(event) === '' ? { messageId: randomUUID() } : {}),
    ...eventTimes(event, batch['sentAt'], received.at),
  };
  return withAddress(whole, received.ip) as unknown as IncomingEvent;
}

/** An event's own members before those of its batch. `undefined` where the batch has nothing to add. */
function merged(shared: JsonValue | undefined, own: JsonValue | undefined): JsonObject | undefined {
  const common = objectOf(shared);
  const ownObject = objectOf(own);
  // A value that is no object is left where it is, for the connection to refuse.
  if (!isObject(common) || !isObject(ownObject) || Object.keys(common).length === 0) return undefined;
  return { ...common, ...ownObject };
}

function withAddress(event: JsonObject, ip: string | undefined): JsonObject {
  const address = ip === undefined ? undefined : ipAddress(ip);
  const context = objectOf(event['context']);
  if (address === undefined || !isObject(context) || !isBlank(context['ip']) || isSentByServer(event)) return event;
  return { ...event, context: { ...context, ip: address } };
}

/** Nothing at all, and PHP's empty list, are empty objects. */
const objectOf = (value: JsonValue | undefined): JsonValue =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0) ? {} : value;
