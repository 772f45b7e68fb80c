import { isCredentialHeader } from '../../../http/redact.ts';
import { usage } from '../exit-codes.ts';
import { fillReferences } from '../references.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The text with its references filled in from the environment; what stands in their place is added to `secrets`. An
 * empty variable is no credential: only a reference that names a default may have one.
 */
export function filledFrom(env: Environment, secrets: string[], text: string): string {
  const { text: result, faults, values } = fillReferences(text, env, { bareMayBeEmpty: false });
  const [fault] = faults;
  if (fault !== undefined) throw usage(fault);
  secrets.push(...values);
  return result;
}

/** A variable that must be set. The error says so of `what`: a name may turn out to be a value, given by mistake. */
export function secretOf(env: Environment, name: string, what: string): string {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value === undefined || value === '') throw usage(`${what} is not set`);
  return value;
}

/** Wider than what preview masks: what is recorded goes into a repository, and stays there. */
const mayBeCredential = (name: string): boolean => isCredentialHeader(name) || /key|token|secret|auth/i.test(name);

/** The credentials that a header has: its value, what follows a scheme, the halves of HTTP Basic. */
export function credentialsIn(name: string, value: string): readonly string[] {
  if (!mayBeCredential(name)) return [];
  const [, scheme = '', rest = value] = /^(\w+) +(.*)$/.exec(value) ?? [];
  const halves = /^basic$/i.test(scheme) ? Buffer.from(rest, 'base64').toString('utf8').split(':') : [];
  return [value, rest, ...halves].filter((part) => part !== '');
}

/** The credentials in the query of a URL: some vendors want theirs there. */
export const credentialsInQuery = (url: string): readonly string[] =>
  URL.canParse(url)
    ? [...new URL(url).searchParams].filter(([name]) => mayBeCredential(name)).map(([, value]) => value)
    : [];

/**
 * The texts of the body: a vendor that repeats them would write them into the repository. Short words are in every
 * response.
 */
export function textsOfBody(body: Buffer | undefined): readonly string[] {
  const text = (body?.toString('utf8') ?? '').replace(/^\uFEFF/, '');
  try {
    return textsIn(JSON.parse(text));
  } catch {
    return [...new URLSearchParams(text)].map(([, value]) => value).filter(isTelling);
  }
}

const textsIn = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return isTelling(value) ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
};

const isTelling = (text: string): boolean => text.length >= 3;
