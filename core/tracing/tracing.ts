import type { Attributes, Context, Link, SpanContext, Tracer } from '@opentelemetry/api';
import type { EndedRequest, OnRequest, StartedRequest } from '../index.ts';
import { loadOpenTelemetry } from './open-telemetry.ts';
import { spanContextOf, traceparentOf } from './traceparent.ts';

const { isSpanContextValid, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = loadOpenTelemetry();

export interface TracingOptions {
  /** Default: one of the provider that the program has registered, named `spillway`. */
  readonly tracer?: Tracer;
}

/** Spans of what a runtime sends. */
export interface Tracing {
  /** For createRuntime(): starts a span for each request to a vendor, and ends it with the request. */
  readonly onRequest: OnRequest;
  /**
   * The W3C `traceparent` of the span that is active where it is called, for `trace` of deliver() and stream(), or of
   * an event that is put in a queue; `undefined` where none is.
   */
  readonly currentTrace: () => string | undefined;
}

/**
 * Traces requests to vendors by OpenTelemetry: a span of the kind CLIENT for each attempt, with the attributes of its
 * semantic conventions for HTTP clients. It has no path, no query, no header and no body, as these may hold secrets and
 * personal data; so `url.full` is left out.
 *
 * The span of a request that carries one event is a child of the span that the event's `trace` names. That of a request
 * with several events begins a trace of its own, and links to theirs.
 *
 * @example
 * const { onRequest, currentTrace } = createTracing();
 * const runtime = createRuntime({ destinations, onRequest });
 * const trace = currentTrace();
 * await connection.deliver(events, { trace: () => trace });
 */
export function createTracing({ tracer = trace.getTracer('spillway') }: TracingOptions = {}): Tracing {
  return {
    onRequest(request) {
      const { parent, links } = originsOf(request);
      const options = { kind: SpanKind.CLIENT, attributes: attributesOf(request), links };
      const span = tracer.startSpan(request.method, options, parent);
      return (end) => {
        const { status } = end;
        if (status !== undefined) span.setAttribute('http.response.status_code', status);
        const error = errorOf(end);
        if (error !== undefined) {
          span.setAttribute('error.type', error);
          span.setStatus({ code: SpanStatusCode.ERROR });
        }
        span.end();
      };
    },
    currentTrace() {
      const current = trace.getActiveSpan()?.spanContext();
      return current === undefined || !isSpanContextValid(current) ? undefined : traceparentOf(current);
    },
  };
}

/** Not the context that is active: a request leaves whenever the pace lets it, in the turn of any call. */
function originsOf({ traces, events }: StartedRequest): { readonly parent: Context; readonly links: Link[] } {
  const contexts = traces.map(spanContextOf).filter(isValid);
  const [only] = contexts;
  if (events === 1 && only !== undefined) return { parent: trace.setSpanContext(ROOT_CONTEXT, only), links: [] };
  return { parent: ROOT_CONTEXT, links: contexts.map((context) => ({ context })) };
}

const isValid = (context: SpanContext | undefined): context is SpanContext =>
  context !== undefined && isSpanContextValid(context);

const attributesOf = ({
  slug,
  connection,
  method,
  scheme,
  address,
  port,
  events,
  attempt,
}: StartedRequest): Attributes => ({
  'http.request.method': method,
  'url.scheme': scheme,
  'server.address': address,
  'server.port': port,
  'spillway.destination': slug,
  'spillway.connection': connection,
  'spillway.events': events,
  ...(attempt > 1 ? { 'http.request.resend_count': attempt - 1 } : {}),
});

/** The `error.type` of the conventions: a status, or what broke. */
function errorOf({ status, failure, code }: EndedRequest): string | undefined {
  if (status !== undefined) return status >= 400 ? String(status) : undefined;
  return code ?? failure;
}
