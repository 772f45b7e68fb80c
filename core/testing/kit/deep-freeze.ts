/** What was frozen to its leaves: it cannot change any more, and settings are frozen again for every event. */
const frozen = new WeakSet<object>();

/** Freezes a value recursively, with a stack of its own: the kit's events are deeper than the call stack. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || frozen.has(value)) return value;
  const seen = new Set<object>();
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null || seen.has(next) || frozen.has(next)) continue;
    seen.add(next);
    Object.freeze(next);
    for (const part of Object.values(next)) if (typeof part === 'object') open.push(part);
  }
  frozen.add(value);
  return value;
}
