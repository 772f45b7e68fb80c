import {
  fieldTable,
  isNoId,
  isUuid,
  usableId,
  type Cast,
  type DeviceFamily,
  type FieldRow,
  type FieldTable,
} from '../../core/api/index.ts';

/** What Adjust tells apart: a Fire device is one of Android. */
export type Platform = 'ios' | 'android' | 'other';

/** A flat object of strings: all that callback_params and partner_params may hold (ADJUST-45, ADJUST-46). */
export type Parameters = Record<string, string>;

/** Form fields of an Adjust S2S event, all as text. Names are theirs and case-sensitive (ADJUST-06). */
export interface AdjustEvent {
  s2s: '1';
  app_token: string;
  event_token: string;
  environment: 'production' | 'sandbox';
  /** Digits only: seconds or milliseconds since 1970 (ADJUST-26, ADJUST-27). One of the two times is set. */
  created_at_unix?: string | undefined;
  /** Such as 2026-01-15T11:59:00.123+0000 (ADJUST-29). */
  created_at?: string | undefined;
  idfa?: string | undefined;
  idfv?: string | undefined;
  gps_adid?: string | undefined;
  fire_adid?: string | undefined;
  oaid?: string | undefined;
  android_id?: string | undefined;
  /** Adjust's own id of the device. */
  adid?: string | undefined;
  ip_address?: string | undefined;
  user_agent?: string | undefined;
  /** App Tracking Transparency as iOS numbers it: 0 not determined, 1 restricted, 2 denied, 3 authorised. */
  att_status?: string | undefined;
  tracking_enabled?: '0' | '1' | undefined;
  /** Full currency units (ADJUST-37). */
  revenue?: string | undefined;
  currency?: string | undefined;
  callback_params?: Parameters | undefined;
  partner_params?: Parameters | undefined;
}

/**
 * A form without what differs from event to event. It has all fields from the start: V8 then knows one shape of all
 * events, where every field that is added makes another one, and room for it.
 */
export const emptyForm = (app_token: string, event_token: string, environment: AdjustEvent['environment']) =>
  ({
    s2s: '1',
    app_token,
    event_token,
    environment,
    created_at_unix: undefined,
    created_at: undefined,
    idfa: undefined,
    idfv: undefined,
    gps_adid: undefined,
    fire_adid: undefined,
    oaid: undefined,
    android_id: undefined,
    adid: undefined,
    ip_address: undefined,
    user_agent: undefined,
    att_status: undefined,
    tracking_enabled: undefined,
    revenue: undefined,
    currency: undefined,
    callback_params: undefined,
    partner_params: undefined,
  }) satisfies { [field in keyof Required<AdjustEvent>]: AdjustEvent[field] };

/**
 * The identifiers, those that change least first. Each that an event has is a lane of it, so that a device keeps its
 * order when it changes its advertising id, or names fewer ids (ADJUST-31).
 */
export const deviceIds = ['adid', 'idfv', 'android_id', 'oaid', 'idfa', 'gps_adid', 'fire_adid'] as const;
export type DeviceId = (typeof deviceIds)[number];

const id = (formOf: (written: string) => string | undefined): Cast<string> => {
  return (value) => {
    const written = usableId(value);
    return written === undefined ? undefined : formOf(written);
  };
};

/** Apple writes its ids in capitals (ADJUST-15). */
const appleId = id((uuid) => (isUuid(uuid) ? uuid.toUpperCase() : undefined));

/** ANDROID_ID is a 64-bit number in hex, so at most 16 digits: anything else is a custom id (ADJUST-16). */
const androidId = id((written) => {
  if (hexDigits.test(written)) return written;
  const digits = written.replaceAll('-', '').toLowerCase();
  return hexDigits.test(digits) ? digits : undefined;
});
const hexDigits = /^[\da-f]{8,16}$/;

/** No format is documented: what could be an id is kept as written (ADJUST-14). */
const openId = id((written) => (/^[\da-z-]{16,64}$/i.test(written) ? written : undefined));
export const adjustId = id((written) => (/^[\w-]+$/.test(written) ? written : undefined));

/** Phones write all zeros for a missing id; any other value that does not fit gets a note. */
const deviceTable = (...rows: readonly FieldRow<AdjustEvent>[]): FieldTable<AdjustEvent> =>
  fieldTable(rows, {
    from: 'context.device',
    unusable: (to) => `Left out: not in the form Adjust asks of ${to}`,
    isNothing: isNoId,
    noteEvery: true,
  });
const android: FieldRow<AdjustEvent> = { to: 'android_id', from: ['android_id', 'id'], as: androidId };

/** The backup identifiers of each device family, listed only where they exist (ADJUST-15, ADJUST-16). */
export const deviceFields: Readonly<Record<DeviceFamily, FieldTable<AdjustEvent>>> = {
  ios: deviceTable({ to: 'idfv', from: ['idfv', 'id'], as: appleId }),
  android: deviceTable(android),
  fire: deviceTable(android),
  other: deviceTable(),
};

/** Of Android devices whose person does not limit ad tracking (ADJUST-14). */
export const openIdField = deviceTable({ to: 'oaid', from: 'oaid', as: openId });
