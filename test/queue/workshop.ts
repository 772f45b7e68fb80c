import { work, type Working, type WorkOptions } from '../../core/queue/index.ts';
import type { CdpEvent, Connection, Signal } from '../../core/index.ts';
import { bench, type Bench, type BenchOptions } from '../core/workbench.ts';
import { MemoryQueue } from './memory-queue.ts';

export interface Workshop extends Bench {
  readonly queue: MemoryQueue;
  /** What the workers said. */
  readonly told: Signal[];
  /** Puts events as a host does: with the lane that the connection names. */
  readonly put: (events: readonly CdpEvent[], acceptedAt?: number) => Promise<void>;
  readonly start: (more?: Partial<WorkOptions>) => Working;
  /** Works until nothing waits, or the connection pauses. */
  readonly workAll: (more?: Partial<WorkOptions>) => Promise<Working>;
}

/** A connection to a scripted vendor, and a queue before it, on one manual clock. */
export function workshop(options: BenchOptions = {}): Workshop {
  const made = bench(options);
  const queue = new MemoryQueue();
  const told: Signal[] = [];
  const { clock, connection } = made;
  const start = (more: Partial<WorkOptions> = {}): Working =>
    work({
      queue,
      connection,
      configHash: 'settings-1',
      now: clock.now,
      after: clock.after,
      onSignal: (signal) => told.push(signal),
      ...more,
    });
  return {
    ...made,
    queue,
    told,
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
      ...(route.kind === 'payload' ? { lane: route.lane } : {}),
    };
  });
  await queue.put(connection.id, queued);
}
