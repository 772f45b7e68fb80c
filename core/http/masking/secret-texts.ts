import { levelsOf } from './decoded.ts';
import { asciiForms, foldedWhole } from './folded.ts';
import { TextIndex } from './text-index.ts';

/** Shorter secrets occur in every text: they count only as separate words. */
const shortest = 3;

/**
 * A connection's credentials, indexed for search: verbatim, in ASCII alone, in Base64, and in pairs as in HTTP Basic.
 * All folded.
 */
export class SecretTexts {
  readonly index = new TextIndex(shortest);
  readonly short = new Set<string>();

  constructor(secrets: readonly string[]) {
    const indexed = new Set<string>();
    const add = (text: string): void => {
      if (text.length >= shortest) indexed.add(text);
      else if (text !== '') this.short.add(text);
    };
    for (const secret of secrets) for (const { text } of levelsOf(secret)) add(foldedWhole(text));
    for (const text of secrets.flatMap(asciiForms)) add(foldedWhole(text));
    for (const text of [...secrets, ...pairsOf(secrets)].flatMap(base64)) add(foldedWhole(text));
    for (const text of indexed) this.index.add(text);
  }

  get isEmpty(): boolean {
    return this.index.empty && this.short.size === 0;
  }
}

const pairsOf = (secrets: readonly string[]): string[] =>
  secrets.flatMap((user) => secrets.map((password) => `${user}:${password}`));

function base64(text: string): string[] {
  const bytes = Buffer.from(text, 'utf8');
  const padded = bytes.toString('base64');
  return [padded, padded.replace(/=+$/, ''), bytes.toString('base64url')];
}
