import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = path.join(import.meta.dirname, '../..');

/** A path from the root of the repository, whatever stands around it. Globs and `<slug>` are no paths. */
const paths = /(?<![\w./<-])(?:core|destinations|docs|scripts|test)\/[\w./-]*\w(?![\w<*/])/g;
/** What is written on a page's own links. */
const links = /\]\(([^)#\s:]+)(#[^)\s]*)?\)/g;

async function pages(): Promise<string[]> {
  const at = async (folder: string) =>
    (await readdir(path.join(root, folder)))
      .filter((name) => name.endsWith('.md'))
      .map((name) => path.join(folder, name));
  return [...(await at('.')), ...(await at('docs')), ...(await at('docs/decisions')), 'destinations/README.md'].filter(
    (page) => page !== 'CHANGELOG.md',
  );
}

const read = (file: string): Promise<string> => readFile(path.join(root, file), 'utf8');

/** `docs/queue.md: core/queue/gone.ts` for each path that leads nowhere. */
const lost = (page: string, text: string): string[] =>
  [...text.matchAll(paths)]
    .map(([file]) => file)
    .filter((file) => !existsSync(path.join(root, file)))
    .map((file) => `${page}: ${file}`);

/** As GitHub makes them out of headings. */
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
    expect(lost('page.md', 'See `core/runtime/flight.ts`, core/api/*.ts and destinations/<slug>/index.ts.')).toEqual([
      'page.md: core/runtime/flight.ts',
    ]);
  });

  it('link only to files and headings that exist', async () => {
    const broken: string[] = [];
    for (const page of await pages()) {
      for (const [, target = '', anchor] of (await read(page)).matchAll(links)) {
        const file = path.join(path.dirname(page), target);
        if (!existsSync(path.join(root, file))) broken.push(`${page}: ${target}`);
        else if (anchor !== undefined && !anchorsOf(await read(file)).includes(anchor))
          broken.push(`${page}: ${target}${anchor}`);
      }
      const text = await read(page);
      for (const [, anchor = ''] of text.matchAll(/\]\((#[^)\s]*)\)/g))
        if (!anchorsOf(text).includes(anchor)) broken.push(`${page}: ${anchor}`);
    }
    expect(broken).toEqual([]);
  });
});
