import { type Connection, type ProxyOption, type Runtime, type Signal } from '../../index.ts';
import { invalidConfig } from './config-file.ts';
import { findDestination, type DestinationFlags } from './destinations.ts';
import { allowedOriginsOf } from './flag-parsers.ts';
import { openRuntime } from './open-runtime.ts';
import { readSettings } from './queue/connections-file.ts';
import type { Terminal } from './terminal.ts';

export interface ConnectionFlags extends DestinationFlags {
  readonly config: string;
  readonly allowOrigin?: readonly string[];
}

export interface RuntimeSettings {
  /** Where the destination's requests go instead of to its vendor. */
  readonly origin?: string | undefined;
  readonly onSignal?: (signal: Signal) => void;
  readonly proxy?: ProxyOption;
}

/**
 * The connection a config file describes, or one of a work file by its id, or a CliError with everything that is wrong
 * with it. `named`: the slug, or that id.
 */
export async function openConnection(
  named: string,
  flags: ConnectionFlags,
  env: Terminal['env'],
  settings: RuntimeSettings = {},
): Promise<{ readonly connection: Connection; readonly runtime: Runtime }> {
  const { destination: slug, config, options, unfilled, at } = await readSettings(named, flags.config, env);
  const destination = await findDestination(slug, flags, env);
  const { origin, ...others } = settings;
  const origins = origin === undefined ? {} : { origins: { [slug]: origin } };
  const runtime = openRuntime({
    destinations: [destination],
    allowedOrigins: allowedOriginsOf(flags.allowOrigin, env),
    ...origins,
    ...others,
  });
  const opened = runtime.open(slug, config, options);
  if (opened.kind === 'open' && unfilled.length === 0) return { connection: opened.connection, runtime };
  await runtime.close();
  const known = new Set(unfilled.map(({ path }) => path));
  const issues = opened.kind === 'invalid' ? opened.issues.filter(({ path }) => !known.has(path)) : [];
  throw invalidConfig(
    flags.config,
    [...unfilled, ...issues].map(({ path, message }) => ({ path: at === '' ? path : `${at}.${path}`, message })),
  );
}
