import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { usage } from '../exit-codes.ts';
import { formatJson } from '../format-json.ts';
import type { FolderOptions } from './folder-options.ts';
import { formatImports } from './format-imports.ts';
import { auths, bodies, type Auth, type Body, type Regions } from './variants.ts';

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
 */
export async function renderTemplate(
  template: string,
  options: FolderOptions,
  format: CodeFormat,
  today: string,
): Promise<readonly RenderedFile[]> {
  const auth = auths[options.auth](options);
  const body = bodies[options.body];
  const code = format.extension === 'ts' ? '.ts' : '.js';
  const files = await filesIn(template);
  if (!files.includes(`index${code}`)) {
    throw usage('a folder outside this repository is JavaScript, which the built package writes; or give --typescript');
  }
  const wanted = files.filter(
    (file) => !body.without.includes(file) && (!/\.[tj]s$/.test(file) || file.endsWith(code)),
  );
  return Promise.all(
    wanted.map(async (file) => {
      const source = await readFile(path.join(template, file), 'utf8');
      if (file.endsWith('.json')) {
        const adapted = file.startsWith('contract/cases/') ? adaptCase(source, auth, body) : JSON.parse(source);
        return { file, text: named(formatJson(adapted), options, options.name, today) };
      }
      const chosen = withRegions(source, { ...auth.regions, ...body.regions });
      if (!file.endsWith(code))
        return { file, text: named(chosen, options, options.name, today).replace(/\n{3,}/g, '\n\n') };
      const text = named(quotedFor(chosen, options.name), options, options.name, today);
      return { file: file.replace(/[tj]s$/, format.extension), text: formatImports(placed(text, format)) };
    }),
  );
}

async function filesIn(template: string): Promise<readonly string[]> {
  const entries = await readdir(template, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(template, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
}

/**
 * Lines between `// <name>` and `// </name>` (in Markdown: HTML comments) are a region; the marks go, whatever becomes
 * of it.
 */
const region = /^[ \t]*(?:\/\/|<!--) <([a-z-]+)>(?: -->)?\n([\s\S]*?)^[ \t]*(?:\/\/|<!--) <\/\1>(?: -->)?\n/gm;

/** A replacement is indented as what it replaces. */
const withRegions = (text: string, regions: Regions): string =>
  text.replace(region, (_, name: string, inside: string) => {
    const other = regions[name];
    if (other === undefined || other === '') return other ?? inside;
    const indent = /^[ \t]*/.exec(inside)?.[0] ?? '';
    return other
      .split('\n')
      .map((line) => (line === '' ? '' : indent + line))
      .concat('')
      .join('\n');
  });

/** The name has no double quote; a text with an apostrophe stands in double quotes. */
const quotedFor = (text: string, name: string): string =>
  name.includes("'") ? text.replace(/'([^'\n]*Template Vendor[^'\n]*)'/g, '"$1"') : text;

/** The made-up vendor's names, and what takes their place. */
function named(text: string, { slug, host }: FolderOptions, name: string, today: string): string {
  const names: Readonly<Record<string, string>> = {
    'api.template-vendor.example': host,
    'template-vendor': slug,
    TEMPLATEVENDOR: slug.toUpperCase().replaceAll('-', ''),
    'Template Vendor': name,
    '2000-01-01': today,
  };
  return text.replace(new RegExp(Object.keys(names).join('|'), 'g'), (word) => names[word] ?? word);
}

/** A case with this variant's settings, headers and body. */
function adaptCase(text: string, auth: Auth, body: Body): unknown {
  const parsed = JSON.parse(text) as WrittenCase;
  if (parsed.config !== undefined) parsed.config = { account: parsed.config['account'], ...auth.settings };
  for (const request of parsed.requests ?? []) {
    request.headers = { 'content-type': body.contentType, ...auth.headers };
    request.body = body.bodyOf(request.body as Readonly<Record<string, unknown>>[]);
  }
  return parsed;
}

interface WrittenCase {
  config?: Readonly<Record<string, unknown>>;
  requests?: { headers: unknown; body: unknown }[];
}

/** The imports of a folder at its place. */
const placed = (text: string, { extension, api }: CodeFormat): string =>
  text.replace(/'(?:\.\.\/)+api\/index\.ts'/g, `'${api}'`).replaceAll(/(from '\.\/[\w-]+\.)ts'/g, `$1${extension}'`);
