import type { JsonValue } from '../../api/event.ts';
import type { MappingPlace } from '../mapping-place.ts';
import type { MappingRun, RightSide } from '../mapping-run.ts';

/**
 * A directive of mappings: compiles its argument, once, to the right side that it stands for. What is wrong with the
 * argument it reports at the place, `MappingPlace.issue()`, as many issues as there are. What does not fit a value of
 * an event yields nothing at run time and says why, `MappingRun.unfit()`. To add one, write such a function into a file
 * of its own and a row into directive-table.ts.
 */
export type Directive = (argument: JsonValue, place: MappingPlace) => RightSide;

/**
 * A right side that converts one value. Nothing and null pass as they are. Where `convert` returns `undefined`, the
 * value does not fit, for the reason `takes` unless it gave another. To go through a text once is spent already.
 */
export const converted =
  (value: RightSide, takes: string, convert: (value: JsonValue, run: MappingRun) => JsonValue | undefined): RightSide =>
  (root, run) => {
    const before = value(root, run);
    if (before === undefined || before === null) return before;
    if (typeof before === 'string' && !run.spend(before.length)) return undefined;
    const after = convert(before, run);
    return after === undefined ? run.unfit(takes) : after;
  };

/** A text, or the text of a number or boolean. */
export function scalarText(value: JsonValue): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
    ? String(value)
    : undefined;
}
