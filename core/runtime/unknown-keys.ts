import { z } from 'zod';
import { suggestion } from '../api/suggestion.ts';

/** What an unknown key is instead, such as a name of the other half of what a connection is opened with. */
export type Elsewhere = (name: string, path: readonly PropertyKey[]) => string | undefined;

/** Whoever writes more than these has not misspelt them, and each is compared with all that are known. */
const mostNamed = 20;

/**
 * A message for each key of an issue that its schema does not know: where it belongs, or the nearest known name. The
 * rest of more than 20 is counted.
 */
export const unknownKeys = (
  { keys, path }: z.core.$ZodIssueUnrecognizedKeys,
  shape: z.ZodType,
  elsewhere: Elsewhere,
): readonly string[] => {
  const known = namesAt(shape, path);
  const messages = keys.slice(0, mostNamed).map((name) => {
    const place = elsewhere(name, path);
    if (place !== undefined) return place;
    const unknown = `Unrecognized key: "${name}"`;
    return known === undefined ? unknown : `${unknown}; ${suggestion(name, known)}`;
  });
  return keys.length > mostNamed ? [...messages, `${keys.length - mostNamed} more keys are unrecognized`] : messages;
};

/** The path of the first key of this name in the objects of a schema, from the top down. */
export function pathOf(name: string, shape: z.ZodType, under: readonly string[] = []): string | undefined {
  const members = Object.entries(objectIn(shape)?.shape ?? {}) as [string, z.ZodType][];
  if (members.some(([member]) => member === name)) return [...under, name].join('.');
  for (const [member, inner] of members) {
    const found = pathOf(name, inner, [...under, member]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether the objects of this schema have a key of that name at the top. */
export const isNameIn = (shape: z.ZodType, name: string): boolean => namesAt(shape, [])?.includes(name) === true;

/** The names that an object at this path may have; `undefined` if the schema does not say. */
function namesAt(shape: z.ZodType, path: readonly PropertyKey[]): string[] | undefined {
  let at: unknown = shape;
  for (const step of path) {
    const inner = unwrapped(at);
    if (inner instanceof z.ZodArray) at = inner.element;
    else if (inner instanceof z.ZodRecord) at = inner.valueType;
    else at = objectIn(inner)?.shape[String(step)];
  }
  const object = objectIn(at);
  return object === undefined ? undefined : Object.keys(object.shape);
}

function objectIn(shape: unknown): z.ZodObject | undefined {
  const inner = unwrapped(shape);
  if (inner instanceof z.ZodUnion) return inner.options.map(objectIn).find((candidate) => candidate !== undefined);
  return inner instanceof z.ZodObject ? inner : undefined;
}

/** Without what stands around it: optional, a default, a rule over several fields. */
function unwrapped(shape: unknown): unknown {
  if (shape instanceof z.ZodPipe) return unwrapped(shape.in);
  const isAround =
    shape instanceof z.ZodOptional ||
    shape instanceof z.ZodNullable ||
    shape instanceof z.ZodDefault ||
    shape instanceof z.ZodPrefault ||
    shape instanceof z.ZodReadonly;
  return isAround ? unwrapped(shape.unwrap()) : shape;
}
