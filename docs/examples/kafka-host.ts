import type { CdpEvent, Connection } from '../../core/index.ts';
import { deliverUntilSettled, policyFor, type DriveOptions } from '../../core/queue/index.ts';

/** What this host uses of the payload that kafkajs hands to `eachBatch`. */
export interface EachBatchPayload {
  readonly batch: {
    readonly topic: string;
    readonly partition: number;
    readonly messages: readonly Message[];
  };
  resolveOffset(offset: string): void;
  heartbeat(): Promise<void>;
  commitOffsetsIfNecessary(): Promise<void>;
  isRunning(): boolean;
  isStale(): boolean;
  /** Stops fetching from this partition; the function it returns goes on. */
  pause(): () => void;
}

export interface Message {
  readonly offset: string;
  /** Epoch ms, as text. */
  readonly timestamp: string;
  readonly value: Buffer | null;
}

export interface KafkaHostOptions {
  readonly connection: Connection;
  /** Of the destination's manifest: how long an event is worth trying. */
  readonly maxQueueAgeMs?: number | undefined;
  /** Writes to the topic of dead letters, and resolves when it is there (`acks: -1`). */
  readonly deadLetter: (message: Message, why: string) => Promise<void>;
  /** Aborted when the consumer is to stop. */
  readonly signal: AbortSignal;
  /** Messages of a batch that are worked on together. */
  readonly chunkSize?: number;
  /** Shorter than a third of the consumer's session timeout. */
  readonly heartbeatMs?: number;
  /** Time, where it is not the system's. */
  readonly clock?: Required<Pick<DriveOptions, 'now' | 'after' | 'random'>>;
}

/** For `consumer.run({ eachBatchAutoResolve: false, eachBatch: kafkaHost(options) })`. */
export function kafkaHost({
  connection,
  maxQueueAgeMs,
  deadLetter,
  signal,
  chunkSize = 500,
  heartbeatMs = 3_000,
  clock,
}: KafkaHostOptions) {
  const policy = policyFor(maxQueueAgeMs === undefined ? {} : { maxQueueAgeMs });
  const after = clock?.after ?? systemAfter;

  return async function eachBatch(payload: EachBatchPayload): Promise<void> {
    const { messages } = payload.batch;
    for (let from = 0; from < messages.length; from += chunkSize) {
      if (signal.aborted || !payload.isRunning() || payload.isStale()) return;
      if (!(await settleChunk(payload, messages.slice(from, from + chunkSize)))) return;
    }
  };

  /** Returns whether all of it is settled. What is not is not resolved, so Kafka hands it out again. */
  async function settleChunk(payload: EachBatchPayload, chunk: readonly Message[]): Promise<boolean> {
    const settled: boolean[] = chunk.map(() => false);
    let resolved = 0;

    /** An offset stands for all before it, so it is resolved only when they are settled, too. */
    function resolveInOrder(position: number): void {
      settled[position] = true;
      for (; settled[resolved] === true; resolved += 1) payload.resolveOffset((chunk[resolved] as Message).offset);
    }

    const readable: { readonly position: number; readonly message: Message; readonly event: CdpEvent }[] = [];
    for (const [position, message] of chunk.entries()) {
      const event = eventIn(message);
      if (event !== undefined) readable.push({ position, message, event });
      else {
        await deadLetter(message, 'not JSON');
        resolveInOrder(position);
      }
    }
    const { remaining, paused } = await deliverUntilSettled(
      readable.map(({ event }) => event),
      (events, options) => connection.deliver(events, options),
      {
        policy,
        signal,
        heartbeatMs,
        acceptedAt: (index) => acceptedAt(readable[index]?.message),
        suspended: () => connection.suspended(),
        // Throws when the partition is another's now: then nothing more is sent, and the client gets its error.
        async heartbeat() {
          if (payload.isStale()) throw new Error('the partition was taken away');
          await payload.heartbeat();
        },
        async settled(settlement) {
          const one = readable[settlement.seq];
          if (one === undefined) return;
          // Written before the offset is resolved: never the other way round.
          if (settlement.kind === 'dead') await deadLetter(one.message, settlement.reason.message);
          resolveInOrder(one.position);
        },
        ...clock,
      },
    );
    await payload.commitOffsetsIfNecessary();
    if (paused !== undefined) lookLater(payload.pause());
    return remaining.length === 0;
  }

  /** The connection waits for a human. This partition rests meanwhile, and asks the vendor once a minute. */
  function lookLater(goOn: () => void): void {
    after(60_000, () => {
      if (signal.aborted) return;
      connection.check({ signal }).then(
        ({ kind }) => {
          // Where the vendor cannot be asked, the next chunk finds out.
          if (kind === 'unsupported') connection.resume();
          if (kind === 'ok' || kind === 'unsupported') goOn();
          else lookLater(goOn);
        },
        () => lookLater(goOn),
      );
    });
  }
}

/** Kafka's own word for a message without a time is -1. */
const acceptedAt = (message: Message | undefined): number => {
  const at = Number(message?.timestamp);
  return at > 0 ? at : Date.now();
};

function eventIn({ value }: Message): CdpEvent | undefined {
  try {
    return JSON.parse(String(value)) as CdpEvent;
  } catch {
    return undefined;
  }
}

const systemAfter = (ms: number, run: () => void) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};
