import { createRequire } from 'node:module';

/** A package that only one entry of this one needs, and that a host installs for it. */
export interface OptionalPeer {
  readonly name: string;
  /** The version that the entry is written and tested against. */
  readonly version: string;
  /** Such as `spillway/metrics`. */
  readonly neededBy: string;
}

type Load = (id: string) => unknown;

/**
 * Loads what `read` asks for of an optional peer; where it is not there, the error says how to install it. Required,
 * not imported: a static import would fail with Node's own words before a line of ours runs, and an `await` would keep
 * CommonJS programs from requiring the entry. A version that lacks a module is told apart from a package that is not
 * there.
 */
export function loadPeer<T>(
  { name, version, neededBy }: OptionalPeer,
  read: (load: Load) => T,
  load: Load = createRequire(import.meta.url),
): T {
  try {
    return read(load);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== 'MODULE_NOT_FOUND' && code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw cause;
    const why = isInstalled(name, load)
      ? `which does not load (${message.split('\n', 1)[0]})`
      : 'which is not installed';
    throw new Error(`${neededBy} needs ${name}, ${why}. Run: npm install ${name}@${version}`, { cause });
  }
}

function isInstalled(name: string, load: Load): boolean {
  try {
    load(`${name}/package.json`);
    return true;
  } catch {
    return false;
  }
}
