/** How large and how deep an event may be. */
export interface EventLimits {
  /** UTF-8 bytes, as JSON would write it. */
  readonly maxBytes: number;
  readonly maxDepth: number;
}

export const defaultEventLimits: EventLimits = { maxBytes: 1024 * 1024, maxDepth: 64 };

/** No UTF-16 unit takes more bytes than this in UTF-8. */
const bytesPerUnit = 3;

/**
 * Whether an event is small, flat and plain enough to be worked on: `undefined`, or what is wrong. One walk with a stack of
 * its own, so that neither depth nor a cycle can exhaust ours; it never makes text of the event.
 */
export function tooMuch(event: object, limits: EventLimits): 'too large' | 'too deep' | 'not JSON' | undefined {
  const roughly = walk(event, limits, (text) => text.length * bytesPerUnit);
  return roughly === 'too large' ? walk(event, limits, (text) => Buffer.byteLength(text)) : roughly;
}

function walk(event: object, { maxBytes, maxDepth }: EventLimits, sizeOf: (text: string) => number) {
  const open: object[] = [event];
  const depths: number[] = [1];
  let bytes = 0;
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const depth = depths.pop() as number;
    if (depth > maxDepth) return 'too deep';
    const list = Array.isArray(value);
    bytes += 2;
    for (const key in value) {
      if (!list) bytes += sizeOf(key) + 4;
      const part: unknown = (value as Record<string, unknown>)[key];
      if (typeof part === 'string') bytes += sizeOf(part) + 3;
      else if (typeof part === 'object' && part !== null) {
        open.push(part);
        depths.push(depth + 1);
      } else if (part !== undefined && typeof part !== 'number' && typeof part !== 'boolean' && part !== null) {
        return 'not JSON';
      } else bytes += 8;
    }
    if (bytes > maxBytes) return 'too large';
  }
  return undefined;
}
