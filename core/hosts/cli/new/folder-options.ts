import { isIP } from 'node:net';
import { z } from '../../../index.ts';
import { authSchemes, bodyForms, verdictForms, type AuthScheme, type BodyForm, type VerdictForm } from './choices.ts';

/** Headers that the wire or the body form sets. */
const reservedHeader = /^(?:host|connection|content-(?:type|length|encoding)|transfer-encoding|te|upgrade|expect)$/;

/** A name that code and JSON write alike. */
const memberName = z
  .string()
  .max(40, 'must have at most 40 characters')
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be letters, digits and "_", such as api_key');

/** What each option must be, whether it came as a flag or was typed in. */
export const optionSchemas = {
  slug: z
    .string()
    .regex(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/, 'must be kebab-case and begin with a letter, such as acme-ads'),
  name: z
    .string()
    .trim()
    .max(60, 'must have at most 60 characters')
    .regex(/^[\p{L}\p{N}][\p{L}\p{N} .,&'’+()!-]*$/u, "must be a name: letters, digits, spaces and .,&'’+()!-"),
  host: z
    .hostname('must be a host name, without scheme, port or path')
    .lowercase('must be lower-case')
    .refine((host) => isIP(host) === 0, 'must be a name, not an address')
    .refine((host) => host.includes('.'), 'must have a domain, such as api.example.com'),
  auth: z.enum(authSchemes, `must be one of ${authSchemes.join(', ')}`),
  authHeader: z
    .string()
    .toLowerCase()
    .regex(/^[a-z0-9][a-z0-9-]*$/, 'must be the name of a header, such as x-api-key')
    .refine((name) => !reservedHeader.test(name), 'is set by the request itself'),
  authField: memberName,
  body: z.enum(bodyForms, `must be one of ${bodyForms.join(', ')}`),
  listName: z
    .string()
    .max(80, 'must have at most 80 characters')
    .regex(
      /^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*$/,
      'must be letters, digits and "_", such as events, or a path of such names, such as data.events',
    ),
  verdicts: z.enum(verdictForms, `must be one of ${verdictForms.join(', ')}`),
} as const;

export type OptionName = keyof typeof optionSchemas;

/** What a new folder is made of. */
export interface FolderOptions {
  readonly slug: string;
  readonly name: string;
  readonly host: string;
  readonly auth: AuthScheme;
  /** Lower case; of use with the scheme `header` alone. */
  readonly authHeader: string;
  /** The member or form field with the key; of use with the scheme `body` alone. */
  readonly authField: string;
  readonly body: BodyForm;
  /** The member with the events, or its dotted path; of use with the body `list` alone. */
  readonly listName: string;
  readonly verdicts: VerdictForm;
}

/** What is wrong with an option, or nothing. */
export function problemWith(option: OptionName, value: unknown): string | undefined {
  const result = optionSchemas[option].safeParse(value);
  return result.success ? undefined : (result.error.issues[0]?.message ?? 'is not one');
}
