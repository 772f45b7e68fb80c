import { z } from 'zod';
import { reject, type Transformed } from '../../api/delivery.ts';
import { eventTypes, type CdpEvent } from '../../api/event.ts';
import { trimInvisible } from '../../api/fields/trim-invisible.ts';
import { usableId } from '../../api/person/identifier.ts';
import { eventIn } from './event-text.ts';

/** The schema of an event's outer shape; vendors check what is inside. Made for the first invalid event. */
export function eventShape(): z.ZodType {
  shape ??= makeShape();
  return shape;
}

let shape: z.ZodType | undefined;

function makeShape(): z.ZodType {
  const text = z.string().nullish();
  const object = z.custom<object>(isPlain, 'expected an object').nullish();
  const texts = { event: text, name: text, messageId: text, userId: text, anonymousId: text };
  const times = { timestamp: text, originalTimestamp: text, sentAt: text, receivedAt: text };
  const objects = { context: object, integrations: object, properties: object, traits: object };
  return z.looseObject({ type: z.enum(eventTypes), ...texts, ...times, ...objects }, 'expected an object');
}

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const types = new Set<unknown>(eventTypes);
/** Text, or nothing. */
export const isTextOrNone = (value: unknown): boolean =>
  value === undefined || value === null || typeof value === 'string';
const isObject = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'object' && !Array.isArray(value));

/** Says the same as eventShape(), ten times cheaper for a valid event. A test compares the two. */
export function isEvent(event: unknown): event is CdpEvent {
  if (typeof event !== 'object' || event === null || Array.isArray(event)) return false;
  const e = event as Record<string, unknown>;
  return (
    types.has(e['type']) &&
    (e['type'] !== 'track' || (typeof e['event'] === 'string' && trimInvisible(e['event']) !== '')) &&
    isTextOrNone(e['event']) &&
    isTextOrNone(e['name']) &&
    isTextOrNone(e['messageId']) &&
    isTextOrNone(e['timestamp']) &&
    isTextOrNone(e['originalTimestamp']) &&
    isTextOrNone(e['sentAt']) &&
    isTextOrNone(e['receivedAt']) &&
    isTextOrNone(e['userId']) &&
    isTextOrNone(e['anonymousId']) &&
    isObject(e['context']) &&
    isObject(e['integrations']) &&
    isObject(e['properties']) &&
    isObject(e['traits'])
  );
}

/** Says why an event is invalid, with the path of the field and never its value. */
export function whyNotEvent(event: unknown): Extract<Transformed<never>, { kind: 'rejected' }> {
  const parsed = eventShape().safeParse(event);
  const issue = parsed.error?.issues[0];
  if (issue === undefined) return reject('missing_field', 'A track event needs a name', 'event');
  const field = issue.path.map(String).join('.');
  const message =
    field === '' ? 'An event must be a JSON object' : `The event's "${field}" is not what it must be: ${issue.message}`;
  return field === '' ? reject('invalid_value', message) : reject('invalid_value', message, field);
}

/**
 * The messageId of a value passed as an event, or of its JSON text, as it was written; a number as text; '' if it has
 * none. Never throws. Outcomes carry it. To tell events apart, take dedupIdOf().
 */
export const eventIdOf = (event: unknown): string => messageIdOf(eventIn(event));

/** The same, of the event itself. */
export function messageIdOf(event: unknown): string {
  try {
    const id: unknown = (event as { readonly messageId?: unknown } | null | undefined)?.messageId;
    if (typeof id === 'string') return id;
    return Number.isSafeInteger(id) ? String(id) : '';
  } catch {
    return '';
  }
}

/**
 * The messageId by which a value passed as an event is told from others; '' if it has none that can. A word for
 * nothing, such as "null" or "undefined", is no id: two events that carry it are two events. Never throws.
 */
export const dedupIdOf = (event: unknown): string => dedupId(eventIdOf(event));

/** The same, of an event with this messageId. */
export const dedupId = (eventId: string): string =>
  eventId === '' ? '' : (usableId(eventId.includes('\0') ? eventId.replaceAll('\0', '') : eventId) ?? '');
