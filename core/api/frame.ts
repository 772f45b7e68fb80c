import type { Batch } from './delivery.ts';
import type { JsonObject } from './event.ts';

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
 * A JSON object that holds the payloads as a list: `{"data":[{...},{...}]}`. `members` are the object's other members,
 * which stand before the list; those that are undefined are left out. Throws if one of them has the list's name.
 *
 * @example
 * // {"api_key":"k-1","events":[{...},{...}]}
 * const frame = ({ apiKey }: { readonly apiKey: string }) => jsonList('events', { api_key: apiKey });
 */
export function jsonList(name: string, members: Readonly<Partial<JsonObject>> = {}): Frame {
  if (Object.hasOwn(members, name))
    throw new TypeError(`jsonList(): "${name}" is both the list and a member beside it`);
  const before = JSON.stringify(members).slice(0, -1);
  const open = `${before}${before === '{' ? '' : ','}${JSON.stringify(name)}:[`;
  return Object.freeze({ open, separator: ',', close: ']}' });
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
