import { execFileSync } from 'node:child_process';
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
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
}
const manifest = JSON.parse(read('package.json')) as Manifest;
const repository = manifest.repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
const address = `${repository}/blob/main/`;

/** What is in the tarball beside the build's output, as npm says it. */
const packed = (
  JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  ) as readonly [{ readonly files: readonly { readonly path: string }[] }]
)[0].files.map((file) => file.path);
const pages = packed.filter((file) => file.endsWith('.md') && !file.startsWith('dist/'));

interface Link {
  readonly link: string;
  readonly file: string;
  readonly anchor: string | undefined;
}

/** The links of a page to files of this repository: relative, or to its address. Not those inside code. */
function linksOf(page: string): readonly Link[] {
  const prose = read(page).replaceAll(/^```.*?^```$/gms, '');
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$/gm)].map(
    ([, inline, named]) => inline ?? named ?? '',
  );
  return links
    .filter((link) => link.startsWith(address) || !/^[a-z]+:/.test(link))
    .map((link) => {
      const [target = '', anchor] = link.replace(address, '').split('#');
      const from = link.startsWith(address) ? '.' : path.dirname(page);
      return { link, file: target === '' ? page : path.join(from, target), anchor };
    });
}

const anchorOf = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .replaceAll(' ', '-');

describe('F-34 the package', () => {
  test('names its repository, where to report, and whose it is', () => {
    expect(manifest.homepage).toBe(`${repository}#readme`);
    expect(manifest.bugs).toBe(`${repository}/issues`);
    expect(manifest.author).toBe('Spillway contributors');
    expect(manifest.keywords.length).toBeGreaterThan(5);
  });

  test('has optional peers alone, so that an install brings none of them', () => {
    const optional = Object.entries(manifest.peerDependenciesMeta).filter(([, { optional: is }]) => is);
    expect(optional.map(([name]) => name)).toEqual(Object.keys(manifest.peerDependencies));
  });

  test('takes the clients of NATS as they were tested, and not 3.4.0, which needs Node 22', () => {
    const peers = Object.entries(manifest.peerDependencies).filter(([name]) => name.startsWith('@nats-io/'));
    expect(peers.map(([name]) => name)).toEqual(['@nats-io/jetstream', '@nats-io/kv', '@nats-io/transport-node']);
    const source = read('core/queue/jetstream/nats.ts');
    for (const [name, range] of peers) {
      const tested = manifest.devDependencies[name];
      expect([name, range]).toEqual([name, `~${tested}`]);
      expect(source).toContain(`version: '${tested}'`);
    }
  });

  test('has every page of docs and of the destinations: who installed it may be offline', () => {
    const written = ['docs', 'destinations'].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.md'))
        .map((file) => path.join(folder, file)),
    );
    expect(pages.toSorted()).toEqual(['CHANGELOG.md', 'README.md', ...written].toSorted());
  });

  test.each(pages)('%s links relatively to what is packed with it, and by address to the rest', (page) => {
    const wrong = linksOf(page).filter(({ link, file }) => packed.includes(file) === link.startsWith(address));
    expect(wrong.map(({ link }) => link)).toEqual([]);
  });

  test.each(pages)('%s links to files and headings that there are', (page) => {
    const broken = linksOf(page).filter(({ file, anchor }) => {
      if (!existsSync(file)) return true;
      if (anchor === undefined) return false;
      const headings = read(file).match(/^#+ .*$/gm) ?? [];
      return !headings.map((line) => anchorOf(line.replace(/^#+ /, ''))).includes(anchor);
    });
    expect(broken.map(({ link }) => link)).toEqual([]);
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
