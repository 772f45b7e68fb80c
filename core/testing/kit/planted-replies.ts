import type { ScriptedReply } from './vendor-double.ts';

/** What stands in place of a text of an answer. `number` counts the texts of all answers from 0. */
export type Planting = (text: string, number: number) => string;

/**
 * The answers with their texts changed: in bodies, and in headers except those that say how to read the answer. Counts
 * that a template fills in are numbers, no texts.
 */
export function plantedReplies(replies: readonly ScriptedReply[], planting: Planting): readonly ScriptedReply[] {
  let number = -1;
  return replies.map((reply) => plantedReply(reply, (text) => planting(text, (number += 1))));
}

/** The texts of the answers, in the order in which plantedReplies() counts them. */
export function textsOf(replies: readonly ScriptedReply[]): readonly string[] {
  const texts: string[] = [];
  plantedReplies(replies, (text) => {
    texts.push(text);
    return text;
  });
  return texts;
}

/**
 * The answers with one text changed at a time, as a folder sees them that reads on only where the others are right; and
 * with all changed but the ids that a template repeats.
 */
export function plantedApart(
  replies: readonly ScriptedReply[],
  planting: Planting,
): readonly (readonly ScriptedReply[])[] {
  const texts = textsOf(replies);
  if (texts.length < 2) return [];
  const repeating = texts.map((text) => placeholder.test(text));
  const apart = texts.map((_, only) =>
    plantedReplies(replies, (text, number) => (number === only ? planting(text, number) : text)),
  );
  return repeating.includes(true)
    ? [plantedReplies(replies, (text, number) => (repeating[number] ? text : planting(text, number))), ...apart]
    : apart;
}

const placeholder = /\{\{\w+\}\}/;
const count = /^\{\{(?:n|accepted|refused|index|position)\}\}$/;

function plantedReply(reply: ScriptedReply, plant: (text: string) => string): ScriptedReply {
  if ('fault' in reply) return reply;
  const { status, body, headers = {} } = reply;
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    /^(?:content-type|retry-after)$/i.test(name) ? value : plant(value),
  ]);
  return {
    status,
    headers: Object.fromEntries(entries) as Record<string, string>,
    ...(body === undefined ? {} : { body: plantedIn(body, plant) }),
  };
}

function plantedIn(value: unknown, plant: (text: string) => string): unknown {
  if (typeof value === 'string') return count.test(value) ? value : plant(value);
  if (Array.isArray(value)) return value.map((part) => plantedIn(part, plant));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plantedIn(part, plant)]));
}
