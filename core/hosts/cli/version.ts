import { readFileSync } from 'node:fs';

/** package.json lies above core/ in a clone, and above dist/core/ in an installed package. */
export function version(): string {
  for (const above of ['../../../package.json', '../../../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(above, import.meta.url), 'utf8')) as { readonly version: string })
        .version;
    } catch {
      continue;
    }
  }
  return 'unknown';
}
