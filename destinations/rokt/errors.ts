import { isObject, jsonBody, type Batch, type JsonValue } from '../../core/api/index.ts';
import type { RoktBatch } from './mapping.ts';

/**
 * The messages of `{"errors":[{"code","message"}]}`, entities decoded (ROKT-53); empty if there are no errors,
 * `undefined` for any other body.
 */
export function errorMessages(body: string): readonly string[] | undefined {
  const answer = jsonBody(body) as JsonValue | undefined;
  if (!isObject(answer) || (answer['error'] ?? undefined) !== undefined) return undefined;
  const errors = answer['errors'] ?? [];
  if (!Array.isArray(errors)) return undefined;
  return (errors as readonly JsonValue[]).map((error) => {
    const message = isObject(error) ? error['message'] : undefined;
    return typeof message === 'string' ? decodeEntities(message) : '';
  });
}

/** `{"errors":[]}`. */
export const hasNoErrors = (answer: JsonValue): boolean =>
  isObject(answer) && Array.isArray(answer['errors']) && answer['errors'].length === 0;

const entity = /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi;
const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export const decodeEntities = (text: string): string =>
  text.replace(entity, (whole, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return named[name.toLowerCase()] ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });

const writtenPath = /^Path '(.*?)'(?:,|\.?$)/;
const leadingIndex = /^\[(\d+)\]/;
const writtenPosition = /\bline 1, position (\d+)/;

/**
 * Which item of a bulk request a message is about: by the index its path begins with, else by the position in the text
 * that was sent (ROKT-62). `undefined` if it has neither, or if the same words are in the sent text, because messages
 * quote values of the events.
 */
export function itemNamedBy(message: string, batch: Batch<RoktBatch>, sent: string): number | undefined {
  const path = pathIn(message);
  const index = leadingIndex.exec(path)?.[1];
  if (index !== undefined)
    return Number(index) < batch.items.length && !standsIn(sent, path) ? Number(index) : undefined;
  const [written, position] = writtenPosition.exec(tailOf(message)) ?? [];
  if (written === undefined || standsIn(sent, written)) return undefined;
  return itemAt(Number(position), batch, sent);
}

/** Whether a part of a message was in the sent text: as JSON, or with entities decoded, as in messages. */
function standsIn(sent: string, text: string): boolean {
  const needle = JSON.stringify(text).slice(1, -1);
  return sent.includes(needle) || bare(decodeEntities(sent)).includes(bare(needle));
}

/** Decoded quotes lack the escape of JSON. */
const bare = (json: string): string => json.replaceAll('\\', '');

/**
 * mParticle counts the characters it has read: a position within an item is past its first and at most its last one.
 */
function itemAt(position: number, batch: Batch<RoktBatch>, sent: string): number | undefined {
  let start = 1;
  for (const [index, { text }] of batch.items.entries()) {
    if (!sent.startsWith(text, start)) return undefined;
    const end = start + text.length;
    if (position <= end) return position > start ? index : undefined;
    start = end + 1;
  }
  return undefined;
}

/**
 * The attribute that a message is about, if this payload has it: messages also quote values of the event, which must
 * not be shown.
 */
export function attributeNamedBy(message: string, payload: RoktBatch): string | undefined {
  const path = pathIn(message)
    .split(/[.[\]']+/)
    .filter((part) => part !== '' && !/^\d+$/.test(part));
  const quoted = [...message.matchAll(/"([^"]*)"/g)].map(([, name = '']) => name);
  const candidate = path.at(-1) ?? quoted[0];
  return candidate !== undefined && namesOf(payload).has(candidate) ? candidate : undefined;
}

const pathIn = (message: string): string => writtenPath.exec(tailOf(message))?.[1] ?? '';

/** From the last path on: what looks like an earlier one could be a value the message quotes. */
const tailOf = (message: string): string => message.slice(Math.max(0, message.lastIndexOf("Path '")));

function namesOf(payload: RoktBatch): ReadonlySet<string> {
  const [{ data, ...event }] = payload.events;
  const parts = [
    payload,
    payload.user_identities,
    payload.user_attributes,
    payload.device_info,
    event,
    data,
    data.custom_attributes,
  ];
  return new Set(parts.flatMap((part) => (part === undefined ? [] : Object.keys(part))));
}
