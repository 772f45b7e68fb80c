import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  type BrotliDecompress,
  type Gunzip,
  type Inflate,
  type InflateRaw,
} from 'node:zlib';
import type { Unread } from '../api/failure.ts';

/** An answer's body as text, or why there is none. */
export interface ReadBody {
  readonly text: string;
  /** It is longer than the cap; the text is its beginning. */
  readonly over: boolean;
  readonly unread: Unread | undefined;
}

/** Collects the body of one answer: no more than `cap` decoded bytes of it. */
export interface BodyReader {
  /** Returns false when there is nothing more to read: it is longer than the cap. */
  write(chunk: Buffer): boolean;
  /** All of it is here. Calls back at once where nothing was compressed. Not after cancel(). */
  end(done: (read: ReadBody) => void): void;
  /** What is known of it so far. */
  soFar(): ReadBody;
  cancel(): void;
  /** Bytes that came, before decoding. */
  readonly received: number;
}

type Headers = Readonly<Record<string, string>>;

/** A reader for the codings and the charset that the headers name. */
export function bodyReader(headers: Headers, cap: number): BodyReader {
  const named = headers['content-encoding'];
  const codings = named === undefined ? none : codingsOf(named);
  return codings.length === 0 ? new PlainBody(headers, cap) : new CodedBody(headers, cap, codings);
}

class PlainBody implements BodyReader {
  readonly #headers: Headers;
  readonly #cap: number;
  #chunks: Buffer[] = [];
  received = 0;

  constructor(headers: Headers, cap: number) {
    this.#headers = headers;
    this.#cap = cap;
  }

  write(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    this.received += chunk.length;
    return this.received <= this.#cap;
  }

  end(done: (read: ReadBody) => void): void {
    done(this.soFar());
  }

  soFar(): ReadBody {
    return textOf(this.#chunks, this.#headers['content-type'], this.#cap);
  }

  cancel(): void {
    this.#chunks = [];
  }
}

type Decoder = BrotliDecompress | Gunzip | Inflate | InflateRaw;

type Coding = 'gzip' | 'deflate' | 'br' | 'unknown';

const none: readonly Coding[] = [];
/** More codings than this, one around the other, are an attack and no answer. */
const mostCodings = 3;
/** A coding that makes a body longer adds a few bytes in every thousand; what is longer than that is over the cap. */
const codedAllowance = 4096;

const codingNames: ReadonlyMap<string, Coding> = new Map([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
]);

/** In the order in which they were put on. */
function codingsOf(header: string): readonly Coding[] {
  const names = header
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  return names.length > mostCodings ? ['unknown'] : names.map((name) => codingNames.get(name) ?? 'unknown');
}

/** Decodes while it comes, and counts what comes out: a small body can hold a very long one. */
class CodedBody implements BodyReader {
  readonly #headers: Headers;
  readonly #cap: number;
  readonly #codings: readonly Coding[];
  #decoders: Decoder[] = [];
  /** Bytes that each decoder was given. */
  #given: number[] = [];
  #ended = false;
  #chunks: Buffer[] = [];
  #decoded = 0;
  #unread: Unread | undefined;
  #done: ((read: ReadBody) => void) | undefined;
  received = 0;

  constructor(headers: Headers, cap: number, codings: readonly Coding[]) {
    this.#headers = headers;
    this.#cap = cap;
    this.#codings = codings;
    if (codings.includes('unknown')) this.#unread = 'coding';
  }

