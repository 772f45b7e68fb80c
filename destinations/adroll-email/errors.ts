import { isObject, jsonBody, type JsonObject, type JsonValue } from '../../core/api/index.ts';

/** One error of AdRoll, reduced to what decisions depend on. */
export interface Complaint {
  /** The parameter it is about. */
  readonly name: string;
  /** The code of the proxy in front of all NextRoll APIs, such as `apiproxy:3`. */
  readonly code: string;
}

/**
 * The errors in an answer. There are three forms: a list of `{name, error}`, one such object, and `{"errors": [{code,
 * message}]}` of the proxy; an answer may also have none (ADEMAIL-10, ADEMAIL-11).
 */
export const complaintsIn = (body: string): readonly Complaint[] =>
  complaintsOf(jsonBody(body) as JsonValue | undefined);

export function complaintsOf(answer: JsonValue | undefined): readonly Complaint[] {
  const inside = isObject(answer) ? (answer['errors'] ?? answer) : answer;
  return (Array.isArray(inside) ? (inside as readonly JsonValue[]) : [inside])
    .filter((part) => isObject(part))
    .filter((part) => ['error', 'message', 'code'].some((word) => textIn(part, word) !== ''))
    .map((part) => ({ name: textIn(part, 'name'), code: textIn(part, 'code') }));
}

function textIn(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === 'string' ? value.trim() : '';
}
