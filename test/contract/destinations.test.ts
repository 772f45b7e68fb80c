import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { loadDestinations } from '../../core/index.ts';
import { describeContract } from '../../core/testing/index.ts';

const directory = path.resolve('destinations');
const folders = readdirSync(directory, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();

test('every folder under destinations/ is found by the loader, and nothing else is', async () => {
  const found = await loadDestinations(directory);
  expect(found.map(({ manifest }) => manifest.slug)).toEqual(folders);
});

for (const folder of folders) describeContract(path.join(directory, folder));
