import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsumerConfig, ConsumerInfo, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { Subscription } from '@nats-io/transport-node';
import { isDeepStrictEqual } from 'node:util';
import { isSilence } from './broker-errors.ts';
import type { Broker } from './connect.ts';
import { consumerName, type Names, type Channel } from './names.ts';

export interface PullOptions {
  readonly broker: Broker;
  readonly names: Names;
  readonly token: string;
  readonly epoch: number;
  readonly leaseMs: number;
  /** Takes a message. What it throws is reported; the broker hands the message out again later. */
  readonly take: (message: JsMsg, channel: Channel) => Promise<void>;
  /** More messages may be taken out of channels that have no order. */
  readonly hasRoom: () => boolean;
  readonly onDefect: (error: unknown) => void;
}

const expiresMs = 30_000;
const pauseMs = 1_000;
/** Messages that fetch() may return at once. */
const fetchSize = 20;
/** Messages of channels without order that may be out at once, at all processes. */
const mostOut = { any: 2_000, retry: 50_000 };

/**
 * Takes the messages of one connection out of the stream: a standing request for each lane, of which the broker hands
 * out one message at a time, and requests for those of no lane while there is room.
 */
export class Pulls {
  readonly #options: PullOptions;
  readonly #lanes = new Map<number, Pull>();
  readonly #shared: SharedPull[] = [];

  constructor(options: PullOptions) {
    this.#options = options;
  }

  start(): void {
    for (const channel of ['any', 'retry'] as const) this.#shared.push(new SharedPull(this.#options, channel));
    for (const pull of this.#shared) pull.start();
  }

  setLanes(lanes: ReadonlySet<number>): void {
    for (const [lane, pull] of this.#lanes)
      if (!lanes.has(lane)) {
        this.#lanes.delete(lane);
        void pull.stop();
      }
    for (const lane of lanes)
      if (!this.#lanes.has(lane)) {
        const pull = new LanePull(this.#options, lane);
        this.#lanes.set(lane, pull);
        pull.start();
      }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#shared, ...this.#lanes.values()].map((pull) => pull.stop()));
    this.#lanes.clear();
    this.#shared.length = 0;
  }
}

abstract class Pull {
  protected readonly options: PullOptions;
  protected readonly channel: Channel;
  protected messages: ConsumerMessages | undefined;
  readonly #stopped = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: PullOptions, channel: Channel) {
    this.options = options;
    this.channel = channel;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await drained(this.messages);
    await this.messages?.close();
    await this.#running;
  }

  protected get signal(): AbortSignal {
    return this.#stopped.signal;
  }

  protected abstract pull(consumer: ConsumerInfo): Promise<void>;

  protected async take(message: JsMsg): Promise<void> {
    try {
      await this.options.take(message, this.channel);
    } catch (error) {
      this.options.onDefect(error);
    }
  }

  async #run(): Promise<void> {
    while (!this.signal.aborted) {
      try {
        const consumer = await ensureConsumer(this.options, this.channel);
        while (!this.signal.aborted) await this.pull(consumer);
      } catch (error) {
        if (this.signal.aborted || this.options.broker.connection.isClosed()) return;
        if (!isPassing(error)) this.options.onDefect(error);
        await sleep(pauseMs, undefined, { signal: this.signal }).catch(() => undefined);
      }
    }
  }
}

class LanePull extends Pull {
  protected async pull(info: ConsumerInfo): Promise<void> {
    const consumer = this.options.broker.stream.consumers.getConsumerFromInfo(info);
    this.messages = await consumer.consume({ max_messages: 1, expires: expiresMs });
    if (this.signal.aborted) return void (await this.messages.close());
    for await (const message of this.messages) await this.take(message);
    // It has ended, without a word why.
    await sleep(pauseMs / 10, undefined, { signal: this.signal });
  }
}

class SharedPull extends Pull {
  protected async pull(info: ConsumerInfo): Promise<void> {
    if (!this.options.hasRoom()) return sleep(20, undefined, { signal: this.signal });
    const consumer = this.options.broker.stream.consumers.getConsumerFromInfo(info);
    this.messages = await consumer.fetch({ max_messages: fetchSize, expires: expiresMs });
    if (this.signal.aborted) return void (await this.messages.close());
    for await (const message of this.messages) await this.take(message);
  }
}

/**
 * Takes what is on its way here, and nothing after it. close() alone drops it, and the broker hands it to others only
 * when its lease is over. The client has no way to ask for that, but its subscription has.
 */
async function drained(messages: ConsumerMessages | undefined): Promise<void> {
  const { sub } = (messages ?? {}) as { readonly sub?: Pick<Subscription, 'drain'> };
  await sub?.drain().catch(() => undefined);
}

/** A node that ended or lost its lead ends the requests that it had. */
const isPassing = (error: unknown): boolean =>
  isSilence(error) || ['AbortError', 'JetStreamStatusError', 'JetStreamError'].includes((error as Error).name);

async function ensureConsumer(
  { broker, names, token, epoch, leaseMs }: PullOptions,
  channel: Channel,
): Promise<ConsumerInfo> {
  const { AckPolicy, DeliverPolicy, ReplayPolicy } = broker.nats.jetstream;
  const config: Partial<ConsumerConfig> = {
    durable_name: consumerName(token, epoch, channel),
    filter_subject: names.subject(token, epoch, channel),
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    replay_policy: ReplayPolicy.Instant,
    ack_wait: leaseMs * 1_000_000,
    max_ack_pending: typeof channel === 'number' ? 1 : mostOut[channel === 'retry' ? 'retry' : 'any'],
    max_deliver: -1,
  };
  const { manager } = broker;
  const known = await manager.consumers.info(names.stream, config.durable_name!).catch(() => undefined);
  if (known === undefined) return manager.consumers.add(names.stream, config);
  const { ack_wait, max_ack_pending } = config;
  if (isDeepStrictEqual([known.config.ack_wait, known.config.max_ack_pending], [ack_wait, max_ack_pending]))
    return known;
  return manager.consumers.update(names.stream, known.name, { ack_wait: ack_wait!, max_ack_pending: max_ack_pending! });
}
