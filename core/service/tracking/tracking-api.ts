import type { IncomingEvent, JsonValue } from '../../api/event.ts';
import { Problem, retryAfter } from '../problem.ts';
import { crossOriginHeaders, preflightHeaders } from './cross-origin.ts';
import { sdkEvents } from './sdk-events.ts';
import { trackingCallOf, type TrackingCall } from './tracking-call.ts';
import type { MeteredSource, TrackingSources } from './tracking-sources.ts';
import { basicWriteKey, otherWriteKey } from './write-key.ts';

export interface TrackingApiOptions {
  readonly sources: TrackingSources;
  /**
   * Keeps events for connections, by their ids. Resolves once that is durable; throws a Problem where nothing is kept,
   * or where the same events again complete it.
   */
  readonly keep: (events: readonly IncomingEvent[], connections: readonly string[]) => Promise<unknown>;
  /** Epoch ms. */
  readonly now: () => number;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed: () => number;
}

/** Who sent a request, and what. */
export interface SentRequest {
  readonly request: Request;
  /** The address of the sender. `undefined` where it is not known. */
  readonly ip: string | undefined;
  /** The body, decompressed, and parsed whatever its content type is. Throws a Problem. */
  readonly readJson: () => Promise<JsonValue>;
}

/**
 * Answers a request to a path of `trackingCalls`. Throws a Problem, to be answered with refusal(), and whatever `keep`
 * or `readJson` throws: the SDKs take the 500 that comes of it for a reason to try again.
 */
export type TrackingApi = (sent: SentRequest) => Promise<Response>;

/**
 * The tracking API of the Segment and RudderStack SDKs. It answers 200 once all events of a request are kept, and with
 * a problem document where none are for sure. SDKs drop what is answered with 400, 401, 404, 409 or 413, so those stand
 * for what will never be taken. What can be taken later is answered with 429: on a 503, Segment's SDKs do not look at
 * `Retry-After`.
 */
export const createTrackingApi =
  (options: TrackingApiOptions): TrackingApi =>
  async ({ request, ip, readJson }) => {
    const url = new URL(request.url);
    const call = trackingCallOf(url.pathname);
    if (call === undefined) throw new Problem('not-found', 'no call of the tracking API has this path');
    if (request.method === 'OPTIONS')
      return new Response(null, { status: 204, headers: { ...crossOriginHeaders, ...preflightHeaders } });
    if (request.method !== 'POST')
      throw new Problem('method-not-allowed', 'it has: POST, OPTIONS', { headers: { allow: 'POST, OPTIONS' } });
    const basic = basicWriteKey(request.headers);
    // Who has a wrong key is told before the body is read.
    let source = basic === undefined ? undefined : sourceOf(options, basic);
    const at = options.now();
    const body = await readJson();
    source ??= sourceOf(options, otherWriteKey(body, url));
    await keepAll(options, source, eventsIn(call, body, { at, ip }));
    return Response.json({ success: true }, { headers: crossOriginHeaders });
  };

function sourceOf({ sources }: TrackingApiOptions, writeKey: string | undefined): MeteredSource {
  const source = writeKey === undefined ? undefined : sources.find(writeKey);
  if (source !== undefined) return source;
  // Browsers ask visitors for a password where a page of the same site is answered with a scheme that they know.
  throw new Problem('unauthorized', 'send the write key of a source as the user name of HTTP Basic, or in the body', {
    headers: { 'www-authenticate': 'WriteKey realm="tracking"' },
  });
}

function eventsIn(
  call: TrackingCall,
  body: JsonValue,
  received: { readonly at: number; readonly ip: string | undefined },
): readonly IncomingEvent[] {
  const read = sdkEvents(call, body, received);
  if (read.kind === 'events') return read.events;
  throw new Problem('not-valid', 'the body is no request of the tracking API', { errors: read.issues });
}

async function keepAll(
  { keep, elapsed }: TrackingApiOptions,
  source: MeteredSource,
  events: readonly IncomingEvent[],
): Promise<void> {
  const wait = source.take(events.length, elapsed());
  if (wait > 0) {
    const headers = retryAfter(Math.ceil(wait / 1_000));
    throw new Problem('too-many-requests', 'the source sends more events than its rate allows', { headers });
  }
  await keep(events, source.connections).catch(throwPatiently);
}

/** Seconds after which a store that is full is asked again. Segment's SDKs give up after thirty answers. */
const fullStoreWait = 60;

function throwPatiently(error: unknown): never {
  if (!(error instanceof Problem) || error.kind !== 'too-many-requests') throw error;
  throw new Problem(error.kind, error.message, { headers: retryAfter(fullStoreWait) });
}

/** Seconds after which is asked again, where nobody says. */
const usualWait = 5;

/** How the tracking API answers what went wrong, in it or around it: what may be taken later is a 429. */
export function refusal(problem: Problem): Response {
  const { kind, message, headers } = problem;
  const isForLater = kind === 'unavailable' || kind === 'conflict';
  const response = (isForLater ? new Problem('too-many-requests', message, { headers }) : problem).response();
  if (response.status === 429) {
    const seconds = headers['retry-after'] ?? String(usualWait);
    response.headers.set('retry-after', seconds);
    // Older SDKs of Segment for browsers know this name of it.
    response.headers.set('x-ratelimit-reset', seconds);
  }
  for (const [name, value] of Object.entries(crossOriginHeaders)) response.headers.set(name, value);
  return response;
}
