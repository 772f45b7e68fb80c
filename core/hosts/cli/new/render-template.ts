import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { usage } from '../exit-codes.ts';
import { formatJson } from '../format-json.ts';
import type { FolderOptions } from './folder-options.ts';
import { formatImports } from './format-imports.ts';
import { templateVariant, type TemplateVariant } from './template-variant.ts';

/** How the code of a folder is parsed: as what, and where it finds the vendor API. */
export interface CodeFormat {
  /** The extension of the code files. All but `ts` lose their types. */
  readonly extension: 'ts' | 'js' | 'mjs';
  /** What stands in the imports: a relative path, or `spillway/api`. */
  readonly api: string;
}

export interface RenderedFile {
  /** Inside the folder, with slashes. */
  readonly file: string;
  readonly text: string;
}

/**
 * The files of a new destination. `template` has the code as TypeScript and, where the build put it, as JavaScript.
 * `today` (YYYY-MM-DD) is the day it was compared with the vendor's page. What comes out is formatted as
 * `npm run format` leaves it, so that nobody needs a formatter.
 *
 * The template holds all variants side by side, so that they are type checked. Tags say which a piece belongs to:
 * - lines between `// <tag>` and `// </tag>` (in Markdown: HTML comments) stay if the variant has the tag; the marks go
 * - `ok.tag.json` is the file `ok.json` of the variants with that tag
 * - `frame$array` is the name `frame`: the variants of one name have different ends
 */
export async function renderTemplate(
  template: string,
  options: FolderOptions,
  format: CodeFormat,
  today: string,
): Promise<readonly RenderedFile[]> {
  const variant = templateVariant(options);
  const code = format.extension === 'ts' ? '.ts' : '.js';
  const files = await filesIn(template);
  if (!files.includes(`index${code}`)) {
    throw usage('a folder outside this repository is JavaScript, which the built package writes; or give --typescript');
  }
  const isWanted = (file: string): boolean => {
    if (/\.[tj]s$/.test(file) && !file.endsWith(code)) return false;
    const tag = file === `encoding${code}` ? 'encoding' : fileTag.exec(file)?.[1];
    return tag === undefined || variant.tags.has(tag);
  };
  return Promise.all(
    files.filter(isWanted).map(async (file) => {
      const source = await readFile(path.join(template, file), 'utf8');
      if (file.endsWith('.json')) {
        const parsed: unknown = JSON.parse(source);
        const adapted = file.startsWith('contract/cases/')
          ? adaptCase(parsed as CaseFile, variant)
          : file.startsWith('demo.')
            ? adaptDemo(parsed as DemoFile, variant)
            : parsed;
        return { file: file.replace(fileTag, '$2'), text: namedFor(formatJson(adapted), options, today) };
      }
      const chosen = withRegions(source, variant.tags);
      if (!file.endsWith(code)) return { file, text: namedFor(chosen, options, today).replace(/\n{3,}/g, '\n\n') };
      const text = namedFor(quotedFor(variantCode(chosen, variant), options.name), options, today);
      return { file: file.replace(/[tj]s$/, format.extension), text: formatImports(placed(text, format)) };
    }),
  );
}

const fileTag = /\.(\w+)(\.json)$/;

async function filesIn(template: string): Promise<readonly string[]> {
  const entries = await readdir(template, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(template, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
}

const region = /^[ \t]*(?:\/\/|<!--) <([\w|]+)>(?: -->)?\n([\s\S]*?)^[ \t]*(?:\/\/|<!--) <\/\1>(?: -->)?\n/gm;

const withRegions = (text: string, tags: ReadonlySet<string>): string =>
  text.replace(region, (_, names: string, inside: string) =>
    names.split('|').some((name) => tags.has(name)) ? inside : '',
  );

/** Code with the texts and the names of the variant. */
const variantCode = (code: string, { texts }: TemplateVariant): string =>
  texts
    .reduce((text, [from, to]) => text.replace(from, () => to), code)
    .replace(/\b(\w+): \1\$\w+/g, '$1')
    .replace(/\b(\w+)\$\w+/g, '$1');

/** The name has no double quote; a text with an apostrophe stands in double quotes. */
const quotedFor = (text: string, name: string): string =>
  name.includes("'") ? text.replace(/'([^'\n]*Template Vendor[^'\n]*)'/g, '"$1"') : text;

/** The made-up vendor's names, and what takes their place. */
function namedFor(
  text: string,
  { slug, host, name, authHeader, authField, listName }: FolderOptions,
  today: string,
): string {
  const names: Readonly<Record<string, string>> = {
    'api.template-vendor.example': host,
    'template-vendor': slug,
    TEMPLATEVENDOR: slug.toUpperCase().replaceAll('-', ''),
    'Template Vendor': name,
    template_key: authField,
    'template-header': authHeader,
    template_list: listName,
    '2000-01-01': today,
  };
  const shown = text.replace(/"template_list":( ?)\[\.\.\.\]/g, (_, space: string) => listText(listName, space));
  return shown.replace(new RegExp(Object.keys(names).join('|'), 'g'), (word) => names[word] ?? word);
}

/** How the list looks in a comment or a README: `"data":{"events":[...]}`. */
const listText = (listName: string, space: string): string => {
  const [name, ...deeper] = listName.split('.').toReversed();
  return deeper.reduce((inner, outer) => `"${outer}":${space}{${inner}}`, `"${name}":${space}[...]`);
};

interface CaseFile {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly requests?: readonly { readonly body: readonly Readonly<Record<string, unknown>>[] }[];
}

/** A case with this variant's settings, headers and body. */
function adaptCase(file: CaseFile, { settings, headers, bodyOf }: TemplateVariant): unknown {
  const adapted: { config?: unknown; requests?: unknown } = { ...file };
  // A case that extends another one has the settings that differ, and never those of the account.
  if (file.config?.['account'] !== undefined) adapted.config = withCredentials(file.config, settings);
  if (file.requests !== undefined) {
    adapted.requests = file.requests.map((request) => ({ ...request, headers, body: bodyOf(request.body) }));
  }
  return adapted;
}

interface DemoFile {
  readonly settings: Readonly<Record<string, unknown>>;
}

const adaptDemo = (file: DemoFile, { settings }: TemplateVariant): unknown => ({
  ...file,
  settings: withCredentials(file.settings, settings),
});

/** The template's settings with the credentials of the variant. */
function withCredentials(file: Readonly<Record<string, unknown>>, settings: TemplateVariant['settings']): unknown {
  const { token: _, account, ...others } = file;
  return { account, ...settings, ...others };
}

/** The imports of a folder at its place. */
const placed = (text: string, { extension, api }: CodeFormat): string =>
  text.replace(/'(?:\.\.\/)+api\/index\.ts'/g, `'${api}'`).replaceAll(/(from '\.\/[\w-]+\.)ts'/g, `$1${extension}'`);
