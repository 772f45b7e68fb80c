import { types } from 'node:util';
import type { Unsent } from '../../api/delivery.ts';
import { admit, reject } from '../../api/delivery.ts';
import { eventTypes, otherEventTypes, type CdpEvent } from '../../api/event.ts';
import { parseTime } from '../../api/events/event-time.ts';
import { trimInvisible } from '../../api/fields/trim-invisible.ts';
import type { Note } from '../../api/outcome.ts';
import { BoundedNotes } from './bounded-notes.ts';
import { isEvent, isTextOrNone, whyNotEvent } from './event-shape.ts';
import { defaultEventLimits, exceedsLimits, type EventLimits } from './event-size.ts';

/** A copy of an event in the spelling that destination folders expect, with what was lost on the way there. */
export interface NormalizedEvent {
  readonly kind: 'normalized';
  readonly event: CdpEvent;
  readonly notes: readonly Note[];
}

/**
 * Brings what hosts and SDKs write into the one spelling that destination folders expect (see IncomingEvent): numbers
 * as ids and names, epoch times and Dates, PHP's empty lists, types in capitals, texts with U+0000. An event with
 * nothing of that is admitted as it is, after one pass over its envelope, and is not copied. One that is too large, too
 * deep, or no plain object is refused before anything of it is copied. `isWithin`: whether the limits hold for sure.
 */
export function normalizeEvent(
  incoming: unknown,
  limits: EventLimits,
  isWithin = false,
): NormalizedEvent | typeof admit | Unsent {
  if (isEvent(incoming) && !hasOddMember(incoming)) {
    const excess = isWithin ? undefined : exceedsLimits(incoming, limits);
    if (excess === undefined) return admit;
    return excess === 'has U+0000' ? withoutNul(incoming, new BoundedNotes()) : refusals[excess];
  }
  if (typeof incoming !== 'object' || incoming === null || Array.isArray(incoming)) return whyNotEvent(incoming);
  const excess = isWithin ? undefined : exceedsLimits(incoming, limits);
  if (excess !== undefined && excess !== 'has U+0000' && excess !== 'not JSON') return refusals[excess];
  const notes = new BoundedNotes();
  const event = withUsualEnvelope(incoming, notes);
  if (!isEvent(event)) return whyNotEvent(event);
  if (excess === 'not JSON') return refusals[excess];
  return excess === undefined ? inUsualSpelling(event, notes) : withoutNul(event, notes);
}

/**
 * An event as a connection's rules and its vendor's folder get it: times, ids and types in the usual spelling. What no
 * connection would take stays as it is. A connection does this itself.
 */
export function inUsualForm(event: object): object {
  const normal = normalizeEvent(event, defaultEventLimits);
  return normal.kind === 'normalized' ? normal.event : event;
}

const inUsualSpelling = (event: CdpEvent, notes: BoundedNotes): NormalizedEvent => ({
  kind: 'normalized',
  event,
  notes: notes.list(),
});

const refusals = {
  'not plain': reject('invalid_value', 'A plain object is wanted: what a class or a prototype gives would be lost'),
  'too deep': reject('invalid_value', 'The event is nested too deeply'),
  'too large': reject('payload_too_large', 'The event is too large'),
  'not JSON': reject('invalid_value', 'The event holds something JSON cannot carry'),
};

type Envelope = Record<string, unknown>;

/** What the shape of an event does not tell: epoch times as text, and ids that only some types have. */
function hasOddMember(event: CdpEvent): boolean {
  return (
    isEpochText(event.timestamp) ||
    isEpochText(event.originalTimestamp) ||
    isEpochText(event.sentAt) ||
    isEpochText(event.receivedAt) ||
    (event.type === 'group' && !isTextOrNone(event.groupId)) ||
    (event.type === 'alias' && !isTextOrNone(event.previousId))
  );
}

const idMembers = ['messageId', 'userId', 'anonymousId', 'groupId', 'previousId'];
const timeMembers = ['timestamp', 'originalTimestamp', 'sentAt', 'receivedAt'];
const nameMembers = ['event', 'name'];
const objectMembers = ['context', 'integrations', 'properties', 'traits'];

function withUsualEnvelope(incoming: object, notes: BoundedNotes): Envelope {
  const event: Envelope = { ...incoming };
  event['type'] = usualType(event['type']);
  for (const name of idMembers) normalizeId(event, name, notes);
  for (const name of timeMembers) normalizeTime(event, name);
  for (const name of nameMembers) if (Number.isFinite(event[name])) event[name] = String(event[name]);
  // PHP writes an empty map as an empty list.
  for (const name of objectMembers) if (isEmptyList(event[name])) event[name] = {};
  return event;
}

const knownTypes: ReadonlySet<string> = new Set([...eventTypes, ...otherEventTypes]);

