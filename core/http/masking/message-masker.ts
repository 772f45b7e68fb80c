import { MaskedRanges } from './masked-ranges.ts';
import { findAddresses, findAll, findPersonal } from './personal.ts';
import { readingOf, type Hit, type Reading } from './reading.ts';
import { findSecrets, findValues } from './search.ts';
import type { SecretTexts } from './secret-texts.ts';
import { sourceOf } from './decoded.ts';
import { Values } from './values.ts';

/** What is known of a connection's texts before any payload. */
export interface MaskingContext {
  readonly secrets: SecretTexts;
  /** Texts of the settings that are not secret. */
  readonly settings: Values;
  /** Messages that the vendor documents, as global, unanchored patterns. */
  readonly documented: readonly RegExp[];
}

/** Most characters of a detail. */
const maxShown = 300;
/** Most characters that are read for it. */
const maxRead = 4_000;
/** In a truncated text, the last characters may be the beginning of any value. */
const uncertainTail = 16;

/**
 * Masks messages about a set of payloads. The payloads are indexed once, with the first message, and each message is
 * masked once, however many events it is for.
 */
export class MessageMasker {
  readonly #known: MaskingContext;
  readonly #payloads: readonly unknown[];
  readonly #details = new Map<string, string | undefined>();
  readonly #sentences = new Map<string, string>();
  readonly #values = new Values();
  /** How many of the payloads are indexed. */
  #indexed = 0;

  constructor(known: MaskingContext, payloads: readonly unknown[]) {
    this.#known = known;
    this.#payloads = payloads;
  }

  /**
   * The vendor's message, fit for an outcome: at most 300 characters on one line, decoded, without credentials and the
   * values of payloads and settings. `undefined` if it is blank or unreadable. `cut`: the message is truncated.
   */
  detail(message: string, cut = false): string | undefined {
    const done = this.#details.get(message);
    if (done !== undefined || this.#details.has(message)) return done;
    const masked = this.#detail(message, cut);
    this.#details.set(message, masked);
    return masked;
  }

  #detail(message: string, truncated: boolean): string | undefined {
    const cut = truncated || message.length > maxRead;
    const source = cut ? message.slice(0, maxRead) : message;
    if (unreadable.test(source) || source.trim() === '') return undefined;
    const reading = readingOf(source);
    const masked = new MaskedRanges();
    findSecrets(reading, this.#known.secrets, (start, end) => masked.add(start, end));
    this.#maskValues(reading, cut, masked);
    return shown(reading, masked, cut);
  }

  /** Masks values and what names a person, except in documented messages and error codes. */
  #maskValues(reading: Reading, cut: boolean, masked: MaskedRanges): void {
    const values = this.#payloadValues();
    const { settings, documented } = this.#known;
    const open = openParts(reading, documented, values.names);
    const hit: Hit = (start, end) => {
      if (!open.some((part) => part.start <= start && end <= part.end)) masked.add(start, end);
    };
    findValues(reading, values, { cut }, hit);
    findValues(reading, settings, { cut, whole: true }, hit);
    const { decoded } = last(reading);
    findPersonal(decoded.text, (start, end) => hit(...sourceOf(decoded, start, end)));
  }

  /**
   * Indexes the next `count` payloads; false when none is left. Otherwise the first message indexes them all at once.
   */
  indexNext(count: number): boolean {
    const end = Math.min(this.#payloads.length, this.#indexed + count);
    while (this.#indexed < end) this.#values.addAll(this.#payloads[this.#indexed++]);
    return end < this.#payloads.length;
  }

  #payloadValues(): Values {
    this.indexNext(this.#payloads.length);
    return this.#values;
  }

  /**
   * A folder's sentence. It should be constant, and is shown as it is, without credentials, addresses and values of the
   * payloads. A value that is one plain word may also be a word of the sentence: masked only if `vendorText` has it,
   * too.
   */
  sentence(text: string, vendorText = ''): string {
    const done = this.#sentences.get(text);
    if (done !== undefined) return done;
    const masked = this.#sentence(text, vendorText);
    this.#sentences.set(text, masked);
    return masked;
  }

  #sentence(text: string, vendorText: string): string {
    const reading = readingOf(text);
    const masked = new MaskedRanges();
    findSecrets(reading, this.#known.secrets, (start, end) => masked.add(start, end));
    const { decoded } = last(reading);
    findAddresses(decoded.text, (start, end) => masked.add(...sourceOf(decoded, start, end)));
    const open = documentedIn(reading, this.#known.documented);
    let answer: string | undefined;
    findValues(reading, this.#payloadValues(), { cut: false }, (start, end) => {
      if (open.some((part) => part.start <= start && end <= part.end)) return;
      const value = text.slice(start, end);
      if (plainWord.test(value)) {
        answer ??= layersOf(vendorText);
        if (!answer.includes(value.toLowerCase())) return;
      }
      masked.add(start, end);
    });
    return masked.applyTo(text);
  }
}

/** NUL indicates UTF-16; U+FFFD replaces invalid UTF-8. */
// oxlint-disable-next-line no-control-regex -- it is about control characters
const unreadable = /[\u0000\ufffd]/;

const plainWord = /^[\p{L}]{1,15}$/u;

const last = ({ layers }: Reading) => layers.at(-1) as Reading['layers'][0];

const layersOf = (vendorText: string): string =>
  readingOf(vendorText.slice(0, maxRead))
    .layers.map(({ plain }) => plain.text)
    .join('\n');

interface Part {
  readonly start: number;
  readonly end: number;
}

function documentedIn(reading: Reading, documented: readonly RegExp[]): Part[] {
  const { decoded } = last(reading);
  const parts: Part[] = [];
  const add = (start: number, end: number): void => {
    const [from, to] = sourceOf(decoded, start, end);
    parts.push({ start: from, end: to });
  };
  for (const pattern of documented) findAll(decoded.text, pattern, add);
  return parts;
}

/** The vendor's error code, such as `"code": 17`. */
const codeMember = /(["']?)\b(code|status|error_?code|status_?code)\1\s*[:=]\s*["']?(\d{1,6})(?![\d.]*\d)/gi;

/** The ranges that are shown whatever the payloads contain; a member that was sent is not an error code. */
function openParts(reading: Reading, documented: readonly RegExp[], names: ReadonlySet<string>): readonly Part[] {
  const parts = documentedIn(reading, documented);
  const { decoded } = last(reading);
  const matches = [...decoded.text.matchAll(codeMember)];
  if (matches.length === 0) return parts;
  const sent = new Set(Array.from(names, (name) => name.toLowerCase()));
  for (const match of matches) {
    const [whole, , name = '', digits = ''] = match;
    if (sent.has(name.toLowerCase())) continue;
    const end = match.index + whole.length;
    const [start, until] = sourceOf(decoded, end - digits.length, end);
    parts.push({ start, end: until });
  }
  return parts;
}

/** The decoded text on one line, masked and shortened. */
function shown(reading: Reading, masked: MaskedRanges, cut: boolean): string | undefined {
  const { decoded } = last(reading);
  const { text } = decoded;
  const hidden = masked.translateTo(decoded);
  if (cut) hidden.add(Math.max(0, text.length - uncertainTail), text.length);
  const line = hidden
    .applyTo(text)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  if (line === '') return undefined;
  return line.length <= maxShown ? line : `${Array.from(line.slice(0, maxShown)).slice(0, -1).join('')}…`;
}
