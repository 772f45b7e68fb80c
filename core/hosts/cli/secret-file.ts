import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import { errnoOf } from './exit-codes.ts';

const mostBytes = 1024 * 1024;

/**
 * The text of a file that a reference names, without the end of its last line: editors and `echo` write one that nobody
 * means. A fault names the file, and says nothing of what it holds.
 */
export function readSecretFile(
  file: string,
  mayBeEmpty: boolean,
): { readonly value: string } | { readonly fault: string } {
  // Not named: it may be the secret itself, written in the place of its file.
  if (!path.isAbsolute(file)) return { fault: 'a reference to a file needs its absolute path: ${file:/path}' };
  const bytes = contentOf(file);
  if (typeof bytes === 'string') return { fault: `the file ${file} ${bytes}` };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { fault: `the file ${file} is not UTF-8` };
  }
  const value = text.replace(/\r?\n$/, '');
  return value === '' && !mayBeEmpty ? { fault: `the file ${file} is empty` } : { value };
}

/** The bytes of a regular file, or in words why there are none. */
function contentOf(file: string): Uint8Array | string {
  let fd: number | undefined;
  try {
    // A pipe that nobody writes to would stop the process.
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!fstatSync(fd).isFile()) return 'is not a regular file';
    // The size says nothing of a file that grows, or that the kernel makes up.
    const bytes = new Uint8Array(mostBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(fd, bytes, length, bytes.length - length, null);
    return length > mostBytes ? `is larger than ${mostBytes / 1024 / 1024} MiB` : bytes.subarray(0, length);
  } catch (error) {
    return `cannot be read (${errnoOf(error)})`;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
