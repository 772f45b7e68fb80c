import type { HoldChange, QueueWorker } from '../../../core/queue/index.ts';
import type { WorkOptions } from '../../../core/queue/work-options.ts';
import { work } from '../../../core/queue/worker.ts';
import type { CdpEvent, Connection, Signal } from '../../../core/index.ts';
import { testConnection, type TestConnection, type TestConnectionOptions } from '../runtime/test-connection.ts';
import { wholeWaits } from '../runtime/whole-waits.ts';
import { MemoryQueue } from './memory-queue.ts';

export interface TestWorker extends TestConnection {
  readonly queue: MemoryQueue;
  /** What the workers signalled. */
  readonly workerSignals: Signal[];
  /** What they reported of their holds. */
  readonly changes: HoldChange[];
  /** Puts events as a host does: with the lane that the connection names. */
  readonly put: (events: readonly CdpEvent[], acceptedAt?: number) => Promise<void>;
  readonly start: (more?: Partial<WorkOptions>) => QueueWorker;
  /** Works until nothing waits, or the connection pauses. */
  readonly workAll: (more?: Partial<WorkOptions>) => Promise<QueueWorker>;
}

/** A connection to a scripted vendor, and a queue before it, on one manual clock. */
export function testWorker(options: TestConnectionOptions = {}): TestWorker {
  const base = testConnection(options);
  const queue = new MemoryQueue();
  const workerSignals: Signal[] = [];
  const changes: HoldChange[] = [];
  const { clock, connection } = base;
  const start = (more: Partial<WorkOptions> = {}): QueueWorker =>
    work({
      queue,
      connection,
      configHash: 'settings-1',
      now: clock.now,
      elapsed: clock.elapsed,
      after: clock.after,
      random: wholeWaits,
      onSignal: (signal) => workerSignals.push(signal),
      onChange: (change) => changes.push(change),
      ...more,
    });
  return {
    ...base,
    queue,
    workerSignals,
    changes,
    start,
    put: (events, acceptedAt = clock.now()) => putAll(queue, connection, events, acceptedAt),
    async workAll(more) {
      const working = start(more);
      await clock.run(working.idle());
      return working;
    },
  };
}

export async function putAll(
  queue: MemoryQueue,
  connection: Connection,
  events: readonly CdpEvent[],
  acceptedAt: number,
): Promise<void> {
  const queued = events.map((event, index) => {
    const route = connection.routeOf(event);
    return {
      id: event.messageId ?? `put-${index}`,
      event,
      acceptedAt,
      ...(route.kind === 'payload' && route.lanes !== undefined ? { lanes: route.lanes } : {}),
    };
  });
  await queue.put(connection.id, queued);
}
