import type { Signal } from '../../../index.ts';
import { keepDestination, NotDrained, type DeliveryStore, type StoreStatus } from '../../../queue/index.ts';
import { afterSignal, CliError, exitCode, usage } from '../exit-codes.ts';
import { proxyChoice } from '../proxy-choice.ts';
import { RunStats } from '../run-stats.ts';
import { jsonText } from '../printable.ts';
import { print, printResult, type StopSignal, type Terminal } from '../terminal.ts';
import { readConnections } from './connections-file.ts';
import { isOfFullDisk } from './full-disk-news.ts';
import { withEachConnection, type InvalidConnection, type OpenConnection } from './open-connections.ts';
import { lateRates } from './late-rates.ts';
import { originsOf } from './origins.ts';
import { defaultGraceMs, runWorkers, type WorkEnd, type WorkSettings } from './run-workers.ts';
import { notDrained, withStore, type OpenStore } from './store.ts';
import { storeLocation, type StoreFlags } from './store-location.ts';
import { workerOf } from './processes.ts';
import { createWorkLog, logForms, type LogForm } from './work-log.ts';
import { codeOf, defectsOf, summaryText, warningsOf, type Worked, type WorkSummary } from './work-summary.ts';

export interface WorkFlags extends StoreFlags {
  readonly config: string;
  /** `slug=url`, each. */
  readonly origin?: readonly string[];
  readonly untilIdle?: boolean;
  /** Milliseconds. */
  readonly grace?: number;
  /** Milliseconds. */
  readonly keep?: number;
  /** The form of the messages on standard error: text or json. Default: text. */
  readonly log?: string;
  /** Ends with 78 if one connection is not in order, instead of delivering for the others. */
  readonly strict?: boolean;
  readonly allowOrigin?: readonly string[];
  readonly destinations?: readonly string[];
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly proxy?: boolean;
}

interface WorkCommand extends WorkSettings {
  readonly flags: WorkFlags;
  readonly stats: RunStats;
  /** After a signal, ends the process where closing takes longer than the grace. */
  readonly closeInTime: (stop: StopSignal) => void;
}

/** `spillway work`: delivers what waits, with a worker for each connection. Resolves to the exit code. */
export async function work(flags: WorkFlags, terminal: Terminal): Promise<number> {
  const { env, stderr } = terminal;
  const location = storeLocation(flags, env);
  const entries = await readConnections(flags.config, env);
  const origins = originsOf(flags.origin, entries, env);
  const stats = new RunStats();
  const log = createWorkLog(stderr, logFormOf(flags.log), location);
  const onSignal = (signal: Signal): void => {
    if (!isOfFullDisk(signal)) stats.observe(signal);
  };
  let overdue: NodeJS.Timeout | undefined;
  const closeInTime = (stop: StopSignal): void => {
    overdue = setTimeout(() => terminal.exit(afterSignal(stop)), flags.grace ?? defaultGraceMs);
  };
  const proxy = await proxyChoice(flags.proxy, terminal);
  const command = { named: entries, flags, terminal, onSignal, log, stats, closeInTime };
  const onWait = (why: string): void => void log.warn(why);
  // On a broker, those that deliver are often there before those that put.
  const create = location.kind === 'broker';
  const settings = { create, stderr, waitMs: flags.wait, waitsForBroker: true, onWait, onSignal };
  const rates = lateRates(location);
  const ended = withEachConnection(
    entries,
    flags,
    env,
    { origins, onSignal, ...proxy, ...rates.option },
    (opened, invalid) =>
      withStore(location, settings, (store) => {
        rates.arrive(store);
        return deliverStore(store, opened, invalid, command);
      }),
  );
  return ended.finally(() => clearTimeout(overdue));
}

