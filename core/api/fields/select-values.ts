import { propertiesOf, type CdpEvent, type JsonObject, type JsonValue } from '../event.ts';
import { checkMembers, type MemberTable } from '../member-check.ts';
import { isNoId } from '../person/identifier.ts';
import { isMissing, isObject, keysOf, ownValue, type Path } from './mapping.ts';
import type { AnyPayloadBuilder } from './payload-builder.ts';
import { boundsOf, freeNames, sharedNames, Target, writeConverted } from './property-target.ts';
import { trimInvisible } from './trim-invisible.ts';
import {
  optionMembers,
  propertySelector,
  type PropertySelection,
  type PropertySelectorOptions,
} from './select-properties.ts';

/** Where a member of the payload comes from: a path of the event, or a text that is the same for every event. */
export type ValueSource = { readonly from: Path } | { readonly value: string };

/** Passes values of the event, and constants, on to the payload. */
export type ValueSelector = (event: CdpEvent, out: AnyPayloadBuilder) => void;

/** A choice among the properties, or values of any place under names in the payload. */
export type ValueSelection = PropertySelection | Readonly<Record<string, ValueSource>>;

export interface ValueSelectorOptions extends PropertySelectorOptions {
  /** The setting that holds the choice, such as `config.parameters`: where constants come from, for preview. */
  readonly setting: string;
}

/**
 * Compiles a pass-through of what the customer chose: of the properties as propertySelector() has it, or values from
 * any place of the event and constants, by their names in the payload. Call it when the connection opens (`prepare`).
 * A path goes through own members only, and through lists by index.
 *
 * @example
 * const select = valueSelector(
 *   { plan: { from: 'context.traits.plan' }, source: { value: 'server' } },
 *   { vendor: 'Acme', as: scalarText({ vendor: 'Acme' }), setting: 'config.parameters' },
 * );
 * select(event, out.part('parameters')); // { plan: 'gold', source: 'server' }
 */
export function valueSelector(selection: ValueSelection, options: ValueSelectorOptions): ValueSelector {
  checkMembers('valueSelector()', options, valueOptionMembers);
  const { setting: _, ...propertyOptions } = options;
  if (hasSources(selection)) return sourceSelector(selection, options);
  const select = propertySelector(selection, propertyOptions);
  return (event, out) => select(propertiesOf(event), out, 'properties');
}

/** A map from property to name holds texts, one from name to source holds objects. */
const hasSources = (selection: ValueSelection): selection is Readonly<Record<string, ValueSource>> =>
  isObject(selection) && Object.values(selection).some((to) => typeof to === 'object');

function sourceSelector(sources: Readonly<Record<string, ValueSource>>, options: ValueSelectorOptions): ValueSelector {
  const { as, reserved, unusable, setting } = options;
  const isFree = freeNames(reserved);
  const bounds = boundsOf(options);
  const chosen = Object.entries(sources)
    .map(([name, source]) => [trimInvisible(name), source] as const)
    .filter(([name]) => isFree(name))
    .map(([name, source]) =>
      'from' in source
        ? { ...placeOf(trimInvisible(source.from)), name, constant: undefined }
        : { name, from: name, keys: [], isId: false, constant: source.value },
    );
  const shared = sharedNames(chosen.map(({ name }) => name));
  return (event, out) => {
    if (chosen.length === 0) return;
    const target = new Target(out, bounds);
    for (const { name, from, keys, isId, constant } of chosen) {
      const value = constant ?? ownValueAt(event, keys);
      if (isMissing(value) || (isId && isNoId(value))) continue;
      target.begin(constant === undefined ? '' : setting, from, name, shared.has(name));
      writeConverted(value, target, as, unusable);
    }
  };
}

/** Ids of the event itself, in whose place a word such as "null" is nothing. */
const eventIds: ReadonlySet<string> = new Set(['messageId', 'userId', 'anonymousId', 'groupId', 'previousId']);

const placeOf = (from: string) => ({ from, keys: keysOf(from), isId: eventIds.has(from) });

/** The value at the end of a path that a setting names: inherited members find nothing. */
function ownValueAt(event: CdpEvent, keys: readonly string[]): JsonValue | undefined {
  let at: JsonValue | undefined = event as unknown as JsonObject;
  for (const key of keys) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = ownValue(at as JsonObject, key);
  }
  return at;
}

const valueOptionMembers: MemberTable<ValueSelectorOptions> = { ...optionMembers, setting: 'required' };
