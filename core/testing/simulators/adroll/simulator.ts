import { checkAdrollEvent, type AdrollAccount } from './event.ts';
import { json, type Answer } from '../answer.ts';
import { gunzip, mediaType, parseJson, saysUtf8, textOf, type ReceivedRequest } from '../received-request.ts';
import { isFields } from '../field-checks.ts';
import type { RefusesItem } from '../item-refusals.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../server.ts';
import type { VendorVerdict } from '../service.ts';

export interface AdrollOptions extends SimulatorOptions, AdrollAccount {
  /** The Server Access Token this vendor knows. */
  readonly token: string;
}

/** AdRoll documents no limit (ADROLL-13); this only keeps a runaway test from eating the memory. */
const mostBytes = 16_000_000;
const mostEvents = 100;

const errors = (status: number, problems: readonly { readonly message: string; readonly field?: string }[]): Answer =>
  json(status, { errors: problems });

const no = (status: number, reason: string): VendorVerdict => ({
  answer: errors(status, [{ message: reason }]),
  acceptedIds: [],
  refused: [{ reason }],
});

/** AdRoll's S2S API: all of a request or nothing of it (policy of ADROLL-70). */
export const startAdroll = ({ token, ...options }: AdrollOptions): Promise<Simulator> =>
  startSimulator(
    {
      judge: (request, refuses) => judgeTransport(request, token, options) ?? judgeBody(request, options, refuses),
      keepBytes: mostBytes,
      successStatus: 200,
      errorInside: errors(200, [{ message: 'The events could not be stored' }]),
    },
    options,
  );

/** ADROLL-01 to ADROLL-03, ADROLL-05, ADROLL-06, ADROLL-10. */
function judgeTransport(request: ReceivedRequest, token: string, account: AdrollAccount): VendorVerdict | undefined {
  const { headers } = request;
  if (request.path !== '/api') return no(404, `There is nothing at ${request.path}`);
  if (request.method !== 'POST') return no(405, `${request.method} is not allowed`);
  const [scheme, credential, ...rest] = (headers.authorization ?? '').split(' ');
  if (scheme !== 'Token' || !credential || rest.length > 0) return no(401, 'Authorization: Token <SAT> is missing');
  if (credential !== token) return no(403, 'The Server Access Token is unknown');
  if (mediaType(request) !== 'application/json') return no(415, 'Content-Type must be application/json');
  if (!saysUtf8(request)) return no(415, 'The charset must be UTF-8');
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'gzip') return no(415, 'Content-Encoding may only be gzip');

  const query = new URLSearchParams(request.query);
  const names = [...query.keys()];
  if (new Set(names).size !== names.length) return no(400, 'A query parameter comes twice');
  const stranger = names.find((name) => name !== 'advertisable' && name !== 'dry_run');
  if (stranger !== undefined) return no(400, `Query parameter ${stranger} is not known`);
  if (!query.get('advertisable')) return no(400, 'Query parameter advertisable is required');
  if (query.get('advertisable') !== account.advertisableEid) return no(403, 'The token is not for this advertisable');
  if ((query.get('dry_run') ?? 'true') !== 'true') return no(400, 'dry_run may only be true');
  return undefined;
}

function judgeBody(request: ReceivedRequest, account: AdrollAccount, refuses: RefusesItem): VendorVerdict {
  if (request.bytes > mostBytes) return no(413, 'The body is too large');
  const packed = request.headers['content-encoding'] === 'gzip';
  const bytes = packed ? gunzip(request.body, mostBytes) : request.body;
  if (bytes === undefined) return no(400, 'The body is not gzip');
  const body = textOf(bytes);
  if (body === undefined) return no(400, 'The body is not UTF-8');
  const events = parseJson(body);
  if (!Array.isArray(events)) return no(400, 'The body must be a JSON array of events');
  if (events.length === 0) return no(400, 'The array holds no event');
  if (events.length > mostEvents) return no(400, `${events.length} events are more than ${mostEvents}`);

  const refused: { reason: string; item: number; field: string }[] = [];
  events.forEach((event: unknown, item) => {
    const report = (field: string, wrong: string): void =>
      void refused.push({ item, field: `[${item}].${field}`, reason: `${field} ${wrong}` });
    checkAdrollEvent(event, account, report);
    if (refuses(event)) report('event_name', 'is not taken today');
  });
  if (refused.length > 0) {
    const problems = refused.map(({ field, reason }) => ({ message: reason, field }));
    return {
      answer: errors(400, problems),
      acceptedIds: [],
      refused: refused.map(({ item, reason }) => ({ item, reason })),
    };
  }
  const acceptedIds = events.map(idOf);
  return {
    answer: json(200, { status: 'ok' }),
    acceptedIds,
    refused: [],
    checkedOnly: request.query.includes('dry_run='),
  };
}

/** AdRoll has no event id (ADROLL-67). The generator makes the user id one: `u-` and the messageId. */
function idOf(event: unknown): string {
  const identifiers = isFields(event) && isFields(event['identifiers']) ? event['identifiers'] : {};
  const user = identifiers['user_id'];
  if (typeof user === 'string') return user.startsWith('u-') ? user.slice(2) : user;
  const attributes = isFields(event) && isFields(event['event_attributes']) ? event['event_attributes'] : {};
  const order = attributes['order_id'];
  return typeof order === 'string' ? order : '';
}
