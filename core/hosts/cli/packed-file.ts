import path from 'node:path';
import { packageRoot } from '../../package-root.ts';

/** Where a file of the package lies here, such as docs/cli.md; its name inside the package if nobody knows. */
export const packedFile = (file: string): string => (packageRoot === undefined ? file : path.join(packageRoot, file));
