import { usage } from './exit-codes.ts';

/** The most parts that a path of --set has. */
const mostParts = 32;

/** Sets `body.emails.0.headline` of an input, and creates what lies above it; a number is a place in a list. */
export function setAt(input: Record<string, unknown>, key: string, path: readonly string[], value: unknown): void {
  if (path.length > mostParts) throw usage(`--set: ${JSON.stringify(key)} has more than ${mostParts} parts`);
  let at: Record<string, unknown> | unknown[] = input;
  for (const [depth, name] of path.entries()) {
    if (Array.isArray(at)) assertPlace(at, name, key);
    const container: Record<string, unknown> = at as Record<string, unknown>;
    if (depth === path.length - 1) {
      container[name] = value;
      return;
    }
    const there = container[name];
    if (there !== undefined && (typeof there !== 'object' || there === null))
      throw usage(`--set: cannot set ${JSON.stringify(key)}: a part of its path already has a single value`);
    const next = there ?? (isPlace(path[depth + 1] ?? '') ? [] : {});
    container[name] = next;
    at = next as Record<string, unknown> | unknown[];
  }
}

const isPlace = (name: string): boolean => /^(?:0|[1-9]\d*)$/.test(name);

/** The next entry may be added, and none behind it: the ones between would be holes. */
function assertPlace(list: readonly unknown[], name: string, key: string): void {
  if (!isPlace(name)) throw usage(`--set: ${JSON.stringify(key)}: ${JSON.stringify(name)} is no place in a list`);
  if (Number(name) > list.length)
    throw usage(`--set: ${JSON.stringify(key)} leaves gaps: that list has ${list.length} entries, and the first is 0`);
}
