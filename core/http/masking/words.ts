import { Masked } from './mask.ts';
import { findAddresses, findAll, findPersonal } from './personal.ts';
import { readingOf, type Hit, type Reading } from './reading.ts';
import { findSecrets, findValues } from './search.ts';
import type { SecretTexts } from './secret-texts.ts';
import { sourceOf } from './decoded.ts';
import { Values } from './values.ts';

/** What a connection knows beforehand of the words it will hear. */
export interface KnownBeforehand {
  readonly secrets: SecretTexts;
  /** Texts of the settings that are no secrets. */
  readonly settings: Values;
  /** The folder's table of messages that the vendor documents: global, unanchored. */
  readonly documented: readonly RegExp[];
}

/** Characters of a detail. */
const shownAtMost = 300;
/** Characters that are read for it. */
const readAtMost = 4_000;
/** Where the rest was not read, these last ones may be the beginning of anything. */
const doubtful = 16;

/**
 * Masks what was said about some payloads. They are looked through once, when the first text is masked, and each text is masked
 * once, however many events it is told to.
 */
export class Words {
  readonly #known: KnownBeforehand;
  readonly #payloads: readonly unknown[];
  readonly #details = new Map<string, string | undefined>();
  readonly #sentences = new Map<string, string>();
  readonly #values = new Values();
  /** How many of the payloads are looked through. */
  #looked = 0;

  constructor(known: KnownBeforehand, payloads: readonly unknown[]) {
    this.#known = known;
    this.#payloads = payloads;
  }

  /**
   * The vendor's own words, fit for an outcome: at most 300 characters, one line, decoded, without our credentials and without
   * what stands in the payloads or the settings. `undefined` when they say nothing, or are not read as they were written.
   * `cut`: they are not all there.
   */
  detail(said: string, cut = false): string | undefined {
    const done = this.#details.get(said);
    if (done !== undefined || this.#details.has(said)) return done;
    const made = this.#detail(said, cut);
    this.#details.set(said, made);
    return made;
  }

  #detail(said: string, brokenOff: boolean): string | undefined {
    const cut = brokenOff || said.length > readAtMost;
    const source = cut ? said.slice(0, readAtMost) : said;
    if (unreadable.test(source) || source.trim() === '') return undefined;
    const reading = readingOf(source);
    const masked = new Masked();
    findSecrets(reading, this.#known.secrets, (start, end) => masked.add(start, end));
    this.#maskValues(reading, cut, masked);
    return shown(reading, masked, cut);
  }

  /** Values, and what names a person, but for what the vendor documents and for its error code. */
  #maskValues(reading: Reading, cut: boolean, masked: Masked): void {
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

  /** Looks through so many more payloads; false when none is left. Without it, the first text that is masked does it at once. */
  lookThrough(count: number): boolean {
    const end = Math.min(this.#payloads.length, this.#looked + count);
    while (this.#looked < end) this.#values.takeIn(this.#payloads[this.#looked++]);
    return end < this.#payloads.length;
  }

  #payloadValues(): Values {
    this.lookThrough(this.#payloads.length);
    return this.#values;
  }

  /**
   * A sentence of a folder: it should be of constants, and is shown as it is, but for credentials, addresses, and values of the
   * payloads. A value that is one plain word may be a word of the sentence: it is masked where `heard` says it, too.
   */
  sentence(text: string, heard = ''): string {
    const done = this.#sentences.get(text);
    if (done !== undefined) return done;
    const made = this.#sentence(text, heard);
    this.#sentences.set(text, made);
    return made;
  }

  #sentence(text: string, heard: string): string {
    const reading = readingOf(text);
    const masked = new Masked();
    findSecrets(reading, this.#known.secrets, (start, end) => masked.add(start, end));
    const { decoded } = last(reading);
    findAddresses(decoded.text, (start, end) => masked.add(...sourceOf(decoded, start, end)));
    const open = documentedIn(reading, this.#known.documented);
    let answer: string | undefined;
    findValues(reading, this.#payloadValues(), { cut: false }, (start, end) => {
      if (open.some((part) => part.start <= start && end <= part.end)) return;
      const value = text.slice(start, end);
      if (plainWord.test(value)) {
        answer ??= layersOf(heard);
        if (!answer.includes(value.toLowerCase())) return;
      }
      masked.add(start, end);
    });
    return masked.over(text);
  }
}

/** NUL stands in UTF-16; U+FFFD in place of what was no UTF-8. */
// oxlint-disable-next-line no-control-regex -- it is about control characters
const unreadable = /[\u0000\ufffd]/;

const plainWord = /^[\p{L}]{1,15}$/u;

const last = ({ layers }: Reading) => layers.at(-1) as Reading['layers'][0];

const layersOf = (heard: string): string =>
  readingOf(heard.slice(0, readAtMost))
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

/** A member that is the vendor's own number for what went wrong, and not one of those that were sent. */
const codeMember = /(["']?)\b(code|status|error_?code|status_?code)\1\s*[:=]\s*["']?(\d{1,6})(?![\d.]*\d)/gi;

/** What is shown whatever the payload holds. */
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

/** The text as it reads, on one line, masked and cut. */
function shown(reading: Reading, masked: Masked, cut: boolean): string | undefined {
  const { decoded } = last(reading);
  const { text } = decoded;
  const hidden = masked.in(decoded);
  if (cut) hidden.add(Math.max(0, text.length - doubtful), text.length);
  const line = hidden
    .over(text)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  if (line === '') return undefined;
  return line.length <= shownAtMost ? line : `${Array.from(line.slice(0, shownAtMost)).slice(0, -1).join('')}…`;
}
