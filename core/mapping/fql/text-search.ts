/** A part of up to so many signs is found by the engine, whose worst case is their product with those of the text. */
const longestForEngine = 64;

/**
 * Whether a text has a part in it. Both may come from an event, and for a part of 100 kB that nearly repeats itself
 * `includes` takes minutes. So a long one is searched by the algorithm of Knuth, Morris and Pratt, in linear time.
 */
export function hasPart(text: string, part: string): boolean {
  if (part.length <= longestForEngine) return text.includes(part);
  if (part.length > text.length) return false;
  const borders = bordersOf(part);
  let fit = 0;
  for (let index = 0; index < text.length; index += 1) {
    fit = nextFit(part, borders, fit, text.charCodeAt(index));
    if (fit === part.length) return true;
  }
  return false;
}

/** For each length, how many of the first signs of the part come again at the end of so many. */
function bordersOf(part: string): Int32Array {
  const borders = new Int32Array(part.length + 1);
  for (let index = 1; index < part.length; index += 1)
    borders[index + 1] = nextFit(part, borders, borders[index] as number, part.charCodeAt(index));
  return borders;
}

/** How many of the first signs of the part stand at the end of a text, where `fit` of them stood before `sign`. */
function nextFit(part: string, borders: Int32Array, fit: number, sign: number): number {
  let length = fit;
  while (length > 0 && part.charCodeAt(length) !== sign) length = borders[length] as number;
  return part.charCodeAt(length) === sign ? length + 1 : 0;
}
