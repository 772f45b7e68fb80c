import { levelsOf } from './decoded.ts';
import { asciiForms, foldedWhole } from './folded.ts';
import { TextIndex } from './text-index.ts';

/** Shorter (folded) texts occur in every answer: they count only as whole values. */
const shortest = 4;

/** Longer texts are found by their beginning. */
const longest = 4_000;

/** Most values: ASCII with nothing to decode, fold or parse, except single blanks between words. */
const simple = /^[ !#$'-*,-<>-Z^-z|~]*$/;
const isSimple = (text: string): boolean =>
  text.length <= longest && simple.test(text) && !text.includes('  ') && !text.startsWith(' ') && !text.endsWith(' ');

const mayBeCoded = /[\\&%]/;

/**
 * The values of payloads or settings, indexed for search, which must not be shown; and the names of fields, which may
 * be.
 */
export class Values {
  readonly index = new TextIndex(shortest);
  /** Folded texts under four characters. */
  readonly short = new Set<string>();
  readonly names = new Set<string>();
  readonly #indexed = new Set<string>();

  /** Adds all texts and numbers, at any depth; also those inside texts that are JSON or a query. */
  addAll(value: unknown): void {
    const open: unknown[] = [value];
    const seen = new Set<unknown>();
    while (open.length > 0) {
      const part = open.pop();
      if (typeof part === 'string') this.#takeText(part, open);
      else if (typeof part === 'number' || typeof part === 'bigint') this.#add(String(part));
      else if (typeof part === 'object' && part !== null && !seen.has(part)) {
        seen.add(part);
        if (Array.isArray(part)) for (const entry of part) open.push(entry);
        else if (part instanceof Date) open.push(JSON.stringify(part)?.slice(1, -1));
        else this.#takeParts(part, open);
      }
    }
  }

  #takeParts(part: object, open: unknown[]): void {
    for (const name of Object.keys(part)) {
      this.names.add(name);
      open.push((part as Readonly<Record<string, unknown>>)[name]);
    }
  }

  #takeText(text: string, open: unknown[]): void {
    if (isSimple(text)) return void this.#index(text.toLowerCase());
    if (!this.#add(text)) return;
    if (text.length > shortest && /^\s*[[{"]/.test(text)) open.push(parsed(text));
    else if (text.includes('=')) for (const pair of text.split(/[?&#;\s]/)) open.push(/=(.*)/.exec(pair)?.[1]);
  }

  /** False if the text was added before. */
  #add(text: string): boolean {
    const source = text.length > longest ? text.slice(0, longest) : text;
    if (!this.#index(foldedWhole(source))) return false;
    if (mayBeCoded.test(source)) for (const level of levelsOf(source).slice(1)) this.#index(foldedWhole(level.text));
    for (const form of asciiForms(source)) this.#index(foldedWhole(form));
    return true;
  }

  #index(text: string): boolean {
    if (text.length < shortest) {
      if (text !== '') this.short.add(text);
      return true;
    }
    const before = this.#indexed.size;
    if (this.#indexed.add(text).size === before) return false;
    this.index.add(text);
    return true;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
