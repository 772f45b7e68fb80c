import { setTimeout as sleep } from 'node:timers/promises';
import type { JsMsg } from '@nats-io/jetstream';
import type { KV, KvEntry } from '@nats-io/kv';
import { isSilence } from './broker-errors.ts';
import type { Broker } from './connect.ts';
import type { Channel } from './names.ts';
import type { PackLease } from './pack-lease.ts';

/** What a process has out of a connection, as it tells the others. */
interface LeaseRecord {
  /** The run of the broker that it speaks to; of a cluster, whose nodes know what each of them knew, its name. */
  readonly run: string;
  /** Number in the stream, when it was put (epoch ms), and how many times it was handed out by then. */
  readonly out: readonly (readonly [seq: number, at: number, deliveries: number])[];
  /** The highest number that it took of a channel without order. */
  readonly last: Partial<Record<'any' | 'retry', number>>;
}

interface OtherRecord extends LeaseRecord {
  /** By number. */
  readonly bySeq: ReadonlyMap<number, readonly [seq: number, at: number, deliveries: number]>;
  /** When it came, on a clock that nobody sets (ms). */
  readonly arrivedAt: number;
  /** Events that it may have had out beyond what it told, and that were not met yet. */
  unsaid: number;
}

/** What a process of this store tells of one connection. */
interface Telling {
  readonly leases: () => readonly PackLease[];
  readonly last: { any?: number; retry?: number };
  text: string;
}

export interface LeaseRecordsOptions {
  readonly bucket: KV;
  readonly broker: Broker;
  /** This process. */
  readonly by: string;
  readonly isAlive: (process: string) => boolean;
  readonly onDefect: (error: unknown) => void;
}

const allKeys = '*.*.out.*';
const writeMs = 1_000;
/** How long the others may take to say what they have out, once the broker is back (ms). */
const renewalMs = 3_000;
/** Events that a process may take out between two records. */
const mostUnsaid = 4_000;
/** What a process had out that is gone is of no use after that (ms). */
const keepGoneMs = 600_000;

/**
 * The messages that each process has out. A broker that is killed forgets what it handed out last: it gives to one
 * process what another one works on, and says of what a killed process may have sent that nobody had it.
 */
