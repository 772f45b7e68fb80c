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

/** A response body as text, or why it cannot be read. */
export interface DecodedBody {
  readonly text: string;
  /** The body is longer than the cap; the text is its beginning. */
  readonly overCap: boolean;
  readonly unread: Unread | undefined;
}

/** Who wants the body. */
export interface BodyListener {
  onBody(body: DecodedBody): void;
}

/** Collects the body of one response, up to `cap` decoded bytes. */
export interface BodyReader {
  /** Returns false when the body exceeds the cap, so that nothing more need be read. */
  write(chunk: Buffer): boolean;
  /** The body has arrived in full. Calls back at once if it was not compressed; not at all after cancel(). */
  end(listener: BodyListener): void;
  /** What has been read so far. */
  soFar(): DecodedBody;
  cancel(): void;
  /** Bytes received, before decoding. */
  readonly received: number;
}

type Headers = Readonly<Record<string, string>>;

/** Returns a reader for the codings and the charset that the headers name. */
export function createBodyReader(headers: Headers, cap: number): BodyReader {
  const header = headers['content-encoding'];
  const codings = header === undefined ? noCodings : codingsOf(header);
  return codings.length === 0 ? new PlainBody(headers, cap) : new CodedBody(headers, cap, codings);
}

class PlainBody implements BodyReader {
  readonly #headers: Headers;
  readonly #cap: number;
  #chunks: Buffer[] | undefined;
  received = 0;

  constructor(headers: Headers, cap: number) {
    this.#headers = headers;
    this.#cap = cap;
  }

