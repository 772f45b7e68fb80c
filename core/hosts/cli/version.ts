import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** package.json lies above core/ in a clone, and above dist/core/ in an installed package. */
const root = ['../../../', '../../../../']
  .map((above) => new URL(above, import.meta.url))
  .find((above) => existsSync(new URL('package.json', above)));

export function version(): string {
  if (root === undefined) return 'unknown';
  return (JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { readonly version: string }).version;
}

/** Where a file of the package lies here, such as docs/cli.md; its name inside the package if nobody knows. */
export const packedFile = (file: string): string => (root === undefined ? file : fileURLToPath(new URL(file, root)));
