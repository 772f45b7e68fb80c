import type { Broker } from './connect.ts';
import type { Names } from './names.ts';
import { readChannels, type ChannelState } from './channels.ts';
import { messagesIn } from './scan.ts';

/** Above this share of the stream's bytes, nothing is kept for replay. */
const fullShare = 0.8;

/** Takes out of the stream what is settled: it keeps everything until then, and so only what waits can fill it. */
export class Retention {
  readonly #broker: Broker;
  readonly #names: Names;

  readonly #epoch: number;

  constructor(broker: Broker, names: Names, epoch: number) {
    this.#broker = broker;
    this.#names = names;
    this.#epoch = epoch;
  }

  /** Removes what was put before that time (epoch ms) and is settled. Returns how many messages. */
  async prune(before: number): Promise<number> {
    const { state, config } = await this.#broker.manager.streams.info(this.#names.stream);
    const isTight = config.max_bytes > 0 && state.bytes > fullShare * config.max_bytes;
    if (isTight) return this.makeRoom();
    return this.#purge(await this.#firstSince(before, state.last_seq), await readChannels(this.#broker, this.#names));
  }

  /** Removes all that is settled. */
  async makeRoom(): Promise<number> {
    return this.#purge(Number.POSITIVE_INFINITY, await readChannels(this.#broker, this.#names));
  }

  /** The first sequence number at or after a time; the next one where there is none. */
  async #firstSince(since: number, last: number): Promise<number> {
    const scan = { stream: this.#names.stream, subject: this.#names.ofEpoch(this.#epoch), since, headersOnly: true };
    for await (const { seq } of messagesIn(this.#broker, scan)) return seq;
    return last + 1;
  }

  async #purge(end: number, channels: readonly ChannelState[]): Promise<number> {
    // What was not delivered of a message is said behind that message: it goes once that is gone.
    const floors = new Map<string, number>();
    for (const { token, channel, floor } of channels)
      if (channel !== 'undelivered' && channel !== 'done')
        floors.set(token, Math.min(floor, floors.get(token) ?? Number.POSITIVE_INFINITY));
    let purged = 0;
    for (const { token, subject, channel, floor, messages, waiting } of channels) {
      if (messages === 0 || (waiting === messages && channel !== 'undelivered' && channel !== 'done')) continue;
      const settled = channel === 'undelivered' ? (floors.get(token) ?? floor) : floor;
      const seq = Math.min(end, settled + 1);
      if (seq <= 1) continue;
      const limit = Number.isFinite(seq) && seq <= Number.MAX_SAFE_INTEGER ? { seq } : {};
      const result = await this.#broker.manager.streams.purge(this.#names.stream, { filter: subject, ...limit });
      if (channel !== 'undelivered') purged += result.purged;
    }
    return purged;
  }
}
