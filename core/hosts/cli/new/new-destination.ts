import path from 'node:path';
import { codePath } from '../../../package-root.ts';
import { exitCode } from '../exit-codes.ts';
import { print, type Terminal } from '../terminal.ts';
import { verify } from '../verify.ts';
import { optionsFrom, type Flags } from './ask-options.ts';
import { renderTemplate, type RenderedFile } from './render-template.ts';
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
  template = codePath('core/hosts/cli/new/template'),
): Promise<number> {
  const folder = path.join(path.resolve(dir ?? usualDirectory(process.cwd())), slug);
  const options = await optionsFrom(slug, flags, terminal);
  mustBeFree(folder);
  const today = new Date().toISOString().slice(0, 10);
  const format = codeFormatFor(folder, typescript);
  const files = await renderTemplate(template, options, format, today);
  await writeFolder(folder, files);
  await print(terminal.stdout, `${files.length} files written\n`);
  const code = await verify([shortest(folder)], {}, terminal);
  const place = shortest(folder);
  const next =
    code === exitCode.ok
      ? nextSteps(place, format.extension, files)
      : `\n${place} is written. When this is mended: spillway verify ${place}\n`;
  await print(terminal.stdout, next);
  return code;
}

/** The files in the order in which to make them the vendor's own: facts first, and answers before what reads them. */
const steps: readonly (readonly [names: readonly string[], what: string])[] = [
  [['manifest', 'config'], "limits, pace and replay, and the settings: from the vendor's page"],
  [['mapping', 'settings', 'eligibility'], "the vendor's fields and where they come from; which events are sent"],
  [['contract/replies', 'contract/cases'], "the vendor's answers, and what must come of them; finish those to do"],
  [['transform', 'commerce', 'request', 'encoding'], 'one payload per event, and the request around the payloads'],
  [['response', 'check'], "what the vendor's answers mean; a request that proves the credentials"],
  [['README.md'], 'what people have to know'],
];

function nextSteps(folder: string, extension: string, files: readonly RenderedFile[]): string {
  const present = new Set(files.map(({ file }) => file));
  const lines = steps.map(([names, what], index) => {
    const parts = names
      .map((name) => (/[./]/.test(name) ? name : `${name}.${extension}`))
      .filter((name) => name.includes('/') || present.has(name));
    return `  ${index + 1}. ${parts.join(', ')}\n     ${what}\n`;
  });
  const [slug, parent] = [path.basename(folder), path.dirname(folder)];
  return (
    `\nIts orders and answers are placeholders. Next, in ${folder}:\n${lines.join('')}` +
    `After each step:        spillway verify ${folder}\n` +
    `To try it:              spillway schema ${slug} --sample --destinations ${parent} > config.json\n` +
    `To keep a real answer:  spillway record ${folder} <name> --url <url>\n`
  );
}

/** The path relative to the working directory, if the folder is inside it. */
function shortest(folder: string): string {
  const relative = path.relative(process.cwd(), folder);
  return relative.startsWith('..') ? folder : relative;
}
