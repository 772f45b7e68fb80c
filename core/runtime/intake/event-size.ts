import { types } from 'node:util';
import type { Write } from '../../mapping/apply-mapping.ts';
import { mostSteps } from '../../mapping/mapping-targets.ts';

/** The greatest size and depth of an event. */
export interface EventLimits {
  /** UTF-8 bytes, as JSON would write it. */
  readonly maxBytes: number;
  readonly maxDepth: number;
}

export const defaultEventLimits: EventLimits = { maxBytes: 1024 * 1024, maxDepth: 64 };

/** No UTF-16 unit takes more bytes than this in UTF-8. */
const bytesPerUnit = 3;

/** Results of a walk other than the remaining bytes. */
const tooLarge = -1;
const tooDeep = -2;
const notJson = -3;

/** Whether the last walk met U+0000 in a text or a key. */
let metNul = false;

/**
 * Says why an event is not plain, too large, too deep or not JSON, or else that it has U+0000 in some text or key;
 * `undefined` if nothing of that holds. One walk that stops at the depth limit and when the bytes are used up, so
 * that neither depth nor a cycle exhausts the process. It never serializes the event.
 */
export function exceedsLimits(event: object, { maxBytes, maxDepth }: EventLimits) {
  if (isUnreadable(event, true)) return 'not plain';
  metNul = false;
  let remaining = bytesLeft(event, maxBytes, maxDepth, false);
  if (remaining === tooLarge) remaining = bytesLeft(event, maxBytes, maxDepth, true);
  if (remaining >= 0) return metNul ? 'has U+0000' : undefined;
  return remaining === tooLarge ? 'too large' : remaining === tooDeep ? 'too deep' : 'not JSON';
}

/** What stands around the names of a target, each of which may be a new object: quotes, colon, comma, braces. */
const bytesOfFrame = 6 * mostSteps;

/**
 * Whether an event that is within the limits, and takes at most `bytes`, surely is so after a mapping. Only what that
 * wrote is measured, at the deepest place there is, and counted beside all that was there before, what it replaced
 * included. Where this is not sure, exceedsLimits() decides.
 */
export function addsNoExcess(writes: readonly Write[], bytes: number, { maxBytes, maxDepth }: EventLimits) {
  if (maxDepth < mostSteps) return false;
  metNul = false;
  let remaining = maxBytes - bytes;
  for (let index = 0; index < writes.length && remaining >= 0; index += 1) {
    const { target, value } = writes[index] as Write;
    remaining -= sizeOf(target, false) + bytesOfFrame;
    remaining = bytesLeftAfterPart(value, remaining, maxDepth - mostSteps + 1, false);
  }
  return remaining >= 0 && !metNul;
}

function bytesLeft(value: object, budget: number, levels: number, exactly: boolean): number {
  if (levels <= 0) return tooDeep;
  let remaining = budget - 2;
  if (remaining < 0) return tooLarge;
  if (Array.isArray(value)) {
    if (value.length > remaining) return tooLarge;
    for (let i = 0; i < value.length && remaining >= 0; i += 1)
      remaining = bytesLeftAfterPart(value[i], remaining, levels, exactly);
    return remaining;
  }
  if (isUnreadable(value, false)) return notJson;
  for (const key in value) {
    remaining -= sizeOf(key, exactly) + 4;
    remaining = bytesLeftAfterPart((value as Record<string, unknown>)[key], remaining, levels, exactly);
    if (remaining < 0) return remaining;
  }
  return remaining;
}

function bytesLeftAfterPart(part: unknown, budget: number, levels: number, exactly: boolean): number {
  if (budget < 0) return tooLarge;
  if (typeof part === 'string') return atLeastNone(budget - sizeOf(part, exactly) - 3);
  if (typeof part === 'object' && part !== null) return bytesLeft(part, budget, levels - 1, exactly);
  if (part !== undefined && part !== null && typeof part !== 'number' && typeof part !== 'boolean') return notJson;
  return atLeastNone(budget - 8);
}

const atLeastNone = (remaining: number): number => (remaining < 0 ? tooLarge : remaining);

function sizeOf(text: string, exactly: boolean): number {
  if (text.indexOf('\0') >= 0) metNul = true;
  return exactly ? Buffer.byteLength(text) : text.length * bytesPerUnit;
}

/**
 * Whether reading its members takes seconds, or misses some: the bytes of a typed array and the letters of a text as an
 * object are keys, and neither copies nor JSON have what a class gives by getters, such as the entries of a Map.
 * A part of an event may have its own toJSON().
 */
function isUnreadable(value: object, isEvent: boolean): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === Object.prototype || prototype === null) return false;
  return (
    types.isArrayBufferView(value) ||
    types.isBoxedPrimitive(value) ||
    (hasMembers(prototype) && (isEvent || !('toJSON' in value)))
  );
}

/** Whether a prototype, or its own, has more than methods. */
function hasMembers(prototype: object): boolean {
  const before = prototypes.get(prototype);
  if (before !== undefined) return before;
  const next = Object.getPrototypeOf(prototype) as object | null;
  const isRoot = next === null && Object.hasOwn(prototype, 'isPrototypeOf');
  const descriptors = isRoot ? [] : Object.values(Object.getOwnPropertyDescriptors(prototype));
  const result = descriptors.some(({ value }) => typeof value !== 'function') || (next !== null && hasMembers(next));
  prototypes.set(prototype, result);
  return result;
}

const prototypes = new WeakMap<object, boolean>();
