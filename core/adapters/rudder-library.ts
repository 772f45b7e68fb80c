import { createRequire } from 'node:module';
import type * as Errors from '@rudderstack/integrations-lib/build/errors/index.js';
import type * as Tags from '@rudderstack/integrations-lib/build/tags.js';
import type * as Batches from '@rudderstack/integrations-lib/build/utils/batch-processing.js';

const library = '@rudderstack/integrations-lib';

/** The version that this adapter is written and tested against. */
const version = '0.2.74';

/** What the adapter needs of RudderStack's library. */
export interface RudderLibrary {
  readonly errors: typeof Errors;
  readonly tags: typeof Tags;
  readonly batches: typeof Batches;
}

/**
 * Loads RudderStack's library, an optional peer of `spillway/rudder`. Required, not imported: it is CommonJS, a static
 * import would fail with Node's own words before a line of ours runs, and an `await` here would keep CommonJS programs
 * from requiring `spillway/rudder`. The paths are deep because the library's root loads 590 modules; they are not part
 * of its public API, so a version that lacks them is told apart from a library that is not there.
 */
export function loadRudderLibrary(load: (id: string) => unknown = createRequire(import.meta.url)): RudderLibrary {
  try {
    return {
      errors: load(`${library}/build/errors/index.js`) as typeof Errors,
      tags: load(`${library}/build/tags.js`) as typeof Tags,
      batches: load(`${library}/build/utils/batch-processing.js`) as typeof Batches,
    };
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== 'MODULE_NOT_FOUND' && code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw cause;
    const why = isInstalled(load) ? `which does not load (${message.split('\n', 1)[0]})` : 'which is not installed';
    throw new Error(`spillway/rudder needs ${library}, ${why}. Run: npm install ${library}@${version}`, { cause });
  }
}

function isInstalled(load: (id: string) => unknown): boolean {
  try {
    load(`${library}/package.json`);
    return true;
  } catch {
    return false;
  }
}
