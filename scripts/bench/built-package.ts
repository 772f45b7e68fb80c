import { rm } from 'node:fs/promises';
import path from 'node:path';
import { bundle } from '../build/bundle.ts';

const root = path.join(import.meta.dirname, '..', '..', '..', '..');
const folder = path.join('.bench', 'package');

/** Where a file of the package as `npm run build` makes it lies, once `buildPackage` is done. */
export const builtFile = (name: string): string => path.join(root, folder, 'dist', name);

/** Bundles today's sources beside the bench: what lies in `dist` may be older, and somebody may use it. */
export async function buildPackage(): Promise<void> {
  await rm(path.join(root, folder), { recursive: true, force: true });
  await bundle(root, path.join(folder, 'dist'));
}
