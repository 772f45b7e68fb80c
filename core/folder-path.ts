import { fileURLToPath } from 'node:url';

/** The path of a folder that a host names by its path or its file: URL. Throws a TypeError that begins with `what`. */
export function folderPath(folder: unknown, what: string): string {
  if (typeof folder === 'string' && folder !== '') return folder;
  if (folder instanceof URL && folder.protocol === 'file:') return fileURLToPath(folder);
  throw new TypeError(`${what} must be a path or a file: URL`);
}
