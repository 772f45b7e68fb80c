import type { JsonObject, JsonValue } from '../api/event.ts';
import { isObject } from '../api/fields/mapping.ts';
import { setOwn } from '../api/fields/payload-builder.ts';
import { cutText } from '../api/fields/text-length.ts';
import { suggestion } from '../api/suggestion.ts';
import { directives } from './directives/directive-table.ts';
import { longestName, type MappingPlace } from './mapping-place.ts';
import type { RightSide } from './mapping-run.ts';

/**
 * Compiles a right side: a directive, which is an object with exactly one member, whose name begins with `@`; or raw
 * JSON, which may hold directives. Members and elements that yield nothing are left out; where all do, the whole is
 * nothing.
 */
export function compileRightSide(value: JsonValue, place: MappingPlace): RightSide {
  if (!holdsDirective(value)) {
    refuseMistakenTexts(value, place);
    return () => value;
  }
  return isObject(value) ? compileObject(value, place) : compileList(value as readonly JsonValue[], place);
}

/** A path or a template without its directive would be sent to the vendor as it stands, the same for every event. */
function refuseMistakenTexts(value: JsonValue, place: MappingPlace): void {
  if (typeof value === 'string') {
    const meant = /^\$[.[]/.test(value) ? 'path' : /\{\{.*\}\}/s.test(value) ? 'template' : undefined;
    if (meant !== undefined)
      place.issue(
        `is a plain text here: write {"@${meant}": "..."} around it, or {"@literal": "..."} if it is meant so`,
      );
  } else if (typeof value === 'object' && value !== null)
    for (const [name, part] of Object.entries(value)) refuseMistakenTexts(part as JsonValue, place.at(name));
}

function holdsDirective(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(holdsDirective);
  return Object.entries(value as JsonObject).some(
    ([name, part]) => name.startsWith('@') || holdsDirective(part ?? null),
  );
}

function compileObject(object: JsonObject, place: MappingPlace): RightSide {
  const names = Object.keys(object);
  const name = names.find((one) => one.startsWith('@'));
  if (name === undefined)
    return objectOf(
      names,
      names.map((one) => place.at(one).compile(object[one] ?? null)),
    );
  const shown = cutText(name, longestName);
  if (names.length > 1)
    return place.issue(`a directive stands alone in its object, and "${shown}" has other members beside it`);
  const directive = directives.get(name);
  if (directive === undefined)
    return place.issue(`no directive "${shown}"; ${suggestion(name, [...directives.keys()])}`);
  return directive(object[name] ?? null, place.at(name));
}

function objectOf(names: readonly string[], sides: readonly RightSide[]): RightSide {
  return (root, run) => {
    let object: Record<string, JsonValue> | undefined;
    for (let index = 0; index < sides.length; index += 1) {
      const value = (sides[index] as RightSide)(root, run);
      if (value !== undefined) setOwn((object ??= {}), names[index] as string, value);
    }
    return object;
  };
}

function compileList(list: readonly JsonValue[], place: MappingPlace): RightSide {
  const sides = list.map((part, index) => place.at(index).compile(part));
  return (root, run) => {
    const values: JsonValue[] = [];
    for (let index = 0; index < sides.length; index += 1) {
      const value = (sides[index] as RightSide)(root, run);
      if (value !== undefined) values.push(value);
    }
    return values.length === 0 ? undefined : values;
  };
}
