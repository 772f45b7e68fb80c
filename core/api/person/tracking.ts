import type { JsonObject, JsonValue } from '../event.ts';
import type { Found } from '../events/first-of.ts';
import { isBlank, type Cast } from '../fields/mapping.ts';
import { asFlag, asText } from '../fields/casts.ts';

const attNames: ReadonlyMap<string, string> = new Map([
  ['notdetermined', '0'],
  ['restricted', '1'],
  ['denied', '2'],
  ['authorized', '3'],
  ['authorised', '3'],
]);

/**
 * App Tracking Transparency status: 0 not determined, 1 restricted, 2 denied, 3 authorised. Read as a number, or by
 * Apple's name in any case, also with what stands before it in Swift and Objective-C
 * (`ATTrackingManagerAuthorizationStatusDenied`, `not-determined`).
 */
export const asAttStatus: Cast<string> = (value) => {
  if (value === 0 || value === 1 || value === 2 || value === 3) return String(value);
  const status = asText(value) ?? '';
  const [, digit] = /^([0-3])(?:\.0+)?$/.exec(status) ?? [];
  return (
    digit ??
    attNames.get(
      status
        .toLowerCase()
        .replaceAll(/[\s_.-]/g, '')
        .replace(attPrefix, ''),
    )
  );
};

const attPrefix = /^(?:attrackingmanager)?authori[sz]ationstatus/;

type Judge = (value: JsonValue) => boolean;

const isNotOn: Judge = (value) => asFlag(value) !== true;
const isNotOff: Judge = (value) => asFlag(value) !== false;
/** Who was not asked yet has not refused. */
const isRefusal: Judge = (value) => {
  const status = asAttStatus(value);
  return status !== '3' && status !== '0';
};

/**
 * What limits ad tracking, of `context.device`: the phone's switch (`adTrackingEnabled`, or `limitAdTracking` and the
 * like) or iOS's prompt (`attTrackingStatus`, `trackingStatus`). Fails closed: a switch limits it unless it is plainly
 * on (`asFlag`); the prompt, unless its answer is "authorized" or none was asked for. What is missing or blank says
 * nothing. Each name has its own line, because V8 then finds a member by the object's shape.
 */
export const trackingLimitIn = (device: JsonObject): Found | undefined =>
  limitBy('adTrackingEnabled', device['adTrackingEnabled'], isNotOn) ??
  limitBy('attTrackingStatus', device['attTrackingStatus'], isRefusal) ??
  limitBy('trackingStatus', device['trackingStatus'], isRefusal) ??
  limitBy('limitAdTracking', device['limitAdTracking'], isNotOff) ??
  limitBy('isLimitAdTrackingEnabled', device['isLimitAdTrackingEnabled'], isNotOff) ??
  limitBy('lat', device['lat'], isNotOff);

const limitBy = (name: string, value: JsonValue | undefined, limits: Judge): Found | undefined =>
  value !== undefined && !isBlank(value) && limits(value) ? { value, path: `context.device.${name}` } : undefined;
