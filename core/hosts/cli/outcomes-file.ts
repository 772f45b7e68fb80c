import { closeSync, createWriteStream, fstatSync, ftruncateSync, openSync, realpathSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { Outcome } from '../../index.ts';
import { errnoOf, usage } from './exit-codes.ts';
import { isSameFile } from './input.ts';
import { isInside } from './is-inside.ts';
import { lockOutcomes } from './outcomes-lock.ts';
import { jsonText } from './printable.ts';
import type { Terminal } from './terminal.ts';

/** Where the outcomes go, one JSON line each. */
export interface OutcomesFile {
  write(line: number, outcome: Outcome): void;
  /** What to wait for before the next write; `undefined` while there is room. */
  readonly busy: Promise<void> | undefined;
  /** Called once, with the errno, when nothing more can be written. Later writes are dropped. */
  onFailure: ((code: string) => void) | undefined;
  /** Resolves when all is written and, unless it is standard output, closed. */
  close(): Promise<void>;
}

/** Outcomes are written in pieces of this many characters, or after this wait when there are few. */
const piece = 64 * 1024;
const waitMs = 100;

const noOutcomesFile: OutcomesFile = {
  write() {},
  busy: undefined,
  onFailure: undefined,
  close: () => Promise.resolve(),
};

/** A file that is open for writing, locked, and not emptied yet. */
export interface OutcomesTarget {
  /** Empties it. */
  start(): OutcomesFile;
  /** After the OutcomesFile is closed, or without start(). */
  close(): void;
}

/** What a run reads while it writes: outcomes over it would be its loss. */
export interface ReadFiles {
  readonly input: Stats | undefined;
  readonly config: Stats | undefined;
  /** The directory of the store. */
  readonly store?: string | undefined;
}

/**
 * Opens a file, or standard output for `-`. Throws a usage error if it cannot, if the file is one of `read`, or if
 * another run writes to it.
 */
export function openOutcomes(file: string | undefined, terminal: Terminal, read: ReadFiles): OutcomesTarget {
  if (file === undefined) return { start: () => noOutcomesFile, close() {} };
  if (file === '-') {
    assertApart(terminal.stdoutStats, 'standard output', read);
    return { start: () => createOutcomesFile(terminal.stdout, false), close() {} };
  }
  const { fd, stats } = openForWriting(file);
  let isStarted = false;
  let unlock: (() => void) | undefined;
  try {
    assertApart(stats, `the outcomes file ${file}`, read);
    if (stats.isFile()) {
      const realPath = realPathOf(file);
      if (read.store !== undefined && isInside(realPath, realPathOf(read.store)))
        throw usage(`the outcomes file ${file} is a file of the store; name another file`);
      unlock = lockOutcomes({ fd, file, realPath });
    }
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return {
    start() {
      isStarted = true;
      if (stats.isFile()) ftruncateSync(fd);
      // As with the input: a pipe without a reader must not block a thread, and with it the process.
      const output = stats.isFIFO() ? new Socket({ fd, readable: false }) : createWriteStream('', { fd });
      return createOutcomesFile(output, true);
    },
    close() {
      if (!isStarted) closeSync(fd);
      unlock?.();
    },
  };
}

function assertApart(stats: Stats | undefined, what: string, { input, config }: ReadFiles): void {
  const same = Object.entries({ input, config }).find(([, other]) => isSameFile(stats, other));
  if (same !== undefined) throw usage(`${what} is the ${same[0]} file, and would overwrite it; name another file`);
}

function realPathOf(file: string): string {
  try {
    return realpathSync(file);
  } catch (error) {
    throw usage(`${file} is not in its place any more (${errnoOf(error)}); run again, or name another file`);
  }
}

function openForWriting(file: string): { readonly fd: number; readonly stats: Stats } {
  try {
    const fd = openSync(file, 'a');
    return { fd, stats: fstatSync(fd) };
  } catch (error) {
    throw usage(`cannot write the outcomes file ${file} (${errnoOf(error)})`);
  }
}

export function createOutcomesFile(output: Writable, ours: boolean): OutcomesFile {
  let pending = '';
  let busy: Promise<void> | undefined;
  let failed = false;
  let resume: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;

  function release(): void {
    busy = undefined;
    resume?.();
  }

  function fail(error: unknown): void {
    if (failed) return;
    failed = true;
    pending = '';
    release();
    file.onFailure?.(errnoOf(error));
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (pending === '' || failed) return;
    const text = pending;
    pending = '';
    if (output.write(text)) return;
    busy ??= new Promise((resolve) => {
      resume = resolve;
    });
  }

  output.on('drain', release).on('error', fail);
  const file: OutcomesFile = {
    write(line, outcome) {
      if (failed) return;
      pending += outcomeLine(line, outcome);
      if (pending.length >= piece) flush();
      else timer ??= setTimeout(flush, waitMs);
    },
    get busy() {
      return busy;
    },
    onFailure: undefined,
    async close() {
      flush();
      // An empty write: its callback comes after everything before it, and also when the output is broken.
      if (!failed) await new Promise<void>((resolve) => void output.write('', () => resolve()));
      output.off('drain', release);
      if (ours && !output.closed) await new Promise<void>((resolve) => void output.once('close', resolve).end());
    },
  };
  return file;
}

/** Outcome's own fields, with the line in front and messageId for eventId. */
function outcomeLine(line: number, { eventId, ...rest }: Outcome): string {
  return jsonText({ line, messageId: eventId, ...rest });
}
