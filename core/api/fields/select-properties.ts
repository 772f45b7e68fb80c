import type { JsonObject } from '../event.ts';
import { isMissing, ownValue, type Path } from './mapping.ts';
import { checkMembers, type MemberTable } from '../member-check.ts';
import type { AnyPayloadBuilder } from './payload-builder.ts';
import { boundsOf, freeNames, sharedNames, Target, writeConverted, type PropertyConverter } from './property-target.ts';
import { trimInvisible } from './trim-invisible.ts';

/** All properties of an object, some of them by name, or some under other names: property -> name in the payload. */
export type PropertySelection = 'all' | readonly string[] | Readonly<Record<string, string>>;

export interface PropertySelectorOptions {
  /** The vendor, as the notes call it. */
  readonly vendor: string;
  readonly as: PropertyConverter;
  /** Names in the payload that no property may take, in any case. */
  readonly reserved?: readonly string[];
  /** Properties that "all" leaves out, because they are sent elsewhere. Named ones are sent. */
  readonly notInAll?: readonly string[];
  /** Characters of a name in the payload. A property with a longer one is dropped, with a note. */
  readonly longestName?: number;
  /** Names that the object in the payload may have, those that are there before included. The rest is dropped. */
  readonly most?: number;
  /** What the vendor calls these, such as `user attributes`, for the note on those that are too many. */
  readonly members?: string;
  /** The text of the note if the converter has nothing to send and no note. Default: no note. */
  readonly unusable?: string;
}

/** Passes the selected properties of `object`, which stands at the path `at` of the event, on to the payload. */
export type PropertySelector = (object: JsonObject, out: AnyPayloadBuilder, at: Path) => void;

/**
 * Compiles a pass-through of properties that the customer chose. Call it when the connection opens (`prepare`). Only
 * own properties count, and any name is safe, `__proto__` included. Of two properties that come under one name, the
 * second is dropped, with a note.
 *
 * @example
 * const select = propertySelector(['coupon', 'gift'], {
 *   vendor: 'Acme',
 *   as: scalarValue({ vendor: 'Acme', longest: 500 }),
 *   reserved: ['amount', 'currency'],
 *   most: 50,
 * });
 * select(properties, out, 'properties');
 */
export function propertySelector(selection: PropertySelection, options: PropertySelectorOptions): PropertySelector {
  checkMembers('propertySelector()', options, optionMembers);
  const { as, reserved, notInAll = [], unusable } = options;
  const isFree = freeNames(reserved);
  const chosen = selection === 'all' ? undefined : choicesOf(selection).filter(([, name]) => isFree(name));
  if (chosen?.length === 0) return passNothing;
  const shared = sharedNames((chosen ?? []).map(([, name]) => name));
  const elsewhere = new Set(notInAll);
  const bounds = boundsOf(options);

  const pass = (
    object: JsonObject,
    at: Path,
    property: string,
    name: string,
    target: Target,
    isShared: boolean,
  ): void => {
    const value = ownValue(object, property);
    if (isMissing(value)) return;
    target.begin(at, property, name, isShared);
    writeConverted(value, target, as, unusable);
  };
  return (object, out, at) => {
    const target = new Target(out, bounds);
    if (chosen !== undefined) {
      let others: ReadonlyMap<string, readonly string[]> | undefined;
      for (let index = 0; index < chosen.length; index += 1) {
        const [property, name] = chosen[index] as Choice;
        if (Object.hasOwn(object, property)) pass(object, at, property, name, target, shared.has(name));
        else {
          others ??= untrimmedNames(object);
          for (const other of others.get(property) ?? noNames) pass(object, at, other, name, target, true);
        }
      }
      return;
    }
    for (const name of Object.keys(object)) {
      if (!elsewhere.has(name) && isFree(name)) pass(object, at, name, name, target, false);
    }
  };
}

/** One for all connections whose customer chose nothing. */
const passNothing: PropertySelector = () => undefined;

/** The names that an event writes with something around them, by what is left without it. Hardly any event has one. */
function untrimmedNames(object: JsonObject): ReadonlyMap<string, readonly string[]> {
  let names: Map<string, readonly string[]> | undefined;
  for (const name of Object.keys(object)) {
    const bare = trimInvisible(name);
    if (bare !== name) (names ??= new Map()).set(bare, [...(names.get(bare) ?? noNames), name]);
  }
  return names ?? none;
}

const noNames: readonly string[] = [];
const none: ReadonlyMap<string, readonly string[]> = new Map();

/** The selectors' common options, by which a member that neither has is told. */
export const optionMembers: MemberTable<PropertySelectorOptions> = {
  vendor: 'required',
  as: 'required',
  reserved: 'optional',
  notInAll: 'optional',
  longestName: 'optional',
  most: 'optional',
  members: 'optional',
  unusable: 'optional',
};

type Choice = readonly [property: string, name: string];

function choicesOf(selection: Exclude<PropertySelection, 'all'>): readonly Choice[] {
  if (Array.isArray(selection))
    return [...new Set((selection as readonly string[]).map(trimInvisible))].map((name) => [name, name]);
  return Object.entries(selection as Readonly<Record<string, string>>).map(([property, name]) => [
    trimInvisible(property),
    trimInvisible(name),
  ]);
}
