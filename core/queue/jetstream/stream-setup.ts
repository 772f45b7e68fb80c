import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamConfig, StreamInfo } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import { BrokerRefused, isConflict, isSilence, refusalOf } from './broker-errors.ts';
import { type Broker, requestTimeoutMs } from './connect.ts';
import { readChannels } from './channels.ts';
import { Names } from './names.ts';
import type { StreamOptions } from './stream-options.ts';

/** How the events of a stream are laid out: everybody who has it open goes by the same. */
export interface Layout {
  readonly format: 1;
  readonly lanes: number;
  /** Grows whenever the number of lanes changes. */
  readonly epoch: number;
}

/** The streams and buckets of a store. */
export interface StoreStreams {
  readonly names: Names;
  readonly layout: Layout;
  readonly dedupWindowMs: number;
  readonly leaseMs: number;
  readonly buckets: { readonly conn: KV; readonly hwm: KV; readonly rate: KV; readonly live: KV };
}

/** A process that has not told for so long what it does is gone (ms). */
export const processTtlMs = 15_000;
const defaults = { lanes: 64, maxBytes: 1024 ** 3, dedupWindowMs: 120_000, leaseMs: 30_000 };
/** Among the connections. */
export const layoutKey = 'layout';
const toNanos = (ms: number): number => ms * 1_000_000;
const streamNotFound = 10_059;

/** Makes what is missing, and changes what is to be otherwise. Throws BrokerRefused. */
export async function openStreams(broker: Broker, stream: string, options: StreamOptions): Promise<StoreStreams> {
  const names = new Names(stream);
  const before = await infoOf(broker, names.stream);
  if (before === undefined && options.create === false)
    throw new BrokerRefused(
      'missing',
      `there is no store ${stream} at ${broker.at}; spillway enqueue creates one (?stream=NAME names another)`,
    );
  const replicas = options.replicas ?? before?.config.num_replicas ?? 1;
  const conn = await openBucket(broker, names.bucket('conn'), replicas);
  const layout = await openLayout(broker, names, conn, options.lanes, before);
  const maxBytes = options.maxBytes ?? before?.config.max_bytes ?? defaults.maxBytes;
  const dedupWindowMs =
    options.dedupWindowMs ??
    (before === undefined ? defaults.dedupWindowMs : before.config.duplicate_window / toNanos(1));
  const common = { num_replicas: replicas, duplicate_window: toNanos(Math.max(100, dedupWindowMs)) };
  await ensureStream(broker, before, {
    ...common,
    name: names.stream,
    subjects: [names.ofEpoch(layout.epoch)],
    max_bytes: maxBytes,
  });
  const deadBefore = await infoOf(broker, names.dead);
  const deadBytes =
    options.deadMaxBytes ??
    (options.maxBytes === undefined ? deadBefore?.config.max_bytes : undefined) ??
    Math.ceil(maxBytes / 4);
  await ensureStream(broker, deadBefore, {
    ...common,
    name: names.dead,
    subjects: [names.deadSubject('*'), names.quarantineSubject('*')],
    max_bytes: deadBytes,
  });
  const [hwm, rate, live] = await Promise.all([
    openBucket(broker, names.bucket('hwm'), replicas),
    openBucket(broker, names.bucket('rate'), replicas),
    openBucket(broker, names.bucket('live'), replicas, processTtlMs),
  ]);
  return {
    names,
    layout,
    dedupWindowMs,
    leaseMs: options.leaseMs ?? defaults.leaseMs,
    buckets: { conn, hwm, rate, live },
  };
}

async function infoOf({ manager, nats, at }: Broker, name: string): Promise<StreamInfo | undefined> {
  try {
    return await whenLed(() => manager.streams.info(name));
  } catch (error) {
    if (error instanceof nats.jetstream.JetStreamApiError && error.code === streamNotFound) return undefined;
    throw refusalOf(error, at);
  }
}

/** A cluster that starts has no leader for some seconds. */
async function whenLed<T>(ask: () => Promise<T>): Promise<T> {
  const end = performance.now() + 30_000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isSilence(error) || performance.now() > end) throw error;
      await sleep(250);
    }
  }
}

async function ensureStream(
  { manager, nats, at }: Broker,
  before: StreamInfo | undefined,
  wanted: Partial<StreamConfig> & { readonly name: string },
): Promise<void> {
  const { RetentionPolicy, DiscardPolicy, StorageType } = nats.jetstream;
  const isOurs =
    before === undefined || before.config.subjects.every((one) => one.startsWith(`${baseOf(wanted.name)}.`));
  if (!isOurs)
    throw new BrokerRefused('foreign', `the stream ${wanted.name} at ${at} is something else's: use another name`);
  const fixed = { retention: RetentionPolicy.Limits, storage: StorageType.File, discard: DiscardPolicy.New };
  try {
    if (before === undefined) await whenLed(() => manager.streams.add({ ...wanted, ...fixed, max_age: 0 }));
    else if (isOther(before.config, wanted))
      await whenLed(() => manager.streams.update(wanted.name, { ...before.config, ...wanted }));
  } catch (error) {
    throw refusalOf(error, at);
  }
}

const baseOf = (name: string): string => name.replace(/-dead$/, '');

const isOther = (config: StreamConfig, wanted: Partial<StreamConfig>): boolean =>
  Object.entries(wanted).some(([name, value]) => JSON.stringify(config[name as 'name']) !== JSON.stringify(value));

async function openBucket({ buckets, at }: Broker, name: string, replicas: number, ttl?: number): Promise<KV> {
  // Whoever asks a follower reads what was there a moment ago: marks and revisions are the leader's to tell.
  const of = { replicas, history: 1, allow_direct: false, timeout: requestTimeoutMs };
  try {
    return await whenLed(() => buckets.create(name, ttl === undefined ? of : { ...of, ttl }));
  } catch (error) {
    throw refusalOf(error, at);
  }
}

async function openLayout(
  broker: Broker,
  names: Names,
  conn: KV,
  lanes: number | undefined,
  stream: StreamInfo | undefined,
): Promise<Layout> {
  for (;;) {
    const entry = await whenLed(() => conn.get(layoutKey));
    const known = entry?.operation === 'PUT' ? entry.json<Layout>() : undefined;
    if (known !== undefined && known.format !== 1)
      throw new BrokerRefused(
        'foreign',
        `the stream ${names.stream} is of a newer version of spillway: upgrade this one`,
      );
    if (known !== undefined && (lanes === undefined || lanes === known.lanes)) return known;
    if (known !== undefined && stream !== undefined) await assertDrained(broker, names, known, lanes ?? known.lanes);
    const next: Layout = { format: 1, lanes: lanes ?? defaults.lanes, epoch: (known?.epoch ?? -1) + 1 };
    const text = JSON.stringify(next);
    try {
      await whenLed(() =>
        entry === null ? conn.create(layoutKey, text) : conn.update(layoutKey, text, entry.revision),
      );
      return next;
    } catch (error) {
      // Another process was first.
      if (!isConflict(error)) throw error;
    }
  }
}

/** Another number of lanes spreads the vendor's lanes otherwise: what waits has to leave first. */
async function assertDrained(broker: Broker, names: Names, { lanes }: Layout, wanted: number): Promise<void> {
  if ((await readChannels(broker, names)).some(({ waiting }) => waiting > 0))
    throw new BrokerRefused(
      'settings',
      `the stream ${names.stream} has ${lanes} lanes and events that wait: deliver them before you give it ${wanted}`,
    );
}
