import { createHash } from 'node:crypto';
import { isObject } from '../../api/index.ts';

const hexDigest = (algorithm: string) => (text: string) => createHash(algorithm).update(text, 'utf8').digest('hex');

const computations: Readonly<Record<string, (text: string) => string>> = {
  sha256: hexDigest('sha256'),
  md5: hexDigest('md5'),
  base64: (text) => Buffer.from(text, 'utf8').toString('base64'),
};

/**
 * The requests of a case with their computed values in place. In headers and bodies, an object with one member stands
 * for a text: `{"sha256": "text"}` and `{"md5": "text"}` for the digest in hex, `{"base64": "text"}` for the encoding
 * of the text's UTF-8, `{"concat": ["Basic ", {"base64": "key:secret"}]}` for its parts one after another. The text may
 * be computed itself. `{"literal": value}` stands for the value as it is written, if a vendor has such a member.
 */
export function withComputedValues(requests: unknown): unknown {
  if (!Array.isArray(requests)) return requests;
  return requests.map((request: unknown, index) => {
    if (!isObject(request)) return request;
    const changed: Record<string, unknown> = { ...request };
    for (const part of ['headers', 'body'])
      if (Object.hasOwn(changed, part)) changed[part] = computed(changed[part], `requests.${index}.${part}`);
    return changed;
  });
}

function computed(value: unknown, at: string): unknown {
  if (Array.isArray(value)) return value.map((part, index) => computed(part, `${at}.${index}`));
  if (!isObject(value)) return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only !== undefined) {
    const [name, argument] = only;
    if (name === 'literal') return argument;
    if (name === 'concat') return concatenated(argument, `${at}.concat`);
    const compute = Object.hasOwn(computations, name) ? computations[name] : undefined;
    if (compute !== undefined) return compute(textOf(argument, `${at}.${name}`));
  }
  return Object.fromEntries(entries.map(([name, part]) => [name, computed(part, `${at}.${name}`)]));
}

function concatenated(parts: unknown, at: string): string {
  if (!Array.isArray(parts)) throw new Error(`${at}: must be a list of texts`);
  return parts.map((part, index) => textOf(part, `${at}.${index}`)).join('');
}

function textOf(value: unknown, at: string): string {
  const text = computed(value, at);
  if (typeof text !== 'string') throw new Error(`${at}: must be a text, or be computed as one`);
  return text;
}
