import { createHash } from 'node:crypto';
import {
  closeSync,
  fdatasync,
  fsyncSync,
  ftruncate,
  mkdirSync,
  openSync,
  readSync,
  write as writeTo,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import type { Outcome, OutcomeKind } from '../../../index.ts';
import { errnoOf, exitCode, CliError } from '../exit-codes.ts';
import { createLineIndex, type LineIndex } from './line-index.ts';

/** The outcomes of a file's delivery so far, on disk, by line. */
export interface Journal {
  /**
   * The final outcome of a line from an earlier run. Throws a CliError where the line held another event then: the
   * input has changed since this delivery began.
   */
  earlier(line: number, id: string): Outcome | undefined;
  record(line: number, id: string, outcome: Outcome): void;
  /** What to wait for before more is recorded; `undefined` while there is room. */
  readonly busy: Promise<void> | undefined;
  /** Called once, when nothing more can be recorded, with the errno. */
  onFailure: ((code: string) => void) | undefined;
  /** Resolves when everything recorded is on disk, or was tried again: there may be space for some of it. */
  flush(): Promise<void>;
  /** Lines with a final outcome that is not on disk: the next run delivers them again. */
  readonly unwritten: readonly number[];
  /** The last outcome of each line, in the order of the lines. */
  outcomes(): Iterable<readonly [line: number, outcome: Outcome]>;
  close(): void;
}

/** Outcomes that another run may still change. */
const passing: ReadonlySet<OutcomeKind> = new Set(['deferred', 'suspended']);

/** The most that may wait for the disk, in bytes. */
const mostPending = 1024 * 1024;

const writeSome = promisify(writeTo);
const sync = promisify(fdatasync);
const truncate = promisify(ftruncate);

/** An outcome that is not on disk. */
interface Pending {
  readonly line: number;
  readonly key: number;
  readonly outcome: Outcome;
  /** The entry. */
  readonly bytes: Buffer;
}

/**
 * The journal of one input file for one connection, in the store's folder. An entry is a line, `checksum key json`:
 * what a crash left of the last one does not count.
 */
export function openJournal(store: string, input: string, connection: string): Journal {
  const folder = path.join(store, 'deliveries');
  const name = createHash('sha256')
    .update(JSON.stringify([input, connection]))
    .digest('hex');
  const file = path.join(folder, `${name.slice(0, 32)}.journal`);
  const index = createLineIndex();
  const { fd, size } = open(folder, file, index);
  /** The end of what is certainly on disk. */
  let end = size;
  let pending: Pending[] = [];
  let pendingBytes = 0;
  let writing: Promise<void> | undefined;
  let failed = false;
  /** By line, the last outcome of each. */
  const unwritten = new Map<number, Pending>();
  const inOrder = (): number[] => [...unwritten.keys()].sort((a, b) => a - b);

  /** On disk when it resolves. */
  async function append(entries: readonly Pending[]): Promise<void> {
    const bytes = Buffer.concat(entries.map((entry) => entry.bytes));
    let written = 0;
    while (written < bytes.length) written += (await writeSome(fd, bytes, written)).bytesWritten;
    await sync(fd);
    for (const { line, key, bytes: own } of entries) {
      index.set(line, { at: end, bytes: own.length, key });
      end += own.length;
    }
  }

  async function writeAll(): Promise<void> {
    while (pending.length > 0 && !failed) {
      const entries = pending;
      pending = [];
      pendingBytes = 0;
      try {
        await append(entries);
      } catch (error) {
        failed = true;
        for (const entry of [...entries, ...pending]) unwritten.set(entry.line, entry);
        pending = [];
        journal.onFailure?.(errnoOf(error));
      }
    }
    writing = undefined;
  }

  /** Where not everything fits, some of it may. A half-done write is removed first: nothing may follow it. */
  async function writeLate(entries: readonly Pending[]): Promise<void> {
    try {
      await truncate(fd, end);
      await append(entries);
      for (const { line } of entries) unwritten.delete(line);
    } catch {
      await truncate(fd, end).catch(() => undefined);
      const half = entries.length >> 1;
      if (half === 0) return;
      await writeLate(entries.slice(0, half));
      if (!unwritten.has(entries[0]?.line ?? 0)) await writeLate(entries.slice(half));
    }
  }

  const journal: Journal = {
    earlier(line, id) {
      const entry = index.get(line);
      if (entry === undefined) return undefined;
      if (entry.key !== crc32(id))
        throw new CliError(exitCode.unreadable, `${input}: line ${line} has changed since this delivery began`, [
          `give a changed file another name, or remove ${file} to deliver all of it again`,
        ]);
      const outcome = read(fd, entry.at, entry.bytes)?.outcome;
      return outcome === undefined || passing.has(outcome.kind) ? undefined : outcome;
    },
    record(line, id, outcome) {
      const key = crc32(id);
      const entry = { line, key, outcome, bytes: Buffer.from(entryText(line, key, outcome)) };
      if (failed) {
        unwritten.set(line, entry);
        return;
      }
      pending.push(entry);
      pendingBytes += entry.bytes.length;
      // Outcomes of one turn of the event loop go to disk together.
      writing ??= new Promise<void>((resolve) => void setImmediate(resolve)).then(writeAll);
    },
    get busy() {
      return pendingBytes > mostPending ? writing : undefined;
    },
    onFailure: undefined,
    async flush() {
      await writing;
      if (unwritten.size > 0) await writeLate([...unwritten.values()]);
    },
    get unwritten() {
      return inOrder().filter((line) => !passing.has(unwritten.get(line)?.outcome.kind ?? 'deferred'));
    },
    *outcomes() {
      // Outcomes that are not on disk are known all the same, and the outcomes file may have space for them.
      const late = inOrder().values();
      let next = late.next();
      const before = function* (line: number) {
        for (; next.done !== true && next.value <= line; next = late.next()) {
          const entry = unwritten.get(next.value);
          if (entry !== undefined) yield [entry.line, entry.outcome] as const;
        }
      };
      for (const line of index.lines()) {
        yield* before(line);
        if (unwritten.has(line)) continue;
        const { at = 0, bytes = 0 } = index.get(line) ?? {};
        const entry = read(fd, at, bytes);
        if (entry !== undefined) yield [line, entry.outcome] as const;
      }
      yield* before(Number.POSITIVE_INFINITY);
    },
    close: () => closeSync(fd),
  };
  return journal;
}

function open(folder: string, file: string, index: LineIndex): { readonly fd: number; readonly size: number } {
  try {
    mkdirSync(folder, { recursive: true });
    const fd = openSync(file, 'a+', 0o600);
    for (const directory of [folder, path.dirname(folder)]) syncDirectory(directory);
    return { fd, size: readThrough(fd, index) };
  } catch (error) {
    throw new CliError(exitCode.storage, `cannot open ${file} (${errnoOf(error)})`);
  }
}

/** Fills the index, and returns where the next entry goes. */
function readThrough(fd: number, index: LineIndex): number {
  const chunk = Buffer.allocUnsafe(1024 * 1024);
  let rest = Buffer.alloc(0);
  let at = 0;
  for (let size = readSync(fd, chunk, 0, chunk.length, 0); size > 0;) {
    const bytes = Buffer.concat([rest, chunk.subarray(0, size)]);
    let start = 0;
    for (let stop = bytes.indexOf(10); stop !== -1; stop = bytes.indexOf(10, start)) {
      const entry = parse(bytes.toString('utf8', start, stop));
      const length = stop + 1 - start;
      if (entry !== undefined) index.set(entry.line, { at, bytes: length, key: entry.key });
      at += length;
      start = stop + 1;
    }
    rest = bytes.subarray(start);
    size = readSync(fd, chunk, 0, chunk.length, at + rest.length);
  }
  if (rest.length === 0) return at;
  // A crash cut the last entry short: the next one begins on a new line.
  writeSync(fd, '\n');
  return at + rest.length + 1;
}

interface Written {
  readonly line: number;
  readonly key: number;
  readonly outcome: Outcome;
}

function entryText(line: number, key: number, outcome: Outcome): string {
  const body = JSON.stringify({ line, key, outcome } satisfies Written);
  return `${crc32(body)} ${body}\n`;
}

function parse(text: string): Written | undefined {
  const [, sum, body = ''] = /^(\d+) (.*)$/.exec(text) ?? [];
  return sum !== undefined && Number(sum) === crc32(body) ? (JSON.parse(body) as Written) : undefined;
}

function read(fd: number, at: number, length: number): Written | undefined {
  const bytes = Buffer.allocUnsafe(length);
  readSync(fd, bytes, 0, length, at);
  return parse(bytes.toString('utf8', 0, length - 1));
}

function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
