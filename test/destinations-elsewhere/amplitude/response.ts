import { decide, errorMessage, errorTable, indexTable, isObject, retryLater, type ResponseHandler } from 'spillway/api';
import type { AmplitudeEvent } from './mapping.ts';

const badKey = decide('suspend', 'unauthorized', 'Amplitude does not know this API key');
const badPath = decide('suspend', 'misconfigured', 'Amplitude does not take events at this address');
const failed = decide('retry', 'vendor_unavailable', 'Amplitude failed, and may have the event', { ambiguous: true });
const invalid = decide('reject', 'vendor_rejected', 'Amplitude refuses a value of the event');
const incomplete = decide('reject', 'vendor_rejected', 'Amplitude misses a field of the event');
const silenced = decide('reject', 'vendor_rejected', 'Amplitude has silenced the device of the event');

/** How long a throttled user or device is to rest, and one that has used up its day. */
const [pauseMs, nextHourMs] = [30_000, 3_600_000];

export const response: ResponseHandler<AmplitudeEvent> = {
  ...errorTable<AmplitudeEvent>({
    messageOf: errorMessage('error'),
    rows: [
      { status: 400, says: /^Invalid API key/, means: badKey },
      { status: 400, says: /^Invalid request path/, means: badPath },
      { status: 429, means: (answer) => retryLater(answer, undefined, { afterMs: pauseMs }) },
      // Not so a 503: Amplitude has taken nothing.
      { status: 500, means: failed },
    ],
  }),
  /** A refused request is refused as a whole: the others leave again without those that are named. */
  readReply: indexTable<AmplitudeEvent>({
    rows: [
      { status: 400, at: 'events_with_invalid_fields', means: invalid },
      { status: 400, at: 'events_with_missing_fields', means: incomplete },
      { status: 400, at: 'silenced_events', means: silenced },
      {
        status: [400, 429],
        at: 'throttled_events',
        // The maps of the answer are from an id to its rate, or to how many events it had today.
        means({ payload: { user_id: user, device_id: device }, scopes = [] }, answer) {
          const isIn = (map: string, id = ''): boolean => isObject(answer[map]) && Object.hasOwn(answer[map], id);
          const isDevice = isIn('throttled_devices', device) && !isIn('throttled_users', user);
          const scope = scopes.at(isDevice ? -1 : 0) ?? '';
          return isIn('exceeded_daily_quota_users', user) || isIn('exceeded_daily_quota_devices', device)
            ? decide('retry', 'rate_limited', 'The user or device has used up its day', { scope, afterMs: nextHourMs })
            : decide('retry', 'rate_limited', 'Amplitude throttles the user or device', { scope, afterMs: pauseMs });
        },
      },
    ],
    others: decide('resend', 'vendor_rejected', 'Amplitude refused another event of the request'),
  }),
  success: [
    {
      body: (answer) => isObject(answer) && answer['code'] === 200,
      counts: { accepted: 'events_ingested' },
    },
  ],
};
