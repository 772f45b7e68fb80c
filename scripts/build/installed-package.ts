import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
}

/** A project in an empty folder that has the packed package and its dependencies, and no development package. */
export interface Project {
  readonly folder: string;
  readonly tarball: string;
  /** Where the package is unpacked. */
  readonly installed: string;
  readonly manifest: Manifest;
  /** What a program imports: every entry of `exports`, the destinations by name. */
  readonly entries: readonly string[];
  /** What a program in the project prints. Throws if it fails, with what it says. */
  readonly node: (...args: readonly string[]) => string;
  /** Gives the project one more package of this repository. */
  readonly link: (name: string) => void;
  readonly remove: () => void;
}

/** Packs what is built and unpacks it. Dependencies are links, so that no registry is needed. */
export function installInEmptyFolder(root: string): Project {
  const folder = mkdtempSync(path.join(tmpdir(), 'spillway-smoke-'));
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const tarball = path.join(folder, /"filename":\s*"([^"]+)"/.exec(packed)?.[1] ?? 'missing');
  const installed = path.join(folder, 'node_modules', 'spillway');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');

  const link = (name: string): void => {
    const to = path.join(folder, 'node_modules', name);
    mkdirSync(path.dirname(to), { recursive: true });
    symlinkSync(path.join(root, 'node_modules', name), to);
  };
  const manifest = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8')) as Manifest;
  for (const name of Object.keys(manifest.dependencies)) link(name);
  const slugs = readdirSync(path.join(installed, 'dist', 'destinations'), { withFileTypes: true });
  return {
    folder,
    tarball,
    installed,
    manifest,
    entries: Object.keys(manifest.exports).flatMap((entry) => {
      const name = path.posix.join('spillway', entry);
      if (!name.includes('*')) return name.endsWith('.json') ? [] : [name];
      return slugs.filter((found) => found.isDirectory()).map(({ name: slug }) => name.replace('*', slug));
    }),
    node: (...args) => execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' }),
    link,
    remove: () => rmSync(folder, { recursive: true }),
  };
}
