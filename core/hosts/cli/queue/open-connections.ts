import { createHash } from 'node:crypto';
import {
  createRuntime,
  type AnyDestination,
  type ConfigIssue,
  type Connection,
  type Runtime,
  type Signal,
} from '../../../index.ts';
import { invalidConfig } from '../config-file.ts';
import { destinationNamed, findDestinations, type DestinationFlags } from '../destinations.ts';
import { usage } from '../exit-codes.ts';
import { firstLine } from '../printable.ts';
import type { Terminal } from '../terminal.ts';
import type { ConnectionEntry } from './connections-file.ts';

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
}

/** Opens all of them on one runtime for as long as `act` takes. Throws a Refusal with everything that is wrong with any of them. */
export async function withConnections<T>(
  entries: readonly [ConnectionEntry, ...ConnectionEntry[]],
  flags: DestinationFlags & { readonly config: string },
  env: Terminal['env'],
  settings: ConnectionSettings,
  act: (connections: readonly [OpenConnection, ...OpenConnection[]], runtime: Runtime) => Promise<T>,
): Promise<T> {
  const { connections, runtime } = await openConnections(entries, flags, env, settings);
  try {
    return await act(connections as [OpenConnection, ...OpenConnection[]], runtime);
  } finally {
    await runtime.close();
  }
}

async function openConnections(
  entries: readonly ConnectionEntry[],
  flags: DestinationFlags & { readonly config: string },
  env: Terminal['env'],
  { origins = {}, onSignal }: ConnectionSettings,
): Promise<{ readonly connections: readonly OpenConnection[]; readonly runtime: Runtime }> {
  const known = await findDestinations(flags, env);
  const destinations = [...new Set(entries.map(({ destination }) => destinationNamed(destination, known)))];
  const runtime = runtimeFor(() =>
    createRuntime({ destinations, origins, ...(onSignal === undefined ? {} : { onSignal }) }),
  );
  const connections: OpenConnection[] = [];
  const issues: ConfigIssue[] = [];
  for (const entry of entries) {
    const at = (path: string): string => [entry.at, path].filter((part) => part !== '').join('.');
    const { id, config, options } = entry;
    const unfilled = new Set(entry.unset.map(({ path }) => path));
    issues.push(...entry.unset.map(({ path, message }) => ({ path: at(path), message })));
    if (options?.id !== undefined && options.id !== id)
      issues.push({ path: at('options.id'), message: 'is not the id of the connection; leave it out' });
    const opened = runtime.open(entry.destination, config, { ...options, id });
    if (opened.kind === 'invalid') {
      const others = opened.issues.filter(({ path }) => !unfilled.has(path));
      issues.push(...others.map(({ path, message }) => ({ path: at(path), message })));
    } else {
      const destination = destinationNamed(entry.destination, known);
      connections.push({ id, destination, connection: opened.connection, configHash: hashOf(entry) });
    }
  }
  if (issues.length === 0) return { connections, runtime };
  await runtime.close();
  throw invalidConfig(flags.config, issues);
}

const hashOf = ({ destination, config, options }: ConnectionEntry): string =>
  createHash('sha256')
    .update(JSON.stringify([destination, config, options ?? null]))
    .digest('hex')
    .slice(0, 12);

/** Origins are the only thing about a runtime that the command line can get wrong. */
function runtimeFor(create: () => Runtime): Runtime {
  try {
    return create();
  } catch (error) {
    throw usage(`origin: ${firstLine((error as Error).message)}`);
  }
}
