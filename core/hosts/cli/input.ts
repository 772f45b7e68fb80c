import { closeSync, createReadStream, fstatSync, openSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { errnoOf, usage } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** Where the events come from. */
export interface Input {
  readonly chunks: AsyncIterator<Buffer>;
  /** So far. */
  readonly bytesRead: number;
  /** In bytes, where it is known. */
  readonly size: number | undefined;
  /** What the file is, to tell it from the outcomes file. */
  readonly stats: Stats | undefined;
  /** Ends the reading, also one under way. */
  readonly close: () => void;
}

/** Small enough for the event loop, and a signal, to get their turn between two chunks. */
const chunkBytes = 64 * 1024;

/** Opens a file, or standard input for `-`. A usage error when it cannot. */
export function openInput(file: string, terminal: Terminal): Input {
  if (file === '-') {
    if (terminal.stdin.isTTY === true)
      terminal.stderr.write('spillway: reading events from the terminal, until Ctrl-D\n');
    return inputFrom(terminal.stdin, undefined, undefined);
  }
  let fd: number | undefined;
  try {
    fd = openSync(file, 'r');
    const stats = fstatSync(fd);
    if (stats.isDirectory()) throw Object.assign(new Error('a directory'), { code: 'EISDIR' });
    return inputFrom(readableOf(fd, stats), stats.isFile() ? stats.size : undefined, stats);
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    throw usage(`cannot read the input file ${file} (${errnoOf(error)})`);
  }
}

/** A pipe is read as a socket: a read of it by `fs` would hold a thread until data comes, and the process with it. */
const readableOf = (fd: number, stats: Stats): Readable =>
  stats.isFIFO() ? new Socket({ fd }) : createReadStream('', { fd, highWaterMark: chunkBytes });

function inputFrom(readable: Readable, size: number | undefined, stats: Stats | undefined): Input {
  const chunks = readable[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let bytesRead = 0;
  return {
    chunks: {
      async next() {
        const chunk = await chunks.next();
        if (chunk.done !== true) bytesRead += chunk.value.length;
        return chunk;
      },
    },
    get bytesRead() {
      return bytesRead;
    },
    size,
    stats,
    close: () => void readable.destroy(),
  };
}
