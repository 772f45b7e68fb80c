import path from 'node:path';
import {
  builtInDirectory,
  destinationFolders,
  loadDestination,
  loadDestinations,
  type AnyDestination,
} from '../../index.ts';
import { usage } from './exit-codes.ts';
import { directoriesOf } from './flag-parsers.ts';
import { firstLine } from './printable.ts';
import type { Terminal } from './terminal.ts';

export interface DestinationFlags {
  readonly destinations?: readonly string[];
}

/** The built-in destinations and those of the directories the caller named. */
export async function findDestinations(
  flags: DestinationFlags,
  env: Terminal['env'],
): Promise<readonly AnyDestination[]> {
  return asUsage(loadDestinations(...directoriesFor(flags, env)));
}

/** The folders of those destinations, by slug. */
export const findFolders = (flags: DestinationFlags, env: Terminal['env']): Promise<ReadonlyMap<string, string>> =>
  asUsage(destinationFolders(...directoriesFor(flags, env)));

/** The destination of that name, without loading any other. If there is none, says which there are. */
export async function findDestination(
  slug: string,
  flags: DestinationFlags,
  env: Terminal['env'],
): Promise<AnyDestination> {
  const folders = await findFolders(flags, env);
  const folder = folders.get(slug);
  if (folder !== undefined) return asUsage(loadDestination(folder));
  throw usage(
    `unknown destination ${JSON.stringify(slug)}; expected one of: ${[...folders.keys()].sort().join(', ')}; ` +
      'one of your own needs --destinations DIR, the directory that its folder lies in',
  );
}

function directoriesFor(flags: DestinationFlags, env: Terminal['env']): [string, ...string[]] {
  const named = directoriesOf(flags.destinations, env).map((directory) => path.resolve(directory));
  const builtIn = builtInDirectory();
  return [builtIn, ...new Set(named.filter((directory) => directory !== builtIn))];
}

const asUsage = <T>(result: Promise<T>): Promise<T> =>
  result.catch((error: unknown) => {
    throw usage(firstLine((error as Error).message));
  });
