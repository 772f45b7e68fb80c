import { filledText, type AnsweredItem, type Values } from './reply-template.ts';
import type { ScriptedReply } from './vendor-double.ts';

/**
 * The items of a request that an answer takes, because it names others of them as refused, in the way of one of these
 * templates. Only counts and names are compared, and what the answer leaves out of them does not matter.
 */
export function unnamedItems<I extends Omit<AnsweredItem, 'refused'>>(
  templates: readonly ScriptedReply[],
  answer: ScriptedReply,
  items: readonly I[],
): ReadonlySet<I> {
  const unnamed = new Set<I>();
  if ('fault' in answer || items.length > mostItems) return unnamed;
  const forms = templates.flatMap((one) => ('status' in one && one.status === answer.status ? [one.body] : []));
  for (let refused = 1; refused < 2 ** items.length - 1; refused += 1) {
    const answered = items.map(({ key, eventId }, index) => ({
      key,
      eventId,
      refused: (refused & (1 << index)) !== 0,
    }));
    const count = answered.filter((item) => item.refused).length;
    const counts = { n: items.length, accepted: items.length - count, refused: count };
    if (!forms.some((form) => agreements(form, answer.body, counts, answered) > 0)) continue;
    for (const [index, item] of items.entries()) if (answered[index]?.refused === false) unnamed.add(item);
  }
  return unnamed;
}

/** Every choice of refused items is tried. */
const mostItems = 8;

/** How many names and counts of a template the answer has; not a number if it has others. */
function agreements(form: unknown, actual: unknown, values: Values, items: readonly AnsweredItem[]): number {
  if (typeof form === 'string') {
    if (!/\{\{\w+\}\}/.test(form) || actual === undefined) return 0;
    return filledText(form, values) === actual ? 1 : Number.NaN;
  }
  if (typeof form !== 'object' || form === null) return 0;
  if ('perRefused' in form) return listAgreements(form, actual, values, items);
  return Object.entries(form)
    .map(([name, part]) => agreements(part, (actual as Partial<Record<string, unknown>> | null)?.[name], values, items))
    .reduce((sum, one) => sum + one, 0);
}

/** A list must have one entry for each item that has a form, in any order, and no more. */
function listAgreements(forms: object, actual: unknown, values: Values, items: readonly AnsweredItem[]): number {
  const expected = items.flatMap(({ key = '', eventId, refused }, index) => {
    const form = (forms as Readonly<Record<string, unknown>>)[refused ? 'perRefused' : 'perItem'];
    return form === undefined ? [] : [{ form, own: { ...values, index, position: index + 1, key, eventId } }];
  });
  if (!Array.isArray(actual) || actual.length !== expected.length) return Number.NaN;
  const named = expected.every(({ form, own }) => actual.some((entry) => agreements(form, entry, own, items) > 0));
  return named ? expected.length : Number.NaN;
}
