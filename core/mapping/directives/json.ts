import type { JsonValue } from '../../api/event.ts';
import { jsonTextOf } from '../../api/fields/property-values.ts';
import { parseJson } from '../../parse-json.ts';
import { notJson, remainingAfter, tooMuch } from '../json-size.ts';
import { mostLevels, type MappingRun } from '../mapping-run.ts';
import { nothing } from '../mapping-place.ts';
import { converted, type Directive } from './directive.ts';

const takes = `@json takes values of ${mostLevels} levels at most, with finite numbers`;

/**
 * `@json`: a value as its JSON text (`encode`), or a JSON text as its value (`decode`). A text that cannot be decoded
 * stays as it is, and so does what is no text.
 */
export const json: Directive = (argument, place) => {
  const options = place.options(argument, ['mode', 'value']);
  if (options === undefined) return nothing;
  const mode = place.choice(options, 'mode', ['encode', 'decode']);
  return converted(place.side(options, 'value'), takes, mode === 'encode' ? encoded : decoded);
};

function encoded(value: JsonValue, run: MappingRun): string | undefined {
  const remaining = remainingAfter(value, run.remaining, mostLevels);
  if (remaining < 0) {
    // What is too deep has been gone through, too.
    if (remaining !== tooMuch) run.unfit(takes);
    return run.outOfWork();
  }
  const text = jsonTextOf(value);
  return text !== undefined && run.spend(text.length) ? text : undefined;
}

/** A text that says `null` is null, which is a value as well. */
function decoded(value: JsonValue): JsonValue | undefined {
  if (typeof value !== 'string') return value;
  const parsed = parsedOf(value);
  if (parsed === undefined) return value;
  const remaining = remainingAfter(parsed, Infinity, mostLevels);
  // A number such as 1e999 is JSON, and nothing that JSON could write again.
  return remaining === notJson ? value : remaining < 0 ? undefined : parsed;
}

/** A whole number beyond 2^53 is the text of its digits, as in an event that is read from a file. */
function parsedOf(text: string): JsonValue | undefined {
  try {
    return parseJson(text) as JsonValue;
  } catch {
    return undefined;
  }
}
