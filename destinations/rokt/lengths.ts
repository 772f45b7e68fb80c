import type { Note } from '../../core/api/index.ts';
import type { PassedName, Prepared } from './settings.ts';
import { attributesPlace, type EventAttributes, type RoktBatch, type UserAttributes } from './mapping.ts';

/** Longest attribute value, in characters (ROKT-47, ROKT-50). mParticle counts as JavaScript does, in UTF-16 units. */
export const longestValue = 4096;
export const mostUserAttributes = 100;
const adviceForOneBatch = 128_000;

/** At most `most` characters, never half of a surrogate pair. */
export function firstCharacters(text: string, most: number): string {
  if (text.length <= most) return text;
  const last = text.charCodeAt(most - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? most - 1 : most);
}

/** The texts that an event can make long: the format or the settings keep the other attributes short. */
export const eventTexts = ['paymenttype', 'productname', 'sku'] as const;
export const userTexts = ['firstname', 'lastname'] as const;

/** Cuts texts that are too long: with one such value mParticle would set none of the event's attributes (ROKT-47). */
export function cutTexts<N extends string>(
  attributes: { [name in N]?: string },
  names: readonly N[],
  place: string,
  notes: Note[],
): void {
  for (const name of names) {
    const text = attributes[name];
    if (text !== undefined && text.length > longestValue) attributes[name] = cutText(text, `${place}.${name}`, notes);
  }
}

/** The text as it may be sent, with a note if it was truncated. */
export function cutText(text: string, field: string, notes: Note[]): string {
  if (text.length <= longestValue) return text;
  notes.push({ code: 'truncated', field, message: `Rokt takes ${longestValue} characters at most` });
  return firstCharacters(text, longestValue);
}

/** The first of the ids that is too long: half an order id would be another order's (ROKT-47). */
export function overlongId({
  transactionid = '',
  confirmationref = '',
}: EventAttributes): 'transactionid' | 'confirmationref' | undefined {
  if (transactionid.length > longestValue) return 'transactionid';
  return confirmationref.length > longestValue ? 'confirmationref' : undefined;
}

/**
 * Elsewhere mParticle documents 128 KB per batch (ROKT-51). Rokt's own attributes always fit, so a batch is measured
 * only if the passed-on properties are long.
 */
export function noteSize(batch: RoktBatch, { eventAttributes, userAttributes }: Prepared, notes: Note[]): void {
  const [{ data }] = batch.events;
  const passedOn =
    lengthOf(data.custom_attributes, eventAttributes) +
    lengthOf(batch.user_attributes ?? {}, userAttributes) +
    (data.source_message_id ?? '').length;
  if (passedOn < 2_500 || Buffer.byteLength(JSON.stringify(batch)) <= adviceForOneBatch) return;
  notes.push({
    code: 'unadvised',
    field: attributesPlace,
    message: `Larger than the ${adviceForOneBatch} bytes mParticle recommends for one batch`,
  });
}

function lengthOf(attributes: EventAttributes | UserAttributes, names: readonly PassedName[]): number {
  let characters = 0;
  for (const { name } of names) {
    const value = attributes[name];
    if (value !== undefined) characters += name.length + String(value).length;
  }
  return characters;
}
