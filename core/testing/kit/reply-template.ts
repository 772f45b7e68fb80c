import type { ScriptedReply } from './vendor-double.ts';

/** An item of the request that is answered, as far as an answer may name it. */
export interface AnsweredItem {
  readonly key?: string | undefined;
  readonly eventId: string;
  /** Whether the vendor of this case refuses it. */
  readonly refused: boolean;
}

/** Whether a reply says how an answer to any number of events looks. */
export const isTemplate = (reply: ScriptedReply): boolean =>
  'status' in reply && /\{\{\w+\}\}|"perItem"|"perRefused"/.test(JSON.stringify(reply.body) ?? '');

/** Whether it names the events that the vendor refuses. */
export const namesRefused = (reply: ScriptedReply): boolean =>
  'status' in reply && (JSON.stringify(reply.body) ?? '').includes('"perRefused"');

/**
 * The answer to a request with these items. In texts of the body, `{{n}}`, `{{accepted}}` and `{{refused}}` are counts
 * of items; a text that is nothing else becomes a number. `{"perItem": one, "perRefused": other}` is a list with `one`
 * for each item that is accepted and `other` for each that is refused, in item order; a form that is left out adds
 * nothing. Inside them `{{index}}` is the item's index from 0, `{{position}}` from 1, `{{key}}` its routing key and
 * `{{eventId}}` its event's messageId.
 */
export function filled(reply: ScriptedReply, items: readonly AnsweredItem[]): ScriptedReply {
  if (!isTemplate(reply) || 'fault' in reply) return reply;
  const refused = items.filter((item) => item.refused).length;
  const counts = { n: items.length, accepted: items.length - refused, refused };
  return { ...reply, body: filledIn(reply.body, counts, items) };
}

export type Values = Readonly<Record<string, string | number>>;

function filledIn(value: unknown, values: Values, items: readonly AnsweredItem[]): unknown {
  if (typeof value === 'string') return filledText(value, values);
  if (Array.isArray(value)) return value.map((part) => filledIn(part, values, items));
  if (typeof value !== 'object' || value === null) return value;
  const names = Object.keys(value);
  if (names.length > 0 && names.every((name) => name === 'perItem' || name === 'perRefused')) {
    const forms = value as { readonly perItem?: unknown; readonly perRefused?: unknown };
    return items.flatMap(({ key = '', eventId, refused }, index) => {
      const name = refused ? 'perRefused' : 'perItem';
      if (!Object.hasOwn(forms, name)) return [];
      return [filledIn(forms[name], { ...values, index, position: index + 1, key, eventId }, items)];
    });
  }
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, filledIn(part, values, items)]));
}

/** A text of a template with its values in place. */
export function filledText(text: string, values: Values): unknown {
  const whole = /^\{\{(\w+)\}\}$/.exec(text)?.[1];
  if (whole !== undefined && Object.hasOwn(values, whole)) return values[whole];
  return text.replaceAll(/\{\{(\w+)\}\}/g, (placeholder, name: string) =>
    Object.hasOwn(values, name) ? String(values[name]) : placeholder,
  );
}