  write(chunk: Buffer): boolean {
    this.received += chunk.length;
    if (this.received > this.#cap + codedAllowance) return false;
    if (this.#unread !== undefined || chunk.length === 0) return true;
    if (this.#decoders.length === 0) this.#open(chunk);
    // What comes behind the end of a stream is counted only.
    this.#given[0] = this.received;
    if (!this.#ended) this.#decoders[0]?.write(chunk);
    return this.#decoded <= this.#cap;
  }

  end(done: (read: ReadBody) => void): void {
    // Nothing at all is nothing in any coding: answers to HEAD, 204 and 304 name one, too.
    if (this.received === 0) return done({ text: '', over: false, unread: undefined });
    if (this.#unread !== undefined || this.#decoded > this.#cap) return done(this.soFar());
    this.#done = done;
    if (this.#ended) this.#finish();
    else this.#decoders[0]?.end();
  }

  soFar(): ReadBody {
    const over = this.received > this.#cap + codedAllowance || this.#decoded > this.#cap;
    if (this.#unread !== undefined) return { text: '', over, unread: this.#unread };
    return { ...textOf(this.#chunks, this.#headers['content-type'], this.#cap), over };
  }

  cancel(): void {
    this.#done = undefined;
    this.#close();
    this.#chunks = [];
  }

  /** The last coding was put on last and comes off first. */
  #open(first: Buffer): void {
    const decoders = this.#codings
      .toReversed()
      .map((coding, index) => decoderOf(coding, index === 0 ? first : undefined));
    this.#given = decoders.map(() => 0);
    decoders.reduce((before, after, index) => {
      before.on('data', (chunk: Buffer) => (this.#given[index] = (this.#given[index] as number) + chunk.length));
      return before.pipe(after);
    });
    for (const decoder of decoders) decoder.on('error', () => this.#break());
    const last = decoders.at(-1);
    last?.on('data', (chunk: Buffer) => this.#take(chunk)).on('end', () => this.#end());
    this.#decoders = decoders;
  }

  /** The last decoder has said all, perhaps before all has come. */
  #end(): void {
    this.#ended = true;
    if (this.#done !== undefined) this.#finish();
  }

  /**
   * A decoder ends with the last block of its stream, whatever comes behind, and one byte of a plain text can be all of an empty
   * stream: "3: no such token", called `br`, would be nothing at all.
   */
  #finish(): void {
    if (this.#decoders.some(({ bytesWritten }, index) => bytesWritten !== this.#given[index])) return this.#break();
    this.#tell();
  }

  #take(chunk: Buffer): void {
    if (this.#decoded > this.#cap) return;
    this.#chunks.push(chunk);
    this.#decoded += chunk.length;
    if (this.#decoded <= this.#cap) return;
    this.#close();
    this.#tell();
  }

  #break(): void {
    if (this.#decoded > this.#cap) return;
    this.#unread ??= 'broken';
    this.#close();
    this.#tell();
  }

  #tell(): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(this.soFar());
  }

  #close(): void {
    for (const decoder of this.#decoders) decoder.destroy();
  }
}

/** `deflate` is zlib's format by its definition, and a bare stream from servers that read it literally. */
function decoderOf(coding: Coding, first: Buffer | undefined): Decoder {
  switch (coding) {
    case 'gzip':
      return createGunzip();
    case 'br':
      return createBrotliDecompress();
    case 'deflate':
    case 'unknown':
      return first === undefined || ((first[0] ?? 0) & 0x0f) === 8 ? createInflate() : createInflateRaw();
  }
}

function textOf(chunks: readonly Buffer[], contentType: string | undefined, cap: number): ReadBody {
  const [only] = chunks;
  if (only === undefined) return emptyBody;
  const all = chunks.length > 1 ? Buffer.concat(chunks) : only;
  const over = all.length > cap;
  const charset = charsetOf(all, contentType);
  if (charset === 'utf-8') return { text: utf8(all, cap), over, unread: undefined };
  try {
    return { text: new TextDecoder(charset).decode(all.subarray(0, cap)), over, unread: undefined };
  } catch {
    return { text: '', over, unread: 'charset' };
  }
}

const emptyBody: ReadBody = { text: '', over: false, unread: undefined };

/** Without the mark that some servers put before it, which no JSON parser takes. */
function utf8(bytes: Buffer, cap: number): string {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return bytes.toString('utf8', marked ? 3 : 0, cap);
}

const charsetParameter = /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]*))/i;
const isUtf8 = /^utf-?8$/i;

/** The mark at the beginning decides before the header does, as in browsers. */
function charsetOf(bytes: Buffer, contentType: string | undefined): string {
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (contentType === undefined || !contentType.includes(';')) return 'utf-8';
  const [, quoted, bare] = charsetParameter.exec(contentType) ?? [];
  const named = quoted ?? bare ?? '';
  return named === '' || isUtf8.test(named) ? 'utf-8' : named;
}