  write(chunk: Buffer): boolean {
    // Nearly every body is one chunk. A list with one member takes a tenth of the memory of one that may grow.
    if (this.#chunks === undefined) this.#chunks = [chunk];
    else this.#chunks.push(chunk);
    this.received += chunk.length;
    return this.received <= this.#cap;
  }

  end(listener: BodyListener): void {
    listener.onBody(this.soFar());
  }

  soFar(): DecodedBody {
    return this.#chunks === undefined ? emptyBody : textOf(this.#chunks, this.#headers['content-type'], this.#cap);
  }

  cancel(): void {
    this.#chunks = undefined;
  }
}

type Decoder = BrotliDecompress | Gunzip | Inflate | InflateRaw;

type Coding = 'gzip' | 'deflate' | 'br' | 'unknown';

const noCodings: readonly Coding[] = [];
/** More nested codings than this are an attack. */
const maxCodings = 3;
/** A coding can make a body longer, but only by a few bytes per thousand; a longer body exceeds the cap. */
const codedAllowance = 4096;

const codingNames: ReadonlyMap<string, Coding> = new Map([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
]);

/** In the order in which they were applied. */
function codingsOf(header: string): readonly Coding[] {
  const names = header
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  return names.length > maxCodings ? ['unknown'] : names.map((name) => codingNames.get(name) ?? 'unknown');
}

/** Decodes chunk by chunk and counts the output, because a small body can expand to a very long one. */
class CodedBody implements BodyReader {
  readonly #headers: Headers;
  readonly #cap: number;
  readonly #codings: readonly Coding[];
  #decoders: Decoder[] = [];
  /** Bytes written to each decoder. */
  #bytesIn: number[] = [];
  #ended = false;
  #chunks: Buffer[] = [];
  #decoded = 0;
  #unread: Unread | undefined;
  #listener: BodyListener | undefined;
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
    if (this.#decoders.length === 0) this.#openDecoders(chunk);
    // Bytes after the end of the stream are counted, not decoded.
    this.#bytesIn[0] = this.received;
    if (!this.#ended) this.#decoders[0]?.write(chunk);
    return this.#decoded <= this.#cap;
  }

  end(listener: BodyListener): void {
    // No bytes mean an empty body in any coding: responses to HEAD, 204 and 304 may name one, too.
    if (this.received === 0) return listener.onBody({ text: '', overCap: false, unread: undefined });
    if (this.#unread !== undefined || this.#decoded > this.#cap) return listener.onBody(this.soFar());
    this.#listener = listener;
    if (this.#ended) this.#finish();
    else this.#decoders[0]?.end();
  }

  soFar(): DecodedBody {
    const overCap = this.received > this.#cap + codedAllowance || this.#decoded > this.#cap;
    if (this.#unread !== undefined) return { text: '', overCap, unread: this.#unread };
    return { ...textOf(this.#chunks, this.#headers['content-type'], this.#cap), overCap };
  }

  cancel(): void {
    this.#listener = undefined;
    this.#closeDecoders();
    this.#chunks = [];
  }

  /** The coding that was applied last is removed first. */
  #openDecoders(first: Buffer): void {
    const decoders = this.#codings
      .toReversed()
      .map((coding, index) => decoderOf(coding, index === 0 ? first : undefined));
    this.#bytesIn = decoders.map(() => 0);
    decoders.reduce((before, after, index) => {
      before.on('data', (chunk: Buffer) => (this.#bytesIn[index] = (this.#bytesIn[index] as number) + chunk.length));
      return before.pipe(after);
    });
    for (const decoder of decoders) decoder.on('error', () => this.#fail());
    const last = decoders.at(-1);
    last?.on('data', (chunk: Buffer) => this.#onDecoded(chunk)).on('end', () => this.#onDecodedEnd());
    this.#decoders = decoders;
  }

  /** The last decoder has ended, perhaps before the whole body arrived. */
  #onDecodedEnd(): void {
    this.#ended = true;
    if (this.#listener !== undefined) this.#finish();
  }

  /**
   * A decoder ends with the last block of its stream and ignores what follows, and one byte of plain text can be a
   * complete empty stream: "3: no such token", labelled `br`, would decode to nothing.
   */
  #finish(): void {
    if (this.#decoders.some(({ bytesWritten }, index) => bytesWritten !== this.#bytesIn[index])) return this.#fail();
    this.#report();
  }

  #onDecoded(chunk: Buffer): void {
    if (this.#decoded > this.#cap) return;
    this.#chunks.push(chunk);
    this.#decoded += chunk.length;
    if (this.#decoded <= this.#cap) return;
    this.#closeDecoders();
    this.#report();
  }

  #fail(): void {
    if (this.#decoded > this.#cap) return;
    this.#unread ??= 'broken';
    this.#closeDecoders();
    this.#report();
  }

  #report(): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onBody(this.soFar());
  }

  #closeDecoders(): void {
    for (const decoder of this.#decoders) decoder.destroy();
  }
}

/** By definition `deflate` means zlib's format; some servers send a raw deflate stream instead. */
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

function textOf(chunks: readonly Buffer[], contentType: string | undefined, cap: number): DecodedBody {
  const [only] = chunks;
  if (only === undefined) return emptyBody;
  const all = chunks.length > 1 ? Buffer.concat(chunks) : only;
  const overCap = all.length > cap;
  const charset = charsetOf(all, contentType);
  if (charset === 'utf-8') return { text: utf8(all, cap), overCap, unread: undefined };
  try {
    return { text: new TextDecoder(charset).decode(all.subarray(0, cap)), overCap, unread: undefined };
  } catch {
    return { text: '', overCap, unread: 'charset' };
  }
}

const emptyBody: DecodedBody = { text: '', overCap: false, unread: undefined };

/** Strips the byte order mark, which JSON parsers refuse. */
function utf8(bytes: Buffer, cap: number): string {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return bytes.toString('utf8', marked ? 3 : 0, cap);
}

const charsetParameter = /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]*))/i;
const isUtf8 = /^utf-?8$/i;

/** A byte order mark wins over the header, as in browsers. */
function charsetOf(bytes: Buffer, contentType: string | undefined): string {
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (contentType === undefined || !contentType.includes(';')) return 'utf-8';
  const [, quoted, bare] = charsetParameter.exec(contentType) ?? [];
  const named = quoted ?? bare ?? '';
  return named === '' || isUtf8.test(named) ? 'utf-8' : named;
}
