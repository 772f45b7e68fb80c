import { suggestion } from './suggestion.ts';

/** The members of T: which have to be there. */
export type MemberTable<T> = { readonly [name in keyof Required<T>]: 'required' | 'optional' };

/**
 * Checks what a folder's code hands over: no types protect a folder in JavaScript, where `say` for `says` would widen
 * a row to every answer. Runs once per table, when the folder loads or a connection opens. Throws a TypeError that
 * names the place (`where`), the member, and the known one that is nearest.
 */
export function checkMembers<T extends object>(where: string, object: T, table: MemberTable<T>): void {
  if (typeof object !== 'object' || (object as T | null) === null) throw new TypeError(`${where}: must be an object`);
  const members = table as Readonly<Record<string, 'required' | 'optional'>>;
  for (const name of Object.keys(object)) {
    if (Object.hasOwn(members, name)) continue;
    throw new TypeError(`${where}: no member "${name}"; ${suggestion(name, Object.keys(members))}`);
  }
  for (const name of Object.keys(members)) {
    if (members[name] === 'required' && (object as Record<string, unknown>)[name] === undefined)
      throw new TypeError(`${where}: ${name} is missing`);
  }
}
