import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** A package of the lock file. */
interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface InstallSize {
  /** This package is one of them. */
  readonly packages: readonly string[];
  readonly megabytes: number;
}

/**
 * What `npm install spillway` puts on a disk of this platform: the unpacked package, and the packages that it needs as
 * the lock file has them. Optional ones of other platforms are in no `node_modules`.
 */
export function installSizeOf(root: string, unpacked: string): InstallSize {
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Locked>>;
  };
  const found = new Set<string>();
  const add = (from: string): void => {
    const { dependencies, optionalDependencies } = packages[from] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const place = placeOf(name, from, packages);
      if (found.has(place)) continue;
      if (!existsSync(path.join(root, place))) {
        if (optionalDependencies?.[name] !== undefined) continue;
        throw new Error(`${place} is in package-lock.json, but not installed`);
      }
      found.add(place);
      add(place);
    }
  };
  add('');
  const bytes = [...found].reduce((sum, place) => sum + bytesIn(path.join(root, place)), bytesIn(unpacked));
  return { packages: [path.basename(unpacked), ...found], megabytes: bytes / 1e6 };
}

/** Where Node finds a package from the place of another: beside its own, or in a folder above. */
function placeOf(name: string, from: string, packages: Readonly<Record<string, Locked>>): string {
  for (let above = from; above !== ''; above = above.slice(0, Math.max(0, above.lastIndexOf('/node_modules/')))) {
    const place = `${above}/node_modules/${name}`;
    if (place in packages) return place;
  }
  return `node_modules/${name}`;
}

/** Of the files of a package, without the packages that lie in it: they count for themselves. */
function bytesIn(folder: string): number {
  let bytes = 0;
  for (const name of readdirSync(folder)) {
    const file = path.join(folder, name);
    const stat = lstatSync(file);
    if (!stat.isDirectory()) bytes += stat.size;
    else if (name !== 'node_modules') bytes += bytesIn(file);
  }
  return bytes;
}
