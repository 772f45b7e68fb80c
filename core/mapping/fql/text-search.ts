import { PlainPattern } from '../plain-pattern.ts';

/** A part of up to so many signs is found by the engine, whose worst case is their product with those of the text. */
const longestForEngine = 64;

/**
 * Whether a text has a part in it. Both may come from an event, and for a part of 100 kB that nearly repeats itself
 * `includes` takes minutes. So a long one is searched in linear time.
 */
export function hasPart(text: string, part: string): boolean {
  if (part.length <= longestForEngine) return text.includes(part);
  return part.length <= text.length && new PlainPattern(part, false).indexIn(text, 0) >= 0;
}
