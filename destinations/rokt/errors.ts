import {
  decodeEntities,
  isObject,
  itemAtPosition,
  jsonArray,
  memberNamed,
  wasSent,
  type Batch,
  type JsonValue,
} from '../../core/api/index.ts';
import type { RoktBatch } from './mapping.ts';

/** The errors of `{"errors":[{"code","message"}]}`; `undefined` for any other body (ROKT-53). */
export const errorsIn = (answer: JsonValue | undefined): readonly JsonValue[] | undefined =>
  isObject(answer) && Array.isArray(answer['errors']) && (answer['error'] ?? null) === null
    ? (answer['errors'] as readonly JsonValue[])
    : undefined;

/** A list of errors with nothing in it; core reads every other form of a no first (`usualRefusal`). */
export const isWithoutErrors = (answer: JsonValue): boolean =>
  isObject(answer) && Array.isArray(answer['errors']) && answer['errors'].length === 0;

/** The message of one error, entities decoded. */
export const messageIn = (error: JsonValue): string =>
  isObject(error) && typeof error['message'] === 'string' ? decodeEntities(error['message']) : '';

const writtenPath = /^Path '(.*?)'(?:,|\.?$)/;
const leadingIndex = /^\[(\d+)\]/;
/** A path that names an item and none of its members. */
const isItemAlone = /^[\d.[\]]+$/;
const placeInText = /\bline 1, position (\d+)/;

/**
 * Which item a message is about: the only one; in a bulk request by the index its path begins with, else by the
 * position in the text that was sent (ROKT-62). `undefined` if it has neither, or if the same words were sent, because
 * messages quote values of the events.
 */
export function itemNamedBy(message: string, batch: Batch<RoktBatch>, sent: string): number | undefined {
  if (batch.items.length === 1) return 0;
  const path = pathIn(message);
  const index = leadingIndex.exec(path)?.[1];
  if (index !== undefined)
    return Number(index) < batch.items.length && !wasSent(path, sent) ? Number(index) : undefined;
  const [place, position] = placeInText.exec(tailOf(message)) ?? [];
  if (place === undefined || wasSent(place, sent)) return undefined;
  // mParticle counts the characters it has read.
  return itemAtPosition(batch, jsonArray, Number(position) - 1, sent);
}

/** The attribute that a message is about, by its path or the first name that it quotes, if this payload has it. */
export const attributeNamedBy = (message: string, payload: RoktBatch): string | undefined =>
  memberNamed(pathIn(message).replace(isItemAlone, '') || (/"([^"]*)"/.exec(message)?.[1] ?? ''), payload);

const pathIn = (message: string): string => writtenPath.exec(tailOf(message))?.[1] ?? '';

/** From the last path on: what looks like an earlier one could be a value the message quotes. */
const tailOf = (message: string): string => message.slice(Math.max(0, message.lastIndexOf("Path '")));
