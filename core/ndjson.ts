import { isUtf8 } from 'node:buffer';

/** One line that is not blank; its number counts blank ones, too, from 1. */
export type NdjsonLine =
  { readonly number: number; readonly text: string } | { readonly number: number; readonly fault: LineFault };
export type LineFault = 'too long' | 'not UTF-8';

const lineFeed = 0x0a;
const blank = /^[\t\r ]*$/;
const nothing: Buffer = Buffer.alloc(0);

export interface LineCutter {
  /** The lines this chunk completes. */
  cut(chunk: Uint8Array): NdjsonLine[];
  /** The last line, when no line feed ended it. */
  end(): NdjsonLine[];
}

/**
 * Cuts bytes into lines at line feeds alone: readline would also cut at U+2028, which JSON strings may hold. Accepts
 * CRLF, and a byte order mark at the start of any line. A line of more than `maxBytes` is a fault, and is not
 * collected.
 */
export function createLineCutter(maxBytes: number): LineCutter {
  /** Begins with the first `held` bytes of an unfinished line, unless that is too long already. */
  let start = nothing;
  let held = 0;
  let count = 0;

  /** Copies: many small pieces of one line would take a hundred times its size. */
  function keep(piece: Buffer): void {
    const before = held;
    held += piece.length;
    if (held > maxBytes) start = nothing;
    else {
      if (held > start.length) {
        const larger = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(held, 2 * start.length)));
        start.copy(larger, 0, 0, before);
        start = larger;
      }
      piece.copy(start, before);
    }
  }

  function lineOf(bytes: Buffer, length: number): NdjsonLine | undefined {
    count += 1;
    if (length > maxBytes) return { number: count, fault: 'too long' };
    let text = bytes.toString('utf8');
    // The input may hold U+FFFD itself: only then is it worth checking the bytes.
    if (text.includes('\uFFFD') && !isUtf8(bytes)) return { number: count, fault: 'not UTF-8' };
    // Files that begin with one were put one behind another.
    if (text.startsWith('\uFEFF')) text = text.slice(1);
    return blank.test(text) ? undefined : { number: count, text };
  }

  function completed(): NdjsonLine | undefined {
    const line = lineOf(start.subarray(0, held), held);
    start = nothing;
    held = 0;
    return line;
  }

  return {
    cut({ buffer, byteOffset, byteLength }) {
      const chunk = Buffer.from(buffer, byteOffset, byteLength);
      const lines: NdjsonLine[] = [];
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

/** The lines that are not blank, each as soon as it has ended. */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<NdjsonLine, void, undefined> {
  const cutter = createLineCutter(maxBytes);
  for await (const chunk of chunks) yield* cutter.cut(chunk);
  yield* cutter.end();
}

/** How much text goes out at once. */
const chunkLength = 65_536;

/** Each item as a line of JSON, many of them in one chunk. */
export async function* writeLines(items: AsyncIterable<unknown>): AsyncGenerator<Uint8Array, void, undefined> {
  let text = '';
  for await (const item of items) {
    text += `${JSON.stringify(item)}\n`;
    if (text.length < chunkLength) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text !== '') yield Buffer.from(text);
}
