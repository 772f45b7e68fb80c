import { closeSync, createReadStream, fstatSync, openSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { CliError, errnoOf, usage } from './exit-codes.ts';
import { createFormCheck } from './input-form.ts';
import type { Terminal } from './terminal.ts';

/** Where the events come from. */
export interface Input {
  /** Its next() throws NotNdjson where that is certain from the first bytes. */
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

/** Opens a file, or standard input for `-`. A usage error when it cannot, or when standard output would go into it. */
export function openInput(file: string, terminal: Terminal): Input {
  if (file === '-') {
    if (terminal.stdin.isTTY === true)
      terminal.stderr.write('spillway: reading events from the terminal, until Ctrl-D\n');
    assertApart(terminal.stdinStats, terminal);
    return inputFrom(terminal.stdin, undefined, terminal.stdinStats);
  }
  let fd: number | undefined;
  try {
    fd = openSync(file, 'r');
    const stats = fstatSync(fd);
    if (stats.isDirectory()) throw Object.assign(new Error('a directory'), { code: 'EISDIR' });
    assertApart(stats, terminal);
    return inputFrom(readableOf(fd, stats), stats.isFile() ? stats.size : undefined, stats);
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    if (error instanceof CliError) throw error;
    throw usage(`cannot read the input file ${file} (${errnoOf(error)})`);
  }
}

/** With `>>`, what is printed would be read as more events. */
function assertApart(stats: Stats | undefined, { stdoutStats }: Terminal): void {
  if (isSameFile(stats, stdoutStats))
    throw usage('standard output goes into the input file, and would overwrite it; name another file');
}

/** Of regular files, by whatever names: a link is the file. */
export const isSameFile = (one: Stats | undefined, other: Stats | undefined): boolean =>
  one?.isFile() === true && one.ino === other?.ino && one.dev === other.dev;

/** A pipe is read as a socket: a read of it by `fs` would hold a thread until data comes, and the process with it. */
const readableOf = (fd: number, stats: Stats): Readable =>
  stats.isFIFO() ? new Socket({ fd }) : createReadStream('', { fd, highWaterMark: chunkBytes });

function inputFrom(readable: Readable, size: number | undefined, stats: Stats | undefined): Input {
  const chunks = readable[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const assertForm = createFormCheck();
  let bytesRead = 0;
  return {
    chunks: {
      async next() {
        const chunk = await chunks.next();
        if (chunk.done !== true) {
          bytesRead += chunk.value.length;
          assertForm(chunk.value);
        }
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
