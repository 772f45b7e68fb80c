import { asAttStatus, asFlag, asText, isBlankId, isUuid, type Cast } from '../../core/api/index.ts';

/** A flat object of strings: all that callback_params and partner_params may hold (ADJUST-45, ADJUST-46). */
export type Parameters = Readonly<Record<string, string>>;

/** Form fields of an Adjust S2S event, all as text. Names are theirs and case-sensitive (ADJUST-06). */
export interface AdjustEvent {
  readonly s2s: '1';
  readonly app_token: string;
  readonly event_token: string;
  readonly environment: 'production' | 'sandbox';
  /** Digits only: seconds or milliseconds since 1970 (ADJUST-26, ADJUST-27). */
  readonly created_at_unix: string;
  readonly idfa?: string;
  readonly idfv?: string;
  readonly gps_adid?: string;
  readonly fire_adid?: string;
  readonly oaid?: string;
  readonly android_id?: string;
  /** Adjust's own id of the device. */
  readonly adid?: string;
  readonly ip_address?: string;
  readonly user_agent?: string;
  /** App Tracking Transparency as iOS numbers it: 0 not determined, 1 restricted, 2 denied, 3 authorised. */
  readonly att_status?: string;
  readonly tracking_enabled?: '0' | '1';
  /** Full currency units (ADJUST-37). */
  readonly revenue?: string;
  readonly currency?: string;
  readonly callback_params?: Parameters;
  readonly partner_params?: Parameters;
}

/** An AdjustEvent under construction. */
export type MutableAdjustEvent = { -readonly [K in keyof AdjustEvent]: AdjustEvent[K] };

type DeviceField = 'idfa' | 'idfv' | 'gps_adid' | 'fire_adid' | 'oaid' | 'android_id' | 'att_status';

/** A field and the members of context.device it comes from; the first one that fits wins. */
export interface DeviceRow {
  readonly to: DeviceField;
  readonly from: readonly string[];
  readonly as: Cast<string>;
}

const text = (cast: (written: string) => string | undefined): Cast<string> => {
  return (value) => {
    const written = asText(value);
    return written === undefined ? undefined : cast(written);
  };
};

/**
 * Apple writes its ids in capitals (ADJUST-11, ADJUST-15), Google and Amazon in small letters (ADJUST-12, ADJUST-13).
 */
const appleId = text((id) => (isUuid(id) ? id.toUpperCase() : undefined));
const playId = text((id) => (isUuid(id) ? id.toLowerCase() : undefined));

/** ANDROID_ID is a 64-bit number in hex, so at most 16 digits: anything else is a custom id (ADJUST-16). */
const androidId = text((id) => {
  const digits = id.replaceAll('-', '').toLowerCase();
  return /^[\da-f]{8,16}$/.test(digits) && !isBlankId(digits) ? digits : undefined;
});

/** No format is documented: what could be an id is kept as written (ADJUST-14). */
const openId = text((id) => (/^[\da-z-]{16,64}$/i.test(id) && !isBlankId(id) ? id : undefined));

export const adjustId = text((id) => (/^[\w-]+$/.test(id) && !isBlankId(id) ? id : undefined));

export const asTracking: Cast<'0' | '1'> = (value) => {
  const flag = asFlag(value);
  return flag === undefined ? undefined : flag ? '1' : '0';
};

const android: DeviceRow = { to: 'android_id', from: ['id'], as: androidId };

/** The fields of each device family; an identifier is listed only where it exists (ADJUST-11 to ADJUST-16). */
export const families: Readonly<Record<'ios' | 'android' | 'fire' | 'other', readonly DeviceRow[]>> = {
  ios: [
    { to: 'idfa', from: ['idfa', 'advertisingId'], as: appleId },
    { to: 'idfv', from: ['idfv', 'id'], as: appleId },
    { to: 'att_status', from: ['attTrackingStatus', 'trackingStatus'], as: asAttStatus },
  ],
  android: [
    { to: 'gps_adid', from: ['advertisingId'], as: playId },
    { to: 'oaid', from: ['oaid'], as: openId },
    android,
  ],
  fire: [{ to: 'fire_adid', from: ['advertisingId'], as: playId }, android],
  other: [],
};
