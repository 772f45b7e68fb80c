import type { JsonValue } from '../../api/event.ts';
import { isObject } from '../../api/fields/mapping.ts';
import type { RightSide } from '../mapping-run.ts';
import { nothing } from '../mapping-place.ts';
import { scalarText, type Directive } from './directive.ts';

const takes = '@map takes a text, a number or a boolean';

/**
 * `@map`: a lookup table, `to`, from the text of a value to what it yields. `else` is for whatever the table does not
 * name, a missing value included. Without it, that yields nothing.
 */
export const map: Directive = (argument, place) => {
  const options = place.options(argument, ['value', 'to'], ['else']);
  if (options === undefined) return nothing;
  const value = place.side(options, 'value');
  const otherwise = options['else'] === undefined ? undefined : place.side(options, 'else');
  const { to } = options;
  const table = place.at('to');
  if (to !== undefined && (!isObject(to) || Object.keys(to).length === 0))
    return table.issue('must be an object with a member for each value');
  const rows = Object.entries((to ?? {}) as Readonly<Record<string, JsonValue>>);
  return lookup(value, new Map(rows.map(([from, side]) => [from, table.at(from).compile(side)])), otherwise);
};

function lookup(value: RightSide, table: ReadonlyMap<string, RightSide>, otherwise: RightSide | undefined): RightSide {
  return (root, run) => {
    const from = value(root, run) ?? null;
    const text = from === null ? undefined : scalarText(from);
    const side = (text === undefined ? undefined : table.get(text)) ?? otherwise;
    if (side !== undefined) return side(root, run);
    return from === null || text !== undefined ? undefined : run.unfit(takes);
  };
}
