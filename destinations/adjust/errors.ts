import { isObject, jsonBody } from '../../core/api/index.ts';

const wrapped = /request failed\s*\(([\s\S]*)\)/i;

/** Most characters that are read, to bound the work for an oversized answer. */
const longest = 2_000;

/** Adjust's message: the text in the outer parentheses of `error`; else `error`, `message`, or the text (ADJUST-52). */
export function messageOf(body: string): string {
  const parsed = jsonBody(body);
  const told = isObject(parsed) ? (parsed['error'] ?? parsed['message']) : undefined;
  const written = (typeof told === 'string' ? told : body).slice(0, longest);
  return (wrapped.exec(written)?.[1] ?? written).trim();
}
