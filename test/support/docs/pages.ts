import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

export const root = path.join(import.meta.dirname, '../../..');

export const read = (file: string): Promise<string> => readFile(path.join(root, file), 'utf8');

/** Every page that a person reads, by its path; the changelog names files as they once were. */
export async function pages(): Promise<string[]> {
  const found = ['.', 'docs', 'docs/decisions'].map(async (folder) =>
    (await readdir(path.join(root, folder)))
      .filter((name) => name.endsWith('.md'))
      .map((name) => path.join(folder, name)),
  );
  return [...(await Promise.all(found)).flat(), 'destinations/README.md'].filter((page) => page !== 'CHANGELOG.md');
}

/** The code of a file under test/support/docs as a page shows it: with the imports of a host. */
export const shown = async (file: string): Promise<string> =>
  `\`\`\`ts\n${(await read(file))
    .replace(/'(?:\.\.\/)+core\/index\.ts'/, "'spillway'")
    .replace(/'(?:\.\.\/)+core\/(metrics|queue|service|tracing)\/index\.ts'/g, "'spillway/$1'")
    .replace(/'(?:\.\.\/)+destinations\/([\w-]+)\/index\.ts'/, "'spillway/destinations/$1'")
    .trim()}\n\`\`\``;
