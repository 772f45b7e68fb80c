import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { loadDestinations } from '../../core/index.ts';
import { describeContract } from '../../core/testing/index.ts';

/** Folders as a project of its own has them: they import spillway/api, and are no part of the package. */
const directory = path.resolve('test/destinations-elsewhere');
const folders = readdirSync(directory, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();

test('destinations of another directory are loaded beside those of the package', async () => {
  const found = await loadDestinations('destinations', directory);
  const slugs = found.map(({ manifest }) => manifest.slug);
  expect(slugs).toEqual(expect.arrayContaining(['adroll', ...folders]));
});

for (const folder of folders) describeContract(path.join(directory, folder));
