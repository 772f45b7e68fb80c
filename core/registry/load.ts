import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { contractMismatch } from '../api/contract-version.ts';
import type { AnyDestination } from '../api/destination.ts';
import { folderPath } from '../folder-path.ts';

const folderName = /^[a-z0-9][a-z0-9-]*$/;

/**
 * Loads the destinations in these directories, which are paths or file: URLs: every sub-folder `<slug>` with an
 * `index.js`, `index.mjs` or `index.ts` whose default export comes from defineDestination(). Throws on the first
 * invalid folder, naming it, and for the folder of a destination in place of its parent: a connector that is silently
 * missing costs more than a process that does not start.
 *
 * @example
 * const runtime = createRuntime({ destinations: await loadDestinations('destinations', 'connectors') });
 */
export async function loadDestinations(
  ...directories: [string | URL, ...(string | URL)[]]
): Promise<readonly AnyDestination[]> {
  const folders = await foldersBySlug(directories, 'loadDestinations()');
  const destinations: AnyDestination[] = [];
  for (const folder of folders.values()) destinations.push(await loadDestination(folder));
  return destinations;
}

/**
 * The folders of the destinations in these directories, by slug, without loading one: a host that opens few of many
 * loads each with `loadDestination()` when it is asked for. Throws as `loadDestinations()` does for a directory that
 * cannot be read, and for two folders of one slug.
 *
 * @example
 * const folders = await destinationFolders(builtInDirectory(), 'connectors');
 * const folder = folders.get('adroll');
 * if (folder === undefined) throw new Error('There is no destination adroll');
 * const destination = await loadDestination(folder);
 */
export function destinationFolders(
  ...directories: [string | URL, ...(string | URL)[]]
): Promise<ReadonlyMap<string, string>> {
  return foldersBySlug(directories, 'destinationFolders()');
}

async function foldersBySlug(
  directories: readonly (string | URL)[],
  caller: string,
): Promise<ReadonlyMap<string, string>> {
  const bySlug = new Map<string, string>();
  for (const directory of directories.map((one) => folderPath(one, `${caller}: a directory`))) {
    for (const folder of await foldersIn(directory)) {
      // The folder's name is the slug, which loadDestination() holds it to.
      const slug = path.basename(folder);
      const other = bySlug.get(slug);
      if (other !== undefined) throw new Error(`two folders offer "${slug}": ${other} and ${folder}`);
      bySlug.set(slug, folder);
    }
  }
  return bySlug;
}

/** Loads one folder, named by its path or its file: URL. Throws if it is invalid. */
export async function loadDestination(directory: string | URL): Promise<AnyDestination> {
  const folder = folderPath(directory, 'loadDestination(): the folder');
  const file = entryOf(folder);
  const loaded = (await importEntry(file)) as { readonly default?: unknown };
  const destination = loaded.default as AnyDestination | undefined;
  if (typeof destination !== 'object' || destination === null || destination.contract === undefined) {
    throw new Error(`${file}: the default export does not come from defineDestination()`);
  }
  const mismatch = contractMismatch(destination.contract);
  if (mismatch !== undefined) throw new Error(`${file}: ${mismatch}`);
  // Imported here so that a host which passes its destinations by hand does not load the schema.
  const { manifestSchema } = await import('./manifest-schema.ts');
  const manifest = manifestSchema.safeParse(destination.manifest);
  if (!manifest.success) {
    const [issue] = manifest.error.issues;
    throw new Error(`${file}: ${['manifest', ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? 'is not one'}`);
  }
  if (destination.manifest.slug !== path.basename(folder)) {
    throw new Error(`${file}: the slug "${destination.manifest.slug}" is not the folder's name`);
  }
  for (const part of ['transform', 'response', 'config'] as const) {
    if (destination[part] === undefined) throw new Error(`${file}: ${part} is missing`);
  }
  const { request, requestFor, send } = destination as Readonly<Record<string, unknown>>;
  if ([request, requestFor, send].filter((way) => way !== undefined).length !== 1) {
    throw new Error(`${file}: a destination has one of request, requestFor and send`);
  }
  return destination;
}

async function foldersIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read the destinations directory ${directory} (${error.code ?? error.name})`);
  });
  const folders = entries
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .filter(({ name }) => folderName.test(name) || entryIn(path.join(directory, name)) !== undefined)
    .map(({ name }) => path.join(directory, name))
    .sort();
  if (isDestinationFolder(directory, folders))
    throw new Error(
      `${directory}: this is the folder of one destination; name the directory that it lies in: ${path.dirname(directory)}`,
    );
  return folders;
}

/** Has a directory an entry of its own, beside a contract or beside no folder that has one? */
const isDestinationFolder = (directory: string, folders: readonly string[]): boolean =>
  entryIn(directory) !== undefined &&
  (existsSync(path.join(directory, 'contract')) || folders.every((folder) => entryIn(folder) === undefined));

/** The entry file, because Node cannot import a folder. A built index.js wins. */
const entryIn = (folder: string): string | undefined =>
  ['index.js', 'index.mjs', 'index.ts'].map((name) => path.join(folder, name)).find((name) => existsSync(name));

function entryOf(folder: string): string {
  const file = entryIn(folder);
  if (file === undefined) throw new Error(`${folder}: has no index.js, index.mjs or index.ts`);
  return file;
}

async function importEntry(file: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
      throw new Error(
        `${file}: Node ${process.versions.node} does not load TypeScript by itself: \`npm install --save-dev tsx\`, then set NODE_OPTIONS='--import tsx' and run this again; or use Node >= 22.18`,
      );
    }
    throw new Error(`${file}: cannot be loaded: ${message}`, { cause: error });
  }
}
