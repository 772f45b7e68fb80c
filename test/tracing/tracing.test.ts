// Tests core/tracing/tracing.ts, core/tracing/traceparent.ts and core/runtime/sending/request-hook.ts.
import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type Context,
  type ContextManager,
  type Tracer,
} from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, it, test } from '@jest/globals';
import { createRuntime, type AnyDestination, type Runtime, type RuntimeOptions } from '../../core/index.ts';
import { loadOpenTelemetry } from '../../core/tracing/open-telemetry.ts';
import { createTracing } from '../../core/tracing/index.ts';
import { inTurn } from '../support/runtime/scripted-vendor.ts';
import { acme, kinds, open, track, tracks } from '../support/runtime/test-connection.ts';
import { testWorker } from '../support/queue/test-worker.ts';

const lone = { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 } };
const traceId = (digit: string): string => digit.repeat(32);
const traceparent = (digit: string): string => `00-${traceId(digit)}-${digit.repeat(16)}-01`;

let exporter: InMemorySpanExporter;
let tracer: Tracer;
beforeEach(() => {
  exporter = new InMemorySpanExporter();
  tracer = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).getTracer('test');
});

/** What is asserted of a span. */
const spans = () =>
  exporter.getFinishedSpans().map((span) => ({
    name: span.name,
    kind: span.kind,
    trace: span.spanContext().traceId,
    parent: span.parentSpanContext?.spanId,
    links: span.links.map((link) => link.context.traceId),
    attributes: span.attributes,
    status: span.status.code,
  }));

