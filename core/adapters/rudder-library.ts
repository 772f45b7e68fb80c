import type * as Errors from '@rudderstack/integrations-lib/build/errors/index.js';
import type * as Tags from '@rudderstack/integrations-lib/build/tags.js';
import type * as Batches from '@rudderstack/integrations-lib/build/utils/batch-processing.js';
import { loadPeer } from '../optional-peer.ts';

const library = '@rudderstack/integrations-lib';
const peer = { name: library, version: '0.2.74', neededBy: 'spillway/rudder' };

/** What the adapter needs of RudderStack's library. */
export interface RudderLibrary {
  readonly errors: typeof Errors;
  readonly tags: typeof Tags;
  readonly batches: typeof Batches;
}

/**
 * Loads RudderStack's library, an optional peer of `spillway/rudder`. The paths are deep because the library's root
 * loads 590 modules; they are not part of its public API, so a version may lack them.
 */
export const loadRudderLibrary = (load?: (id: string) => unknown): RudderLibrary =>
  loadPeer(
    peer,
    (module) => ({
      errors: module(`${library}/build/errors/index.js`) as typeof Errors,
      tags: module(`${library}/build/tags.js`) as typeof Tags,
      batches: module(`${library}/build/utils/batch-processing.js`) as typeof Batches,
    }),
    load,
  );
