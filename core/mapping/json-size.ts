/** Results of the walk other than the remaining work. */
export const tooMuch = -1;
export const tooDeep = -2;
export const notJson = -3;

/** What stands around a name or a value: quotation marks, a colon, a comma. */
const signsAround = 4;
const longestNumber = 8;

/**
 * How much of `most` remains once all characters and values of a JSON value have been counted, about as many as its
 * JSON text has; or that it is too much, too deep, or holds a number that JSON cannot write. A value may hold the same
 * part many times, so its text may be far longer than what it takes in memory: look here before you write it.
 */
export function remainingAfter(value: unknown, most: number, levels: number): number {
  if (typeof value === 'string') return atLeastNone(most - value.length - signsAround);
  if (typeof value === 'number') return Number.isFinite(value) ? atLeastNone(most - longestNumber) : notJson;
  if (typeof value !== 'object' || value === null) return atLeastNone(most - longestNumber);
  if (levels <= 0) return tooDeep;
  let remaining = atLeastNone(most - signsAround);
  if (remaining < 0) return remaining;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && remaining >= 0; index += 1)
      remaining = remainingAfter(value[index], remaining, levels - 1);
    return remaining;
  }
  for (const name of Object.keys(value)) {
    remaining = atLeastNone(remaining - name.length - signsAround);
    if (remaining >= 0)
      remaining = remainingAfter((value as Readonly<Record<string, unknown>>)[name], remaining, levels - 1);
    if (remaining < 0) return remaining;
  }
  return remaining;
}

const atLeastNone = (remaining: number): number => (remaining < 0 ? tooMuch : remaining);