describe('the spans of requests to a vendor on loopback', () => {
  let server: Server;
  let statuses: number[];
  let paths: (string | undefined)[];
  let runtime: Runtime;
  beforeEach(async () => {
    statuses = [];
    paths = [];
    server = createServer((request, response) => {
      paths.push(request.url);
      request.resume().on('end', () => response.writeHead(statuses.shift() ?? 200, { 'content-length': 0 }).end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    await runtime.close();
    await new Promise((resolve) => server.close(resolve));
  });
  const portOf = (): number => (server.address() as AddressInfo).port;
  const opened = (destination: AnyDestination = acme(), more: Partial<RuntimeOptions> = {}) => {
    runtime = createRuntime({
      destinations: [destination],
      origins: { acme: `http://127.0.0.1:${portOf()}` },
      onRequest: createTracing({ tracer }).onRequest,
      retry: { baseMs: 1 },
      ...more,
    });
    return open(runtime, { id: 'shop-1' });
  };

  it('are children of the span that the event of the request names', async () => {
    const outcomes = await opened().deliver([track('m-secret')], { trace: () => traceparent('a') });
    expect(kinds(outcomes)).toEqual(['delivered']);
    expect(spans()).toEqual([
      {
        name: 'POST',
        kind: SpanKind.CLIENT,
        trace: traceId('a'),
        parent: 'a'.repeat(16),
        links: [],
        attributes: {
          'http.request.method': 'POST',
          'http.response.status_code': 200,
          'url.scheme': 'http',
          'server.address': '127.0.0.1',
          'server.port': portOf(),
          'spillway.destination': 'acme',
          'spillway.connection': 'shop-1',
          'spillway.events': 1,
        },
        status: SpanStatusCode.UNSET,
      },
    ]);
  });

  it('link to the spans of several events, each once, and begin a trace of their own', async () => {
    const traces = [traceparent('a'), traceparent('b'), undefined, traceparent('a')];
    await opened().deliver(tracks(4), { trace: (position) => traces[position] });
    expect(spans()).toMatchObject([
      { parent: undefined, links: [traceId('a'), traceId('b')], attributes: { 'spillway.events': 4 } },
    ]);
    expect([traceId('a'), traceId('b')]).not.toContain(spans()[0]?.trace);
  });

  it('name the event of a stream by its index', async () => {
    const traces = ['a', 'b'].map(traceparent);
    const connection = opened(acme({}, lone));
    for await (const { outcome } of connection.stream(tracks(2), { trace: (index) => traces[index] }))
      expect(outcome.kind).toBe('delivered');
    expect(new Set(spans().map(({ trace }) => trace))).toEqual(new Set([traceId('a'), traceId('b')]));
  });

  it('are one for each attempt, which says what broke and how often the request was sent again', async () => {
    statuses = [503, 200];
    await opened().deliver([track('a')], { trace: () => traceparent('a') });
    expect(spans()).toMatchObject([
      { trace: traceId('a'), status: SpanStatusCode.ERROR, attributes: { 'error.type': '503' } },
      { trace: traceId('a'), status: SpanStatusCode.UNSET, attributes: { 'http.request.resend_count': 1 } },
    ]);
    expect(spans()[0]?.attributes).not.toHaveProperty(['http.request.resend_count']);
    expect(spans()[1]?.attributes).not.toHaveProperty(['error.type']);
  });

  it('tell a network failure by its code', async () => {
    const connection = opened(acme(), { origins: { acme: `http://127.0.0.1:1` } });
    await connection.deliver([track('a')], { once: true });
    expect(spans()).toMatchObject([{ attributes: { 'error.type': 'ECONNREFUSED', 'server.port': 1 } }]);
  });

  it('hold no path, no query and nothing of an event or of the settings', async () => {
    const url = 'https://api.vendor.example/accounts/a-1/people/jane@shop.example?token=s3cret';
    const destination = acme({ requestFor: () => ({ method: 'POST', url, headers: { authorization: 's3cret' } }) });
    await opened(destination).deliver([track('m-1')]);
    expect(paths).toEqual(['/accounts/a-1/people/jane@shop.example?token=s3cret']);
    const [span] = exporter.getFinishedSpans();
    const told = JSON.stringify([span?.name, span?.attributes, span?.events, span?.links, span?.status]);
    expect(told).toContain('127.0.0.1');
    expect(told).not.toMatch(/s3cret|accounts|a-1|jane|m-1|Order Completed/);
  });

  it('begin for credential checks, and for what a folder sends by itself', async () => {
    const destination = acme({
      check: {
        request: () => ({ method: 'GET', url: 'https://api.vendor.example/me', headers: {} }),
        success: [{ status: 200, body: 'empty' }],
      } as unknown as NonNullable<AnyDestination['check']>,
      async send(_batch, _settings, wire) {
        const result = await wire.request({
          method: 'PUT',
          url: 'https://api.vendor.example/own',
          headers: {},
          body: '{}',
        });
        return { kind: 'failed', failure: result.kind === 'response' ? { ...result, kind: 'http' } : result };
      },
    });
    const connection = opened(destination);
    await connection.check();
    await connection.deliver([track('a')], { trace: () => traceparent('b'), once: true });
    expect(spans()).toMatchObject([
      { name: 'GET', links: [], attributes: { 'spillway.events': 0 } },
      { name: 'PUT', trace: traceId('b'), attributes: { 'spillway.events': 1 } },
    ]);
  });

  test.each([
    ['of zeros', `00-${'0'.repeat(32)}-${'a'.repeat(16)}-01`],
    ['of a version that is none', traceparent('a').replace('00', 'ff')],
    ['with more than its version has', `${traceparent('a')}-more`],
    ['in capital letters', traceparent('a').toUpperCase()],
    ['of another format', 'b3=1'],
    ['that is empty', ''],
    ['that is no text', 7 as unknown as string],
  ])('are on their own for a traceparent %s', async (_, text) => {
    await opened().deliver([track('a')], { trace: () => text });
    expect(spans()).toMatchObject([{ parent: undefined, links: [] }]);
    expect(spans()[0]?.trace).toMatch(/^(?!a{32})[\da-f]{32}$/);
  });

  it('take a traceparent of a later version, with what that adds', async () => {
    await opened().deliver([track('a')], { trace: () => `${traceparent('a').replace('00', '01')}-more` });
    expect(spans()).toMatchObject([{ trace: traceId('a') }]);
  });

  it.each([
    ['the listener throws', { onRequest: thrower }, undefined],
    ['what it returned throws', { onRequest: () => thrower }, undefined],
    ['it returns something else', { onRequest: () => 'no' as never }, undefined],
    ['the trace of an event throws', {}, thrower],
  ])('cost no event where %s', async (_, more: Partial<RuntimeOptions>, trace) => {
    const connection = opened(acme(), more);
    const options = trace === undefined ? {} : { trace };
    expect(kinds(await connection.deliver(tracks(2), options))).toEqual(['delivered', 'delivered']);
  });

  it('are asked for by nobody without an onRequest', async () => {
    runtime = createRuntime({ destinations: [acme()], origins: { acme: `http://127.0.0.1:${portOf()}` } });
    let asked = 0;
    const trace = (): undefined => void (asked += 1);
    expect(kinds(await open(runtime).deliver(tracks(2), { trace }))).toEqual(['delivered', 'delivered']);
    expect(asked).toBe(0);
  });
});

function thrower(): never {
  throw new Error('the traces are down');
}

describe('the trace of an event in a queue', () => {
  it('comes with each of its tries, however they are batched', async () => {
    const { onRequest } = createTracing({ tracer });
    const shop = testWorker({ script: inTurn({ status: 503 }), runtime: { onRequest } });
    const events = ['a', 'b'].map((digit) => ({
      id: digit,
      event: track(digit),
      acceptedAt: shop.clock.now(),
      trace: traceparent(digit),
    }));
    await shop.queue.put('acme', events);
    await shop.workAll();
    const seen = spans().flatMap(({ trace, links }) => [trace, ...links]);
    expect(spans().length).toBeGreaterThan(1);
    for (const digit of ['a', 'b']) expect(seen.filter((id) => id === traceId(digit)).length).toBeGreaterThan(1);
  });
});

/** What a program registers, so that a span is active in all that its callback waits for. */
function asyncContexts(): ContextManager {
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, run, self, ...args) => storage.run(active, () => run.call(self as never, ...args)),
    bind: (_active, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}

describe('the trace that is active', () => {
  it('is none outside of a span, and a traceparent inside', () => {
    context.setGlobalContextManager(asyncContexts());
    const { currentTrace } = createTracing({ tracer });
    const told = tracer.startActiveSpan('request of a client', (span) => {
      const { traceId: id, spanId } = span.spanContext();
      return [currentTrace(), `00-${id}-${spanId}-01`];
    });
    expect(told[0]).toBe(told[1]);
    expect(currentTrace()).toBeUndefined();
    context.disable();
  });
});

describe('@opentelemetry/api', () => {
  test('is asked for by its install command where it is not there', () => {
    const load = (id: string): never => {
      throw Object.assign(new Error(`Cannot find module '${id}'`), { code: 'MODULE_NOT_FOUND' });
    };
    expect(() => loadOpenTelemetry(load)).toThrow(
      'spillway/tracing needs @opentelemetry/api, which is not installed. Run: npm install @opentelemetry/api@1.9.1',
    );
  });
});
