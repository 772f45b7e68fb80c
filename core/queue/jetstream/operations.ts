import type { IncomingEvent } from '../../api/event.ts';
import type { ConnectionBacklog, DeadFilter, LanesOf } from '../queue.ts';
import type { StoreStatus } from '../store.ts';
import type { StoredLetter } from './dead-letters.ts';
import { hashOf, tokenOf } from './names.ts';
import type { PackedEvent } from './pack.ts';
import { consumersOf, readChannels, type ChannelState } from './channels.ts';
import type { StoreParts } from './store-parts.ts';

/** Dead letters that are put back at a time. */
const chunk = 100;

/** Puts dead letters back at the tail, those that are there when it begins. Returns how many. */
export async function requeueLetters(
  { deadLetters, putter, registry, broker, streams }: StoreParts,
  connection: string,
  filter: DeadFilter | undefined,
  lanesOf: LanesOf | undefined,
): Promise<number> {
  const record = registry.get(connection);
  if (record === undefined) return 0;
  const { state } = await broker.manager.streams.info(streams.names.dead);
  let count = 0;
  let letters: StoredLetter[] = [];
  const flush = async (): Promise<void> => {
    const seqs = letters.map(({ seq }) => seq);
    await putter.putAgain(
      record,
      letters.map((letter) => requeued(letter, lanesOf)),
      hashOf(...seqs.map(String)),
    );
    await deadLetters.remove(seqs);
    count += letters.length;
    letters = [];
  };
  for await (const letter of deadLetters.list(connection, filter)) {
    if (letter.seq > state.last_seq) break;
    letters.push(letter);
    if (letters.length >= chunk) await flush();
  }
  if (letters.length > 0) await flush();
  if (count > 0) await registry.forgetSettings(connection);
  return count;
}

function requeued(
  { seq, id, acceptedAt, lanes, trace, text }: StoredLetter,
  lanesOf: LanesOf | undefined,
): PackedEvent {
  const known = lanes ?? lanesOf?.(JSON.parse(text) as IncomingEvent);
  return {
    id,
    acceptedAt,
    ...(known === undefined ? {} : { lanes: known }),
    ...(trace === undefined ? {} : { trace }),
    origin: `dead:${seq}`,
    text,
  };
}

/** Puts what was delivered in a span of time at the tail again. Returns how many. */
export async function replayEvents(
  { stored, putter, registry, now }: StoreParts,
  connection: string,
  { from, to }: { readonly from: number; readonly to: number },
  lanesOf: LanesOf | undefined,
): Promise<number> {
  const record = registry.get(connection);
  if (record === undefined) return 0;
  const batch = crypto.randomUUID();
  let count = 0;
  for await (const events of stored.replayed(connection, from, to, now(), lanesOf)) {
    await putter.putAgain(record, events, batch);
    count += events.length;
  }
  if (count > 0) await registry.forgetSettings(connection);
  return count;
}

/** Throws where a worker of any process delivers for a connection. */
export async function assertUnattended(
  { processes }: Pick<StoreParts, 'processes'>,
  connection: string,
): Promise<void> {
  const [here] = processes.list();
  const isHere = (here?.workers?.[connection]?.destination ?? null) !== null;
  const owner = isHere ? here : await processes.workingFor(connection);
  if (owner !== undefined)
    throw new Error(`a worker delivers for ${connection} (process ${owner.pid} on ${owner.host}): stop it first`);
}

/** Drops everything of a connection. Returns how many records. */
export async function purgeConnection(parts: StoreParts, connection: string): Promise<number> {
  const { registry, broker, streams, deadLetters, marks } = parts;
  const { names } = streams;
  await assertUnattended(parts, connection);
  const record = registry.get(connection);
  if (record === undefined) return 0;
  const token = tokenOf(connection);
  const channels = await readChannels(broker, names, token);
  const { waiting, done } = await parts.backlogs.count(token, channels);
  const { manager } = broker;
  await manager.streams.purge(names.stream, { filter: names.allOf(token) });
  const dead = await deadLetters.drop(connection);
  for await (const { name } of consumersOf(broker, names.stream))
    if (name.startsWith(`${token}-`)) await manager.consumers.delete(names.stream, name);
  await marks.removeAll(token);
  await registry.remove(connection);
  return waiting + done + dead;
}

export async function statusOf(parts: StoreParts, only: string | undefined): Promise<StoreStatus> {
  const { registry, broker, streams, processes, backlogs, now } = parts;
  const { names } = streams;
  const { manager } = broker;
  const records = registry.all().filter(({ id }) => only === undefined || id === only);
  const [stream, dead, channels] = await Promise.all([
    manager.streams.info(names.stream),
    manager.streams.info(names.dead, { subjects_filter: '>' }),
    readChannels(broker, names, only === undefined ? undefined : tokenOf(only)),
  ]);
  const byToken = grouped(channels);
  const letters = dead.state.subjects ?? {};
  const quarantined = Object.entries(letters).reduce(
    (sum, [subject, count]) => sum + (subject.startsWith(`${names.stream}.quarantine.`) ? count : 0),
    0,
  );
  const connections: ConnectionBacklog[] = [];
  for (const { id, registered } of records) {
    const token = tokenOf(id);
    const { waiting, done, oldestAt } = await backlogs.count(token, byToken.get(token) ?? [], records.length);
    connections.push({
      connection: id,
      waiting,
      oldestMs: oldestAt === 0 ? 0 : Math.max(0, now() - oldestAt),
      dead: letters[names.deadSubject(token)] ?? 0,
      done,
      registered,
    });
  }
  return {
    connections,
    bytes: stream.state.bytes,
    seenBytes: 0,
    maxBytes: stream.config.max_bytes,
    quarantined,
    processes: processes.list(),
  };
}

function grouped(channels: readonly ChannelState[]): ReadonlyMap<string, readonly ChannelState[]> {
  const all = new Map<string, ChannelState[]>();
  for (const channel of channels) {
    const some = all.get(channel.token);
    if (some === undefined) all.set(channel.token, [channel]);
    else some.push(channel);
  }
  return all;
}
