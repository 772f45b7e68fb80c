/** Results of the walk other than the remaining work. */
export const tooMuch = -1;
export const tooDeep = -2;
export const notJson = -3;

/** What stands around a name or a value: quotation marks, a colon, a comma. */
const signsAround = 4;
const longestNumber = 8;

/**
 * How much of `most` remains once all characters and values of a JSON value have been counted, about as many as its JSON
 * text has; or that it is too much, too deep, or holds a number that JSON cannot write. A value may hold the same part
 * many times, so its text may be far longer than what it takes in memory: look here before you write it.
 */
export function sizeLeft(value: unknown, most: number, levels: number): number {
  if (typeof value === 'string') return atLeastNone(most - value.length - signsAround);
  if (typeof value === 'number') return Number.isFinite(value) ? atLeastNone(most - longestNumber) : notJson;
  if (typeof value !== 'object' || value === null) return atLeastNone(most - longestNumber);
  if (levels <= 0) return tooDeep;
  let left = atLeastNone(most - signsAround);
  if (left < 0) return left;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && left >= 0; index += 1) left = sizeLeft(value[index], left, levels - 1);
    return left;
  }
  for (const name of Object.keys(value)) {
    left = atLeastNone(left - name.length - signsAround);
    if (left >= 0) left = sizeLeft((value as Readonly<Record<string, unknown>>)[name], left, levels - 1);
    if (left < 0) return left;
  }
  return left;
}

const atLeastNone = (left: number): number => (left < 0 ? tooMuch : left);
