import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';

/** What an entry of `exports` in package.json says of its types. */
type Exports = Readonly<Record<string, string | { readonly types: string }>>;

const relativeImport = /\b(?:from|import)\b\s*\(?\s*(['"])(\.[^'"]+)\1/g;
const comment = /\/\*.*?\*\//gs;

/** Every declaration file that the entries of the package reach, by its path in `root`. */
export async function reachableDeclarations(root: string, exports: Exports): Promise<ReadonlySet<string>> {
  const reached = new Set<string>();
  const todo = (await Promise.all(Object.values(exports).map((entry) => entriesOf(root, entry)))).flat();
  for (let file = todo.pop(); file !== undefined; file = todo.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    const text = (await readFile(path.join(root, file), 'utf8')).replaceAll(comment, '');
    for (const [, , target = ''] of text.matchAll(relativeImport))
      todo.push(path.join(path.dirname(file), target.replace(/\.[jt]s$/, '.d.ts')));
  }
  return reached;
}

async function entriesOf(root: string, entry: Exports[string]): Promise<readonly string[]> {
  if (typeof entry === 'string') return [];
  const [before = '', after] = path.normalize(entry.types).split('*');
  if (after === undefined) return [before];
  const folders = (await readdir(path.join(root, before), { withFileTypes: true })).filter((found) =>
    found.isDirectory(),
  );
  return folders.map(({ name }) => `${before}${name}${after}`);
}

/** Removes the declarations that nobody can import: tsc writes one for every file. */
export async function removeUnreachable(root: string, dist: string, exports: Exports): Promise<void> {
  const reached = await reachableDeclarations(root, exports);
  for (const name of await readdir(path.join(root, dist), { recursive: true })) {
    const file = path.join(dist, name);
    if (file.endsWith('.d.ts') && !reached.has(file)) await rm(path.join(root, file));
  }
}
