import { bare, json, type Answer } from '../answer.ts';
import { mediaType, parseJson, saysUtf8, textOf, type ReceivedRequest } from '../received-request.ts';
import { isFields } from '../field-checks.ts';
import { openRateMeter, type RateMeter } from '../rate-meter.ts';
import { accepted, errorAnswer, type ItemProblem } from './answer.ts';
import { checkRoktBatch, type RoktProblem } from './batch.ts';
import type { RefusesItem } from '../item-refusals.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../server.ts';
import type { VendorVerdict } from '../service.ts';

export interface RoktOptions extends SimulatorOptions {
  readonly apiKey: string;
  readonly apiSecret: string;
  /** ROKT-44 says 270. Counted in batch objects. Default: no limit, so that tests are quick. */
  readonly batchesPerSecond?: number;
}

/** ROKT-43, in the narrower reading of "256kb". */
const mostBytes = 256_000;
/** ROKT-51 */
const mostBatches = 100;

const no = (answer: Answer, reason: string): VendorVerdict => ({ answer, acceptedIds: [], refused: [{ reason }] });
const badRequest = (reason: string): VendorVerdict => no(errorAnswer(400, [{ wrong: reason }], ''), reason);

/** Rokt's Event API: one batch at /v2/events, up to a hundred, judged one by one, at /v2/bulkevents. */
export function startRokt({ apiKey, apiSecret, batchesPerSecond, ...options }: RoktOptions): Promise<Simulator> {
  const authorization = `Basic ${Buffer.from(`${apiKey}:${apiSecret}`, 'utf8').toString('base64')}`;
  const meter = batchesPerSecond === undefined ? undefined : openRateMeter(batchesPerSecond);
  return startSimulator(
    {
      judge: (request, refuses) => judgeTransport(request, authorization) ?? judgeBody(request, meter, refuses),
      keepBytes: mostBytes,
      successStatus: 202,
      errorInside: json(202, { errors: [{ code: 'INTERNAL', message: 'The batch could not be stored' }] }),
    },
    options,
  );
}

/** ROKT-01, ROKT-06 to ROKT-09, ROKT-43, ROKT-54, ROKT-55 */
function judgeTransport(request: ReceivedRequest, authorization: string): VendorVerdict | undefined {
  const { headers, path } = request;
  if (path !== '/v2/events' && path !== '/v2/bulkevents') return no(bare(404), `There is nothing at ${path}`);
  if (request.method !== 'POST') return no(bare(405), `${request.method} is not allowed`);
  if (!headers.authorization) return no(bare(401), 'The Authorization header is missing');
  if (headers.authorization !== authorization) return no(bare(403), 'The Authorization header is not valid');
  if (request.query !== '') return badRequest('No query parameter is documented');
  if (mediaType(request) !== 'application/json' || !saysUtf8(request)) {
    return no(bare(415), 'Content-Type must be application/json in UTF-8');
  }
  if (headers['content-encoding'] !== undefined) return no(bare(415), 'No Content-Encoding is documented');
  if (headers.accept !== 'application/json') return no(bare(406), 'Accept must be application/json');
  if (request.bytes > mostBytes) return no(bare(413), `${request.bytes} bytes are more than ${mostBytes}`);
  return undefined;
}

function judgeBody(request: ReceivedRequest, meter: RateMeter | undefined, refuses: RefusesItem): VendorVerdict {
  const sent = textOf(request.body);
  const value = sent === undefined ? undefined : parseJson(sent);
  if (sent === undefined || value === undefined) return badRequest('The body is not JSON in UTF-8');
  const bulk = request.path === '/v2/bulkevents';
  if (bulk !== Array.isArray(value))
    return badRequest(bulk ? 'The body must be an array' : 'The body must be an object');
  const batches: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (batches.length === 0) return badRequest('The array holds no batch');
  if (batches.length > mostBatches) return badRequest(`${batches.length} batches are more than ${mostBatches}`);
  const waitSeconds = meter?.(batches.length, request.at) ?? 0;
  if (waitSeconds > 0) {
    const headers = { 'retry-after': String(waitSeconds), 'x-mp-rate-limit-exceeded': 'account' };
    return no(bare(429, headers), 'Too many batches in this second');
  }
  return judgeBatches(batches, bulk, sent, refuses);
}

/** ROKT-52, ROKT-53, ROKT-62, ROKT-63 */
function judgeBatches(batches: readonly unknown[], bulk: boolean, sent: string, refuses: RefusesItem): VendorVerdict {
  const problems: ItemProblem[] = [];
  const acceptedIds: string[] = [];
  batches.forEach((batch, item) => {
    const before = problems.length;
    const report = (problem: RoktProblem): void => void problems.push(bulk ? { ...problem, item } : problem);
    checkRoktBatch(batch, report);
    if (refuses(batch)) report({ path: 'events[0].event_type', wrong: 'is not taken today' });
    if (problems.length === before) acceptedIds.push(...idsOf(batch));
  });
  if (problems.length === 0) return { answer: accepted, acceptedIds, refused: [] };
  return {
    answer: errorAnswer(acceptedIds.length > 0 ? 202 : 400, problems, sent),
    acceptedIds,
    refused: problems.map(({ path = '', wrong, item }) => ({
      reason: `${path} ${wrong}`.trim(),
      ...(item === undefined ? {} : { item }),
    })),
  };
}

/** Every event's `source_message_id` (ROKT-40), else its `confirmationref`. */
function idsOf(batch: unknown): readonly string[] {
  const events: readonly unknown[] = isFields(batch) && Array.isArray(batch['events']) ? batch['events'] : [];
  return events.map((event) => {
    const data = isFields(event) && isFields(event['data']) ? event['data'] : {};
    const attributes = isFields(data['custom_attributes']) ? data['custom_attributes'] : {};
    const id = data['source_message_id'] ?? attributes['confirmationref'];
    return typeof id === 'string' ? id : '';
  });
}
