import type { Batch } from '../delivery.ts';
import type { Frame } from '../frame.ts';

const entity = /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi;
const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * A message without the entities of XML: numbers, and the five names that JSON in HTML needs. One round, so that
 * `&amp;lt;` becomes `&lt;`.
 */
export const decodeEntities = (text: string): string =>
  text.replace(entity, (whole, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return named[name.toLowerCase()] ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });

/**
 * Whether a part of a vendor's message was in the text that was sent, as JSON or with entities decoded. Messages quote
 * values of events, so an index or a position that was sent as well names no item.
 */
export function wasSent(part: string, sent: string): boolean {
  const needle = JSON.stringify(part).slice(1, -1);
  return sent.includes(needle) || withoutEscapes(decodeEntities(sent)).includes(withoutEscapes(needle));
}

/** Decoded quotes lack the escape of JSON. */
const withoutEscapes = (json: string): string => json.replaceAll('\\', '');

/**
 * The index of the item that a position in the sent text falls into; `undefined` for one in the frame or behind the
 * end, and if the sent text is not the batch in this frame. `offset` counts UTF-16 units from 0: of a vendor that
 * counts the characters it has read, subtract 1.
 *
 * @example
 * const list = { open: '[', separator: ',', close: ']' };
 * const index = itemAtPosition(batch, list, 0, '[{"id":1}]'); // undefined: that is the bracket
 */
export function itemAtPosition(batch: Batch<unknown>, frame: Frame, offset: number, sent: string): number | undefined {
  let start = frame.open.length;
  for (const [index, { text }] of batch.items.entries()) {
    if (!sent.startsWith(text, start)) return undefined;
    const end = start + text.length;
    if (offset < end) return offset >= start ? index : undefined;
    start = end + frame.separator.length;
  }
  return undefined;
}

/**
 * The name at the end of a path that a message names, such as `[0].data['gift']`, if the payload has a member of that
 * name at any depth, so that a reason may show it: what looks like a path may also be a value of the event.
 *
 * @example
 * memberNamed("[0].data['gift']", { data: { gift: 'no' } }); // 'gift'
 */
export function memberNamed(path: string, payload: unknown): string | undefined {
  const name = path.split(/[.[\]'"]+/).findLast((part) => part !== '' && !/^\d+$/.test(part));
  return name !== undefined && hasMember(payload, name) ? name : undefined;
}

function hasMember(value: unknown, name: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (!Array.isArray(value) && Object.hasOwn(value, name)) return true;
  return Object.values(value).some((member) => hasMember(member, name));
}
