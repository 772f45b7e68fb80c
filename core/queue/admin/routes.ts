import { readLines, writeLines } from '../../ndjson.ts';
import {
  isStoreLost,
  OtherSettings,
  QueueFull,
  type ConnectionSettings,
  type DeadFilter,
  type Put,
  type QueuedEvent,
} from '../queue.ts';
import type { DeliveryStore } from '../store.ts';
import type { Handler, SentError } from './protocol.ts';

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

/** A store for other processes: all that it can do, but for work(). */
export function storeRoutes(store: DeliveryStore): Handler {
  /** By method and path, without the connection's id. */
  const routes: Readonly<Record<string, (connection: string, request: Request, query: URLSearchParams) => unknown>> = {
    'GET /status': (_, __, query) => store.status(query.get('connection') ?? undefined),
    'POST /puts': async (_, request) => store.put(await putsOf(request)),
    'POST /prune': async (_, __, query) => ({ count: await store.prune(numberIn(query, 'before')) }),
    'POST /compact': () => store.compact(),
    'GET /connections/events': (id, _, query) =>
      store.peek(
        id,
        Math.min(mostPeeked, numberIn(query, 'most')),
        query.has('after') ? numberIn(query, 'after') : undefined,
      ),
    'GET /connections/dead': (id, _, query) => store.dead(id, filterOf(query)),
    'GET /connections/dead/reasons': (id) => store.reasons(id),
    'DELETE /connections/dead': async (id, _, query) => ({ count: await store.drop(id, filterOf(query)) }),
    'POST /connections/dead/requeue': async (id, _, query) => ({ count: await store.requeue(id, filterOf(query)) }),
    'POST /connections/replay': async (id, _, query) => ({
      count: await store.replay(id, numberIn(query, 'from'), numberIn(query, 'to')),
    }),
    'DELETE /connections': async (id) => ({ count: await store.purge(id) }),
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

/** A line `{"put": ...}` names the connection of the lines after it, each an event as QueuedEvent has it. */
async function putsOf({ body }: Request): Promise<Put[]> {
  const puts: (Put & { readonly events: QueuedEvent[] })[] = [];
  try {
    if (body === null) return puts;
    for await (const line of readLines(upTo(largestPut, body), largestPut)) {
      if ('fault' in line) throw new BadRequest(400, notLines);
      const said = JSON.parse(line.text) as { readonly put: string | ConnectionSettings } | QueuedEvent | null;
      const last = puts.at(-1);
      if (said !== null && 'put' in said) puts.push({ connection: settingsIn(said.put), events: [] });
      else if (last !== undefined && isQueued(said)) last.events.push(said);
      else
        throw new BadRequest(
          400,
          'a put is a line {"put": CONNECTION}, and then one event a line, with an id, the time acceptedAt (epoch ms), ' +
            'and the event',
        );
    }
    return puts;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) throw new BadRequest(400, notLines);
    throw error;
  }
}

const notLines = 'a put is a line of JSON for each connection and each event';

async function* upTo(mostBytes: number, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new BadRequest(413, `a put has at most ${mostBytes} bytes`);
    yield chunk;
  }
}

/** The event may be any JSON value: a line that is not an event is put together with its outcome. */
const isQueued = (one: QueuedEvent | null): one is QueuedEvent =>
  typeof one?.id === 'string' &&
  Number.isFinite(one.acceptedAt) &&
  one.event !== undefined &&
  (one.trace === undefined || typeof one.trace === 'string');

function filterOf(query: URLSearchParams): DeadFilter {
  const reason = query.get('reason');
  return {
    ...(reason === null ? {} : { reason: reason as NonNullable<DeadFilter['reason']> }),
    ...(query.has('since') ? { since: numberIn(query, 'since') } : {}),
    ...(query.has('seq') ? { seq: numberIn(query, 'seq') } : {}),
  };
}

/** The id alone, or with the settings. */
function settingsIn(put: string | ConnectionSettings): string | ConnectionSettings {
  if (typeof put === 'string') return put;
  if (typeof put?.id === 'string' && typeof put.destination === 'string') return put;
  throw new BadRequest(400, 'a put names its connection by its id, or by its settings: id, destination');
}

function numberIn(query: URLSearchParams, name: string): number {
  const value = Number(query.get(name) ?? Number.NaN);
  if (!Number.isFinite(value)) throw new BadRequest(400, `${name} is not a number`);
  return value;
}

const isIterable = (answer: unknown): answer is AsyncIterable<unknown> =>
  typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer;
