import type { IncomingEvent, JsonValue } from '../../api/event.ts';
import { Problem } from '../problem.ts';
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
  /** The body of a request, decompressed, and parsed whatever its content type is. Throws a Problem. */
  readonly readJson: (request: Request) => Promise<JsonValue>;
  /** Epoch ms. */
  readonly now: () => number;
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed: () => number;
}

/**
 * Answers a request to a path of `trackingCalls`; `ip` is the sender's address. Rejects with what `keep` or `readJson`
 * throws beside Problems: the SDKs take the 500 that comes of it for a reason to try again.
 */
export type TrackingApi = (request: Request, ip?: string) => Promise<Response>;

/**
 * The tracking API of the Segment and RudderStack SDKs. It answers 200 once all events of a request are kept, and with
 * a problem document where none are for sure. SDKs drop what is answered with 400, 401, 404, 409 or 413, so those stand
 * for what will never be taken. What can be taken later is answered with 429: on a 503, Segment's SDKs do not look at
 * `Retry-After`.
 */
export function createTrackingApi(options: TrackingApiOptions): TrackingApi {
  return async (request, ip) => {
    let response: Response;
    try {
      response = await answer(options, request, ip);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      response = error.response();
    }
    for (const [name, value] of Object.entries(crossOriginHeaders)) response.headers.set(name, value);
    return response;
  };
}

async function answer(options: TrackingApiOptions, request: Request, ip: string | undefined): Promise<Response> {
  const url = new URL(request.url);
  const call = trackingCallOf(url.pathname);
  if (call === undefined) throw new Problem('not-found', 'no call of the tracking API has this path');
  if (request.method === 'OPTIONS') return new Response(null, { status: 204, headers: preflightHeaders });
  if (request.method !== 'POST')
    throw new Problem('method-not-allowed', 'it has: POST, OPTIONS', { headers: { allow: 'POST, OPTIONS' } });
  const basic = basicWriteKey(request.headers);
  // Who has a wrong key is told before the body is read.
  let source = basic === undefined ? undefined : sourceOf(options, basic);
  const at = options.now();
  const body = await options.readJson(request).catch(throwForLater);
  source ??= sourceOf(options, otherWriteKey(body, url));
  await keepAll(options, source, eventsIn(call, body, { at, ip }));
  return Response.json({ success: true });
}

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
  if (wait > 0) throw later('the source sends more events than its rate allows', Math.ceil(wait / 1_000));
  await keep(events, source.connections).catch(throwForLater);
}

/** Seconds until room that is not there now is looked for again, where nobody says. */
const usualWait = 5;
/** The same for a store that is full. Segment's SDKs give up after thirty answers, so they are not asked to hurry. */
const fullStoreWait = 60;

/** What may be taken later is a 429, whatever it is on other routes. */
function throwForLater(error: unknown): never {
  if (!(error instanceof Problem)) throw error;
  const { kind, message, headers } = error;
  const seconds = Number(headers['retry-after'] ?? usualWait);
  if (kind === 'too-many-requests') throw later(message, Math.max(seconds, fullStoreWait));
  if (kind === 'unavailable' || kind === 'conflict') throw later(message, seconds);
  throw error;
}

/**
 * Segment's SDKs for browsers read `x-ratelimit-reset`, all others that wait as long as they are told `retry-after`.
 */
const later = (detail: string, seconds: number): Problem =>
  new Problem('too-many-requests', detail, {
    headers: { 'retry-after': String(seconds), 'x-ratelimit-reset': String(seconds) },
  });
