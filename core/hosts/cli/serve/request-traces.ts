import type { OnRequest } from '../../../index.ts';
import { isInstalled } from './peers.ts';

/**
 * Spans of requests to vendors, where OpenTelemetry is installed. Without a provider, which an agent registers before
 * the service starts (`node --require`), they cost next to nothing and go nowhere.
 */
export async function requestTraces(): Promise<{ readonly onRequest?: OnRequest }> {
  if (!isInstalled('@opentelemetry/api')) return {};
  const { createTracing } = await import('../../../tracing/index.ts');
  return { onRequest: createTracing().onRequest };
}