export class LeaseRecords {
  readonly #options: LeaseRecordsOptions;
  /** By connection and epoch, then by process; those of others. */
  readonly #known = new Map<string, Map<string, OtherRecord>>();
  readonly #here = new Map<string, Telling>();
  #timer: NodeJS.Timeout | undefined;
  #stopWatching = (): void => undefined;
  /** When the broker came back last, on a clock that nobody sets (ms). */
  #returnedAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(options: LeaseRecordsOptions) {
    this.#options = options;
  }

  /** Resolves once it knows what others have told. */
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
    void this.#noticeReturns();
    this.#timer = setInterval(() => void this.#writeAll(), writeMs);
    this.#timer.unref();
  }

  /** From now on, what this process has out of a connection is told. Call what it returns when that is over. */
  tell(token: string, epoch: number, leases: () => readonly PackLease[]): () => Promise<void> {
    const key = keyOf(token, epoch);
    this.#here.set(key, { leases, last: {}, text: '' });
    return async () => {
      this.#here.delete(key);
      await this.#options.bucket.purge(`${key}.${this.#options.by}`).catch(() => undefined);
    };
  }

  /** This process takes a message, and another record says so soon. */
  took(token: string, epoch: number, channel: Channel, seq: number): void {
    const last = this.#here.get(keyOf(token, epoch))?.last;
    if (last === undefined || (channel !== 'any' && channel !== 'retry')) return;
    last[channel] = Math.max(seq, last[channel] ?? 0);
  }

  /** Resolves when the processes that are alive have said what they have out, since the broker came back. */
  async renewed(token: string, epoch: number): Promise<void> {
    while (!this.#isRenewed(token, epoch) && !this.#isClosed) await sleep(20);
  }

  /** Another process works on a message, and the broker has forgotten that it gave it out. */
  isOutElsewhere(token: string, epoch: number, { seq, time, info }: JsMsg): boolean {
    for (const [by, { bySeq }] of this.#known.get(keyOf(token, epoch)) ?? []) {
      const [, at, deliveries = 0] = bySeq.get(seq) ?? [];
      if (at === time.getTime() && info.deliveryCount <= deliveries && this.#options.isAlive(by)) return true;
    }
    return false;
  }

  /**
   * Whether a process that is gone may have sent some of a message, of which the broker says that nobody had it: that
   * process told so, or could not any more before the broker was killed, too.
   */
  mayHaveBeenOut(token: string, epoch: number, channel: Channel, { seq, time }: JsMsg, events: number): boolean {
    let may = false;
    for (const record of this.#known.get(keyOf(token, epoch))?.values() ?? []) {
      if (record.bySeq.get(seq)?.[1] === time.getTime()) may = true;
      if (record.run === this.#run()) continue;
      if ((channel === 'any' || channel === 'retry') && seq <= (record.last[channel] ?? 0)) may = true;
      else if (record.unsaid > 0) {
        record.unsaid -= events;
        may = true;
      }
    }
    return may;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#stopWatching();
    await Promise.all([...this.#here.keys()].map((key) => this.#options.bucket.purge(`${key}.${this.#options.by}`)));
  }

  #isRenewed(token: string, epoch: number): boolean {
    if (performance.now() - this.#returnedAt > renewalMs) return true;
    const others = [...(this.#known.get(keyOf(token, epoch)) ?? [])];
    return others.every(([by, { arrivedAt }]) => arrivedAt > this.#returnedAt || !this.#options.isAlive(by));
  }

  async #noticeReturns(): Promise<void> {
    for await (const { type } of this.#options.broker.connection.status()) {
      if (type !== 'reconnect') continue;
      this.#returnedAt = performance.now();
      for (const telling of this.#here.values()) telling.text = '';
      void this.#writeAll();
    }
  }

  async #writeAll(): Promise<void> {
    const { bucket, by, onDefect } = this.#options;
    await Promise.all(
      [...this.#here].map(async ([key, telling]) => {
        const text = JSON.stringify(this.#recordOf(telling));
        if (text === telling.text) return;
        telling.text = text;
        try {
          await bucket.put(`${key}.${by}`, text);
        } catch (error) {
          if (telling.text === text) telling.text = '';
          if (!isSilence(error) && !this.#isClosed) onDefect(error);
        }
      }),
    );
    this.#forgetGone();
  }

  #recordOf({ leases, last }: Telling): LeaseRecord {
    const out = leases().map(
      ({ message }) => [message.seq, message.time.getTime(), message.info.deliveryCount] as const,
    );
    return { run: this.#run(), out, last: { ...last } };
  }

  #run(): string {
    const { info } = this.#options.broker.connection;
    return info?.cluster ?? info?.server_id ?? '';
  }

  #forgetGone(): void {
    const before = performance.now() - keepGoneMs;
    for (const [key, records] of this.#known)
      for (const [by, { arrivedAt }] of records)
        if (arrivedAt < before && !this.#options.isAlive(by)) {
          records.delete(by);
          this.#options.bucket.purge(`${key}.${by}`).catch(() => undefined);
        }
  }

  #take(entry: KvEntry): void {
    const at = entry.key.lastIndexOf('.');
    const [key, by] = [entry.key.slice(0, at), entry.key.slice(at + 1)];
    if (by === this.#options.by) return;
    const records = this.#known.get(key) ?? new Map<string, OtherRecord>();
    this.#known.set(key, records);
    if (entry.operation !== 'PUT') return void records.delete(by);
    const record = entry.json<LeaseRecord>();
    const bySeq = new Map(record.out.map((one) => [one[0], one]));
    const unsaid = Math.min(mostUnsaid, records.get(by)?.unsaid ?? mostUnsaid);
    records.set(by, { ...record, bySeq, arrivedAt: performance.now(), unsaid });
  }
}

const keyOf = (token: string, epoch: number): string => `${token}.${epoch}.out`;
