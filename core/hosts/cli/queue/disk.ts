import { readdirSync, statfsSync, statSync } from 'node:fs';
import path from 'node:path';

/** What a process without rights of its own may still write there. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** What a folder takes on its disk, with everything in it. */
export function bytesOnDisk(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const at = path.join(folder, entry.name);
    if (entry.isDirectory()) bytes += bytesOnDisk(at);
    // In blocks of 512 bytes, whatever those of the disk are. A file may go while it is looked at.
    else bytes += 512 * (statSync(at, { throwIfNoEntry: false })?.blocks ?? 0);
  }
  return bytes;
}
