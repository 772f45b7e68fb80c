import { isUtf8 } from 'node:buffer';
import { CliError, errnoOf, exitCode } from './exit-codes.ts';
import { NotNdjson } from './input-form.ts';

/** One line of the input that is not blank; its number counts blank ones, too. */
export type InputLine =
  { readonly number: number; readonly text: string } | { readonly number: number; readonly fault: LineFault };
export type LineFault = 'too long' | 'not UTF-8';

/** Longer lines are not collected. Eight times what the runtime takes for an event. */
export const maxLineBytes = 8 * 1024 * 1024;

const lineFeed = 0x0a;
const blank = /^[\t\r ]*$/;

export interface LineCutter {
  /** The lines this chunk completes. */
  cut(chunk: Buffer): InputLine[];
  /** The last line, when no line feed ended it. */
  end(): InputLine[];
}

/**
 * Cuts bytes into lines at line feeds alone: readline would also cut at U+2028, which JSON strings may hold.
 * Accepts CRLF, and a byte order mark at the start of any line.
 */
export function createLineCutter(maxBytes: number = maxLineBytes): LineCutter {
  /** The start of an unfinished line, and its length; a line that is too long has no pieces. */
  let pieces: Buffer[] = [];
  let held = 0;
  let count = 0;

  function keep(piece: Buffer): void {
    held += piece.length;
    if (held > maxBytes) pieces = [];
    else if (piece.length > 0) pieces.push(piece);
  }

  function lineOf(bytes: Buffer, length: number): InputLine | undefined {
    count += 1;
    if (length > maxBytes) return { number: count, fault: 'too long' };
    let text = bytes.toString('utf8');
    // The input may hold U+FFFD itself: only then is it worth checking the bytes.
    if (text.includes('\uFFFD') && !isUtf8(bytes)) return { number: count, fault: 'not UTF-8' };
    // Files that begin with one were put one behind another.
    if (text.startsWith('\uFEFF')) text = text.slice(1);
    return blank.test(text) ? undefined : { number: count, text };
  }

  function completed(): InputLine | undefined {
    const [only] = pieces;
    const line = lineOf(pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces), held);
    pieces = [];
    held = 0;
    return line;
  }

  return {
    cut(chunk) {
      const lines: InputLine[] = [];
      let from = 0;
      for (let to = chunk.indexOf(lineFeed); to !== -1; to = chunk.indexOf(lineFeed, from)) {
        const piece = chunk.subarray(from, to);
        from = to + 1;
        if (held > 0) keep(piece);
        const line = held > 0 ? completed() : lineOf(piece, piece.length);
        if (line !== undefined) lines.push(line);
      }
      if (from < chunk.length) keep(chunk.subarray(from));
      return lines;
    },
    end() {
      const line = held > 0 ? completed() : undefined;
      return line === undefined ? [] : [line];
    },
  };
}

/**
 * The lines of an input that are not blank. Throws a CliError, after the lines before it, where the input breaks off.
 */
export async function* readLines(chunks: AsyncIterator<Buffer>): AsyncGenerator<InputLine, void, undefined> {
  const cutter = createLineCutter();
  try {
    for (let chunk = await chunks.next(); chunk.done !== true; chunk = await chunks.next())
      yield* cutter.cut(chunk.value);
  } catch (error) {
    if (error instanceof NotNdjson) throw error;
    throw new CliError(exitCode.unreadable, `the input could not be read to its end (${errnoOf(error)})`);
  }
  yield* cutter.end();
}
