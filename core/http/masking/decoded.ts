import { entity } from './entities.ts';

/** A text, and for each of its UTF-16 units the position it comes from in the source text. */
export interface TracedText {
  readonly text: string;
  /** Unit i comes from the source range [from[i], to[i]); `undefined` means unit i itself. */
  readonly from: readonly number[] | undefined;
  readonly to: readonly number[] | undefined;
}

/** The source range of the part [start, end). */
export function sourceOf({ from, to }: TracedText, start: number, end: number): readonly [start: number, end: number] {
  return from === undefined || to === undefined ? [start, end] : [from[start] as number, to[end - 1] as number];
}

/** Deeper than any real nesting, such as JSON in JSON in a URL in HTML. */
const mostRounds = 8;

/**
 * The original text and the text after each round of decoding, until nothing is left to decode: escapes of JSON and
 * JavaScript, HTML entities, percent-encoding (invalid UTF-8 is read as Latin-1). Every level is traced to the first.
 * All levels matter, because what looks like an escape may be literal text.
 */
export function levelsOf(source: string): TracedText[] {
  const levels: TracedText[] = [{ text: source, from: undefined, to: undefined }];
  for (let round = 0; round < mostRounds; round++) {
    const level = levels.at(-1) as TracedText;
    const next = decodedOnce(level) ?? decodeMojibake(level);
    if (next === undefined) break;
    levels.push(next);
  }
  return levels;
}

const coded =
  /\\(?:u\{0*([0-9a-f]{1,6})\}|u([0-9a-f]{4})|x([0-9a-f]{2})|([^]))|&#x0*([0-9a-f]{1,6});?|&#0*(\d{1,7});?|&([a-z][a-z0-9]{1,30});|((?:%[0-9a-f]{2})+)|%u([0-9a-f]{4})/gi;

const misreadUnit =
  /[\u00c2-\u00df][\u0080-\u00bf]|[\u00e0-\u00ef][\u0080-\u00bf]{2}|[\u00f0-\u00f4][\u0080-\u00bf]{3}/g;

/** Undoes UTF-8 that was read as Latin-1: "Ã©" becomes "é". */
function decodeMojibake(level: TracedText): TracedText | undefined {
  let writer: Writer | undefined;
  let done = 0;
  for (const { 0: whole, index } of level.text.matchAll(misreadUnit)) {
    writer ??= new Writer(level);
    writer.copy(done, index);
    done = index + whole.length;
    writer.put(Buffer.from(whole, 'latin1').toString('utf8'), index, done);
  }
  writer?.copy(done, level.text.length);
  return writer?.written();
}

const joint = /["']\s*[,+]\s*["']|<\/?[a-z][^<>]{0,100}>/gi;

/** The level without what may divide a value: tags, and quotes between two parts. `undefined` if there are none. */
export function withoutSeparators(level: TracedText): TracedText | undefined {
  let writer: Writer | undefined;
  let done = 0;
  for (const { 0: whole, index } of level.text.matchAll(joint)) {
    writer ??= new Writer(level);
    writer.copy(done, index);
    done = index + whole.length;
  }
  writer?.copy(done, level.text.length);
  return writer?.written();
}

/** One round of decoding; `undefined` when there is nothing to decode. */
function decodedOnce(level: TracedText): TracedText | undefined {
  const { text } = level;
  if (!/[\\&%]/.test(text)) return undefined;
  let writer: Writer | undefined;
  let done = 0;
  coded.lastIndex = 0;
  for (let match = coded.exec(text); match !== null; match = coded.exec(text)) {
    const [whole, braced, unit, byte, escaped, hex, decimal, name, bytes, percentUnit] = match;
    const code = braced ?? unit ?? byte ?? hex ?? percentUnit;
    const character =
      code !== undefined
        ? characterOf(Number.parseInt(code, 16))
        : decimal !== undefined
          ? characterOf(Number(decimal))
          : name !== undefined
            ? entity(name)
            : escaped === undefined
              ? undefined
              : (controls[escaped] ?? escaped);
    if (character === undefined && bytes === undefined) continue;
    writer ??= new Writer(level);
    writer.copy(done, match.index);
    done = match.index + whole.length;
    if (bytes === undefined) writer.put(character as string, match.index, done);
    else writePercentBytes(writer, bytes, match.index);
  }
  writer?.copy(done, text.length);
  return writer?.written();
}

const controls: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v' };

const characterOf = (code: number): string | undefined =>
  code <= 0x10ffff ? (code < 0x10000 ? String.fromCharCode(code) : String.fromCodePoint(code)) : undefined;

/** `%C3%A9` is one UTF-8 character; `%E9` alone is not valid UTF-8 and is read as Latin-1. */
function writePercentBytes(writer: Writer, written: string, at: number): void {
  const count = written.length / 3;
  const byteAt = (n: number): number => (n < count ? Number.parseInt(written.slice(3 * n + 1, 3 * n + 3), 16) : 0);
  for (let n = 0; n < count;) {
    const length = sequenceLength(byteAt, n);
    let code = byteAt(n);
    if (length > 1) {
      code &= 0xff >> (length + 1);
      for (let more = 1; more < length; more++) code = (code << 6) | (byteAt(n + more) & 0x3f);
    }
    writer.put(characterOf(code) ?? '\ufffd', at + 3 * n, at + 3 * (n + length));
    n += length;
  }
}

function sequenceLength(byteAt: (n: number) => number, n: number): number {
  const lead = byteAt(n);
  const length =
    lead >= 0xf0 && lead < 0xf5 ? 4 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xc2 && lead < 0xe0 ? 2 : 1;
  for (let more = 1; more < length; more++) if ((byteAt(n + more) & 0xc0) !== 0x80) return 1;
  return length;
}

/** Writes the next level. */
class Writer {
  readonly #level: TracedText;
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  #text = '';

  constructor(level: TracedText) {
    this.#level = level;
  }

  copy(start: number, end: number): void {
    const { text, from, to } = this.#level;
    for (let i = start; i < end; i++) {
      this.#from.push(from === undefined ? i : (from[i] as number));
      this.#to.push(to === undefined ? i + 1 : (to[i] as number));
    }
    this.#text += text.slice(start, end);
  }

  /** Writes a character in place of the part [start, end) of the level. */
  put(character: string, start: number, end: number): void {
    const [from, to] = sourceOf(this.#level, start, end);
    for (let i = 0; i < character.length; i++) {
      this.#from.push(from);
      this.#to.push(to);
    }
    this.#text += character;
  }

  written(): TracedText {
    return { text: this.#text, from: this.#from, to: this.#to };
  }
}
