import type { JsonObject, JsonValue } from '../event.ts';
import type { HttpResponse } from '../failure.ts';
import { isObject } from '../fields/mapping.ts';
import { jsonValue } from './reply-readers.ts';

/** One error in an answer, reduced to what a decision can depend on. */
export interface VendorError {
  readonly message?: string;
  readonly code?: string;
  /** The parameter or member that it is about. */
  readonly about?: string;
}

/** Where vendors write the three, in order of preference. */
const messageNames = ['message', 'error', 'detail', 'description', 'error_description', 'reason', 'title'] as const;
const codeNames = ['code', 'error_code', 'errorCode', 'type'] as const;
const aboutNames = ['name', 'field', 'parameter', 'param', 'path', 'property'] as const;

/** Most characters of a message that are read, to bound the work for an oversized answer. */
const longestMessage = 2_000;
/** Errors in errors in errors are nobody's format. */
const deepest = 4;

/**
 * The errors of an answer in the usual shapes: `{"error": "..."}`, `{"message"}`, `{"error": {"code", "message"}}`,
 * `{"errors": [{"code", "message"}]}`, a list of such objects, and texts in a list. What has neither message nor code
 * is no error. Empty for any other body.
 *
 * @example
 * vendorErrors('{"errors":[{"code":17,"message":"No such field","field":"email"}]}');
 * // [{ code: '17', message: 'No such field', about: 'email' }]
 */
export function vendorErrors(body: string): readonly VendorError[] {
  const answer = jsonValue(body);
  return answer === undefined ? [] : errorsIn(answer, deepest);
}

function errorsIn(answer: JsonValue, depth: number): readonly VendorError[] {
  if (depth === 0) return [];
  if (Array.isArray(answer)) return (answer as readonly JsonValue[]).flatMap((entry) => errorsIn(entry, depth - 1));
  if (!isObject(answer)) return typeof answer === 'string' && answer.trim() !== '' ? [{ message: short(answer) }] : [];
  const inside = answer['errors'] ?? answer['error'];
  const nested = typeof inside === 'object' && inside !== null ? errorsIn(inside, depth - 1) : [];
  if (nested.length > 0) return nested;
  const message = firstText(answer, messageNames);
  const code = firstText(answer, codeNames, asCode);
  if (message === undefined && code === undefined) return [];
  const about = firstText(answer, aboutNames, asCode);
  return [
    {
      ...(message === undefined ? {} : { message: short(message) }),
      ...(code === undefined ? {} : { code }),
      ...(about === undefined ? {} : { about }),
    },
  ];
}

function firstText(object: JsonObject, names: readonly string[], as = asMessage): string | undefined {
  for (const name of names) {
    const text = as(Object.hasOwn(object, name) ? object[name] : undefined);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** A number is no message: of `{"error": 404, "message": "no such device"}` the text is the second. */
const asMessage = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;

const asCode = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'number' ? String(value) : asMessage(value);

const short = (text: string): string => text.trim().slice(0, longestMessage);

/**
 * Returns a reader of the vendor's message, for `errorTable`: the first text at one of these members of the JSON, else
 * the text of the body; `undefined` if that is empty or a web page. Without members, the first message of
 * `vendorErrors`.
 *
 * @example
 * const messageOf = errorMessage('error', 'message');
 * const response = errorTable({ messageOf });
 */
export const errorMessage =
  (...members: readonly string[]) =>
  ({ body }: HttpResponse): string | undefined => {
    const answer = jsonValue(body);
    const message =
      members.length > 0 && isObject(answer)
        ? firstText(answer, members)
        : answer === undefined
          ? undefined
          : errorsIn(answer, deepest).find((error) => error.message !== undefined)?.message;
    const text = short(message ?? body);
    return text === '' || text.startsWith('<') ? undefined : text;
  };
