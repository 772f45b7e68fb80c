import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { installSizeOf } from '../../scripts/build/install-size.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'install-size-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function put(folder: string, bytes: number): void {
  mkdirSync(path.join(root, folder), { recursive: true });
  writeFileSync(path.join(root, folder, 'index.js'), '.'.repeat(bytes));
}

const lock = (packages: object): void =>
  writeFileSync(path.join(root, 'package-lock.json'), JSON.stringify({ packages }));

describe('the size of an install', () => {
  test('counts the package and all that it needs, each once, and the nearest of two versions', () => {
    put('unpacked', 1);
    put('node_modules/store', 10);
    put('node_modules/store/node_modules/shared', 100);
    put('node_modules/shared', 1000);
    put('node_modules/other', 10_000);
    put('node_modules/tests-only', 100_000);
    lock({
      '': { dependencies: { store: '1', other: '1' }, devDependencies: { 'tests-only': '1' } },
      'node_modules/store': {
        dependencies: { shared: '2', other: '1' },
        optionalDependencies: { 'store-windows': '1' },
      },
      'node_modules/store/node_modules/shared': {},
      'node_modules/store-windows': { optional: true },
      'node_modules/shared': {},
      'node_modules/other': { dependencies: { shared: '1' } },
      'node_modules/tests-only': {},
    });
    const { packages, megabytes } = installSizeOf(root, path.join(root, 'unpacked'));
    expect(packages).toHaveLength(5);
    expect(packages).toContain('node_modules/store/node_modules/shared');
    expect(megabytes * 1e6).toBeCloseTo(11_111);
  });

  test('is not told where a package that is needed is missing', () => {
    put('unpacked', 1);
    lock({ '': { dependencies: { store: '1' } }, 'node_modules/store': {} });
    expect(() => installSizeOf(root, path.join(root, 'unpacked'))).toThrow('node_modules/store');
  });
});
