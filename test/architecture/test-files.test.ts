import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';

const root = path.join(import.meta.dirname, '../..');
const filesIn = (folder: string, end: string): string[] =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll(path.sep, '/')}`)
    .filter((name) => name.endsWith(end));

const modules = new Set(filesIn('core', '.ts').map((file) => path.posix.basename(file, '.ts')));
/** The tests of core are in folders of their own, which the names of the tests may repeat. */
const ofCore = ['test/core', 'test/queue', 'test/hosts'].flatMap((folder) => filesIn(folder, '.test.ts'));
const moduleOf = (file: string): string => path.posix.basename(file, '.test.ts').replace(/^(?:queue|lmdb)-/, '');

/** The comment before the first line of code. */
const headOf = (file: string): string =>
  /^(?:\/\/ (.*)\n)+/.exec(readFileSync(path.join(root, file), 'utf8'))?.[0].replaceAll('\n// ', ' ') ?? '';

it('a test of core has the name of a module, or says at its head which modules it tests', () => {
  const nameless = ofCore.filter((file) => !modules.has(moduleOf(file)) && !headOf(file).startsWith('// Tests core/'));
  expect(nameless).toEqual([]);
});

it('what the head of a test names is there', () => {
  const named = ofCore.flatMap((file) =>
    [...headOf(file).matchAll(/core\/[\w./-]*\w/g)].map(([place]) => ({ file, place })),
  );
  expect(named.filter(({ place }) => !existsSync(path.join(root, place)))).toEqual([]);
});
