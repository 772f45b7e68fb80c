/** A text without its escapes, and where each of its UTF-16 units begins in the text as it was written. */
export interface PlainText {
  readonly text: string;
  /** One more than the text has units: the last is the length of the text as it was written. */
  readonly starts: Int32Array;
}

/**
 * Undoes percent-escapes and HTML entities, and those of what is escaped more than once, until none is left. What is
 * escaped wrongly stays as it is. Full-width forms become ASCII, and what nobody sees is left out. It is to search in,
 * not to send, and takes time in proportion to the text, however deep it is escaped.
 */
export function plainTextOf(source: string): PlainText {
  let plain = withoutPercents(source);
  // An entity may stand for a sign of another escape. Nobody writes a third round.
  for (let round = 0; round < 3 && plain.text.includes('&'); round += 1) {
    const other = withoutEntities(plain);
    if (other === plain) break;
    plain = other.text.includes('%') ? startsThrough(withoutPercents(other.text), other.starts) : other;
  }
  return beyondAscii.test(plain.text) ? foldWidth(plain) : plain;
}

const beyondAscii = /[\x80-\uffff]/;

/** Tells a byte beyond ASCII, out of an escape, from a character. */
const byte = 0x1_0000;

/** What an escape stands for joins what is before it, and may complete another there: so once is enough. */
function withoutPercents(source: string): PlainText {
  const codes = new Int32Array(source.length);
  const starts = new Int32Array(source.length + 1);
  let size = 0;
  let hasBytes = false;
  for (let index = 0; index < source.length; index += 1) {
    let code = source.charCodeAt(index);
    let start = index;
    while (size > 1 && codes[size - 2] === 0x25) {
      const value = hexDigit(codes[size - 1] as number) * 16 + hexDigit(code);
      if (Number.isNaN(value)) break;
      size -= 2;
      start = starts[size] as number;
      code = value < 0x80 ? value : byte + value;
      hasBytes ||= value >= 0x80;
    }
    codes[size] = code;
    starts[size] = start;
    size += 1;
  }
  if (hasBytes) size = joinBytes(codes, starts, size);
  starts[size] = source.length;
  return { text: size === source.length ? source : textOf(codes, size), starts };
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const small = code | 0x20;
  return small >= 0x61 && small <= 0x66 ? small - 0x57 : Number.NaN;
}

/** Makes characters of bytes, by UTF-8; a byte that belongs to none becomes U+FFFD. Returns how many units are left. */
function joinBytes(codes: Int32Array, starts: Int32Array, size: number): number {
  let to = 0;
  for (let from = 0; from < size; to += 1) {
    const code = codes[from] as number;
    starts[to] = starts[from] as number;
    if (code < byte) {
      codes[to] = code;
      from += 1;
      continue;
    }
    const length = lengthOf(code - byte);
    let character = (code - byte) & (0xff >> (length + 1));
    let isWhole = length > 1 && from + length <= size;
    for (let next = from + 1; isWhole && next < from + length; next += 1) {
      const more = (codes[next] as number) - byte;
      isWhole = more >= 0x80 && more < 0xc0;
      character = character * 64 + (more & 0x3f);
    }
    from += isWhole ? length : 1;
    if (!isWhole || character > 0x10_ffff) codes[to] = 0xff_fd;
    else if (character < byte) codes[to] = character;
    else {
      codes[to] = 0xd7_c0 + (character >> 10);
      to += 1;
      codes[to] = 0xdc_00 + (character & 0x3_ff);
      starts[to] = starts[to - 1] as number;
    }
  }
  return to;
}

/** How many bytes a character has that begins with this one; 1 for those with which none begins. */
const lengthOf = (lead: number): number => (lead < 0xc0 || lead > 0xf7 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4);

/**
 * `&amp;#64;` has been made safe for HTML twice. Without its semicolon, only an `@` before a letter counts: `&#123` may
 * be the end of a query and the beginning of a fragment.
 */
const entity =
  /&(?:amp;)*(?:#0*(\d{1,7});|#[xX]0*([\da-fA-F]{1,6});|#(?:0*64|[xX]0*40)(?=\p{L})|(commat|period|amp);)/gu;
const entityNames: Readonly<Record<string, string>> = { commat: '@', period: '.', amp: '&' };

function withoutEntities(plain: PlainText): PlainText {
  return replaceAllIn(plain, entity, (_, decimal, hex, name) => {
    if (name !== undefined) return entityNames[name] as string;
    const code = hex === undefined ? Number(decimal ?? 64) : Number.parseInt(hex, 16);
    return code > 0x10_ffff ? '\ufffd' : String.fromCodePoint(code);
  });
}

const wideForms = /[\uff01-\uff5e\ufe6b\u3002\uff61]|\p{Cf}/gu;

/** Full-width forms, and the other signs that stand for `@` and for the dot of a domain. */
const foldWidth = (plain: PlainText): PlainText =>
  replaceAllIn(plain, wideForms, (sign) => {
    const code = (sign as string).charCodeAt(0);
    if (code >= 0xff_01 && code <= 0xff_5e) return String.fromCharCode(code - 0xfe_e0);
    return code === 0xfe_6b ? '@' : code === 0x30_02 || code === 0xff_61 ? '.' : '';
  });

/** The same text if nothing matches. What replaces a match begins where the match did. */
function replaceAllIn(
  plain: PlainText,
  pattern: RegExp,
  replacement: (...match: (string | undefined)[]) => string,
): PlainText {
  if (plain.text.search(pattern) < 0) return plain;
  const starts = new Int32Array(plain.starts.length);
  let text = '';
  let next = 0;
  const copy = (to: number): void => {
    starts.set(plain.starts.subarray(next, to), text.length);
    text += plain.text.slice(next, to);
  };
  for (const match of plain.text.matchAll(pattern)) {
    copy(match.index);
    const other = replacement(...match);
    starts.fill(plain.starts[match.index] as number, text.length, text.length + other.length);
    text += other;
    next = match.index + match[0].length;
  }
  copy(plain.text.length);
  starts[text.length] = plain.starts[plain.text.length] as number;
  return { text, starts };
}

/** Of two texts, the second made of the first: where its units begin in what the first was made of. */
const startsThrough = ({ text, starts }: PlainText, first: Int32Array): PlainText => ({
  text,
  starts: starts.map((index) => first[index] as number),
});

function textOf(codes: Int32Array, size: number): string {
  let text = '';
  for (let from = 0; from < size; from += 4096)
    text += String.fromCharCode.apply(
      undefined,
      codes.subarray(from, Math.min(size, from + 4096)) as unknown as number[],
    );
  return text;
}
