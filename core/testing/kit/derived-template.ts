import { isDeepStrictEqual } from 'node:util';
import { filled, isTemplate, type AnsweredItem } from './reply-template.ts';
import type { ScriptedReply } from './vendor-double.ts';

/** Names and texts that speak of what was taken, and of what was not. */
export const countingName =
  /accept|cre?ated|count|event|ingest|item|ok|process|queued|receiv|record|stored|succe|taken|total/i;
export const failingName = /drop|duplic|error|fail|ignor|invalid|reject|skip|refus/i;

/** Names of numbers that count no events, whatever else they say: `error_code`, `processing_ms`, `total_quota`. */
const otherNumber =
  /code$|status|version|limit|quota|remain|retry|time|millis|second|(?:^|_)(?:ms|id|no)$|index|offset|position|bytes/i;

/** Whether a number of that name counts what was taken, or what was not. */
export const countsTaken = (name: string): boolean => countingName.test(name) && !otherNumber.test(name);
export const countsRefused = (name: string): boolean => failingName.test(name) && !otherNumber.test(name);

/**
 * A template out of one recorded answer, if the answer counts the items or has an entry for each of them, or for each
 * refused one; `undefined` if nothing of the kind is recognised, or filling the template in does not give the answer.
 */
export function derivedTemplate(reply: ScriptedReply, items: readonly AnsweredItem[]): ScriptedReply | undefined {
  if ('fault' in reply) return undefined;
  const template: ScriptedReply = { ...reply, body: derivedFrom(reply.body, '', items) };
  if (!isTemplate(template)) return undefined;
  const refilled = filled(template, items);
  return 'body' in refilled && isDeepStrictEqual(unordered(refilled.body), unordered(reply.body))
    ? template
    : undefined;
}

/** A copy with every list sorted. */
function unordered(value: unknown): unknown {
  if (Array.isArray(value)) {
    const parts = value.map((part) => ({ part: unordered(part), text: JSON.stringify(part) }));
    return parts.sort((a, b) => (a.text < b.text ? -1 : 1)).map(({ part }) => part);
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, unordered(part)]));
}

/** Whether a text of an entry is the item's key or id. */
function names(entry: unknown, { key, eventId }: AnsweredItem): boolean {
  if (typeof entry === 'string') return entry !== '' && (entry === key || entry === eventId);
  if (typeof entry !== 'object' || entry === null) return false;
  return Object.values(entry).some((part) => typeof part === 'string' && names(part, { key, eventId, refused: false }));
}

function derivedFrom(value: unknown, name: string, items: readonly AnsweredItem[]): unknown {
  const refused = items.filter((item) => item.refused);
  if (typeof value === 'number') {
    if (countsRefused(name)) return value === refused.length ? '{{refused}}' : value;
    if (!countsTaken(name)) return value;
    return value === items.length - refused.length ? '{{accepted}}' : value === items.length ? '{{n}}' : value;
  }
  if (typeof value === 'string') return textFrom(value, items.length - refused.length, refused.length);
  if (Array.isArray(value)) return listFrom(value, items, refused);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, derivedFrom(part, key, items)]));
}

/** A whole number inside a text: no part of a date, a version, an id or another number. */
export const numberInText = /(?<![\w.,:/#-])\d+(?![\w/#-]|[.,:]\d)/g;

/** `Successfully processed 2 conversion events.` with its count replaced; a text that is a number alone stays. */
function textFrom(text: string, accepted: number, refused: number): string {
  if (/^\d+$/.test(text) || accepted === refused) return text;
  const [counts, fails] = [countingName.test(text), failingName.test(text)];
  return text.replaceAll(numberInText, (number) =>
    counts && Number(number) === accepted
      ? '{{accepted}}'
      : fails && Number(number) === refused
        ? '{{refused}}'
        : number,
  );
}

function listFrom(list: readonly unknown[], items: readonly AnsweredItem[], refused: readonly AnsweredItem[]): unknown {
  // Where entries name their items, their order says nothing.
  const named = list.some((entry) => items.some((item) => names(entry, item)));
  const entryFor = (item: AnsweredItem | undefined, entries: readonly AnsweredItem[]): unknown => {
    if (item === undefined) return undefined;
    const entry = named ? list.find((one) => names(one, item)) : list[entries.indexOf(item)];
    return entryFrom(entry, item, items.indexOf(item), '');
  };
  if (list.length === items.length) {
    const perItem = entryFor(
      items.find((item) => !item.refused),
      items,
    );
    const perRefused = entryFor(refused[0], items);
    // As many entries as items by chance, such as two about one item: no vendor counts from 0 and from 1 in one list.
    const places = new Set([perItem, perRefused].map(countsFrom0).filter((place) => place !== undefined));
    if (places.size > 1) return list;
    return { ...(perItem === undefined ? {} : { perItem }), ...(perRefused === undefined ? {} : { perRefused }) };
  }
  if (refused.length === 0 || list.length !== refused.length) return list;
  const perRefused = entryFor(refused[0], refused);
  // An entry that does not say which item it is about fits any of them.
  return isDeepStrictEqual(perRefused, list[0]) ? list : { perRefused };
}

/** Whether a form of an entry has its place from 0; `undefined` if it has none. */
function countsFrom0(form: unknown): boolean | undefined {
  const text = JSON.stringify(form) ?? '';
  return text.includes('{{index}}') ? true : text.includes('{{position}}') ? false : undefined;
}

function entryFrom(entry: unknown, item: AnsweredItem, index: number, name: string): unknown {
  if (typeof entry === 'string')
    return entry !== '' && entry === item.key ? '{{key}}' : entry === item.eventId ? '{{eventId}}' : entry;
  if (typeof entry === 'number') {
    if (name !== '' && !/index|offset|position|row/i.test(name)) return entry;
    return entry === index ? '{{index}}' : entry === index + 1 ? '{{position}}' : entry;
  }
  if (Array.isArray(entry) || typeof entry !== 'object' || entry === null) return entry;
  return Object.fromEntries(Object.entries(entry).map(([key, part]) => [key, entryFrom(part, item, index, key)]));
}
