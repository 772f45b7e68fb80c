import { reasonCodes, type ReasonCode } from '../../../index.ts';
import {
  destinationAt,
  keepLanes,
  lanesBy,
  registeredOf,
  type DeadFilter,
  type DeadLetter,
  type DeliveryStore,
  type StoreStatus,
} from '../../../queue/index.ts';
import { exitCode, usage } from '../exit-codes.ts';
import { tableText } from '../table.ts';
import { jsonText } from '../printable.ts';
import { print, type Terminal } from '../terminal.ts';
import { readConnections } from './connections-file.ts';
import { withEachConnection, type OpenConnection } from './open-connections.ts';
import { assertNotForFormerDestination, assertDestination } from './former-destination.ts';
import { ownerOf, workerOf } from './processes.ts';
import { unknownConnection, withSharedStore, type StoreSettings } from './store.ts';
import { storeLocation, type StoreFlags } from './store-location.ts';
import { isoTime } from './format-time.ts';
import { timeOf } from './time-flag.ts';

export interface DeadFlags extends StoreFlags {
  readonly connection?: string;
  readonly reason?: string;
  readonly since?: string;
  /** Work file: the settings that say which lane an event goes in that has none yet. */
  readonly config?: string;
  readonly allowOrigin?: readonly string[];
  readonly destinations?: readonly string[];
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly events?: boolean;
}

const storeSettings = ({ wait }: DeadFlags, { stderr }: Terminal): StoreSettings => ({ stderr, waitMs: wait });

/** A table is for people. */
const mostRows = 1_000;

/** `spillway dead list`: the dead letters, without what stands in them. */
export async function list(flags: DeadFlags, terminal: Terminal): Promise<number> {
  const filter = filterOf(flags);
  return withSharedStore(storeLocation(flags, terminal.env), storeSettings(flags, terminal), async (store) => {
    const rows: string[][] = [];
    let count = 0;
    for await (const letter of letters(store, flags, filter)) {
      count += 1;
      if (flags.json === true) {
        if (!(await print(terminal.stdout, jsonText(withoutEvent(letter))))) break;
      } else if (count <= mostRows) rows.push(row(letter));
    }
    if (flags.json === true) return exitCode.ok;
    const more = count > mostRows ? `... and ${count - mostRows} more; --json lists them all\n` : '';
    const head = ['CONNECTION', 'SEQ', 'ID', 'WHY', 'ATTEMPTS', 'TIME'];
    await print(terminal.stdout, count === 0 ? 'no dead letters\n' : `${tableText(head, rows, terminal)}${more}`);
    return exitCode.ok;
  });
}

const row = ({ connection, seq, id, outcome, reason, attempts, diedAt }: DeadLetter): string[] => [
  connection,
  String(seq),
  id,
  `${outcome}: ${reason.code}`,
  String(attempts),
  isoTime(diedAt),
];

/** `detail` quotes the vendor, who may quote the event. */
function withoutEvent({ connection, seq, id, outcome, reason, attempts, acceptedAt, diedAt, configHash }: DeadLetter) {
  const { code, message, field, status } = reason;
  const times = { acceptedAt: isoTime(acceptedAt), diedAt: isoTime(diedAt) };
  return { connection, seq, id, outcome, reason: { code, message, field, status }, attempts, ...times, configHash };
}

/** `spillway dead show`: dead letters by their id or number, with the event. */
export async function show(names: readonly string[], flags: DeadFlags, terminal: Terminal): Promise<number> {
  const filter = filterOf(flags);
  return withSharedStore(storeLocation(flags, terminal.env), storeSettings(flags, terminal), async (store) => {
    let shown = 0;
    for await (const letter of letters(store, flags, filter, names)) {
      shown += 1;
      if (!(await print(terminal.stdout, jsonText(readable(letter), 2)))) break;
    }
    if (shown === 0) throw usage(noneNamed);
    return exitCode.ok;
  });
}

const noneNamed = 'no dead letter has this id or number; see spillway dead list';

/** `spillway dead export`: all of each dead letter as NDJSON, or its event alone, which enqueue takes. */
export async function exportAll(flags: DeadFlags, terminal: Terminal): Promise<number> {
  const filter = filterOf(flags);
  return withSharedStore(storeLocation(flags, terminal.env), storeSettings(flags, terminal), async (store) => {
    for await (const letter of letters(store, flags, filter)) {
      const line = jsonText(flags.events === true ? letter.event : readable(letter));
      if (!(await print(terminal.stdout, line))) return exitCode.undelivered;
    }
    return exitCode.ok;
  });
}

const readable = ({ acceptedAt, diedAt, ...letter }: DeadLetter) => ({
  ...letter,
  acceptedAt: isoTime(acceptedAt),
  diedAt: isoTime(diedAt),
});

