import { json, type Answer } from '../answer.ts';
import { mediaType, parseJson, saysUtf8, textOf, type ReceivedRequest } from '../received-request.ts';
import { rememberDevices, type AdjustDevices } from './devices.ts';
import { checkAdjustEvent, createdAt, deviceIds, platformOf, type AdjustProblem } from './event.ts';
import { readForm, type Form } from './form.ts';
import { isFields } from '../field-checks.ts';
import type { RefusesItem } from '../item-refusals.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../server.ts';
import type { VendorVerdict } from '../service.ts';

export interface AdjustOptions extends SimulatorOptions {
  readonly appToken: string;
  /** The tokens of the dashboard; an event with another one is refused. */
  readonly eventTokens: readonly string[];
  /** Switches on the app's S2S security with this token. Default: off, any or no token will do (ADJUST-50). */
  readonly s2sToken?: string;
  /** How a wrong token is refused; the vendor's own documents differ (ADJUST-59, ADJUST-69). Default 401. */
  readonly wrongTokenStatus?: 401 | 202;
  /** Tokens a device may have once (ADJUST-55). */
  readonly uniqueTokens?: readonly string[];
  readonly blocklistedTokens?: readonly string[];
  /** Device identifiers, by value. */
  readonly optedOut?: readonly string[];
  readonly unknownDevices?: readonly string[];
  readonly untrackedPlatforms?: readonly ('ios' | 'android')[];
  readonly inactive?: boolean;
  /** ADJUST-33. Default 28. */
  readonly maxEventAgeDays?: number;
}

/** ADJUST-24 */
const mostBytes = 1_000_000;
const dayMs = 86_400_000;

const failure = (status: number, error: string, detail: string): Answer =>
  json(status, { error: `Event request failed (${error})`, message: detail });

const no = (status: number, error: string, detail = error): VendorVerdict => ({
  answer: failure(status, error, detail),
  acceptedIds: [],
  refused: [{ reason: detail === error ? error : `${error}: ${detail}` }],
});
const refuse = ({ status, error, detail }: AdjustProblem): VendorVerdict => no(status, error, detail);

/** Adjust's S2S events: one event a request, never deduplicated, in order per device. */
export function startAdjust(options: AdjustOptions): Promise<Simulator> {
  const devices = rememberDevices();
  return startSimulator(
    {
      judge: (request, refuses) =>
        judgeTransport(request) ?? judgeToken(request, options) ?? judgeEvent(request, options, devices, refuses),
      keepBytes: mostBytes,
      successStatus: 200,
      errorInside: failure(200, 'Internal error, contact support@adjust.com', 'The event could not be stored'),
    },
    options,
  );
}

/** ADJUST-01 to ADJUST-03, ADJUST-24 */
function judgeTransport(request: ReceivedRequest): VendorVerdict | undefined {
  const { method, path, query, bytes, headers } = request;
  if (path !== '/event') return no(404, `There is nothing at ${path}`);
  if (method !== 'GET' && method !== 'POST') return no(405, `${method} is not allowed`);
  if (bytes + query.length > mostBytes) return no(413, 'Request size too large');
  if (headers['content-encoding'] !== undefined) return no(415, 'No Content-Encoding is documented');
  if (bytes === 0) return undefined;
  if (method === 'GET') return no(400, 'Bad event state', 'A GET request has no body');
  if (query !== '') return no(400, 'Bad event state', 'Parameters come in the URL or in the body');
  if (mediaType(request) !== 'application/x-www-form-urlencoded' || !saysUtf8(request)) {
    return no(415, 'Content-Type must be application/x-www-form-urlencoded');
  }
  return undefined;
}

/** ADJUST-49, ADJUST-50, ADJUST-59, ADJUST-69 */
function judgeToken(
  { headers }: ReceivedRequest,
  { s2sToken, wrongTokenStatus = 401 }: AdjustOptions,
): VendorVerdict | undefined {
  if (s2sToken === undefined || headers.authorization === `Bearer ${s2sToken}`) return undefined;
  const detail = headers.authorization === undefined ? 'Missing authentication token' : 'Wrong authentication token';
  return wrongTokenStatus === 401 ? no(401, 'Failed to authorize request', detail) : no(202, detail);
}

function judgeEvent(
  request: ReceivedRequest,
  options: AdjustOptions,
  devices: AdjustDevices,
  refuses: RefusesItem,
): VendorVerdict {
  const form = readForm(request.bytes === 0 ? request.query : (textOf(request.body) ?? '\u0000'));
  if (typeof form === 'string') return no(400, 'Bad event state', form);
  const problem = judgeAccount(form, options) ?? checkAdjustEvent(form) ?? judgeDevice(form, options);
  if (problem !== undefined) return refuse(problem);
  if (refuses(form)) return no(400, 'Bad event state', 'The event is not taken today');

  const ids = deviceIds(form);
  const token = form['event_token'] ?? '';
  const revenue = form['revenue'] !== undefined;
  if (options.uniqueTokens?.includes(token) && devices.had(ids, token)) {
    return no(400, 'Ignoring event, earlier unique event tracked');
  }
  const now = (options.now ?? Date.now)();
  const at = createdAt(form);
  if (at !== undefined && at < now - (options.maxEventAgeDays ?? 28) * dayMs) {
    return no(400, 'Bad event state', 'The event is too old');
  }
  if (at !== undefined && devices.isLate(ids, token, revenue, at)) {
    return { ...no(400, 'Bad event state', 'A later event of this device is there already'), late: true };
  }
  return {
    answer: json(200, { status: 'OK' }),
    acceptedIds: [idOf(form, ids)],
    refused: [],
    remember: () => devices.remember(ids, token, revenue, at ?? now),
  };
}

/** ADJUST-08, ADJUST-09, ADJUST-54, ADJUST-57, ADJUST-60, ADJUST-62, ADJUST-63 */
function judgeAccount(form: Form, options: AdjustOptions): AdjustProblem | undefined {
  const { app_token: app, event_token: event } = form;
  const because = (status: number, error: string): AdjustProblem => ({ status, error, detail: error });
  if (app === undefined || !/^[0-9a-z]+$/.test(app)) return because(400, 'Invalid app token');
  if (app !== options.appToken) return because(404, 'App token not found');
  if (options.inactive === true) return because(403, 'App is inactive');
  if (event === undefined) return because(400, 'Invalid event token');
  if (options.blocklistedTokens?.includes(event)) return because(403, 'Event token blacklisted');
  return options.eventTokens.includes(event) ? undefined : because(400, 'Invalid event token');
}

/** ADJUST-61, ADJUST-64, ADJUST-66 */
function judgeDevice(form: Form, options: AdjustOptions): AdjustProblem | undefined {
  const because = (status: number, error: string): AdjustProblem => ({ status, error, detail: error });
  const values = deviceIds(form).map((id) => id.slice(id.indexOf(':') + 1));
  if (options.untrackedPlatforms?.some((platform) => platform === platformOf(form)))
    return because(403, 'Tracking disabled');
  if (values.some((id) => options.unknownDevices?.includes(id))) return because(404, 'Device not found');
  return values.some((id) => options.optedOut?.includes(id)) ? because(451, 'Device is opted out') : undefined;
}

/** The `message_id` among the callback parameters, else what names the event best. */
function idOf(form: Form, ids: readonly string[]): string {
  const params = parseJson(form['callback_params'] ?? '{}');
  const id = isFields(params) ? params['message_id'] : undefined;
  return typeof id === 'string' ? id : [...ids, form['event_token'], form['created_at_unix'] ?? ''].join(' ');
}
