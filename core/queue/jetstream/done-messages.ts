import type { JsMsg } from '@nats-io/jetstream';
import type { KV, KvEntry } from '@nats-io/kv';
import { isSilence } from './broker-errors.ts';
import type { Broker } from './connect.ts';
import { consumerName, type Names } from './names.ts';
import type { PackLease } from './pack-lease.ts';

/** What a process knows to be done of a channel without order. */
interface DoneRecord {
  /** All up to this message are, of those that were put until then (epoch ms). */
  readonly floor: { readonly seq: number; readonly at: number };
  /** Above that: number in the stream, and when it was put. */
  readonly above: readonly (readonly [seq: number, at: number])[];
}

interface Done {
  floor: { seq: number; at: number };
  readonly above: Map<number, number>;
}

export interface DoneMessagesOptions {
  readonly bucket: KV;
  readonly broker: Broker;
  readonly names: Names;
  /** This process. */
  readonly by: string;
  readonly isAlive: (process: string) => boolean;
  readonly onDefect: (error: unknown) => void;
}

const allKeys = '*.*.done.>';
const writeMs = 1_000;
/** Of each channel; the earliest go first. */
const mostAbove = 10_000;

/**
 * The messages of no lane that are done, by what the processes themselves know. A broker that is killed may come back
 * without a word of what it had heard of a channel, and hands out again all that the stream keeps for replay. Lanes
 * have their marks against that.
 *
 * A number in the stream may be of another message after the broker has lost its latest ones: so the time counts, too.
 */
export class DoneMessages {
  readonly #options: DoneMessagesOptions;
  /** By channel, then by process. */
  readonly #known = new Map<string, Map<string, Done>>();
  readonly #changed = new Map<string, PackLease['source'] & { readonly token: string }>();
  #timer: NodeJS.Timeout | undefined;
  #stopWatching = (): void => undefined;

  constructor(options: DoneMessagesOptions) {
    this.#options = options;
  }

  /** Resolves once it knows what others know. */
  async open(): Promise<void> {
    const { bucket } = this.#options;
    for await (const key of await bucket.keys(allKeys)) {
      const entry = await bucket.get(key);
      if (entry !== null) this.#take(entry);
    }
    const watch = await bucket.watch({ key: allKeys });
    this.#stopWatching = () => watch.stop();
    void (async () => {
      for await (const entry of watch) this.#take(entry);
    })();
    this.#timer = setInterval(() => void this.#writeAll(), writeMs);
    this.#timer.unref();
  }

  has(token: string, epoch: number, channel: 'any' | 'retry', message: JsMsg): boolean {
    const at = message.time.getTime();
    for (const { floor, above } of this.#known.get(channelKey(token, epoch, channel))?.values() ?? [])
      if ((message.seq <= floor.seq && at <= floor.at) || above.get(message.seq) === at) return true;
    return false;
  }

  /** All of it is settled. */
  add(token: string, { source, message, hasLane }: PackLease): void {
    if (hasLane) return;
    const key = channelKey(token, source.epoch, source.channel);
    const { above } = this.#of(key, this.#options.by);
    above.set(message.seq, message.time.getTime());
    if (above.size > mostAbove) for (const first of above.keys()) if (above.delete(first)) break;
    this.#changed.set(key, { ...source, token });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writeAll();
    this.#stopWatching();
  }

  async #writeAll(): Promise<void> {
    const changed = [...this.#changed];
    this.#changed.clear();
    await Promise.all(
      changed.map(async ([key, source]) => {
        try {
          await this.#write(key, source);
        } catch (error) {
          this.#changed.set(key, source);
          if (!isSilence(error)) this.#options.onDefect(error);
        }
      }),
    );
  }

  async #write(
    key: string,
    { token, epoch, channel }: PackLease['source'] & { readonly token: string },
  ): Promise<void> {
    const { bucket, broker, names, by } = this.#options;
    const own = this.#of(key, by);
    const info = await broker.manager.consumers.info(names.stream, consumerName(token, epoch, channel));
    for (const [seq, at] of own.above) {
      if (seq > info.ack_floor.stream_seq) continue;
      own.above.delete(seq);
      own.floor = { seq: Math.max(seq, own.floor.seq), at: Math.max(at, own.floor.at) };
    }
    await bucket.put(`${key}.${by}`, JSON.stringify({ floor: own.floor, above: [...own.above] } satisfies DoneRecord));
    await this.#forgetGone(key, own);
  }

  /** What a process knew that is gone, once this one knows as much. */
  async #forgetGone(key: string, { floor }: Done): Promise<void> {
    const { bucket, by, isAlive } = this.#options;
    for (const [other, done] of this.#known.get(key) ?? []) {
      const isCovered =
        done.floor.seq <= floor.seq &&
        done.floor.at <= floor.at &&
        [...done.above].every(([seq, at]) => seq <= floor.seq && at <= floor.at);
      if (other === by || isAlive(other) || !isCovered) continue;
      await bucket.purge(`${key}.${other}`);
      this.#known.get(key)?.delete(other);
    }
  }

  #take(entry: KvEntry): void {
    const at = entry.key.lastIndexOf('.');
    const [key, by] = [entry.key.slice(0, at), entry.key.slice(at + 1)];
    if (by === this.#options.by) return;
    if (entry.operation !== 'PUT') return void this.#known.get(key)?.delete(by);
    const { floor, above } = entry.json<DoneRecord>();
    this.#channel(key).set(by, { floor, above: new Map(above) });
  }

  #of(key: string, by: string): Done {
    const channel = this.#channel(key);
    const done = channel.get(by) ?? { floor: { seq: 0, at: 0 }, above: new Map<number, number>() };
    channel.set(by, done);
    return done;
  }

  #channel(key: string): Map<string, Done> {
    const channel = this.#known.get(key) ?? new Map<string, Done>();
    this.#known.set(key, channel);
    return channel;
  }
}

const channelKey = (token: string, epoch: number, channel: PackLease['source']['channel']): string =>
  `${token}.${epoch}.done.${channel}`;
