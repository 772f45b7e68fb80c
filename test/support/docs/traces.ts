import { createRuntime, type CdpEvent, type RuntimeOptions } from '../../../core/index.ts';
import { createTracing, type TracingOptions } from '../../../core/tracing/index.ts';
import rokt from '../../../destinations/rokt/index.ts';

/** Delivers what a request of a client brought, under the trace that its header `traceparent` names. */
export async function deliverTraced(
  settings: unknown,
  events: readonly CdpEvent[],
  traceparent: string | undefined,
  more?: Partial<RuntimeOptions> & TracingOptions,
) {
  const { tracer, ...others } = more ?? {};
  const { onRequest } = createTracing(tracer === undefined ? {} : { tracer });
  const runtime = createRuntime({ destinations: [rokt], onRequest, ...others });
  const opened = runtime.open(rokt, settings);
  if (opened.kind === 'invalid') throw new Error(opened.issues.map(({ path }) => path).join(', '));
  const outcomes = await opened.connection.deliver(events, { trace: () => traceparent });
  await runtime.close();
  return outcomes;
}
