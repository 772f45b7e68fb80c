import {
  asGenderFmn,
  asPostalCode,
  asState,
  asText,
  clickIdOf,
  clientIpAdvice,
  clientIpOf,
  fieldTable,
  hashed,
  listOf,
  personPaths,
  personRows,
  reject,
  sha256,
  sharedPersonFields,
  type Cast,
  type CdpEvent,
  type Device,
  type PayloadBuilder,
} from 'spillway/api';
import type { PinterestEvent, UserData } from './mapping.ts';

/** "In lowercase" (PINTEREST-22); "a two-letter code in lowercase" (PINTEREST-23); "only digits" (PINTEREST-24). */
const asLower: Cast<string> = (value) => asText(value)?.toLowerCase();
const asStateCode: Cast<string> = (value) => /^[a-z]{2}$/.exec(asState(value) ?? '')?.[0];
const asZip: Cast<string> = (value) => /^\d+$/.exec(asPostalCode(value) ?? '')?.[0];

/** The cookie _epik, or `epik` of the landing page (PINTEREST-25). */
const epikOf = clickIdOf({ parameter: 'epik', paths: ['context.pinterest.epik', 'properties.epik'] });

const userData = fieldTable<UserData>([
  ...personRows<UserData, readonly string[]>(sharedPersonFields, (cast) => listOf(hashed(cast)), {
    casts: { gender: asGenderFmn, lastName: asLower, firstName: asLower, state: asStateCode, postalCode: asZip },
    unusable: 'It is not in a form that Pinterest takes',
  }),
  {
    to: 'client_ip_address',
    from: personPaths.ip,
    read: clientIpOf,
    recommended: 'Pinterest asks for it with all events',
    unadvised: clientIpAdvice,
  },
  { to: 'client_user_agent', from: personPaths.userAgent, as: asText },
  { to: 'click_id', read: epikOf },
]);

/** Who did it: at least one of the three that Pinterest can match by (PINTEREST-20). */
export function addUserData(payload: PayloadBuilder<PinterestEvent>, event: CdpEvent, device: Device): void {
  const out = payload.part('user_data');
  userData(event, out);
  const { advertisingId, withheld } = device;
  if (advertisingId !== undefined) out.set('hashed_maids', [sha256(advertisingId.value)], advertisingId.path);
  else if (withheld !== undefined) out.drop(withheld.path, 'Limited tracking, or no advertising id', 'hashed_maids');
  const { em, hashed_maids, client_ip_address, client_user_agent } = out.value;
  if ((em ?? hashed_maids ?? (client_ip_address && client_user_agent)) === undefined) payload.refuse(nobody);
}

const nobody = reject('missing_identifier', 'Pinterest needs an e-mail, an advertising id, or IP and user agent');
