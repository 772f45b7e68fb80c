import { z } from 'zod';
import { trimInvisible } from './fields/trim-invisible.ts';
import { checkMembers, type MemberTable } from './member-check.ts';

export { z };

/** The settings of a connection: one zod schema gives the type, the validation and, as JSON Schema, the form. */
export type ConfigSchema<C> = z.ZodType<C>;

/** The form that a line of text, or a credential, must have. */
export interface TextForm {
  /** The whole text, of a line trimmed: begins with `^` and ends with `$`. */
  readonly pattern: RegExp;
  /** What the text must be, for people, such as `must begin with a2_ or t2_`. */
  readonly message: string;
}

const formMembers: MemberTable<TextForm> = { pattern: 'required', message: 'required' };

/**
 * A text that is read without the white space and the zero-width characters at its ends. Where `text()` says too much:
 * within a list or a map, or with a check of another kind.
 *
 * @example
 * const tags = z.array(trimmedText().min(1, 'must not be blank'));
 */
export const trimmedText = () => z.string().overwrite(trimInvisible);

/**
 * A required line of text. Title and description are what a form shows.
 *
 * @example
 * const pixelId = text('Pixel ID', 'From the Events Manager', {
 *   pattern: /^(?:a2|t2)_\w+$/,
 *   message: 'must begin with a2_ or t2_',
 * });
 */
export const text = (title: string, description: string, form?: TextForm) => {
  const line = trimmedText().min(1, 'must not be blank');
  if (form !== undefined) checkMembers('text()', form, formMembers);
  return (form === undefined ? line : line.regex(form.pattern, form.message)).meta({ title, description });
};

/**
 * A credential. Forms hide it, and the redactor masks it: only the vendor ever receives its value.
 *
 * @example
 * const token = secret('Token', 'From the settings of the account', {
 *   pattern: /^[!-~]+$/,
 *   message: 'must be the bare token, without spaces or a word in front',
 * });
 */
export const secret = (title: string, description: string, form?: TextForm) => {
  const visible = z
    .string()
    .min(1, 'must not be blank')
    .refine(
      // oxlint-disable-next-line no-control-regex -- a control character would break the header that carries it
      (value) => trimInvisible(value) !== '' && !/[\u0000-\u001f\u007f]/.test(value),
      'must not be blank or hold line breaks',
    );
  if (form !== undefined) checkMembers('secret()', form, formMembers);
  const formed = form === undefined ? visible : visible.regex(form.pattern, form.message);
  return formed.meta({ title, description, secret: true });
};

/** Any other setting, with its title and description. */
export const setting = <S extends z.ZodType>(schema: S, title: string, description: string): S =>
  schema.meta({ title, description });

/**
 * One of several values, each with the label that a form shows in its place.
 *
 * @example
 * const plan = setting(choice({ free: 'Free', business: 'Business' }).default('free'), 'Plan', 'What you pay for.');
 */
export const choice = <const L extends Readonly<Record<string, string>>>(labels: L) =>
  z
    .enum(Object.keys(labels) as (keyof L & string)[])
    .meta({ oneOf: Object.entries(labels).map(([value, title]) => ({ const: value, title })) });

/** A three-letter ISO 4217 code, upper-cased. */
export const currencyCode = (title: string, description: string) =>
  trimmedText()
    .regex(/^[A-Za-z]{3}$/, 'must be a three-letter ISO 4217 code')
    .toUpperCase()
    .meta({ title, description });

/**
 * A path of the event that the customer chooses, such as `context.traits.plan` or `properties.products.0.sku`, for
 * valueSelector(): within `properties`, `traits` and `context`, or one of the event's ids and names.
 */
export const eventPath = (title: string, description: string) =>
  trimmedText().regex(anyPath, 'must be a path of the event, such as context.traits.plan').meta({ title, description });

const anyPath =
  /^(?:(?:properties|traits|context)(?:\.[^.]+)+|messageId|userId|anonymousId|groupId|event|name|category|channel)$/;
