import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../package-root.ts';

export function version(): string {
  if (packageRoot === undefined) return 'unknown';
  const file = path.join(packageRoot, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
}

/** Where a file of the package lies here, such as docs/cli.md; its name inside the package if nobody knows. */
export const packedFile = (file: string): string => (packageRoot === undefined ? file : path.join(packageRoot, file));
