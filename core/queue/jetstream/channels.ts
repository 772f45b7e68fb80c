import type { ConsumerInfo } from '@nats-io/jetstream';
import type { Broker } from './connect.ts';
import { consumerName, channelOf, type Names, type Channel } from './names.ts';

/** What there is of a connection in one channel of the stream, in messages. */
export interface ChannelState {
  readonly token: string;
  readonly epoch: number;
  readonly channel: Channel;
  readonly subject: string;
  /** In the stream, settled ones included. */
  readonly messages: number;
  /** Not settled. */
  readonly waiting: number;
  /** Of those: handed out. */
  readonly out: number;
  /** Up to this sequence number, all are settled. */
  readonly floor: number;
}

interface Progress {
  readonly num_pending: number;
  readonly num_ack_pending: number;
  readonly ack_floor: { readonly stream_seq: number };
}

/** The channels of one connection, or of all. */
export async function readChannels(broker: Broker, names: Names, token?: string): Promise<readonly ChannelState[]> {
  const filter = token === undefined ? `${names.stream}.ev.>` : names.allOf(token);
  const { state } = await broker.manager.streams.info(names.stream, { subjects_filter: filter });
  const subjects = Object.entries(state.subjects ?? {});
  const progress = token === undefined ? await allProgress(broker, names) : undefined;
  return Promise.all(
    subjects.flatMap(([subject, messages]) => {
      const at = channelOf(subject);
      return at === undefined ? [] : [stateOf({ ...at, subject, messages })];
    }),
  );

  async function stateOf(of: Omit<ChannelState, 'waiting' | 'out' | 'floor'>): Promise<ChannelState> {
    if (of.channel === 'done' || of.channel === 'undelivered')
      return { ...of, waiting: 0, out: 0, floor: Number.MAX_SAFE_INTEGER };
    const name = consumerName(of.token, of.epoch, of.channel);
    const known =
      progress === undefined
        ? await broker.manager.consumers.info(names.stream, name).catch(absent(broker))
        : progress.get(name);
    // Nobody has ever taken something out.
    if (known === undefined) return { ...of, waiting: of.messages, out: 0, floor: 0 };
    const out = known.num_ack_pending;
    return { ...of, waiting: known.num_pending + out, out, floor: known.ack_floor.stream_seq };
  }
}

async function allProgress(broker: Broker, names: Names): Promise<ReadonlyMap<string, Progress>> {
  const all = new Map<string, Progress>();
  for await (const info of consumersOf(broker, names.stream)) all.set(info.name, info);
  return all;
}

/** The consumers of a stream. In place of one that goes meanwhile, the broker may send null. */
export async function* consumersOf({ manager }: Broker, stream: string): AsyncGenerator<ConsumerInfo, void, undefined> {
  for await (const info of manager.consumers.list(stream)) if ((info as ConsumerInfo | null) !== null) yield info;
}

/** Only what is not there is undefined: an answer that did not come is no answer. */
const absent =
  ({ nats }: Broker) =>
  (error: unknown): undefined => {
    if (error instanceof nats.jetstream.JetStreamApiError && error.code === consumerNotFound) return undefined;
    throw error;
  };

const consumerNotFound = 10_014;