async function deliverStore(
  store: OpenStore,
  opened: readonly OpenConnection[],
  invalid: readonly InvalidConnection[],
  command: WorkCommand,
): Promise<number> {
  const { named, flags, log } = command;
  const before = await store.status();
  const { connections, refused } = splitByDestination(opened, invalid, before);
  if (flags.strict === true && refused[0] !== undefined) throw strictError(refused);
  await registerDestinations(store, before, connections);
  for (const { message, details } of refused) await log.warn(message, details);
  if (connections.length === 0) return exitCode.config;
  for (const warning of unconfiguredConnections(before, named)) await log.warn(warning);
  const startedAt = performance.now();
  const end = await runWorkers({ ...command, store, connections });
  if (end.stop !== undefined) command.closeInTime(end.stop);
  const after = await store.status();
  const summary = summaryOf(end, command, performance.now() - startedAt);
  await report(summary, end, command);
  return codeOf(summary, {
    left: unconfiguredConnections(after, named).length > 0,
    refused: refused.length > 0,
    storeFailed: after.quarantined > before.quarantined || end.failures.length > 0,
  });
}

function summaryOf({ working, stop }: WorkEnd, { stats }: WorkCommand, ms: number): WorkSummary {
  const worked = working.map(({ id, destination, worker }): Worked => {
    const paused = worker.paused()?.code;
    const left = { waiting: worker.waiting(), ...(paused === undefined ? {} : { paused }) };
    return { connection: id, destination: destination.manifest.slug, ...worker.counts(), ...left };
  });
  return {
    connections: worked,
    requests: stats.requests,
    retries: stats.retries,
    seconds: Math.round(ms) / 1000,
    ...(stop === undefined ? {} : { stopped: stop }),
  };
}

async function report(summary: WorkSummary, { failures }: WorkEnd, command: WorkCommand): Promise<void> {
  const { flags, terminal, log, stats } = command;
  if (flags.json === true) await printResult(terminal.stdout, jsonText(summary));
  else if (flags.quiet !== true) await print(terminal.stderr, summaryText(summary));
  for (const warning of [...warningsOf(summary), ...failures, ...defectsOf(stats), ...stats.unusable])
    await log.warn(warning);
}

const strictError = (refused: readonly CliError[]): CliError =>
  new CliError(
    exitCode.config,
    'with --strict, nothing is delivered until every connection is in order',
    refused.flatMap(({ message, details }) => [message, ...details]),
  );

function logFormOf(name = 'text'): LogForm {
  const form = logForms.find((known) => known === name);
  if (form === undefined)
    throw usage(`--log: unknown form ${JSON.stringify(name)}; expected one of: ${logForms.join(', ')}`);
  return form;
}

/**
 * The connections whose waiting events are for their destination, and errors for all others, which do not stop these.
 */
function splitByDestination(
  opened: readonly OpenConnection[],
  invalid: readonly InvalidConnection[],
  status: StoreStatus,
): { readonly connections: readonly OpenConnection[]; readonly refused: readonly CliError[] } {
  const connections: OpenConnection[] = [];
  const refused = invalid.map(
    ({ id, issues }) =>
      new CliError(
        exitCode.config,
        `${id} is held: its settings are invalid`,
        issues.map(({ path, message }) => `${path}: ${message}`),
      ),
  );
  for (const connection of opened) {
    try {
      keepDestination(status, connection.connection);
      connections.push(connection);
    } catch (error) {
      if (!(error instanceof NotDrained)) throw error;
      refused.push(notDrained(error));
    }
  }
  return { connections, refused };
}

/** What dies from here on is for these destinations. A connection that the store does not have is not made. */
async function registerDestinations(
  store: DeliveryStore,
  status: StoreStatus,
  connections: readonly OpenConnection[],
): Promise<void> {
  const known = new Set(status.connections.map(({ connection }) => connection));
  const puts = connections
    .filter(({ id }) => known.has(id))
    .map(({ id, destination }) => ({ connection: { id, destination: destination.manifest.slug }, events: [] }));
  await store.put(puts);
}

/** A warning for each connection with waiting events that the work file does not name, where nobody delivers them. */
const unconfiguredConnections = (status: StoreStatus, named: readonly { readonly id: string }[]): string[] =>
  status.connections
    .filter(
      ({ connection, waiting }) =>
        waiting > 0 &&
        !named.some(({ id }) => id === connection) &&
        (workerOf(status, connection)?.destination ?? null) === null,
    )
    .map(({ connection, waiting }) => `${waiting} events wait for ${connection}, which the config file does not name`);
