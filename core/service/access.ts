import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * What a token allows. `deliver`: events in. `read`: states and counts, no contents of events. `events`: dead letters
 * and previews, which hold events. `operate`: revive, drop, replay, resume, and the vendors' operations.
 */
export const scopes = ['deliver', 'read', 'events', 'operate'] as const;
export type Scope = (typeof scopes)[number];

/** A token that opens the service, without its secret. */
export interface Token {
  /** Stands in logs. Several tokens may have one name, while one replaces another. */
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  /** SHA-256 of the secret. */
  readonly digest: Uint8Array;
}

export interface TokenFault {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

const fewestCharacters = 16;

/**
 * Reads a token file. A line is `name scope... token`, blank, or a comment that begins with `#`.
 *
 * @example
 * const { tokens, faults } = readTokens('gateway deliver 2f1c9a60d3b84e57\noncall read operate 77aa0c9d1e2f');
 * if (faults.length > 0) throw new Error(faults.map(({ line, message }) => `line ${line}: ${message}`).join('\n'));
 * console.log(tokens.map(({ name }) => name));
 */
export function readTokens(text: string): {
  readonly tokens: readonly Token[];
  readonly faults: readonly TokenFault[];
} {
  const tokens: Token[] = [];
  const faults: TokenFault[] = [];
  const secrets = new Set<string>();
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const words = line.trim().split(/\s+/);
    if (words[0] === '' || words[0]?.startsWith('#') === true) continue;
    const secret = words.at(-1) ?? '';
    // Which of two lines holds for a token would be a matter of their order.
    const message = faultOf(words) ?? (secrets.has(secret) ? 'another line has the same token' : undefined);
    secrets.add(secret);
    if (message !== undefined) faults.push({ line: index + 1, message });
    else
      tokens.push({
        name: words[0] ?? '',
        scopes: new Set(words.slice(1, -1) as Scope[]),
        digest: digestOf(secret),
      });
  }
  return { tokens, faults };
}

/** Never names a word of the line: any of them may be the secret. */
function faultOf(words: readonly string[]): string | undefined {
  if (words.length < 3) return 'must be a name, one or more scopes, and a token';
  const known = new Set<string>(scopes);
  if (!words.slice(1, -1).every((word) => known.has(word)))
    return `one of its scopes is unknown; there are: ${scopes.join(', ')}`;
  if ((words.at(-1) ?? '').length < fewestCharacters) return `its token has fewer than ${fewestCharacters} characters`;
  return undefined;
}

const digestOf = (secret: string): Uint8Array => createHash('sha256').update(secret).digest();

/** The token of an `authorization` header. Compares with every token, in a time that says nothing of any of them. */
export function tokenOf(authorization: string | null, tokens: readonly Token[]): Token | undefined {
  const secret = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (secret === undefined) return undefined;
  const digest = digestOf(secret);
  let match: Token | undefined;
  for (const token of tokens) if (timingSafeEqual(token.digest, digest)) match = token;
  return match;
}
