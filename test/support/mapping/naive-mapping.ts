import type { JsonObject, JsonValue } from '../../../core/api/index.ts';

/** What a mapping means, in as few words as possible: paths are names between dots, and nothing is compiled. */
export function applyNaively(set: Readonly<Record<string, JsonValue>>, unset: readonly string[], event: JsonObject) {
  const result = copyOf(event);
  for (const [target, side] of Object.entries(set)) {
    const value = resolve(side, event);
    if (value !== undefined) write(result, target.split('.'), copyOf(value));
  }
  for (const target of unset) remove(result, target.split('.'));
  return result;
}

const copyOf = <T extends JsonValue>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

type Maybe = JsonValue | undefined;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const define = (object: object, name: string, value: unknown): void =>
  void Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });

const own = (object: JsonObject, name: string): Maybe => (Object.hasOwn(object, name) ? object[name] : undefined);

function write(object: JsonObject, [name = '', ...rest]: readonly string[], value: JsonValue): void {
  if (rest.length === 0) return define(object, name, value);
  const next = own(object, name) ?? {};
  if (!isObject(next)) return;
  define(object, name, next);
  write(next, rest, value);
}

function remove(object: JsonObject, [name = '', ...rest]: readonly string[]): void {
  const next = own(object, name);
  if (rest.length === 0) Reflect.deleteProperty(object, name);
  else if (isObject(next)) remove(next, rest);
}

const read = (root: Maybe, path: string): Maybe =>
  path.split('.').reduce<Maybe>((at, name) => {
    if (name === '$') return at;
    if (Array.isArray(at)) return /^\d+$/.test(name) ? (at as JsonValue[])[Number(name)] : undefined;
    return isObject(at) ? own(at, name) : undefined;
  }, root);

const pick = (parts: readonly (readonly [string, Maybe])[]): JsonObject | undefined => {
  const there = parts.filter(([, value]) => value !== undefined);
  const object = {};
  for (const [name, value] of there) define(object, name, value);
  return parts.length > 0 && there.length === 0 ? undefined : object;
};

function resolve(side: Maybe, root: Maybe): Maybe {
  if (Array.isArray(side)) {
    const values = (side as JsonValue[]).map((one) => resolve(one, root)).filter((one) => one !== undefined);
    return side.length > 0 && values.length === 0 ? undefined : (values as JsonValue[]);
  }
  if (!isObject(side)) return side;
  const [name = '', ...others] = Object.keys(side);
  if (others.length > 0 || !name.startsWith('@')) {
    return pick(Object.keys(side).map((one) => [one, resolve(own(side, one), root)] as const));
  }
  return (directives[name] as (argument: never, root: Maybe) => Maybe)(side[name] as never, root);
}

interface Options {
  readonly [name: string]: JsonValue;
}

const onValue =
  (convert: (value: JsonValue, options: Options) => Maybe) =>
  (options: Options, root: Maybe): Maybe => {
    const value = resolve(options['value'], root);
    return value === undefined || value === null ? value : convert(value, options);
  };

const scalar = (value: Maybe): string | undefined =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;

const directives: Readonly<Record<string, (argument: never, root: Maybe) => Maybe>> = {
  '@path': (path: string, root: Maybe) => read(root, path),
  '@literal': (value: JsonValue) => value,
  '@template': (text: string, root: Maybe) => {
    const paths = [...text.matchAll(/{{(.*?)}}/g)].map(([, path = '']) => read(root, path));
    if (paths.some((value) => typeof value === 'object' && value !== null)) return undefined;
    if (paths.length > 0 && paths.every((value) => (value ?? null) === null)) return undefined;
    return text.replaceAll(/{{(.*?)}}/g, (_whole, path: string) => scalar(read(root, path)) ?? '');
  },
  '@if': (options: Options, root: Maybe) => {
    const value = resolve(options['exists'] ?? options['blank'], root) ?? null;
    const isThere = value !== null && !('blank' in options && value === '');
    return resolve(isThere ? options['then'] : options['else'], root);
  },
  '@case': onValue((value, { operator }) =>
    typeof value !== 'string' ? undefined : operator === 'upper' ? value.toUpperCase() : value.toLowerCase(),
  ),
  '@replace': onValue((value, { pattern, replacement }) =>
    scalar(value)
      ?.split(pattern as string)
      .join(replacement as string),
  ),
  '@arrayPath': ([path, shape]: readonly JsonValue[], root: Maybe) => {
    const value = typeof path === 'string' ? read(root, path) : resolve(path, root);
    if (value === undefined || value === null) return value;
    const list = Array.isArray(value) ? (value as JsonValue[]) : isObject(value) ? [value] : undefined;
    if (shape === undefined) return list;
    return list?.map((one) => resolve(shape, one)).filter((one) => one !== undefined);
  },
  '@flatten': onValue((value, { separator, omitArrays }) => {
    const flat = (nested: object, prefix: string): (readonly [string, Maybe])[] =>
      Object.entries(nested).flatMap(([name, part]: [string, JsonValue]) =>
        isObject(part) || (Array.isArray(part) && omitArrays !== true)
          ? flat(part, prefix + name + (separator as string))
          : [[prefix + name, part]],
      );
    return isObject(value) ? (pick(flat(value, '')) ?? {}) : undefined;
  }),
  '@json': onValue((value, { mode }) => {
    if (mode === 'encode') return JSON.stringify(value);
    try {
      return typeof value === 'string' ? (JSON.parse(value) as JsonValue) : value;
    } catch {
      return value;
    }
  }),
  '@merge': ({ objects, direction }: Options, root: Maybe) => {
    const all = (objects as JsonValue[]).map((one) => resolve(one, root) ?? null).filter((one) => one !== null);
    if (all.length === 0 || !all.every(isObject)) return undefined;
    const merged = {};
    for (const object of direction === 'left' ? all.reverse() : all)
      for (const name of Object.keys(object)) define(merged, name, object[name]);
    return merged;
  },
  '@transform': ({ apply, mapping }: Options, root: Maybe) => {
    const applied = resolve(apply, root);
    return applied === undefined ? undefined : resolve(mapping, applied);
  },
  '@excludeWhenNull': (value: JsonValue, root: Maybe) => resolve(value, root) ?? undefined,
  '@map': (options: Options, root: Maybe) => {
    const text = scalar(resolve(options['value'], root));
    const row = text === undefined ? undefined : own(options['to'] as JsonObject, text);
    return resolve(row === undefined ? options['else'] : row, root);
  },
};
