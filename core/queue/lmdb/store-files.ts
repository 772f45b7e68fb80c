import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/*
 * LMDB does not survive every full disk. Its first transactions corrupt the memory of the process when there is no room
 * for them; and it writes its lock file through a mapping, so that the process gets SIGBUS when there is no room for
 * that. It takes the lock file's size as it finds it. So we allocate both before LMDB opens a file.
 */
export const firstTransactionBytes = 256 * 1024;
export const lockFileBytes = 16 * 1024;

/** A file of zeros with its room on the disk, whole or not at all. */
export function writeZeros(file: string, bytes: number): void {
  const next = `${file}.next`;
  try {
    writeFileSync(next, Buffer.alloc(bytes), { flush: true, mode: 0o600 });
    renameSync(next, file);
  } catch (error) {
    rmSync(next, { force: true });
    throw error;
  }
}

export function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
