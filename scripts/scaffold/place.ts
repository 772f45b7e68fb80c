import { existsSync, lstatSync, readFileSync, realpathSync, type Stats } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, usage } from '../../core/hosts/cli/exit-codes.ts';
import type { Dialect, MadeFile } from './fill.ts';

const repository = path.join(import.meta.dirname, '..', '..');

/**
 * How code at this place is written: TypeScript beside core/api in this repository, else ES modules that Node 20 runs
 * as they are.
 */
export function dialectFor(folder: string, typescript: boolean): Dialect {
  const real = realPlace(folder);
  const inside = path.relative(realpathSync(repository), real);
  if (!inside.startsWith('..') && !path.isAbsolute(inside)) {
    const up = '../'.repeat(inside.split(path.sep).length);
    return { ending: 'ts', api: `${up}core/api/index.ts` };
  }
  return { ending: typescript ? 'ts' : isModule(path.dirname(real)) ? 'js' : 'mjs', api: 'spillway/api' };
}

/** Where a path leads that need not be there yet: the links of what is there are followed. */
function realPlace(place: string): string {
  return existsSync(place) ? realpathSync(place) : path.join(realPlace(path.dirname(place)), path.basename(place));
}

/** Does Node take a .js file here for an ES module? The nearest package.json says so. */
function isModule(directory: string): boolean {
  const file = path.join(directory, 'package.json');
  if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { readonly type?: string }).type === 'module';
  const above = path.dirname(directory);
  return above !== directory && isModule(above);
}

/** Throws when there is something at the place of the new folder, be it a link to nowhere. */
export function mustBeFree(folder: string): void {
  let found: Stats | undefined;
  try {
    found = lstatSync(folder, { throwIfNoEntry: false });
  } catch {
    // Nothing can be there, or be written: writeFolder() says so.
  }
  if (found !== undefined) throw usage(`${folder} is already there`);
}

/** Writes the folder beside its place and then moves it there: it is there as a whole, or not at all. */
export async function writeFolder(folder: string, files: readonly MadeFile[]): Promise<void> {
  const above = path.dirname(folder);
  const leftovers: string[] = [];
  try {
    const made = await mkdir(above, { recursive: true });
    if (made !== undefined) leftovers.push(made);
    const draft = await mkdtemp(path.join(above, `.${path.basename(folder)}-`));
    leftovers.push(draft);
    // A folder inside the draft: mkdtemp's own is closed to everybody else.
    const inner = path.join(draft, path.basename(folder));
    for (const { file, text } of files) {
      await mkdir(path.join(inner, path.dirname(file)), { recursive: true });
      await writeFile(path.join(inner, file), text);
    }
    await rename(inner, folder);
    await rm(draft, { recursive: true });
  } catch (error) {
    for (const leftover of leftovers) await rm(leftover, { recursive: true, force: true });
    throw usage(`cannot write ${folder} (${errnoOf(error)}); nothing was left there`);
  }
}
