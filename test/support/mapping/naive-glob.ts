/** Whether a pattern fits a whole text, by the set of places of the pattern that each sign of the text can lead to. */
export function naiveGlob(pattern: string, text: string): boolean {
  const places = placesOf(Array.from(pattern));
  const skipStars = (at: number): number[] => (places[at] === '*' ? [at, ...skipStars(at + 1)] : [at]);
  let reached = new Set(skipStars(0));
  for (const sign of Array.from(text)) {
    const next = new Set<number>();
    for (const at of reached) {
      const place = places[at];
      if (place === '*') skipStars(at).forEach((after) => next.add(after));
      else if (place?.(sign) === true) skipStars(at + 1).forEach((after) => next.add(after));
    }
    reached = next;
  }
  return reached.has(places.length);
}

type Place = '*' | ((sign: string) => boolean);

function placesOf(signs: readonly string[]): Place[] {
  const [first, ...others] = signs;
  if (first === undefined) return [];
  if (first === '*') return ['*', ...placesOf(others)];
  if (first === '?') return [() => true, ...placesOf(others)];
  if (first === '\\') return [(sign) => sign === others[0], ...placesOf(others.slice(1))];
  if (first === '[') return classOf(others);
  return [(sign) => sign === first, ...placesOf(others)];
}

function classOf(signs: readonly string[]): Place[] {
  const ranges: [string, string][] = [];
  let at = 0;
  const take = (): string => {
    if (signs[at] === '\\') at += 1;
    at += 1;
    return signs[at - 1] as string;
  };
  while (signs[at] !== ']') {
    const low = take();
    if (signs[at] === '-' && signs[at + 1] !== ']') {
      at += 1;
      ranges.push([low, take()]);
    } else ranges.push([low, low]);
  }
  const isWithin = (sign: string): boolean =>
    ranges.some(([low, high]) => orderOf(low) <= orderOf(sign) && orderOf(sign) <= orderOf(high));
  return [isWithin, ...placesOf(signs.slice(at + 1))];
}

const orderOf = (sign: string): number => sign.codePointAt(0) as number;
