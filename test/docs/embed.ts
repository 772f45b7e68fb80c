import { createRuntime, loadDestinations, type CdpEvent, type RuntimeOptions } from '../../core/index.ts';

/** What your CDP already has: a queue to settle events in, and metrics. */
export interface Host {
  acknowledge(eventId: string): void;
  requeue(eventId: string, notBefore?: string): void;
  deadLetter(eventId: string, why: string): void;
}

export async function deliverAll(
  folder: string,
  events: CdpEvent[],
  settings: unknown,
  host: Host,
  more?: Partial<RuntimeOptions>,
) {
  const runtime = createRuntime({ destinations: await loadDestinations(folder), ...more });
  const opened = runtime.open('adjust', settings);
  if (opened.kind === 'invalid')
    throw new Error(opened.issues.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  for (const outcome of await opened.connection.deliver(events, { withinMs: 20_000 })) {
    if (outcome.kind === 'delivered' || outcome.kind === 'skipped') host.acknowledge(outcome.eventId);
    else if (outcome.kind === 'deferred') host.requeue(outcome.eventId, outcome.retryAt);
    else if (outcome.kind === 'suspended')
      host.requeue(outcome.eventId); // and pause this connection
    else host.deadLetter(outcome.eventId, outcome.reason.message); // rejected, unknown
  }
  await runtime.close();
}