/** `spillway dead requeue`: puts dead letters back at the tail, as if they were new. */
export async function requeue(names: readonly string[], flags: DeadFlags, terminal: Terminal): Promise<number> {
  const { stdout, stderr, env } = terminal;
  const filter = filterOf(flags);
  const location = storeLocation(flags, env);
  return withSettings(flags, env, (settingsOf) =>
    withSharedStore(location, storeSettings(flags, terminal), async (store) => {
      const status = await store.status();
      const isHere = ownerOf(status) === undefined;
      const knowsLanes = (connection: string): boolean =>
        isHere ? settingsOf(connection) !== undefined : (workerOf(status, connection)?.destination ?? null) !== null;
      let revived = 0;
      const all = await selectByConnection(store, flags, filter, names, status);
      // Before any of them is put back.
      for (const [connection, { former, lanes, count }] of all) {
        const registered = registeredOf(status, connection);
        const opened = settingsOf(connection);
        assertDestination(connection, registered, opened?.destination.manifest.slug);
        assertNotForFormerDestination(connection, former, registered);
        // A process that owns the store gives lanes by its own settings.
        if (opened !== undefined && count > lanes && isHere)
          await keepLanes(store, status, opened.connection, opened.configHash);
      }
      for (const [connection, { count, lanes, parts }] of all) {
        if (flags.dryRun === true) revived += count;
        else {
          const opened = settingsOf(connection);
          const lanesOf = opened === undefined ? undefined : lanesBy(opened.connection);
          for (const part of parts) revived += await store.requeue(connection, part, lanesOf);
        }
        const order = `${lanes} of them are in lanes, and come after the events enqueued since`;
        if (lanes > 0) await print(stderr, `spillway: ${connection}: ${order}\n`);
        const none = count - lanes;
        const help = isHere ? 'Pass --config' : 'Name the connection in the file of spillway work';
        const loose = `${none} of them have no lane, so their order cannot be restored. ${help} to compute one`;
        if (none > 0 && registeredOf(status, connection)?.hasLanes === true && !knowsLanes(connection))
          await print(stderr, `spillway: ${connection}: ${loose}\n`);
      }
      await print(stdout, `${revived} ${flags.dryRun === true ? 'would be requeued' : 'requeued'}\n`);
      return exitCode.ok;
    }),
  );
}

/** Acts with the settings of a work file, by connection id; without one, with none. */
async function withSettings(
  flags: DeadFlags,
  env: Terminal['env'],
  act: (settingsOf: (connection: string) => OpenConnection | undefined) => Promise<number>,
): Promise<number> {
  const { config } = flags;
  if (config === undefined) return act(() => undefined);
  const entries = await readConnections(config, env);
  return withEachConnection(entries, { ...flags, config }, env, {}, (connections) => {
    const byId = new Map(connections.map((opened) => [opened.id, opened]));
    return act((id) => byId.get(id));
  });
}

/** `spillway dead drop`: gives dead letters up for good. */
export async function drop(names: readonly string[], flags: DeadFlags, terminal: Terminal): Promise<number> {
  const { stdout } = terminal;
  const filter = filterOf(flags);
  return withSharedStore(storeLocation(flags, terminal.env), storeSettings(flags, terminal), async (store) => {
    let dropped = 0;
    for (const [connection, { count, parts }] of await selectByConnection(store, flags, filter, names)) {
      if (flags.yes !== true) dropped += count;
      else for (const part of parts) dropped += await store.drop(connection, part);
    }
    await print(
      stdout,
      flags.yes === true ? `${dropped} dropped\n` : `${dropped} would be dropped for good; confirm with --yes\n`,
    );
    return exitCode.ok;
  });
}

interface SelectedLetters {
  readonly count: number;
  /** How many of them have a lane. */
  readonly lanes: number;
  /** What names them to the queue. */
  readonly parts: readonly DeadFilter[];
  /** How many are events for a destination that the connection had before, by its slug. */
  readonly former: ReadonlyMap<string, number>;
}

/** By connection. With names, a usage error when there is none. */
async function selectByConnection(
  store: DeliveryStore,
  flags: DeadFlags,
  filter: DeadFilter,
  names: readonly string[],
  status?: StoreStatus,
): Promise<ReadonlyMap<string, SelectedLetters>> {
  const found = new Map<
    string,
    SelectedLetters & { count: number; lanes: number; parts: DeadFilter[]; former: Map<string, number> }
  >();
  for await (const { connection, seq, lanes, diedAt } of letters(store, flags, filter, names)) {
    const parts = names.length > 0 ? [] : [filter];
    const there = found.get(connection) ?? { count: 0, lanes: 0, parts, former: new Map<string, number>() };
    there.count += 1;
    const registered = status && registeredOf(status, connection);
    const slug = registered && destinationAt(registered, diedAt);
    if (slug !== undefined && slug !== registered?.destination)
      there.former.set(slug, (there.former.get(slug) ?? 0) + 1);
    if (lanes !== undefined) there.lanes += 1;
    if (names.length > 0) there.parts.push({ seq });
    found.set(connection, there);
  }
  if (names.length > 0 && found.size === 0) throw usage(noneNamed);
  return found;
}

function filterOf({ reason, since }: DeadFlags): DeadFilter {
  if (reason !== undefined && !isReasonCode(reason))
    throw usage(`--reason: unknown reason ${JSON.stringify(reason)}; expected one of: ${reasonCodes.join(', ')}`);
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(since === undefined ? {} : { since: timeOf('--since', since) }),
  };
}

const isReasonCode = (written: string): written is ReasonCode => reasonCodes.includes(written as ReasonCode);

/** Of one connection or all; with names, only those of that id or number. */
async function* letters(
  store: DeliveryStore,
  { connection }: DeadFlags,
  filter: DeadFilter,
  names: readonly string[] = [],
): AsyncGenerator<DeadLetter, void, undefined> {
  const known = (await store.status()).connections.map((backlog) => backlog.connection).sort();
  if (connection !== undefined && !known.includes(connection)) throw unknownConnection(connection, known);
  for (const each of connection === undefined ? known : [connection]) {
    for await (const letter of store.dead(each, filter)) {
      if (names.length === 0 || names.includes(letter.id) || names.includes(String(letter.seq))) yield letter;
    }
  }
}
