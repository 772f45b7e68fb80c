import type { FieldRow } from '../fields/field-table.ts';
import { checkMembers, type MemberTable } from '../member-check.ts';
import { suggestion } from '../suggestion.ts';
import { asEmail } from './email-address.ts';
import { usableId } from './identifier.ts';
import type { Cast, Path } from '../fields/mapping.ts';
import { asE164Digits } from './phone-number.ts';
import { asBirthday, asCity, asCountry, asGender, asName, asPostalCode, asState, personPaths } from './user-data.ts';

/** What may be known of a person, by its name in `personPaths`; the network address and the browser are not hashed. */
export type PersonPart = Exclude<keyof typeof personPaths, 'ip' | 'userAgent'>;

const usualCasts: Readonly<Record<PersonPart, Cast<string>>> = {
  email: asEmail,
  phone: asE164Digits,
  firstName: asName,
  lastName: asName,
  birthday: asBirthday,
  gender: asGender,
  city: asCity,
  state: asState,
  postalCode: asPostalCode,
  country: asCountry,
  externalId: usableId,
};

/** The fields of P that can hold a V, each with the part of a person that it wants. */
export type PersonFields<P, V> = {
  readonly [K in keyof P & string as V extends NonNullable<P[K]> ? K : never]?: PersonPart;
};

/** The names that Meta, Pinterest and Snap share, for `personRows`. */
export const sharedPersonFields = {
  em: 'email',
  ph: 'phone',
  fn: 'firstName',
  ln: 'lastName',
  ge: 'gender',
  db: 'birthday',
  ct: 'city',
  st: 'state',
  zp: 'postalCode',
  country: 'country',
  external_id: 'externalId',
} as const satisfies Readonly<Record<string, PersonPart>>;

export interface PersonRowsOptions {
  /** Normal forms of this vendor that differ from the usual ones. */
  readonly casts?: Readonly<Partial<Record<PersonPart, Cast<string>>>>;
  /** The note on a part that is there in no form that can be sent. Without it, such a part is left out silently. */
  readonly unusable?: string;
}

const optionMembers: MemberTable<PersonRowsOptions> = { casts: 'optional', unusable: 'optional' };

const partMembers = Object.fromEntries(Object.keys(usualCasts).map((part) => [part, 'optional'])) as MemberTable<
  typeof usualCasts
>;

/**
 * The rows of a field table for what is known of a person: which part each of the vendor's fields wants, and how it
 * travels: `hashed`, or a list of digests. The paths are `personPaths`, the normal forms those that most advertising
 * vendors share (Meta's).
 *
 * @example
 * interface UserData {
 *   em?: readonly string[];
 *   ln?: readonly string[];
 *   client_ip_address?: string;
 * }
 * const userData = fieldTable<UserData>([
 *   ...personRows<UserData, readonly string[]>({ em: 'email', ln: 'lastName' }, (cast) => listOf(hashed(cast))),
 *   { to: 'client_ip_address', from: personPaths.ip, as: asIp },
 * ]);
 */
export function personRows<P extends object, V = string>(
  fields: PersonFields<P, V>,
  as: (cast: Cast<string>) => Cast<V>,
  options: PersonRowsOptions = {},
): readonly FieldRow<P>[] {
  checkMembers('personRows(): the options', options, optionMembers);
  const { casts, unusable } = options;
  if (casts !== undefined) checkMembers('personRows(): casts', casts, partMembers);
  return Object.entries(fields as Readonly<Record<string, PersonPart>>).map(([to, part]) => {
    if (!Object.hasOwn(usualCasts, part))
      throw new TypeError(`personRows(): no part "${part}" of a person; ${suggestion(part, Object.keys(usualCasts))}`);
    const from: readonly Path[] = personPaths[part];
    const row = { to, from, as: as(casts?.[part] ?? usualCasts[part]) };
    return (unusable === undefined ? row : { ...row, unusable }) as unknown as FieldRow<P>;
  });
}
