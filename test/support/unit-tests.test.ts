import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { beyondUnit } from './unit-tests.ts';

const root = path.join(import.meta.dirname, '../..');
const file = path.join(import.meta.dirname, 'never-written');

describe('a unit test', () => {
  it.each([
    ['starts a process', () => spawnSync('true')],
    ['makes a folder', () => mkdtempSync('/tmp/unit-')],
    ['writes a file', () => writeFileSync(file, '')],
    ['writes a file later', () => writeFile(file, '')],
    ['opens a file to write', () => openSync(file, 'w')],
    ['opens a file to write, later', () => open(file, 'a')],
  ])('fails where it %s', async (_, act) => {
    await expect((async () => act())()).rejects.toMatchObject({ code: 'ERR_UNIT_TEST' });
  });

  it('may read', () => {
    closeSync(openSync(path.join(root, 'package.json'), 'r'));
    expect(readFileSync(path.join(root, 'package.json'), 'utf8')).toContain('"test:unit"');
  });
});

it('every exception of the unit tests stands for a test that is there', () => {
  const tests = readdirSync(path.join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .map((name) => `test/${name.replaceAll(path.sep, '/')}`)
    .filter((name) => name.endsWith('.test.ts'));
  const stale = Object.keys(beyondUnit).filter((beginning) => !tests.some((name) => name.startsWith(beginning)));
  expect(stale).toEqual([]);
});
