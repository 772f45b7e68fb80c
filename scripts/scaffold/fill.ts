import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { transformSync } from '@swc/wasm-typescript';
import { tidy } from '../tidy.ts';
import type { Choice } from './choice.ts';
import { auths, bodies, type Auth, type Body, type Regions } from './variants.ts';

/** How the code of a folder is written: as what, and where it finds the vendor API. */
export interface Dialect {
  /** The ending of the code files. All but `ts` lose their types. */
  readonly ending: 'ts' | 'js' | 'mjs';
  /** What stands in the imports: a relative path, or `spillway/api`. */
  readonly api: string;
}

export interface MadeFile {
  /** Inside the folder, with slashes. */
  readonly file: string;
  readonly text: string;
}

const template = path.join(import.meta.dirname, '..', 'templates', 'destination');

/** The files of a new destination. `today` (YYYY-MM-DD) is the day it was compared with the vendor's page. */
export async function fillTemplate(choice: Choice, dialect: Dialect, today: string): Promise<readonly MadeFile[]> {
  const auth = auths[choice.auth](choice);
  const body = bodies[choice.body];
  const entries = await readdir(template, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(template, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .filter((file) => !body.without.includes(file))
    .sort();
  return Promise.all(
    files.map(async (file) => {
      const written = await readFile(path.join(template, file), 'utf8');
      if (file.endsWith('.json')) {
        const adapted = file.startsWith('contract/cases/') ? adaptCase(written, auth, body) : written;
        return { file, text: await tidy(named(adapted, choice, choice.name, today), 'json') };
      }
      const chosen = withRegions(written, { ...auth.regions, ...body.regions });
      if (!file.endsWith('.ts')) {
        return { file, text: await tidy(named(chosen, choice, choice.name, today), 'markdown') };
      }
      const text = named(chosen, choice, choice.name.replaceAll("'", "\\'"), today);
      return { file: file.replace(/ts$/, dialect.ending), text: await inDialect(text, dialect) };
    }),
  );
}

/**
 * Lines between `// <name>` and `// </name>` (in Markdown: HTML comments) are a region; the marks go, whatever becomes
 * of it.
 */
const region = /^[ \t]*(?:\/\/|<!--) <([a-z-]+)>(?: -->)?\n([\s\S]*?)^[ \t]*(?:\/\/|<!--) <\/\1>(?: -->)?\n/gm;

const withRegions = (text: string, regions: Regions): string =>
  text.replace(region, (_, name: string, inside: string) => {
    const other = regions[name];
    return other === undefined ? inside : other === '' ? '' : `${other.trimStart()}\n`;
  });

/**
 * The made-up vendor's names, and what takes their place. In code the name stands in single quotes only, and comes
 * escaped for them.
 */
function named(text: string, { slug, host }: Choice, name: string, today: string): string {
  const names: Readonly<Record<string, string>> = {
    'api.template-vendor.example': host,
    'template-vendor': slug,
    TEMPLATEVENDOR: slug.toUpperCase().replaceAll('-', ''),
    'Template Vendor': name,
    '2000-01-01': today,
  };
  return text.replace(new RegExp(Object.keys(names).join('|'), 'g'), (found) => names[found] ?? found);
}

/** A case with this variant's settings, headers and body. */
function adaptCase(text: string, auth: Auth, body: Body): string {
  const written = JSON.parse(text) as WrittenCase;
  if (written.config !== undefined) written.config = { account: written.config['account'], ...auth.settings };
  for (const request of written.requests ?? []) {
    request.headers = { 'content-type': body.contentType, ...auth.headers };
    request.body = body.written(request.body as Readonly<Record<string, unknown>>[]);
  }
  return JSON.stringify(written);
}

interface WrittenCase {
  config?: Readonly<Record<string, unknown>>;
  requests?: { headers: unknown; body: unknown }[];
}

async function inDialect(text: string, { ending, api }: Dialect): Promise<string> {
  const placed = text.replaceAll("'../../../core/api/index.ts'", `'${api}'`);
  if (ending === 'ts') return tidy(placed, 'typescript');
  const { code } = transformSync(placed.replaceAll(/(from '\.\/[\w-]+\.)ts'/g, `$1${ending}'`), { mode: 'strip-only' });
  return tidy(code, 'babel');
}
