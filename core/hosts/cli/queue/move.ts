import { registeredOf, type MovableStore, type StoreStatus } from '../../../queue/index.ts';
import { afterSignal, CliError, exitCode, usage } from '../exit-codes.ts';
import { jsonText } from '../printable.ts';
import { listenForStop, type Stop } from '../stop.ts';
import { print, printResult, type StopSignal, type Terminal } from '../terminal.ts';
import type { BrokerFlags } from './broker-flags.ts';
import { processNames, workingProcesses } from './processes.ts';
import { locationsOf, type StoreLocation } from './store-location.ts';
import { withBroker, withDirectory, type StoreSettings } from './store.ts';

export interface MoveFlags extends BrokerFlags {
  readonly from: string;
  readonly to: string;
  /** Milliseconds. */
  readonly wait?: number;
  readonly maxBytes?: number;
  readonly json?: boolean;
}

/** What `queue move --json` prints. */
export interface MoveSummary {
  readonly connections: readonly MovedConnection[];
  readonly stopped?: StopSignal;
}

interface MovedConnection {
  readonly connection: string;
  readonly waiting: number;
  readonly dead: number;
  /** What the source still has of it: events kept for replay, and records that cannot be read. */
  readonly remaining: { readonly waiting: number; readonly dead: number; readonly done: number };
}

/** Records that are moved at once. An event may have megabytes. */
const pageLength = 200;

/**
 * `spillway queue move`: what waits in a store and its dead letters, into another one. A record leaves the source once
 * the target has confirmed it, so that the command can be run again however it ended.
 */
export async function move(flags: MoveFlags, terminal: Terminal): Promise<number> {
  const { env, stderr } = terminal;
  const { from, to } = locationsOf(flags, env);
  if (from.name === to.name) throw usage('--from and --to name the same store');
  const waits = { waitMs: flags.wait, stderr };
  return open(from, waits, (source) =>
    open(to, { ...waits, create: true, maxBytes: flags.maxBytes }, (target) =>
      moveAll(source, target, flags, terminal),
    ),
  );
}

/** As the one process that has it, where that can be. */
const open = (
  location: StoreLocation,
  settings: StoreSettings,
  act: (store: MovableStore) => Promise<number>,
): Promise<number> =>
  location.kind === 'broker' ? withBroker(location, settings, act) : withDirectory(location.path, settings, act);

async function moveAll(
  source: MovableStore,
  target: MovableStore,
  { json }: MoveFlags,
  terminal: Terminal,
): Promise<number> {
  const { stdout, stderr } = terminal;
  const before = await source.status();
  const there = await target.status();
  assertUnattended(before);
  assertSameDestinations(before, there);
  const connections = before.connections.map(({ connection }) => connection).sort();
  for (const warning of orderWarnings(before, there)) await print(stderr, `spillway: ${warning}\n`);
  const stop = listenForStop(terminal);
  const counts = new Map<string, { waiting: number; dead: number }>();
  try {
    for (const id of connections) {
      if (stop.signal.aborted) break;
      const count = { waiting: 0, dead: 0 };
      counts.set(id, count);
      await target.importRecords(id, registeredOf(before, id), { waiting: [], dead: [] });
      await moveConnection(id, { source, target, before, stop, count });
    }
  } finally {
    stop.release();
  }
  const after = await source.status();
  const summary: MoveSummary = {
    connections: [...counts].map(([connection, count]) => ({
      connection,
      ...count,
      remaining: remainingOf(after, connection),
    })),
    ...(stop.by === undefined ? {} : { stopped: stop.by }),
  };
  if (json === true) await printResult(stdout, jsonText(summary));
  else await print(stdout, summaryText(summary));
  if (stop.by !== undefined) {
    await print(stderr, `spillway: stopped by ${stop.by}: run the same command again to move the rest\n`);
    return afterSignal(stop.by);
  }
  return summary.connections.some(({ remaining }) => remaining.waiting + remaining.dead > 0)
    ? exitCode.undelivered
    : exitCode.ok;
}

interface ConnectionMove {
  readonly source: MovableStore;
  readonly target: MovableStore;
  readonly before: StoreStatus;
  readonly stop: Stop;
  readonly count: { waiting: number; dead: number };
}

async function moveConnection(id: string, { source, target, before, stop, count }: ConnectionMove): Promise<void> {
  while (!stop.signal.aborted) {
    const page = await source.exportRecords(id, pageLength);
    if (page.waiting.length + page.dead.length === 0) return;
    await target.importRecords(id, registeredOf(before, id), page);
    await source.removeRecords(id, page);
    count.waiting += page.waiting.length;
    count.dead += page.dead.length;
  }
}

function assertUnattended(status: StoreStatus): void {
  const working = workingProcesses(status);
  if (working.length > 0)
    throw new CliError(
      exitCode.later,
      `spillway work or serve delivers from the store of --from (${processNames(working)})`,
      ['end it with SIGTERM; then run this command again'],
    );
}

/** Before anything is moved. */
function assertSameDestinations(from: StoreStatus, to: StoreStatus): void {
  const others = from.connections.flatMap(({ connection, registered }) => {
    const there = registeredOf(to, connection)?.destination;
    const here = registered?.destination;
    return there === undefined || here === undefined || there === here
      ? []
      : [`${connection}: its events are for ${here}, and the store of --to has it for ${there}`];
  });
  if (others.length > 0) throw new CliError(exitCode.config, 'nothing was moved:', others);
}

const orderWarnings = (from: StoreStatus, to: StoreStatus): string[] =>
  from.connections.flatMap(({ connection, waiting, registered }) => {
    const there = to.connections.find((one) => one.connection === connection)?.waiting ?? 0;
    return waiting === 0 || there === 0 || registered?.hasLanes !== true
      ? []
      : [`${connection}: ${there} events wait in the store of --to already, and leave before those that are moved`];
  });

function remainingOf({ connections }: StoreStatus, id: string): MovedConnection['remaining'] {
  const { waiting = 0, dead = 0, done = 0 } = connections.find(({ connection }) => connection === id) ?? {};
  return { waiting, dead, done };
}

function summaryText({ connections }: MoveSummary): string {
  if (connections.length === 0) return 'the store of --from is empty\n';
  return connections
    .map(({ connection, waiting, dead, remaining }) => {
      const rest = [
        ...(remaining.waiting + remaining.dead === 0
          ? []
          : [`${remaining.waiting} waiting events and ${remaining.dead} dead letters are left`]),
        ...(remaining.done === 0 ? [] : [`${remaining.done} delivered ones stay where they are, for replay`]),
      ];
      return `${connection}: ${[`${waiting} waiting events and ${dead} dead letters moved`, ...rest].join('; ')}\n`;
    })
    .join('');
}
