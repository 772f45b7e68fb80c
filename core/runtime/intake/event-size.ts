/** How large and how deep an event may be. */
export interface EventLimits {
  /** UTF-8 bytes, as JSON would write it. */
  readonly maxBytes: number;
  readonly maxDepth: number;
}

export const defaultEventLimits: EventLimits = { maxBytes: 1024 * 1024, maxDepth: 64 };

/** No UTF-16 unit takes more bytes than this in UTF-8. */
const bytesPerUnit = 3;

/** What a walk ends with when it is not the room that is left. */
const tooLarge = -1;
const tooDeep = -2;
const notJson = -3;

/**
 * Whether an event is small, flat and plain enough to be worked on: `undefined`, or what is wrong. One walk that goes no
 * deeper than allowed and stops when the room is used up, so that no depth and no cycle exhausts anything; it never makes
 * text of the event.
 */
export function exceedsLimits(event: object, { maxBytes, maxDepth }: EventLimits) {
  let left = bytesLeft(event, maxBytes, maxDepth, false);
  if (left === tooLarge) left = bytesLeft(event, maxBytes, maxDepth, true);
  if (left >= 0) return undefined;
  return left === tooLarge ? 'too large' : left === tooDeep ? 'too deep' : 'not JSON';
}

function bytesLeft(value: object, room: number, levels: number, exactly: boolean): number {
  if (levels <= 0) return tooDeep;
  let left = room - 2;
  if (left < 0) return tooLarge;
  if (Array.isArray(value)) {
    if (value.length > left) return tooLarge;
    for (let i = 0; i < value.length && left >= 0; i += 1) left = bytesLeftAfterPart(value[i], left, levels, exactly);
    return left;
  }
  for (const key in value) {
    left -= sizeOf(key, exactly) + 4;
    left = bytesLeftAfterPart((value as Record<string, unknown>)[key], left, levels, exactly);
    if (left < 0) return left;
  }
  return left;
}

function bytesLeftAfterPart(part: unknown, room: number, levels: number, exactly: boolean): number {
  if (room < 0) return tooLarge;
  if (typeof part === 'string') return atLeastNone(room - sizeOf(part, exactly) - 3);
  if (typeof part === 'object' && part !== null) return bytesLeft(part, room, levels - 1, exactly);
  if (part !== undefined && part !== null && typeof part !== 'number' && typeof part !== 'boolean') return notJson;
  return atLeastNone(room - 8);
}

const atLeastNone = (left: number): number => (left < 0 ? tooLarge : left);

const sizeOf = (text: string, exactly: boolean): number =>
  exactly ? Buffer.byteLength(text) : text.length * bytesPerUnit;
