import { EventAndText } from '../../api/event.ts';
import type { EventLimits } from './event-size.ts';

/**
 * The event of what a host handed over: itself, or what its JSON text holds; `undefined` for a text that is no JSON.
 * Never throws: the error of JSON.parse would quote the text.
 */
export function eventIn(input: unknown): unknown {
  if (typeof input !== 'string') return isPair(input) ? input.event : input;
  try {
    return JSON.parse(input) as unknown;
  } catch {
    return undefined;
  }
}

/** The JSON text that a host handed over, alone or with its event; `undefined` for an event alone. */
export function textIn(input: unknown): string | undefined {
  const text: unknown = isPair(input) ? input.text : input;
  return typeof text === 'string' ? text : undefined;
}

/** A proxy may throw for being asked what it is. */
function isPair(input: unknown): input is EventAndText {
  try {
    return input instanceof EventAndText;
  } catch {
    return false;
  }
}

/** What is parsed of a text takes at most 4 bytes a character by the count of exceedsLimits(): `1,` counts as 8. */
export const mostBytesIn = (text: string): number => text.length * 4;

/**
 * Whether its text alone tells that an event is plain, within the limits and without U+0000, as nearly every text does.
 * It takes a quarter of the time that a walk through the event would: JSON.parse makes nothing but plain objects, it
 * takes U+0000 as an escape alone, and no object is nested more deeply than there are brackets that open.
 */
export const showsNoExcess = (text: string, { maxBytes, maxDepth }: EventLimits): boolean =>
  mostBytesIn(text) <= maxBytes &&
  !text.includes('\\u0000') &&
  withoutSign(text, '[', withoutSign(text, '{', maxDepth)) >= 0;

/** `most` less the number of times that the sign stands in the text; negative as soon as it stands there more often. */
function withoutSign(text: string, sign: string, most: number): number {
  let left = most;
  for (let at = text.indexOf(sign); at !== -1 && left >= 0; at = text.indexOf(sign, at + 1)) left -= 1;
  return left;
}
