import path from 'node:path';
import { print, type Terminal } from '../terminal.ts';
import { verify } from '../verify.ts';
import { optionsFrom, type Flags } from './ask-options.ts';
import { renderTemplate } from './render-template.ts';
import { codeFormatFor, mustBeFree, usualDirectory, writeFolder } from './write-folder.ts';

export type NewFlags = Flags & { readonly dir?: string; readonly typescript?: boolean };

/**
 * `spillway new`: writes a folder that keeps the contract from the first day, and checks it. Resolves to the exit code:
 * 0 it is there and green, 1 it is there and a check failed; throws a usage error when nothing was written.
 * `template` is where the build puts the template, and where the sources have it.
 */
export async function newDestination(
  slug: string,
  { dir, typescript = false, ...flags }: NewFlags,
  terminal: Terminal,
  template = path.join(import.meta.dirname, 'template'),
): Promise<number> {
  const folder = path.join(path.resolve(dir ?? usualDirectory(process.cwd())), slug);
  const options = await optionsFrom(slug, flags, terminal);
  mustBeFree(folder);
  const today = new Date().toISOString().slice(0, 10);
  const files = await renderTemplate(template, options, codeFormatFor(folder, typescript), today);
  await writeFolder(folder, files);
  await print(terminal.stdout, `${files.length} files written\n`);
  return verify([shortest(folder)], terminal);
}

/** The path relative to the working directory, if the folder is inside it. */
function shortest(folder: string): string {
  const relative = path.relative(process.cwd(), folder);
  return relative.startsWith('..') ? folder : relative;
}
