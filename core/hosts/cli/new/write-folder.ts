import { existsSync, lstatSync, readFileSync, realpathSync, type Stats } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../../../package-root.ts';
import { errnoOf, usage } from '../exit-codes.ts';
import { isInside } from '../is-inside.ts';
import type { CodeFormat, RenderedFile } from './render-template.ts';

/** A clone of the repository, which has the sources; the installed package has none. */
const clone =
  packageRoot !== undefined && existsSync(path.join(packageRoot, 'core/api/index.ts'))
    ? realpathSync(packageRoot)
    : undefined;

/**
 * How code at this place is written: TypeScript beside core/api in a clone of this repository, else ES modules that
 * Node 20 runs as they are.
 */
export function codeFormatFor(folder: string, typescript: boolean): CodeFormat {
  const real = realPlace(folder);
  if (clone !== undefined && isInside(real, clone)) {
    const depth = path.relative(clone, real).split(path.sep).length;
    return { extension: 'ts', api: `${'../'.repeat(depth)}core/api/index.ts` };
  }
  return { extension: typescript ? 'ts' : isModule(path.dirname(real)) ? 'js' : 'mjs', api: 'spillway/api' };
}

/** `destinations` in a clone of this repository; in any other project the working directory. */
export const usualDirectory = (workingDirectory: string): string =>
  clone !== undefined && isInside(realpathSync(workingDirectory), clone)
    ? path.join(packageRoot as string, 'destinations')
    : workingDirectory;

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
  let present: Stats | undefined;
  try {
    present = lstatSync(folder, { throwIfNoEntry: false });
  } catch {
    // Nothing can be there, or be written: writeFolder() says so.
  }
  if (present !== undefined) throw usage(`${folder} is already there`);
}

/** Writes the folder beside its place and then moves it there: it is there as a whole, or not at all. */
export async function writeFolder(folder: string, files: readonly RenderedFile[]): Promise<void> {
  const above = path.dirname(folder);
  const leftovers: string[] = [];
  try {
    const topmost = await mkdir(above, { recursive: true });
    if (topmost !== undefined) leftovers.push(topmost);
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
