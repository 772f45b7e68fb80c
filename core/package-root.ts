import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** `undefined` in a host that a bundler made CommonJS of. */
const here: string | undefined = import.meta.filename;

/** The folders that this file lies in, the nearest first. The build moves it, so that none is a fixed number above. */
const ancestors = ((): readonly string[] => {
  const folders: string[] = [];
  for (let below = here; below !== undefined && path.dirname(below) !== below; below = path.dirname(below))
    folders.push(path.dirname(below));
  return folders;
})();

/** `undefined` also for a file above a bundled host that cannot be read, or is no JSON: it is none of ours. */
function packageIn(folder: string): { readonly name?: unknown; readonly version?: string } | null | undefined {
  try {
    return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { readonly name?: unknown };
  } catch {
    return undefined;
  }
}

/** Where the package lies: the clone, or what npm installed. `undefined` in a host that is bundled into one file. */
export const packageRoot: string | undefined = ancestors.find((folder) => packageIn(folder)?.name === 'spillway');

/** The version of this package. `undefined` in a host that is bundled into one file. */
export const packageVersion: string | undefined =
  packageRoot === undefined ? undefined : packageIn(packageRoot)?.version;

/** Whether this runs from the sources, which Node cannot do without a loader. */
export const runsFromSource = here?.endsWith('.ts') === true;

/**
 * The path of code or of what lies beside it, such as `core/hosts/cli/new/template`: in a clone under its root, in the
 * package under `dist`. Throws in a host that is bundled into one file.
 */
export function codePath(name: string): string {
  const root = ancestors.find((folder) => existsSync(path.join(folder, name)));
  if (root === undefined)
    throw new Error(
      `${name} is not there. A host that is bundled into one file must keep this package out of the bundle`,
    );
  return path.join(root, name);
}
