import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { pages, read, root } from '../support/docs/pages.ts';

/** A path from the root of the repository. Not globs, `<slug>`, the vendor of the examples, or a path cut off by a dash. */
const paths = /(?<![\w./<-])(?:core|destinations|docs|scripts|test)\/(?!lighthouse)[\w./-]*\w(?![-\w<*/])/g;
/** `[text](page.md#heading)`, of which either part may be missing. */
const links = /\]\(([^)#\s:]*)(#[^)\s]*)?\)/g;
/** `report.ts` in code, without its folder. */
const bareNames = /`([\w-]+\.ts)`/g;
const npmScripts = /npm run ([\w:-]+)/g;

const exists = (file: string): boolean => existsSync(path.join(root, file));

/** `docs/queue.md: core/queue/gone.ts` for each path that leads nowhere. */
const lost = (page: string, text: string): string[] =>
  [...text.matchAll(paths)].filter(([file]) => !exists(file)).map(([file]) => `${page}: ${file}`);

const vendorFolders = readdirSync(path.join(root, 'destinations')).map((slug) => `destinations/${slug}`);

/** The folder that a path leads to, or that of a file. */
const folderOf = (named: string): string => (/\.\w+$/.test(named) ? path.dirname(named) : named);

/**
 * `page.md: gone.ts` for each file that a page names without its folder, and that is in none of the folders named under
 * the same heading, in no vendor folder and in none of `known`.
 */
const lostNames = (page: string, text: string, known: readonly string[] = []): string[] =>
  text.split(/^(?=## )/m).flatMap((section) => {
    const folders = [...known, ...vendorFolders, ...[...section.matchAll(paths)].map(([named]) => folderOf(named))];
    return [...section.matchAll(bareNames)]
      .filter(([, name = '']) => !folders.some((folder) => exists(path.join(folder, name))))
      .map(([, name]) => `${page}: ${name}`);
  });

/** The anchors that GitHub makes out of headings. */
const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#{1,6} (.+)$/gm)].map(
    ([, heading = '']) =>
      `#${heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-')}`,
  );

describe('the pages', () => {
  it('name only files and folders that exist', async () => {
    const found = await Promise.all((await pages()).map(async (page) => lost(page, await read(page))));
    expect(found.flat()).toEqual([]);
  });

  it('would not get away with a file that is gone', () => {
    expect(lost('page.md', 'See `core/runtime/gone.ts`, core/api/*.ts and destinations/<slug>/index.ts.')).toEqual([
      'page.md: core/runtime/gone.ts',
    ]);
  });

  it.each([
    ['docs/architecture.md', []],
    ['docs/queue.md', ['core/queue/lmdb']],
  ])('%s names files without a folder only where the folder is named', async (page, known) => {
    expect(lostNames(page, await read(page), known)).toEqual([]);
  });

  it('would not get away with a bare name whose file is gone, or in another folder', () => {
    const page = '## One\nIn `core/runtime/sending`: `report.ts`, `gone.ts`, `response.ts`.\n## Two\n`report.ts`';
    expect(lostNames('page.md', page)).toEqual(['page.md: gone.ts', 'page.md: report.ts']);
  });

  it('link only to pages and headings that exist', async () => {
    const broken: string[] = [];
    for (const page of await pages()) {
      for (const [link, target = '', anchor] of (await read(page)).matchAll(links)) {
        const file = target === '' ? page : path.join(path.dirname(page), target);
        if (!exists(file) || (anchor !== undefined && !anchorsOf(await read(file)).includes(anchor)))
          broken.push(`${page}: ${link}`);
      }
    }
    expect(broken).toEqual([]);
  });

  it('name only npm scripts that exist', async () => {
    const { scripts } = JSON.parse(await read('package.json')) as { scripts: Record<string, string> };
    for (const page of await pages()) {
      const named = [...(await read(page)).matchAll(npmScripts)].map(([, name = '']) => name);
      expect([page, named.filter((name) => scripts[name] === undefined)]).toEqual([page, []]);
    }
  });
});

describe('docs/architecture.md', () => {
  it('has a row for every decision, and every outcome in its picture', async () => {
    const page = await read('docs/architecture.md');
    for (const kind of await kindsIn('core/api/decision.ts', 'decisionKinds')) expect(page).toContain(`| \`${kind}\``);
    for (const kind of await kindsIn('core/api/outcome.ts', 'outcomeKinds')) expect(page).toContain(`--> ${kind} :`);
  });
});

describe('"One request, in time order"', () => {
  it('lists methods that BatchSend has', async () => {
    const [, section = ''] = (await read('docs/architecture.md')).split('\n## One request, in time order\n');
    const listed = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `(#?\w+)\(\)`/gm)].map(([, name = '']) => name);
    expect(listed.length).toBeGreaterThan(8);
    const source = await read('core/runtime/sending/send-batch.ts');
    expect(listed.filter((name) => !new RegExp(`^  (?:async )?${name}\\(.*\\{$`, 'm').test(source))).toEqual([]);
  });
});

