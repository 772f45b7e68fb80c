/** Freezes a value recursively, with a stack of its own: the kit's events are deeper than the call stack. */
export function deepFreeze<T>(value: T): T {
  const seen = new Set<object>();
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    Object.freeze(next);
    open.push(...Object.values(next));
  }
  return value;
}
