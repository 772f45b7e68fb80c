import { readSecretFile } from './secret-file.ts';
import type { Terminal } from './terminal.ts';

/** What a text with references becomes. */
export interface FilledText {
  /** With the values in place; a reference that has a fault stays as written. */
  readonly text: string;
  /** What is wrong with it, each in words that name variables and files, and never values. */
  readonly faults: readonly string[];
  /** The values that were filled in. */
  readonly values: readonly string[];
}

/** What begins with `${`, or escapes it; a default and a path end at the first closing brace. */
const reference = /\$\$\{|\$\{(?:(?:file:(?!-)([^{}]*)|([A-Za-z_][A-Za-z0-9_]*)(:?-([^{}]*))?)\})?/g;

const malformed =
  'text from "${" on is no reference: expected ${NAME}, ${NAME:-default}, ${NAME-default} or ${file:/path}; write $${ for the text ${';

/**
 * Fills in environment variables as a shell does: `${NAME}`, `${NAME:-default}` where it is unset or empty,
 * `${NAME-default}` where it is unset; and `${file:/path}`, the text of that file. `$${` is the text `${`; any other
 * `${` is a fault, lest a credential that was mistyped leave as it stands. `bareMayBeEmpty: false`: so is a variable
 * without a default, or a file, that is empty.
 */
export function fillReferences(text: string, env: Terminal['env'], { bareMayBeEmpty = true } = {}): FilledText {
  const faults: string[] = [];
  const values: string[] = [];
  const result = text.replace(reference, (match, file?: string, name?: string, fallback?: string, otherwise = '') => {
    if (match === '$${') return '${';
    const filled =
      file !== undefined
        ? readSecretFile(file, bareMayBeEmpty)
        : name !== undefined
          ? valueOf(env, name, fallback, otherwise, bareMayBeEmpty)
          : { fault: malformed };
    if ('fault' in filled) {
      faults.push(filled.fault);
      return match;
    }
    values.push(filled.value);
    return filled.value;
  });
  return { text: result, faults, values };
}

function valueOf(
  env: Terminal['env'],
  name: string,
  fallback: string | undefined,
  otherwise: string,
  mayBeEmpty: boolean,
): { readonly value: string } | { readonly fault: string } {
  const set = Object.hasOwn(env, name) ? env[name] : undefined;
  const value =
    fallback === undefined ? set : set === undefined || (set === '' && fallback.startsWith(':')) ? otherwise : set;
  return value === undefined || (value === '' && fallback === undefined && !mayBeEmpty)
    ? { fault: `the environment variable ${name} is ${value === undefined ? 'not set' : 'empty'}` }
    : { value };
}

/** A text as a file has to hold it: `${` in it is no reference. */
export const escapedText = (text: string): string => text.replaceAll('${', '$$${');

/** A key is not filled in: what it names would depend on the machine. `$${` is the text `${` there, too. */
export const keyFault = 'a key holds no reference: only values are filled in; write $${ for the text ${';
const inKey = /\$\$\{|\$\{/g;

/** The key as it is meant, and whether it asks for a value. */
export function plainKey(key: string): { readonly key: string; readonly isReference: boolean } {
  let isReference = false;
  const plain = key.replace(inKey, (match) => {
    isReference ||= match === '${';
    return '${';
  });
  return { key: plain, isReference };
}
