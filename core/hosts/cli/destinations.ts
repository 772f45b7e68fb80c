import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadDestinations, type AnyDestination } from '../../index.ts';
import { usage } from './exit-codes.ts';
import { directoriesOf } from './flag-parsers.ts';
import { firstLine } from './printable.ts';
import type { Terminal } from './terminal.ts';

export interface DestinationFlags {
  readonly destinations?: readonly string[];
}

/** `destinations/` lies beside `core/`, in the source as in dist. */
const builtIn = path.resolve(fileURLToPath(new URL('../../../destinations', import.meta.url)));

/** The built-in destinations and those of the directories the caller named. */
export async function findDestinations(
  flags: DestinationFlags,
  env: Terminal['env'],
): Promise<readonly AnyDestination[]> {
  const named = directoriesOf(flags.destinations, env).map((directory) => path.resolve(directory));
  const [first = builtIn, ...others] = new Set([builtIn, ...named]);
  try {
    return await loadDestinations(first, ...others);
  } catch (error) {
    throw usage(firstLine((error as Error).message));
  }
}

/** The destination of that name; without one, says which there are. */
export function destinationNamed(slug: string, destinations: readonly AnyDestination[]): AnyDestination {
  const found = destinations.find(({ manifest }) => manifest.slug === slug);
  if (found !== undefined) return found;
  const known = destinations.map(({ manifest }) => manifest.slug).sort();
  throw usage(
    `unknown destination ${JSON.stringify(slug)}; expected one of: ${known.join(', ')}; ` +
      'one of your own needs --destinations DIR, the directory that its folder lies in',
  );
}
