/** What stands for something that must not be shown. */
const mask = '***';

export interface Redactor {
  /** The text without our credentials, in any form they travel in. */
  withoutSecrets(text: string): string;
  /** The header with its credential masked; the scheme word stays. */
  header(name: string, value: string): string;
}

const credentialHeader = /^(?:authorization|proxy-authorization|cookie|x-api-key|api-key|apikey)$/i;
const scheme = /^(?:basic|bearer|digest|token) /i;

/** Knows a connection's credentials: as they are, URL-encoded, JSON-escaped, in Base64, and joined as HTTP Basic joins them. */
export function createRedactor(secrets: readonly string[]): Redactor {
  const pairs = secrets.flatMap((user) => secrets.map((password) => `${user}:${password}`));
  const known = anyOf([...secrets.flatMap(spellings), ...[...secrets, ...pairs].flatMap(base64)]);
  const withoutSecrets = (text: string): string => text.replace(known, mask);
  return {
    withoutSecrets,
    header: (name, value) =>
      credentialHeader.test(name) ? `${scheme.exec(value)?.[0] ?? ''}${mask}` : withoutSecrets(value),
  };
}

/** How one text may be written where it turns up again: as it is, in a URL, in a form, in JSON. */
const spellings = (text: string): string[] => [
  text,
  encodeURIComponent(text.toWellFormed()),
  new URLSearchParams({ '': text }).toString().slice(1),
  JSON.stringify(text).slice(1, -1),
];

function base64(text: string): string[] {
  const bytes = Buffer.from(text, 'utf8');
  const padded = bytes.toString('base64');
  return [padded, padded.replace(/=+$/, ''), bytes.toString('base64url')];
}

/** Finds any of the texts in any case, the longest first; one or two letters only where they stand alone, not in a word. */
function anyOf(texts: readonly string[]): RegExp {
  const longestFirst = [...new Set(texts)].filter((text) => text !== '').sort((a, b) => b.length - a.length);
  const patterns = longestFirst.map((text) => {
    const literal = text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
    return text.length > 2 ? literal : `(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])`;
  });
  return patterns.length === 0 ? /(?!)/ : new RegExp(patterns.join('|'), 'giu');
}

/** Things that may name a person, whoever wrote the text: addresses, e-mails, ids, phone and card numbers, query strings. */
const personal = [
  /(?<![^\s"'<>(),;:])[^\s"'<>(),;:]+(?:@|%40)[^\s"'<>(),;:]+/gi,
  /[?#](?<=https?:\/\/[^\s"'?#]*[?#])[^\s"']*/gi,
  /\b\d{1,3}(?:\.\d{1,3}){3}\b/g,
  /(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}/gi,
  /\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi,
  /\b[0-9a-f]{12,}\b/gi,
  /\+?\d[\d\s().-]{5,}\d/g,
];

const kept = 300;
const readAtMost = 4_000;

/**
 * What a vendor said, fit for an outcome: at most 300 characters, one line, without our credentials and without anything
 * that stands in the payloads it was said about. `undefined` when it said nothing.
 */
export function vendorSaid(body: string, payloads: readonly unknown[], redactor: Redactor): string | undefined {
  let text = oneLine(redactor.withoutSecrets(unescaped(body.slice(0, readAtMost))));
  if (text === '') return undefined;
  text = text.replace(anyOf(echoesIn(text, payloads)), mask);
  text = withoutPersonal(text);
  const limit = body.length > readAtMost ? Math.min(kept, text.length >> 1) : kept;
  return text.length <= limit ? text : `${Array.from(text.slice(0, limit)).slice(0, -1).join('')}…`;
}

const oneLine = (text: string): string => text.replace(/[\s\p{Cc}]+/gu, ' ').trim();

/** The text without what may name a person, for texts that nobody wrote about a payload. */
export const withoutPersonal = (text: string): string =>
  personal.reduce((shown, pattern) => shown.replace(pattern, mask), text);

/** Many servers write JSON in ASCII: "é" as \u00e9. */
const unescaped = (text: string): string =>
  text.replace(/\\u([0-9a-f]{4})/gi, (_, unit: string) => String.fromCharCode(Number.parseInt(unit, 16)));

/** What of the payloads the text repeats, in the spelling it uses. */
function echoesIn(text: string, payloads: readonly unknown[]): string[] {
  const lower = text.toLowerCase();
  const encoded = /[%+\\]/.test(text);
  return valuesIn(payloads)
    .filter((value) => value.length <= readAtMost)
    .flatMap((value) => (encoded ? [oneLine(value), ...spellings(value)] : [oneLine(value)]))
    .filter((spelling) => lower.includes(spelling.toLowerCase()));
}

/** The texts and numbers inside payloads. */
function valuesIn(payloads: readonly unknown[]): string[] {
  const found = new Set<string>();
  const open: unknown[] = [...payloads];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'string') found.add(value);
    else if (typeof value === 'number') found.add(String(value));
    else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) open.push(part);
  }
  return [...found];
}
