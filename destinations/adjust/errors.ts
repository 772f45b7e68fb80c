import { isObject, jsonBody } from '../../core/api/index.ts';

const wrapped = /request failed\s*\(([\s\S]*)\)/i;

/** Characters; bounds the work an oversized answer can cause. */
const longest = 2_000;

/** Adjust's message: what stands in the outer parentheses of `error`; else `error`, `message`, or the text as it is (ADJUST-52). */
export function messageOf(body: string): string {
  const parsed = jsonBody(body);
  const told = isObject(parsed) ? (parsed['error'] ?? parsed['message']) : undefined;
  const written = (typeof told === 'string' ? told : body).slice(0, longest);
  return (wrapped.exec(written)?.[1] ?? written).trim();
}
