import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamConfig, StreamInfo } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import { BrokerRefused, isConflict, isSilence, refusalOf } from './broker-errors.ts';
import { type Broker, requestTimeoutMs } from './connect.ts';
import { readChannels } from './channels.ts';
import { mostLanes, mostReplicas } from './broker-url.ts';
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
/** How long a cluster may take to have a leader (ms). */
const leaderMs = 30_000;

/** Makes what is missing, and changes what is to be otherwise. Throws BrokerRefused. */
export async function openStreams(broker: Broker, stream: string, options: StreamOptions): Promise<StoreStreams> {
  assertNumbers(options);
  const names = new Names(stream);
  // Before anything is made beside what is not ours.
  const [before, deadBefore] = [
    await ownInfoOf(broker, names.stream, names),
    await ownInfoOf(broker, names.dead, names),
  ];
  if (before === undefined && options.create === false)
    throw new BrokerRefused(
      'missing',
      `there is no store ${stream} at ${broker.at}; spillway enqueue creates one (?stream=NAME names another)`,
    );
  const replicas = options.replicas ?? before?.config.num_replicas ?? 1;
  const maxBytes = options.maxBytes ?? before?.config.max_bytes ?? defaults.maxBytes;
  const deadBytes =
    options.deadMaxBytes ??
    (options.maxBytes === undefined ? deadBefore?.config.max_bytes : undefined) ??
    Math.ceil(maxBytes / 4);
  const dedupWindowMs =
    options.dedupWindowMs ??
    (before === undefined ? defaults.dedupWindowMs : before.config.duplicate_window / toNanos(1));
  const common = { num_replicas: replicas, duplicate_window: toNanos(Math.max(100, dedupWindowMs)) };
  const conn = await openBucket(broker, names.bucket('conn'), replicas);
  let layout = await openLayout(broker, names, conn, options.lanes, before !== undefined);
  for (;;) {
    const subjects = [names.ofEpoch(layout.epoch)];
    await ensureStream(broker, names, { ...common, name: names.stream, subjects, max_bytes: maxBytes });
    // Another process may have changed the lanes meanwhile: the stream has to take what that one puts.
    const now = await openLayout(broker, names, conn, undefined, true);
    if (now.epoch === layout.epoch) break;
    layout = now;
  }
  await ensureStream(broker, names, {
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

/** A number that was computed, and is none, would end up in subjects. */
function assertNumbers(options: StreamOptions): void {
  const most: Readonly<Partial<Record<keyof StreamOptions, number>>> = { lanes: mostLanes, replicas: mostReplicas };
  for (const name of ['lanes', 'replicas', 'maxBytes', 'deadMaxBytes', 'leaseMs', 'dedupWindowMs'] as const) {
    const value = options[name];
    const least = name === 'dedupWindowMs' ? 0 : 1;
    const upTo = most[name] ?? Number.MAX_SAFE_INTEGER;
    if (value !== undefined && !(Number.isInteger(value) && value >= least && value <= upTo))
      throw new BrokerRefused(
        'settings',
        `${name} takes a whole number from ${least}${most[name] ? ` to ${upTo}` : ''}`,
      );
  }
}

/** Throws `foreign` where it is something else's. */
async function ownInfoOf(broker: Broker, name: string, names: Names): Promise<StreamInfo | undefined> {
  const info = await infoOf(broker, name);
  if (info?.config.subjects.every((subject) => names.isOwn(subject)) ?? true) return info;
  throw new BrokerRefused('foreign', `the stream ${name} at ${broker.at} is something else's: use another name`);
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
  const end = performance.now() + leaderMs;
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
  broker: Broker,
  names: Names,
  wanted: Partial<StreamConfig> & { readonly name: string },
): Promise<void> {
  const { manager, nats, at } = broker;
  const { RetentionPolicy, DiscardPolicy, StorageType } = nats.jetstream;
  const before = await ownInfoOf(broker, wanted.name, names);
  const fixed = { retention: RetentionPolicy.Limits, storage: StorageType.File, discard: DiscardPolicy.New };
  try {
    if (before === undefined) await whenLed(() => manager.streams.add({ ...wanted, ...fixed, max_age: 0 }));
    else if (isOther(before.config, wanted)) {
      await whenLed(() => manager.streams.update(wanted.name, { ...before.config, ...wanted }));
      const { num_replicas: replicas = 1 } = wanted;
      if (replicas !== before.config.num_replicas) await untilCopied(broker, wanted.name, replicas);
    }
  } catch (error) {
    throw refusalOf(error, at);
  }
}

const isOther = (config: StreamConfig, wanted: Partial<StreamConfig>): boolean =>
  Object.entries(wanted).some(([name, value]) => JSON.stringify(config[name as 'name']) !== JSON.stringify(value));

async function openBucket(broker: Broker, name: string, replicas: number, ttl?: number): Promise<KV> {
  const { buckets, manager, at } = broker;
  // Whoever asks a follower reads what was there a moment ago: marks and revisions are the leader's to tell.
  const of = { replicas, history: 1, allow_direct: false, timeout: requestTimeoutMs };
  try {
    const bucket = await whenLed(() => buckets.create(name, ttl === undefined ? of : { ...of, ttl }));
    // One that was there stays as it was.
    const { replicas: copies, streamInfo } = await whenLed(() => bucket.status());
    if (copies !== replicas) {
      const { name: stream } = streamInfo.config;
      await whenLed(() => manager.streams.update(stream, { num_replicas: replicas }));
      await untilCopied(broker, stream, replicas);
    }
    return bucket;
  } catch (error) {
    throw refusalOf(error, at);
  }
}

/** While copies are made, a stream may have no leader, or one that says nothing is there. */
async function untilCopied({ manager }: Broker, stream: string, replicas: number): Promise<void> {
  const end = performance.now() + leaderMs;
  for (;;) {
    const { cluster } = await whenLed(() => manager.streams.info(stream));
    const current = cluster?.replicas?.filter((one) => one.current).length ?? 0;
    if ((cluster?.leader !== undefined && current === replicas - 1) || performance.now() > end) return;
    await sleep(250);
  }
}

/** How the events are laid out: as it was, or from now on with another number of lanes. */
async function openLayout(
  broker: Broker,
  names: Names,
  conn: KV,
  lanes: number | undefined,
  isThere: boolean,
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
    const next: Layout = { format: 1, lanes: lanes ?? defaults.lanes, epoch: (known?.epoch ?? -1) + 1 };
    if (known !== undefined && isThere) await leaveEpoch(broker, names, known, next);
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

/**
 * Another number of lanes spreads the vendor's lanes otherwise: what waits has to leave first. The stream takes nothing
 * for the old lanes before the last look, or what a process puts at this moment would wait there for ever.
 */
async function leaveEpoch(broker: Broker, names: Names, before: Layout, next: Layout): Promise<void> {
  await assertDrained(broker, names, before, next);
  const take = (epoch: number) =>
    whenLed(() => broker.manager.streams.update(names.stream, { subjects: [names.ofEpoch(epoch)] }));
  await take(next.epoch);
  try {
    await assertDrained(broker, names, before, next);
  } catch (error) {
    await take(before.epoch);
    throw error;
  }
}

async function assertDrained(broker: Broker, names: Names, { lanes }: Layout, next: Layout): Promise<void> {
  if ((await readChannels(broker, names)).some(({ waiting }) => waiting > 0))
    throw new BrokerRefused(
      'settings',
      `the stream ${names.stream} has ${lanes} lanes and events that wait: deliver them before you give it ${next.lanes}`,
    );
}
