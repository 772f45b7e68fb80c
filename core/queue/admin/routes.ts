import {
  isStoreLost,
  OtherSettings,
  QueueFull,
  type ConnectionSettings,
  type DeadFilter,
  type DeliveryQueue,
  type LanesOf,
  type QueuedEvent,
} from '../queue.ts';
import { readLines, writeLines } from './ndjson.ts';
import type { Handler, OwnerInfo, SentError, StoreHost, StoreReport } from './protocol.ts';

/** Bytes: a put is some hundred events, of 8 MiB each at most where they come from a file. */
const largestPut = 256 * 1024 * 1024;

/** An answer holds whole events. */
const mostPeeked = 1_000;

/** What went wrong with a request, before the store was asked. */
class BadRequest extends Error {
  override readonly name = 'BadRequest';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A store for other processes: put, dead letters, replay, purge and status. */
export function storeRoutes(
  queue: DeliveryQueue,
  owner: () => OwnerInfo,
  hostOf: () => StoreHost | undefined,
): Handler {
  const changing = async <T>(connection: string, change: Promise<T>): Promise<T> => {
    const changed = await change;
    hostOf()?.changed(connection);
    return changed;
  };
  const lanesOf = (connection: string): LanesOf | undefined => hostOf()?.lanesOf(connection);

  /** By method and path, without the connection's id. */
  const routes: Readonly<Record<string, (connection: string, request: Request, query: URLSearchParams) => unknown>> = {
    'GET /status': (_, __, query): StoreReport => ({
      ...queue.status(Date.now(), query.get('connection') ?? undefined),
      owner: owner(),
      hosted: hostOf()?.connections() ?? null,
    }),
    'GET /connections/events': (id, _, query) =>
      queue.peek(
        id,
        Math.min(mostPeeked, numberIn(query, 'most')),
        query.has('after') ? numberIn(query, 'after') : undefined,
      ),
    'POST /connections/events': async (id, request, query) =>
      changing(id, queue.put(settingsIn(id, query), await eventsOf(request))),
    'GET /connections/dead': (id, _, query) => queue.dead(id, filterOf(query)),
    'GET /connections/dead/reasons': (id) => countReasons(queue.dead(id)),
    'DELETE /connections/dead': async (id, _, query) => ({ count: await queue.drop(id, filterOf(query)) }),
    'POST /connections/dead/requeue': async (id, _, query) => ({
      count: await changing(id, queue.requeue(id, filterOf(query), lanesOf(id))),
    }),
    'POST /connections/replay': async (id, _, query) => ({
      count: await changing(id, queue.replay(id, numberIn(query, 'from'), numberIn(query, 'to'), lanesOf(id))),
    }),
    'DELETE /connections': async (id) => ({ count: await queue.purge(id) }),
  };

  return async (request) => {
    try {
      const { pathname, searchParams } = new URL(request.url);
      const [, id = '', rest = ''] = /^\/connections\/([^/]+)(.*)$/.exec(pathname) ?? [];
      const name = `${request.method} ${id === '' ? pathname : `/connections${rest}`}`;
      const route = Object.hasOwn(routes, name) ? routes[name] : undefined;
      if (route === undefined) throw new BadRequest(404, `there is no ${request.method} ${pathname}`);
      const answer = await route(decodeURIComponent(id), request, searchParams);
      if (!isIterable(answer)) return Response.json(answer);
      return new Response(ReadableStream.from(writeLines(answer)), {
        headers: { 'content-type': 'application/x-ndjson' },
      });
    } catch (error) {
      const { name, message, code } = error as Error & { readonly code?: unknown };
      const sent: SentError = { name, message, ...(typeof code === 'string' ? { code } : {}) };
      return Response.json({ error: sent }, { status: statusOf(error) });
    }
  };
}

function statusOf(error: unknown): number {
  if (error instanceof BadRequest) return error.status;
  if (error instanceof QueueFull) return 429;
  if (error instanceof OtherSettings) return 409;
  if (isStoreLost(error) || (error as Error).name === 'FlushOverdue') return 503;
  return 500;
}

/** One event a line, as QueuedEvent has it. */
async function eventsOf({ body }: Request): Promise<QueuedEvent[]> {
  const events: QueuedEvent[] = [];
  try {
    if (body !== null)
      for await (const line of readLines(body, largestPut)) events.push(JSON.parse(line) as QueuedEvent);
  } catch (error) {
    if (error instanceof RangeError) throw new BadRequest(413, `a put has at most ${largestPut} bytes`);
    if (error instanceof SyntaxError) throw new BadRequest(400, 'a put is one event a line, in JSON');
    throw error;
  }
  if (!events.every(isQueued))
    throw new BadRequest(400, 'an event of a put has an id, the time acceptedAt (epoch ms), and the event');
  return events;
}

/** The event may be any JSON value: a line that is not an event is put together with its outcome. */
const isQueued = (one: QueuedEvent | null): boolean =>
  typeof one?.id === 'string' && Number.isFinite(one.acceptedAt) && one.event !== undefined;

function filterOf(query: URLSearchParams): DeadFilter {
  const reason = query.get('reason');
  return {
    ...(reason === null ? {} : { reason: reason as NonNullable<DeadFilter['reason']> }),
    ...(query.has('since') ? { since: numberIn(query, 'since') } : {}),
    ...(query.has('seq') ? { seq: numberIn(query, 'seq') } : {}),
  };
}

/** The id alone where the query names no destination. */
function settingsIn(id: string, query: URLSearchParams): string | ConnectionSettings {
  const destination = query.get('destination');
  if (destination === null) return id;
  return {
    id,
    destination,
    settings: query.get('settings') ?? undefined,
    checked: query.get('checked') ?? undefined,
  };
}

function numberIn(query: URLSearchParams, name: string): number {
  const value = Number(query.get(name) ?? Number.NaN);
  if (!Number.isFinite(value)) throw new BadRequest(400, `${name} is not a number`);
  return value;
}

/** Dead letters by the code of their reason. */
export async function countReasons(
  letters: ReturnType<DeliveryQueue['dead']>,
): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for await (const { reason } of letters) counts[reason.code] = (counts[reason.code] ?? 0) + 1;
  return counts;
}

const isIterable = (answer: unknown): answer is AsyncIterable<unknown> =>
  typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer;
