import type { Batch, Delivery } from './delivery.ts';
import type { JsonObject } from './event.ts';
import { isObject, keysOf, type Path } from './fields/mapping.ts';

/** The text around and between the payloads of a batch, such as `[` `,` `]` for an array; default nothing. */
export interface Frame {
  readonly open: string;
  readonly separator: string;
  readonly close: string;
}

/** Nothing around the text: for vendors that take one event per request. The default. */
export const bare: Frame = Object.freeze({ open: '', separator: '', close: '' });

/** A JSON array, even for one event: `[{...},{...}]`. */
export const jsonArray: Frame = Object.freeze({ open: '[', separator: ',', close: ']' });

/**
 * A JSON object that holds the payloads as a list: `{"data":[{...},{...}]}`. A dotted path puts the list deeper:
 * `data.events` is `{"data":{"events":[...]}}`. `members` is the body without the list: its other members, at any
 * level, which stand before the list; those that are undefined are left out. Throws if one stands where the list goes.
 *
 * @example
 * // {"api_key":"k-1","events":[{...},{...}]}
 * const frame = ({ apiKey }: { readonly apiKey: string }) => jsonList('events', { api_key: apiKey });
 * // {"data":{"test_id":"t-1","events":[{...},{...}]}}
 * const nested = jsonList('data.events', { data: { test_id: 't-1' } });
 */
export function jsonList(path: Path, members: Readonly<Partial<JsonObject>> = {}): Frame {
  const keys = keysOf(path);
  if (keys.includes('')) throw new TypeError(`jsonList(): "${path}" is no path`);
  return Object.freeze({ open: opening(keys, members, path), separator: ',', close: `]${'}'.repeat(keys.length)}` });
}

function opening(keys: readonly string[], members: Readonly<Partial<JsonObject>>, path: Path): string {
  const [name = '', ...deeper] = keys;
  const { [name]: inner, ...beside } = members;
  const before = JSON.stringify(beside).slice(0, -1);
  const start = `${before}${before === '{' ? '' : ','}${JSON.stringify(name)}:`;
  if (deeper.length === 0) {
    if (Object.hasOwn(members, name))
      throw new TypeError(`jsonList(): "${path}" is both the list and a member beside it`);
    return `${start}[`;
  }
  const within = Object.hasOwn(members, name) ? inner : undefined;
  if (within !== undefined && !isObject(within))
    throw new TypeError(`jsonList(): "${name}" is both an object on the path "${path}" and another member`);
  return start + opening(deeper, within ?? {}, path);
}

/**
 * The body that core sends for a batch: its texts in the frame. For a `requestFor` that signs the body.
 *
 * @example
 * const body = framedBody(jsonArray, batch);
 * const headers = { 'x-signature': hmacSha256('the shared secret', body) };
 */
export function framedBody({ open, separator, close }: Frame, { items }: Pick<Batch<unknown>, 'items'>): string {
  let body = open + items[0].text;
  for (let index = 1; index < items.length; index += 1) body += separator + items[index]?.text;
  return body + close;
}

/** A body in parts: texts, each with its size in UTF-8, in a frame. */
export interface BodyParts {
  readonly frame: Frame;
  readonly items: readonly Pick<Delivery<unknown>, 'text' | 'bytes'>[];
}

/**
 * The same body as bytes, text by text: so the long text is never put together, nor measured. A text that has as many
 * bytes as UTF-16 units is ASCII, which is copied and not encoded.
 *
 * @internal
 */
export function framedBytes({ frame: { open, separator, close }, items }: BodyParts): Buffer {
  const between = Buffer.from(separator);
  let size = Buffer.byteLength(open) + Buffer.byteLength(close) + between.length * (items.length - 1);
  for (const { bytes } of items) size += bytes;
  const body = Buffer.allocUnsafe(size);
  let at = body.write(open);
  for (let index = 0; index < items.length; index += 1) {
    const { text, bytes } = items[index] as BodyParts['items'][number];
    // A loop, because a separator is a byte or two, and a call costs more.
    if (index > 0) for (const byte of between) body[at++] = byte;
    at += body.write(text, at, bytes, text.length === bytes ? 'latin1' : 'utf8');
  }
  body.write(close, at);
  return body;
}