/** A type that is known but for its case and the blanks around it. */
export function usualType(type: unknown): unknown {
  if (typeof type !== 'string' || type.length > longestType) return type;
  const usual = trimInvisible(type.replaceAll('\0', '')).toLowerCase();
  return knownTypes.has(usual) ? usual : type;
}

/** No type is as long, with blanks around it or without. */
const longestType = 100;

/** An id that is no text, or none that the sender can have meant, is removed: the event may have another. */
function normalizeId(event: Envelope, name: string, notes: BoundedNotes): void {
  const id = event[name];
  if (typeof id === 'boolean') notes.add(dropped(name, 'true and false are no ids'));
  else if (typeof id !== 'number') return;
  else if (Number.isSafeInteger(id)) return void (event[name] = String(id));
  else if (Math.abs(id) > Number.MAX_SAFE_INTEGER)
    notes.add(dropped(name, 'A number beyond 2^53 has lost its digits: send the id as text'));
  else notes.add(dropped(name, 'A number that is not whole is no id'));
  event[name] = undefined;
}

function normalizeTime(event: Envelope, name: string): void {
  const iso = isoTimeOf(event[name]);
  if (iso !== undefined) event[name] = iso;
}

const dropped = (field: string, message: string): Note => ({ code: 'dropped', field, message });

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

/** ISO 8601 with a zone has 20 characters and more. */
const isEpochText = (time: unknown): boolean =>
  typeof time === 'string' && time.length < 20 && isoTimeOf(time) !== undefined;

const digits = /^\d{10,19}(?:\.\d+)?$/;

/** Epoch time or a Date as ISO 8601; `undefined` for anything else, such as a time that is ISO 8601 already. */
export function isoTimeOf(time: unknown): string | undefined {
  if (typeof time === 'object') return types.isDate(time) ? isoText(time.getTime()) : undefined;
  const isEpoch = typeof time === 'number' || (typeof time === 'string' && digits.test(time));
  return isEpoch ? isoText(parseTime(time)) : undefined;
}

const isoText = (ms = Number.NaN): string | undefined => (Number.isFinite(ms) ? new Date(ms).toISOString() : undefined);

function withoutNul(event: object, notes: BoundedNotes): NormalizedEvent | Unsent {
  // An epoch time may have had one, too.
  const clean = withUsualEnvelope(cleanObject(event, '', notes), notes);
  // A name of U+0000 alone is none.
  return isEvent(clean) ? inUsualSpelling(clean, notes) : whyNotEvent(clean);
}

/** The value without U+0000 in its texts and keys: copied where it had one, and noted by its path. */
function cleanValue(value: unknown, path: string, notes: BoundedNotes): unknown {
  if (typeof value === 'string') return cleanText(value, path, notes);
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? cleanList(value, path, notes) : cleanObject(value, path, notes);
}

function cleanText(text: string, path: string, notes: BoundedNotes): string {
  if (!text.includes('\0')) return text;
  notes.add({ code: 'coerced', field: path, message: 'U+0000 is removed: vendors refuse it, or cut the text there' });
  return text.replaceAll('\0', '');
}

function cleanList(list: readonly unknown[], path: string, notes: BoundedNotes): readonly unknown[] {
  const clean = list.map((part, index) => cleanValue(part, `${path}[${index}]`, notes));
  return clean.every((part, index) => part === list[index]) ? list : clean;
}

function cleanObject(object: object, path: string, notes: BoundedNotes): object {
  let isClean = true;
  const names = new Set<string>();
  const entries: (readonly [string, unknown])[] = [];
  for (const [key, part] of Object.entries(object) as [string, unknown][]) {
    const name = key.replaceAll('\0', '');
    const at = pathTo(path, name);
    if (name !== key) {
      isClean = false;
      // It never takes the place of an id, of a consent, or of a member that is spelled right.
      if (path === '' || path.startsWith(consentPath) || Object.hasOwn(object, name) || names.has(name)) {
        notes.add(dropped(at, 'Left out: its name has U+0000 in it'));
        continue;
      }
      cleanText(key, at, notes);
    }
    const clean = cleanValue(part, at, notes);
    isClean &&= clean === part;
    names.add(name);
    entries.push([name, clean]);
  }
  return isClean ? object : Object.fromEntries(entries);
}

/** Of a path so much is kept: whoever shows it masks values in it, and shortens it then. */
const longestPath = 4_000;

function pathTo(path: string, name: string): string {
  if (path.length >= longestPath) return path;
  const end = name.length > longestPath ? name.slice(0, longestPath) : name;
  return path === '' ? end : `${path}.${end}`;
}

/** `context.consent` and `context.consentManagement`. */
const consentPath = 'context.consent';
