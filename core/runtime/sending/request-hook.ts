import type { HttpRequest } from '../../api/failure.ts';
import type { TargetCheck } from '../../http/target.ts';
import type { PendingDelivery } from '../batching/pending-delivery.ts';
import { RequestObserver, type EndedRequest, type RequestListener } from './request-observer.ts';

/**
 * A request to a vendor that is about to leave. Its path, headers and body are not told: they may hold secrets and
 * personal data.
 */
export interface StartedRequest {
  readonly slug: string;
  /** The connection's id. */
  readonly connection: string;
  readonly method: HttpRequest['method'];
  /** Where it goes: the vendor, or what the host program points the destination at. */
  readonly scheme: 'http' | 'https';
  readonly address: string;
  readonly port: number;
  /** Events in it; 0 for an operation and a credential check. */
  readonly events: number;
  /** Their positions in the deliver() or stream() that they belong to. */
  readonly positions: readonly number[];
  /** 1 for the first attempt at this batch. */
  readonly attempt: number;
  /** The W3C `traceparent` texts of its events, each once: see `trace` in DeliverOptions. */
  readonly traces: readonly string[];
}

/**
 * Told of each request; what it returns is told of the request's end, or, if it is an object, of what was decided then
 * as well. Errors of all of them are ignored.
 */
export type OnRequest = (request: StartedRequest) => RequestListener | ((end: EndedRequest) => void) | undefined;

/** The W3C `traceparent` of an event, by its position. */
export type TraceOf = (position: number) => string | undefined;

/** A host's `onRequest`, for the requests of one connection. */
export class RequestHook {
  readonly #onRequest: OnRequest;
  readonly #of: Pick<StartedRequest, 'slug' | 'connection'>;
  readonly #target: TargetCheck;
  /** Where the last request went: nearly all of a connection go to one origin. */
  #origin = '';
  #server: Pick<StartedRequest, 'scheme' | 'address' | 'port'> = { scheme: 'https', address: '', port: 443 };

  constructor(onRequest: OnRequest, of: Pick<StartedRequest, 'slug' | 'connection'>, target: TargetCheck) {
    this.#onRequest = onRequest;
    this.#of = of;
    this.#target = target;
  }

  /** Never throws. Returns what is to be told of the request, where somebody wants to know. */
  start(
    { method, url }: HttpRequest,
    attempt: number,
    deliveries: readonly TracedDelivery[],
  ): RequestObserver | undefined {
    let listener: ReturnType<OnRequest>;
    try {
      const server = this.#serverOf(this.#target(url).origin);
      const traces = new Set<string>();
      for (const { trace } of deliveries) if (trace !== undefined) traces.add(trace);
      const of = { events: deliveries.length, positions: deliveries.map(({ index }) => index), traces: [...traces] };
      listener = this.#onRequest({ ...this.#of, method, ...server, attempt, ...of });
    } catch {
      // The target is forbidden, so that nothing leaves; or the host's trace fails, which must not lose an event.
      return undefined;
    }
    if (typeof listener === 'function') return new RequestObserver({ ended: listener });
    return typeof listener === 'object' && listener !== null ? new RequestObserver(listener) : undefined;
  }

  #serverOf(origin: string): Pick<StartedRequest, 'scheme' | 'address' | 'port'> {
    if (this.#origin === origin) return this.#server;
    const { protocol, hostname, port } = new URL(origin);
    const scheme = protocol === 'http:' ? 'http' : 'https';
    this.#server = {
      scheme,
      address: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? (scheme === 'http' ? 80 : 443) : Number(port),
    };
    this.#origin = origin;
    return this.#server;
  }
}

type TracedDelivery = Pick<PendingDelivery, 'index' | 'trace'>;

/** A host's `trace`, made safe: what it throws, or returns beside text, is no trace. Undefined where nobody asks. */
export function tracedBy(
  { requestHook }: { readonly requestHook: RequestHook | undefined },
  trace: TraceOf | undefined,
): TraceOf | undefined {
  if (requestHook === undefined || trace === undefined) return undefined;
  return (position) => {
    try {
      const text: unknown = trace(position);
      return typeof text === 'string' && text !== '' ? text : undefined;
    } catch {
      return undefined;
    }
  };
}
