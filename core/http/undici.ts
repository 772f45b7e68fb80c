import { createRequire } from 'node:module';
import type * as Undici from 'undici';

let library: typeof Undici | undefined;

/**
 * undici, loaded by the first request: it takes longer to load than all of core, and a process that validates,
 * previews or prints help sends nothing. Required, because whoever sends the first request does not wait for a module.
 */
export function undici(): typeof Undici {
  library ??= createRequire(import.meta.url)('undici') as typeof Undici;
  return library;
}
