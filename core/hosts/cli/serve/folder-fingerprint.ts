import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Tells the contents of folders from others, by the names, sizes and times of their files. What lies in `node_modules`
 * or begins with a dot does not count.
 */
export async function fingerprintOf(folders: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of folders) await addFolder(folder, (line) => hash.update(`${line}\n`));
  return hash.digest('hex');
}

async function addFolder(folder: string, add: (line: string) => void): Promise<void> {
  const names = await readdir(folder).catch(() => undefined);
  add(JSON.stringify([folder, names === undefined ? 'gone' : 'folder']));
  for (const name of names?.sort() ?? []) {
    if (name.startsWith('.') || name === 'node_modules') continue;
    const file = path.join(folder, name);
    // Follows links: what they lead to is what was loaded.
    const stats = await stat(file).catch(() => undefined);
    if (stats?.isDirectory() === true) await addFolder(file, add);
    else add(JSON.stringify([file, stats?.size, stats?.mtimeMs]));
  }
}
