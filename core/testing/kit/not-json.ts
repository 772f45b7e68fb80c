/** The first part of a value that JSON would lose or change, and its path; `undefined` properties count as absent. */
export function notJson(value: unknown): { readonly path: string; readonly what: string } | undefined {
  const open: { readonly at: unknown; readonly path: string }[] = [{ at: value, path: '' }];
  while (open.length > 0) {
    const { at, path } = open.pop() as { at: unknown; path: string };
    const what = notJsonPart(at);
    if (what !== undefined) return { path, what };
    if (typeof at !== 'object' || at === null) continue;
    for (const [key, part] of Object.entries(at)) {
      if (part === undefined && !Array.isArray(at)) continue;
      open.push({ at: part, path: path === '' ? key : `${path}.${key}` });
    }
  }
  return undefined;
}

function notJsonPart(value: unknown): string | undefined {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : String(value);
  if (typeof value !== 'object') return `a value of type ${typeof value}`;
  if (Array.isArray(value)) return undefined;
  const prototype: unknown = Object.getPrototypeOf(value);
  const plain = prototype === null || Object.getPrototypeOf(prototype) === null;
  return plain ? undefined : `a ${value.constructor.name}`;
}