describe('"Where would I add ...?"', () => {
  it('names a test in every row, and only names that stand in the files of the row', async () => {
    const [, section = ''] = (await read('docs/architecture.md')).split('\n## Where would I add ...?\n');
    const rows = (section.split('\n## ')[0] ?? '').split('\n- **').slice(1);
    expect(rows.length).toBeGreaterThan(12);
    for (const row of rows) {
      const [what = ''] = row.split('.**');
      expect([what, row.includes('_Test:_')]).toEqual([what, true]);
      const files = [...row.matchAll(paths)].map(([file]) => file).filter((file) => /\.\w+$/.test(file));
      const texts = await Promise.all(files.map(read));
      const names = [...row.matchAll(/`([A-Za-z]\w+)`/g)].map(([, name = '']) => name);
      const unknown = names.filter((name) => !texts.some((text) => new RegExp(`\\b${name}\\b`).test(text)));
      expect([what, unknown]).toEqual([what, []]);
    }
  });
});

describe('docs/embedding.md', () => {
  it('lists the signals that there are', async () => {
    const declared = [...(await read('core/runtime/signals.ts')).matchAll(/readonly kind: '(\w+)'/g)];
    const [, section = ''] = (await read('docs/embedding.md')).split('\n## Signals\n');
    const listed = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `(\w+)`/gm)];
    expect(new Set(listed.map(([, kind]) => kind))).toEqual(new Set(declared.map(([, kind]) => kind)));
  });
});

describe('docs/api.md', () => {
  it('lists every name that a vendor folder may import, and no other', async () => {
    const exported = [...(await read('core/api/index.ts')).matchAll(/\{([^}]+)\}/g)].flatMap(([, names = '']) =>
      names.split(',').map((name) => name.trim()),
    );
    const rows = [...(await read('docs/api.md')).matchAll(/^- ((?:`\w+`(?:, |: ))+)/gm)].map(([, names = '']) => names);
    const listed = rows.flatMap((names) => [...names.matchAll(/\w+/g)].map(([name]) => name));
    expect(listed.filter((name, place) => listed.indexOf(name) !== place)).toEqual([]);
    expect(new Set(listed)).toEqual(new Set(exported.filter((name) => name !== '')));
  });
});

describe('docs/api.md', () => {
  it('has a line for each value; types stand beside theirs', async () => {
    const api: Readonly<Record<string, unknown>> = await import('../../core/api/index.ts');
    const rows = [...(await read('docs/api.md')).matchAll(/^- ((?:`\w+`(?:, |: ))+)/gm)].map(([, names = '']) => names);
    const values = rows.map((names) => (names.match(/\w+/g) ?? []).filter((name) => name in api));
    expect(values.filter((names) => names.length > 1)).toEqual([]);
  });
});

describe('spillway and spillway/api', () => {
  it('mean the same by every name that both export', async () => {
    const api: Readonly<Record<string, unknown>> = await import('../../core/api/index.ts');
    const all: Readonly<Record<string, unknown>> = await import('../../core/index.ts');
    expect(Object.keys(api).length).toBeGreaterThan(100);
    expect(Object.keys(api).filter((name) => api[name] !== all[name])).toEqual([]);
  });
});

/** The words of a constant array in a source file. */
async function kindsIn(file: string, name: string): Promise<string[]> {
  const [, list = ''] = new RegExp(`${name} = \\[([^\\]]+)\\]`).exec(await read(file)) ?? [];
  const kinds = [...list.matchAll(/'(\w+)'/g)].map(([, kind = '']) => kind);
  expect(kinds.length).toBeGreaterThan(5);
  return kinds;
}
