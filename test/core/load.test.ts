import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { builtInDirectory } from '../../core/registry/built-in-directory.ts';
import { destinationFolders, loadDestination, loadDestinations } from '../../core/registry/load.ts';

const manifest = (slug: string) => ({
  slug,
  displayName: 'Example',
  aliases: [],
  summary: 'An invented vendor.',
  stage: 'alpha',
  reference: { url: 'https://docs.example.com/', checkedOn: '2026-01-15' },
  accepts: ['track'],
  hosts: ['api.example.com'],
  limits: { maxItems: 1, maxBytes: 1000, maxAgeMs: 0 },
  pace: { concurrency: 1, timeoutMs: 1000 },
  replay: 'tolerated',
});
type Manifest = ReturnType<typeof manifest>;

/** The source of a folder's entry: JSON for the data, names for the functions. */
const entry = (
  made: object,
  contract: unknown = 2,
  parts = 'config: {}, transform() {}, response: {}, request() {}',
): string => `export default { contract: ${JSON.stringify(contract)}, manifest: ${JSON.stringify(made)}, ${parts} };\n`;

let root: string;
let made = 0;
beforeAll(async () => {
  root = await realpath(await mkdtemp(path.join(tmpdir(), 'load-')));
  await writeFile(path.join(root, 'package.json'), '{"type":"module"}');
});
afterAll(() => rm(root, { recursive: true }));

/** A directory with these files. */
async function directory(files: Readonly<Record<string, string>>): Promise<string> {
  const at = path.join(root, `d${made++}`);
  await mkdir(at);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(at, name)), { recursive: true });
    await writeFile(path.join(at, name), text);
  }
  return at;
}

const slugs = async (...directories: [string, ...string[]]): Promise<string[]> =>
  (await loadDestinations(...directories)).map((destination) => destination.manifest.slug);

test('E25 a folder in TypeScript says in one line what a Node that cannot load it needs', async () => {
  const refusal = "throw Object.assign(new Error('Unknown file extension'), { code: 'ERR_UNKNOWN_FILE_EXTENSION' });";
  const at = await directory({ 'typed/index.js': refusal });
  await expect(loadDestination(path.join(at, 'typed'))).rejects.toThrow(
    /^\S+: Node \d+\.\S+ does not load TypeScript by itself: `npm install --save-dev tsx`, then set NODE_OPTIONS='--import tsx' and run this again; or use Node >= 22\.18$/,
  );
});

describe('loadDestinations', () => {
  it('finds every folder of every directory, in order of their names', async () => {
    const first = await directory({
      'zeta/index.js': entry({ ...manifest('zeta'), limits: { ...manifest('zeta').limits, maxItemBytes: 500 } }),
      'alpha/index.ts': `type Unused = string;\n${entry(manifest('alpha'))}`,
      'mid-1/index.mjs': entry(manifest('mid-1')),
    });
    const second = await directory({ 'beta/index.js': entry(manifest('beta')) });
    expect(await slugs(first, second)).toEqual(['alpha', 'mid-1', 'zeta', 'beta']);
  });

  it('passes over files, and folders that are not named as a slug and hold no entry', async () => {
    const at = await directory({
      'only/index.js': entry(manifest('only')),
      'README.md': '# Destinations',
      'index.js': 'throw new Error("not a folder");',
      'node_modules/some-package/index.js': 'throw new Error("not ours");',
      '.hidden/notes.txt': '',
    });
    expect(await slugs(at)).toEqual(['only']);
  });

  it('follows a link to a folder elsewhere', async () => {
    const elsewhere = await directory({ 'linked/index.js': entry(manifest('linked')) });
    const at = await directory({});
    await symlink(path.join(elsewhere, 'linked'), path.join(at, 'linked'));
    expect(await slugs(at)).toEqual(['linked']);
  });

  it('finds nothing in an empty directory', async () => {
    expect(await slugs(await directory({}))).toEqual([]);
  });

  it('F-32 takes a file: URL for a path', async () => {
    const at = await directory({ 'some/index.js': entry(manifest('some')) });
    const url = pathToFileURL(`${at}/`);
    expect((await loadDestinations(url)).map((one) => one.manifest.slug)).toEqual(['some']);
    expect(await loadDestination(new URL('some', url))).toMatchObject({ manifest: { slug: 'some' } });
  });

  it.each([[new URL('https://example.com/destinations')], [5], [undefined], [null], [''], [['destinations']]])(
    'F-32 refuses %p and names the argument',
    async (directory) => {
      await expect(loadDestinations(directory as string)).rejects.toThrow(
        new TypeError('loadDestinations(): a directory must be a path or a file: URL'),
      );
      await expect(loadDestination(directory as string)).rejects.toThrow(
        new TypeError('loadDestination(): the folder must be a path or a file: URL'),
      );
    },
  );

  it('takes the built index.js before index.ts', async () => {
    const at = await directory({
      'both/index.js': entry(manifest('both')),
      'both/index.ts': 'throw new Error("source");',
    });
    expect(await slugs(at)).toEqual(['both']);
  });

  it('refuses a slug that two directories offer, and names both folders', async () => {
    const [first, second] = [
      await directory({ 'twin/index.js': entry(manifest('twin')) }),
      await directory({ 'twin/index.js': entry(manifest('twin')) }),
    ];
    await expect(loadDestinations(first, second)).rejects.toThrow(
      `two folders offer "twin": ${path.join(first, 'twin')} and ${path.join(second, 'twin')}`,
    );
  });

  it.each(['js', 'mjs', 'ts'])(
    'refuses the folder of a destination with index.%s: its parent is wanted',
    async (extension) => {
      const parent = await directory({
        [`own/index.${extension}`]: entry(manifest('own')),
        'own/contract/cases/order.json': '{}',
        'own/operations/index.js': 'export const operations = [];',
      });
      const folder = path.join(parent, 'own');
      await expect(loadDestinations(folder)).rejects.toThrow(
        `${folder}: this is the folder of one destination; name the directory that it lies in: ${parent}`,
      );
      await rm(path.join(folder, 'contract'), { recursive: true });
      await rm(path.join(folder, 'operations'), { recursive: true });
      await expect(loadDestinations(folder)).rejects.toThrow(/the folder of one destination/);
    },
  );

  it('takes a directory of destinations that has an index of its own beside them', async () => {
    const at = await directory({ 'index.js': 'export const all = [];', 'one/index.js': entry(manifest('one')) });
    expect((await loadDestinations(at)).map((destination) => destination.manifest.slug)).toEqual(['one']);
  });

  it('refuses a directory that is not there, and names it', async () => {
    const missing = path.join(root, 'missing');
    await expect(loadDestinations(missing)).rejects.toThrow(
      `cannot read the destinations directory ${missing} (ENOENT)`,
    );
  });
});

