import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of this repository; of what `tsc` made of it, where a proof runs compiled. */
export const repository = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The vendor folders. */
export const destinationsFolder = path.join(repository, 'destinations');
