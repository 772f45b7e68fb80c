import { createRuntime, loadDestinations, type CdpEvent, type RuntimeOptions } from '../../../core/index.ts';

/** What your CDP already has: a queue that settles events. */
export interface Host {
  acknowledge(event: CdpEvent): void;
  requeue(event: CdpEvent, notBefore?: string): void;
  deadLetter(event: CdpEvent, why: string): void;
}

/** Once per customer and vendor: the connection keeps its sockets, its pace and what was suspended. */
export async function embed(folder: string, settings: unknown, host: Host, more?: Partial<RuntimeOptions>) {
  const runtime = createRuntime({ destinations: await loadDestinations(folder), ...more });
  const opened = runtime.open('adjust', settings);
  if (opened.kind === 'invalid')
    throw new Error(opened.issues.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  const { connection } = opened;

  async function deliver(events: readonly CdpEvent[]) {
    const outcomes = await connection.deliver(events, { withinMs: 20_000 });
    outcomes.forEach((outcome, index) => {
      const event = events[index] as CdpEvent;
      if (outcome.kind === 'delivered' || outcome.kind === 'skipped') host.acknowledge(event);
      else if (outcome.kind === 'deferred') host.requeue(event, outcome.retryAt);
      else if (outcome.kind === 'suspended')
        host.requeue(event); // and pause this connection
      else host.deadLetter(event, outcome.reason.message); // rejected, unknown
    });
  }
  return { deliver, close: () => runtime.close() };
}
