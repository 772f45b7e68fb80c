import {
  type AnyDestination,
  type ConfigIssue,
  type Connection,
  type ProxyOption,
  type Runtime,
  type RuntimeOptions,
  type Signal,
} from '../../../index.ts';
import { configHashOf } from '../../../queue/index.ts';
import { invalidConfig } from '../config-file.ts';
import { findDestination } from '../destinations.ts';
import { CliError } from '../exit-codes.ts';
import { allowedOriginsOf } from '../flag-parsers.ts';
import type { ConnectionFlags } from '../open-connection.ts';
import { openRuntime } from '../open-runtime.ts';
import type { Terminal } from '../terminal.ts';
import { otherId, type ConnectionEntry } from './connections-file.ts';

export interface OpenConnection {
  readonly id: string;
  readonly destination: AnyDestination;
  readonly connection: Connection;
  /** Tells the settings from others, in the records of a store. */
  readonly configHash: string;
}

export interface ConnectionSettings {
  readonly origins?: Readonly<Record<string, string>>;
  readonly onSignal?: (signal: Signal) => void;
  readonly proxy?: ProxyOption;
  readonly sharedRates?: RuntimeOptions['sharedRates'];
}

/** One that cannot be opened: what is wrong with what the file says of it. */
export interface InvalidConnection {
  readonly id: string;
  /** With paths in the file. */
  readonly issues: readonly ConfigIssue[];
}

type OpenConnections = readonly [OpenConnection, ...OpenConnection[]];

/**
 * Opens all of them on one runtime for as long as `act` takes. Throws a CliError with everything that is wrong with any
 * of them.
 */
export const withAllConnections = <T>(
  entries: readonly [ConnectionEntry, ...ConnectionEntry[]],
  flags: ConnectionFlags,
  env: Terminal['env'],
  settings: ConnectionSettings,
  act: (connections: OpenConnections, runtime: Runtime) => Promise<T>,
): Promise<T> =>
  withEachConnection(entries, flags, env, settings, (connections, invalid, runtime) => {
    if (invalid.length > 0)
      throw invalidConfig(
        flags.config,
        invalid.flatMap(({ issues }) => issues),
      );
    return act(connections, runtime);
  });

/** The same with those that can be opened; throws where none can. */
export async function withEachConnection<T>(
  entries: readonly [ConnectionEntry, ...ConnectionEntry[]],
  flags: ConnectionFlags,
  env: Terminal['env'],
  settings: ConnectionSettings,
  act: (connections: OpenConnections, invalid: readonly InvalidConnection[], runtime: Runtime) => Promise<T>,
): Promise<T> {
  const { connections, invalid, runtime } = await openConnections(entries, flags, env, settings);
  try {
    const [first, ...others] = connections;
    if (first === undefined)
      throw invalidConfig(
        flags.config,
        invalid.flatMap(({ issues }) => issues),
      );
    return await act([first, ...others], invalid, runtime);
  } finally {
    await runtime.close();
  }
}

async function openConnections(
  entries: readonly ConnectionEntry[],
  flags: ConnectionFlags,
  env: Terminal['env'],
  { origins = {}, onSignal, proxy, sharedRates }: ConnectionSettings,
): Promise<{
  readonly connections: readonly OpenConnection[];
  readonly invalid: readonly InvalidConnection[];
  readonly runtime: Runtime;
}> {
  const named = new Map<string, AnyDestination | CliError>();
  for (const { destination } of entries)
    if (!named.has(destination))
      named.set(destination, await findDestination(destination, flags, env).catch(cliErrorOf));
  const destinations = [...new Set(named.values())].filter((one): one is AnyDestination => !(one instanceof CliError));
  const [unknown] = [...named.values()].filter((one): one is CliError => one instanceof CliError);
  if (destinations.length === 0 && unknown !== undefined) throw unknown;
  const runtime = openRuntime({
    destinations,
    origins,
    allowedOrigins: allowedOriginsOf(flags.allowOrigin, env),
    ...(onSignal === undefined ? {} : { onSignal }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(sharedRates === undefined ? {} : { sharedRates }),
  });
  const connections: OpenConnection[] = [];
  const invalid: InvalidConnection[] = [];
  for (const entry of entries) {
    const at = (path: string): string => [entry.at, path].filter((part) => part !== '').join('.');
    const { id, config, options } = entry;
    const destination = named.get(entry.destination);
    if (destination === undefined || destination instanceof CliError) {
      invalid.push({ id, issues: [{ path: at('destination'), message: destination?.message ?? 'is unknown' }] });
      continue;
    }
    const issues: ConfigIssue[] = [];
    const known = new Set(entry.unfilled.map(({ path }) => path));
    issues.push(...entry.unfilled.map(({ path, message }) => ({ path: at(path), message })));
    issues.push(...otherId(entry));
    const opened = runtime.open(entry.destination, config, { ...options, id });
    if (opened.kind === 'invalid') {
      const others = opened.issues.filter(({ path }) => !known.has(path));
      issues.push(...others.map(({ path, message }) => ({ path: at(path), message })));
    }
    if (opened.kind === 'invalid' || issues.length > 0) invalid.push({ id, issues });
    else connections.push({ id, destination, connection: opened.connection, configHash: configHashOf(entry) });
  }
  return { connections, invalid, runtime };
}

/** A destination that is unknown or does not load makes its own connections invalid, not those of others. */
function cliErrorOf(error: unknown): CliError {
  if (error instanceof CliError) return error;
  throw error;
}
