import { codePath } from '../package-root.ts';

/**
 * The directory of the destinations that come with the package, for `loadDestinations()` and `destinationFolders()`. A
 * host that knows at build time which it needs imports them by name instead: `spillway/destinations/adroll`. Throws in
 * a host that is bundled into one file.
 */
export const builtInDirectory = (): string => codePath('destinations');
