import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';

const read = (file: string): string => readFileSync(file, 'utf8');

interface Manifest {
  readonly repository: { readonly url: string };
  readonly homepage: string;
  readonly bugs: string;
  readonly keywords: readonly string[];
  readonly author: string;
}
const manifest = JSON.parse(read('package.json')) as Manifest;
const repository = manifest.repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
const page = `${repository}/blob/main/`;

/** Pages that are in the tarball, where the rest of the repository is not beside them. */
const shipped = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync('destinations', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('README.md'))
    .map((file) => path.join('destinations', file)),
];

const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .trim()
    .replaceAll(' ', '-');

describe('F-34 the package', () => {
  test('names its repository, where to report, and whose it is', () => {
    expect(manifest.homepage).toBe(`${repository}#readme`);
    expect(manifest.bugs).toBe(`${repository}/issues`);
    expect(manifest.author).toBe('Spillway contributors');
    expect(manifest.keywords.length).toBeGreaterThan(5);
  });

  test.each(shipped)('%s has no relative link: what it names is not beside it where it is installed', (file) => {
    const text = read(file);
    expect(text.match(/\]\((?!https:|#)[^)]*\)/g) ?? []).toEqual([]);
    expect(text.match(/^\[[^\]]+\]: (?!https:).*$/gm) ?? []).toEqual([]);
  });

  test.each(shipped)('%s links to pages and headings that the repository has', (file) => {
    const broken: string[] = [];
    const text = read(file);
    for (const [link] of text.matchAll(/https:[^\s)>]+/g)) {
      if (!link.startsWith(page)) continue;
      const [target = '', anchor] = link.slice(page.length).split('#');
      const there = existsSync(target);
      const headings = there && anchor !== undefined ? (read(target).match(/^#+ .*$/gm) ?? []) : [];
      if (
        !there ||
        (anchor !== undefined && !headings.map((line) => anchorOf(line.replace(/^#+ /, ''))).includes(anchor))
      )
        broken.push(link);
    }
    expect(broken).toEqual([]);
  });

  test('README has the address of every link, and a link for every address', () => {
    const text = read('README.md');
    const addresses = [...text.matchAll(/^\[([^\]]+)\]: /gm)].map(([, name]) => name);
    const prose = text.replaceAll(/^\[[^\]]+\]: .*$/gm, '').replaceAll(/```.*?```/gs, '');
    const used = [...prose.matchAll(/\[([^\]]+)\](?!\()/g)].map(([, name]) => name);
    expect(new Set(used)).toEqual(new Set(addresses));
    expect(addresses.length).toBeGreaterThan(10);
  });
});
