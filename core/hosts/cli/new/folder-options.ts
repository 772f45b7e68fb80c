import { isIP } from 'node:net';
import { z } from '../../../index.ts';
import { authSchemes, bodyForms, type AuthScheme, type BodyForm } from './body-and-auth.ts';

/** Headers that the wire or the body form sets. */
const reservedHeader = /^(?:host|connection|content-(?:type|length|encoding)|transfer-encoding|te|upgrade|expect)$/;

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
  body: z.enum(bodyForms, `must be one of ${bodyForms.join(', ')}`),
} as const;

/** What a new folder is made of. */
export interface FolderOptions {
  readonly slug: string;
  readonly name: string;
  readonly host: string;
  readonly auth: AuthScheme;
  /** Lower case; of use with the scheme `header` alone. */
  readonly authHeader: string;
  readonly body: BodyForm;
}

/** What is wrong with an answer, or nothing. */
export function problemWith(question: keyof typeof optionSchemas, answer: unknown): string | undefined {
  const result = optionSchemas[question].safeParse(answer);
  return result.success ? undefined : (result.error.issues[0]?.message ?? 'is not one');
}
