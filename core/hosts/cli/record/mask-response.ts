import { createRedactor, withoutPersonal, type Redactor } from '../../../http/redact.ts';
import type { VendorResponse } from './send-request.ts';

/** An answer fit for a repository, and where something was masked in it. */
export interface MaskedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON parsed where it is JSON, else text; `undefined` when empty. */
  readonly body: unknown;
  /** Paths such as `body.errors.0.message`. */
  readonly masked: readonly string[];
}

/** What every vendor's answers mean something by. */
const keptHeaders = ['content-type', 'retry-after'];

/**
 * Keeps the headers that mean something and those asked for. Masks as `***` our credentials everywhere, in any
 * spelling, and what may name a person in the texts of the body and in the headers asked for. Numbers stay: a count is
 * not a person.
 */
export function maskResponse(
  answer: VendorResponse,
  secrets: readonly string[],
  alsoKept: readonly string[],
): MaskedResponse {
  const redactor = createRedactor(secrets);
  const masked: string[] = [];
  const note = (path: string, before: string, after: string): string => {
    if (before !== after) masked.push(path);
    return after;
  };
  const headers = Object.entries(answer.headers)
    .filter(([name]) => keptHeaders.includes(name) || alsoKept.includes(name))
    .map(([name, value]) => {
      const bare = redactor.withoutSecrets(value);
      return [name, note(`headers.${name}`, value, keptHeaders.includes(name) ? bare : withoutPersonal(bare))];
    });
  return {
    status: answer.status,
    headers: Object.fromEntries(headers),
    body: maskedBody(bodyOf(answer.body), 'body', redactor, note),
    masked,
  };
}

type Note = (path: string, before: string, after: string) => string;

function bodyOf(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return text;
  }
}

function maskedBody(value: unknown, path: string, redactor: Redactor, note: Note): unknown {
  const bare = (text: string, at: string): string => note(at, text, withoutPersonal(redactor.withoutSecrets(text)));
  if (typeof value === 'string') return bare(value, path);
  // A secret may be a number, too; what else a number is, stays.
  if (typeof value === 'number')
    return redactor.withoutSecrets(String(value)) === String(value) ? value : bare(String(value), path);
  if (Array.isArray(value)) return value.map((part, index) => maskedBody(part, `${path}.${index}`, redactor, note));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => {
      const name = bare(key, `${path}, a key`);
      return [name, maskedBody(part, `${path}.${name}`, redactor, note)];
    }),
  );
}