describe('a folder that is not what it should be stops the process with its name', () => {
  test.each<[string, string, string | RegExp]>([
    ['has no entry', 'README.md', 'has no index.js, index.mjs or index.ts'],
    [
      'has no default export',
      'export const destination = 1;',
      'the default export does not come from defineDestination()',
    ],
    ['exports null', 'export default null;', 'the default export does not come from defineDestination()'],
    ['did not use defineDestination', 'export default { manifest: {} };', 'does not come from defineDestination()'],
    [
      'was written against another contract',
      entry(manifest('some'), 1),
      /written against contract 1, this core speaks 2; contract 2: request\(config, prepared\) is now called once, .* requestFor\(batch, /,
    ],
    ['was written against a later contract', entry(manifest('some'), 3), /contract 3, this core speaks 2$/],
    ['has another slug than its name', entry(manifest('other')), 'the slug "other" is not the folder\'s name'],
    ['has no manifest', 'export default { contract: 2 };', /: manifest: Invalid input/],
    ['has no transform', entry(manifest('some'), 2, 'config: {}, response: {}, request() {}'), 'transform is missing'],
    ['has no response', entry(manifest('some'), 2, 'config: {}, transform() {}, request() {}'), 'response is missing'],
    ['has no config', entry(manifest('some'), 2, 'response: {}, transform() {}, request() {}'), 'config is missing'],
    [
      'has no way to make a request',
      entry(manifest('some'), 2, 'config: {}, transform() {}, response: {}'),
      'a destination has one of request, requestFor and send',
    ],
    [
      'has two ways to make a request',
      entry(manifest('some'), 2, 'config: {}, transform() {}, response: {}, request() {}, send() {}'),
      'a destination has one of request, requestFor and send',
    ],
    [
      'makes requests both once and by batch',
      entry(manifest('some'), 2, 'config: {}, transform() {}, response: {}, request() {}, requestFor() {}'),
      'a destination has one of request, requestFor and send',
    ],
    ['imports what is not there', "import './gone.js';", 'cannot be loaded: '],
    ['throws while it loads', 'throw new Error("boom");', 'cannot be loaded: boom'],
    ['cannot be parsed', 'export default {', 'cannot be loaded: '],
  ])('one that %s', async (_title, source, why) => {
    const file = source === 'README.md' ? 'some/README.md' : 'some/index.js';
    const at = await directory({ [file]: source });
    const failed = loadDestinations(at);
    await expect(failed).rejects.toThrow(path.join(at, 'some'));
    await expect(failed).rejects.toThrow(why);
  });

  test.each(['My_Vendor', 'AdRoll', '-dash'])('also one that is named %s, which no slug can be', async (name) => {
    const at = await directory({ [`${name}/index.js`]: entry(manifest(name)) });
    await expect(loadDestinations(at)).rejects.toThrow(
      `${path.join(at, name, 'index.js')}: manifest.slug: must be kebab-case`,
    );
  });

  test.each<[string, (given: Manifest) => object]>([
    ['manifest.slug', (given) => ({ ...given, slug: 'Some' })],
    ['manifest.displayName', (given) => ({ ...given, displayName: '' })],
    ['manifest.aliases', (given) => ({ ...given, aliases: 'Some' })],
    ['manifest.stage', (given) => ({ ...given, stage: 'gamma' })],
    ['manifest.reference.url', (given) => ({ ...given, reference: { url: 'docs', checkedOn: '2026-01-15' } })],
    ['manifest.reference.checkedOn', (given) => ({ ...given, reference: { ...given.reference, checkedOn: 'today' } })],
    ['manifest.accepts', (given) => ({ ...given, accepts: [] })],
    ['manifest.accepts.0', (given) => ({ ...given, accepts: ['order'] })],
    ['manifest.limits.maxItemBytes', (given) => ({ ...given, limits: { ...given.limits, maxItemBytes: 0 } })],
    ['manifest.hosts', (given) => ({ ...given, hosts: [] })],
    ['manifest.hosts', (given) => ({ ...given, hosts: 'any' })],
    ['manifest.hosts.0', (given) => ({ ...given, hosts: ['https://api.example.com'] })],
    ['manifest.hosts.0: must be lower-case', (given) => ({ ...given, hosts: ['API.example.com'] })],
    ['manifest.hosts.0: must be a name, not an address', (given) => ({ ...given, hosts: ['127.0.0.1'] })],
    ['manifest.limits.maxItems', (given) => ({ ...given, limits: { ...given.limits, maxItems: 0 } })],
    ['manifest.limits.maxBytes', (given) => ({ ...given, limits: { maxItems: 1, maxAgeMs: 0 } })],
    ['manifest.pace.timeoutMs', (given) => ({ ...given, pace: { concurrency: 1, timeoutMs: '1s' } })],
    ['manifest.pace.rate.cost', (given) => ({ ...given, pace: { ...given.pace, rate: { permits: 1, perMs: 1 } } })],
    [
      'manifest.pace.rate.burst: must be less than permits',
      (given) => ({ ...given, pace: { ...given.pace, rate: { permits: 9, perMs: 1, cost: 'item', burst: 9 } } }),
    ],
    ['manifest.replay', (given) => ({ ...given, replay: 'fine' })],
    ['manifest.compression', (given) => ({ ...given, compression: 'br' })],
    ['manifest.maxQueueAgeMs', (given) => ({ ...given, maxQueueAgeMs: 0 })],
    ['manifest.laneOrder', (given) => ({ ...given, laneOrder: 'arrival' })],
    ['manifest: Unrecognized key: "sulg"', (given) => ({ ...given, sulg: 'some' })],
  ])('one with a wrong %s', async (where, spoiled) => {
    const at = await directory({ 'some/index.js': entry(spoiled(manifest('some'))) });
    await expect(loadDestinations(at)).rejects.toThrow(`${path.join(at, 'some', 'index.js')}: ${where}`);
  });
});

describe('loadDestination', () => {
  it('gives one folder’s destination as its entry exports it', async () => {
    const at = await directory({ 'some/index.js': entry(manifest('some')) });
    expect(await loadDestination(path.join(at, 'some'))).toMatchObject({ contract: 2, manifest: manifest('some') });
  });

  it('takes a folder whose settings name the host', async () => {
    const at = await directory({ 'some/index.js': entry({ ...manifest('some'), hosts: 'origins' }) });
    expect(await loadDestination(path.join(at, 'some'))).toMatchObject({ manifest: { hosts: 'origins' } });
  });

  it('keeps the cause of a broken entry', async () => {
    const at = await directory({ 'some/index.js': 'throw new TypeError("boom");' });
    await expect(loadDestination(path.join(at, 'some'))).rejects.toMatchObject({ cause: { message: 'boom' } });
  });
});

describe('destinationFolders', () => {
  it('names the folders by slug and loads none, so that a broken one harms nobody who does not open it', async () => {
    const good = entry(manifest('good'));
    const at = await directory({ 'good/index.js': good, 'broken/index.js': 'throw new TypeError("boom");' });
    const folders = await destinationFolders(pathToFileURL(at));
    expect([...folders]).toEqual([
      ['broken', path.join(at, 'broken')],
      ['good', path.join(at, 'good')],
    ]);
    expect(await loadDestination(folders.get('good') ?? '')).toMatchObject({ manifest: manifest('good') });
  });

  it('refuses two folders of one slug, and names both', async () => {
    const one = await directory({ 'same/index.js': entry(manifest('same')) });
    const two = await directory({ 'same/index.js': entry(manifest('same')) });
    const [first, second] = [path.join(one, 'same'), path.join(two, 'same')];
    await expect(destinationFolders(one, two)).rejects.toThrow(`two folders offer "same": ${first} and ${second}`);
  });

  it('names itself when it is called without a path', async () => {
    await expect(destinationFolders('')).rejects.toThrow('destinationFolders(): a directory must be a path');
  });

  it('finds the destinations of the package where builtInDirectory() says', async () => {
    const folders = await destinationFolders(builtInDirectory());
    expect([...folders.keys()]).toEqual(['adjust', 'adroll', 'adroll-email', 'rokt']);
  });
});
