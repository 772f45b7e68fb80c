import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** What another process starts, by its path: nothing imports it. */
const programs = ['core/queue/lmdb/verify-child.ts'];

/**
 * Bundles the sources into a folder, `dist` where it is published: a file for each entry of package.json and for each
 * destination folder, and shared chunks beside them. All entries are of one build, so that each module of core is there
 * once: `instanceof` relies on that. Packages that a host installs stay imports, but for zod, whose second copy does no
 * harm and whose 60 languages cost every process its time; what else is needed is inside, with its licence.
 */
export async function bundle(root: string, to = 'dist'): Promise<void> {
  const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as Manifest;
  const external = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies), '@jest/globals'];
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [...(await entriesOf(root, manifest)), ...programs],
    outbase: '.',
    outdir: to,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.18',
    external: external.filter((name) => name !== 'zod'),
    plugins: [withoutLanguages, withAllOfCore(root)],
    banner: { js: requireForCommonJs },
    legalComments: 'none',
    sourcemap: 'linked',
    metafile: true,
    logLevel: 'warning',
    write: false,
  });
  for (const { path: file, text } of outputFiles) {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, file.endsWith('.js') ? inAscii(text) : text);
  }
  await writeFile(path.join(root, to, 'THIRD-PARTY-LICENSES.txt'), await licencesOf(root, metafile));
}

/**
 * esbuild leaves letters beyond ASCII in patterns and comments. With one of them, V8 keeps the whole file with two
 * bytes a letter, which is a megabyte for a process with core. A pattern reads the escape as it reads the letter.
 */
const inAscii = (code: string): string =>
  code.replace(/[^\0-\x7f]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** The sources of everything that package.json names in `dist`. */
async function entriesOf(root: string, { exports, bin }: Manifest): Promise<readonly string[]> {
  const named = [
    ...Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? [] : entry.default)),
    ...Object.values(bin),
  ];
  const sources = named.map((file) => file.replace(/^\.\/dist\//, '').replace(/\.js$/, '.ts'));
  const folders = (await readdir(path.join(root, 'destinations'), { withFileTypes: true })).filter((found) =>
    found.isDirectory(),
  );
  return sources.flatMap((file) => (file.includes('*') ? folders.map(({ name }) => file.replace('*', name)) : [file]));
}

/** zod's messages in English are all that is shown. */
const withoutLanguages: Plugin = {
  name: 'without-languages',
  setup(bundling) {
    bundling.onLoad({ filter: /[/\\]zod[/\\]v4[/\\]locales[/\\]index\.js$/ }, () => ({
      contents: `export { default as en } from './en.js';`,
    }));
  },
};

/**
 * What loads all of core: every entry for hosts and every folder, because a host that has one of them has `.` as well,
 * and `record`, whose process has core by then. The modules that all of them reach become few chunks: each file costs a
 * process that starts a millisecond or two, and a few more of them make V8 load its optimizer, 4 MB of code, for the
 * paths that Node reads letter by letter.
 */
const loadsAllOfCore = [
  'core/(api|metrics|queue|queue/jetstream|testing|tracing)/index',
  'core/adapters/rudder',
  'core/hosts/cli/record/record-reply',
  'destinations/[a-z-]+/index',
];

const withAllOfCore = (root: string): Plugin => ({
  name: 'with-all-of-core',
  setup(bundling) {
    const filter = new RegExp(`/(${loadsAllOfCore.join('|')})\\.ts$`.replaceAll('/', String.raw`[/\\]`));
    bundling.onLoad({ filter }, async ({ path: file }) => ({
      contents: `${await readFile(file, 'utf8')}\nimport '${path.posix.join(root, 'core/index.ts')}';`,
      loader: 'ts',
    }));
  },
});

/** CommonJS packages inside a bundle require Node's own modules. */
const requireForCommonJs = `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`;

/** The licence of every package of which something is in the bundle, as each asks for. */
async function licencesOf(root: string, { inputs }: Metafile): Promise<string> {
  const folders = new Set(
    Object.keys(inputs).flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []),
  );
  const texts = [...folders].sort().map(async (folder) => {
    const { name, version } = JSON.parse(await readFile(path.join(root, folder, 'package.json'), 'utf8')) as {
      readonly name: string;
      readonly version: string;
    };
    const file = (await readdir(path.join(root, folder))).find((found) => /^licen[cs]e/i.test(found));
    if (file === undefined) throw new Error(`${folder} has no licence to ship`);
    return `${name} ${version}\n\n${(await readFile(path.join(root, folder, file), 'utf8')).trim()}\n`;
  });
  return (await Promise.all(texts)).join(`\n${'-'.repeat(80)}\n\n`);
}
