import { isIPv4 } from 'node:net';
import type { Form } from './form.ts';
import { parseJson } from '../received-request.ts';
import { currency, isFields, matching, oneOf, text, type Check } from '../field-checks.ts';

/** The vendor's words for a no (ADJUST-53 to ADJUST-67), and more of the matter. */
export interface AdjustProblem {
  readonly status: number;
  readonly error: string;
  readonly detail: string;
}

const upperUuid = matching(
  /^(?![0-]+$)[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}$/,
  'an upper-case UUID, not all zeros',
);
const lowerUuid = matching(
  /^(?![0-]+$)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  'a lower-case UUID, not all zeros',
);

/** ADJUST-11 to ADJUST-17. The order is that of the documents: preferred, backup, Adjust's own. */
const deviceChecks: Readonly<Record<string, Check>> = {
  idfa: upperUuid,
  gps_adid: lowerUuid,
  fire_adid: lowerUuid,
  oaid: text,
  idfv: upperUuid,
  android_id: matching(/^(?!0+$)[0-9a-f]+$/, 'lower-case hex without hyphens, not all zeros'),
  adid: matching(/^(?!0+$)[0-9A-Za-z]+$/, 'an Adjust device id'),
};
const deviceNames = Object.keys(deviceChecks);

const anyText: Check = () => undefined;
const number = matching(/^\d+$/, 'digits');

const parameterChecks: Readonly<Record<string, Check>> = {
  ...deviceChecks,
  s2s: (value) => (value === '1' ? undefined : 'must be 1'),
  app_token: anyText,
  event_token: anyText,
  /** ADJUST-19 */
  ip_address: (value) => (isIPv4(String(value)) ? undefined : 'must be IPv4'),
  /** ADJUST-26, ADJUST-27 */
  created_at_unix: matching(/^(?:\d{10}|\d{13})$/, 'seconds or milliseconds, digits only'),
  created_at: anyText,
  callback_params: anyText,
  partner_params: anyText,
  revenue: anyText,
  currency,
  environment: oneOf(new Set(['sandbox', 'production'])),
  user_agent: text,
  os_name: text,
  os_version: text,
  device_name: text,
  device_type: text,
  att_status: matching(/^[0-3]$/, '0 to 3'),
  tracking_enabled: matching(/^[01]$/, '0 or 1'),
  primary_dedupe_token: text,
  google_app_set_id: text,
  external_device_id: number,
};

const badState = (detail: string): AdjustProblem => ({ status: 400, error: 'Bad event state', detail });
const badParams = (detail: string): AdjustProblem => ({ status: 400, error: 'Invalid callback parameters', detail });
const badRevenue = (detail: string): AdjustProblem => ({ status: 400, error: 'Invalid revenue', detail });

/** The first thing the documents forbid about the parameters, tokens and order aside. */
export function checkAdjustEvent(fields: Form): AdjustProblem | undefined {
  if (fields['s2s'] === undefined) return badState('s2s is required');
  for (const [name, value] of Object.entries(fields)) {
    const check = Object.hasOwn(parameterChecks, name) ? parameterChecks[name] : undefined;
    const wrong = check === undefined ? 'is not a known parameter' : check(value);
    if (wrong !== undefined) return badState(`${name} ${wrong}`);
  }
  return checkDevice(fields) ?? checkTimes(fields) ?? checkRevenue(fields) ?? checkParams(fields);
}

/** Every identifier of the device, as `name:value`. */
export const deviceIds = (fields: Form): readonly string[] =>
  deviceNames.flatMap((name) => (fields[name] === undefined ? [] : [`${name}:${fields[name]}`]));

export const platformOf = (fields: Form): 'ios' | 'android' | 'unknown' =>
  has(fields, 'idfa', 'idfv')
    ? 'ios'
    : has(fields, 'gps_adid', 'fire_adid', 'oaid', 'android_id')
      ? 'android'
      : 'unknown';

const has = (fields: Form, ...names: readonly string[]): boolean => names.some((name) => fields[name] !== undefined);

/** ADJUST-10, and that nothing is an iPhone and an Android phone at once; ADJUST-76. */
function checkDevice(fields: Form): AdjustProblem | undefined {
  if (!has(fields, ...deviceNames)) return badState('A device identifier is required');
  if (has(fields, 'idfa', 'idfv') && has(fields, 'gps_adid', 'fire_adid', 'oaid', 'android_id')) {
    return badState('The identifiers are of two platforms');
  }
  return has(fields, 'att_status') && has(fields, 'tracking_enabled')
    ? badState('att_status and tracking_enabled exclude each other')
    : undefined;
}

const checkTimes = (fields: Form): AdjustProblem | undefined =>
  has(fields, 'created_at_unix') && has(fields, 'created_at')
    ? badState('created_at_unix and created_at exclude each other')
    : undefined;

/** ADJUST-37 to ADJUST-41 */
function checkRevenue(fields: Form): AdjustProblem | undefined {
  const { revenue, currency: code } = fields;
  if (revenue === undefined && code === undefined) return undefined;
  if (revenue === undefined || code === undefined) return badRevenue('revenue and currency belong together');
  if (!/^\d+(?:\.\d+)?$/.test(revenue)) return badRevenue('revenue must be a plain decimal');
  const amount = Number(revenue);
  return amount < 0.001 || amount > 100_000_000_000 ? badRevenue('revenue is out of range') : undefined;
}

/** ADJUST-43 to ADJUST-47 */
function checkParams(fields: Form): AdjustProblem | undefined {
  for (const name of ['callback_params', 'partner_params']) {
    const sent = fields[name];
    if (sent === undefined) continue;
    const params = parseJson(sent);
    if (!isFields(params)) return badParams(`${name} is not one JSON object`);
    const values = Object.values(params);
    if (values.length === 0) return badParams(`${name} is empty`);
    if (values.some((value) => typeof value !== 'string')) return badParams(`${name} may only hold strings`);
  }
  return undefined;
}

/** ADJUST-29: with milliseconds and a zone; anything else is as good as missing (ADJUST-30). */
const writtenTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}$/;

/** Epoch ms of the event's own time; `undefined` when Adjust would take the time of receipt. */
export function createdAt(fields: Form): number | undefined {
  const { created_at_unix: unix, created_at: dateTime } = fields;
  if (unix !== undefined) return Number(unix) * (unix.length === 10 ? 1000 : 1);
  if (dateTime === undefined || !writtenTime.test(dateTime)) return undefined;
  const time = Date.parse(`${dateTime.slice(0, -2)}:${dateTime.slice(-2)}`);
  return Number.isNaN(time) ? undefined : time;
}
