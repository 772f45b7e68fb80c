/** What stands for something that must not be shown. */
export const mask = '***';

export interface Redactor {
  /** The text without our credentials, in any form they travel in. */
  withoutSecrets(text: string): string;
  /** The header with its credential masked; the scheme word stays. */
  header(name: string, value: string): string;
}

const credentialHeader = /^(?:authorization|proxy-authorization|cookie|x-api-key|api-key|apikey)$/i;

/** Knows a connection's credentials: as they are, URL-encoded, in Base64, and joined as HTTP Basic joins them. */
export function createRedactor(secrets: readonly string[]): Redactor {
  const forms = new Set<string>();
  const pairs = secrets.flatMap((user) => secrets.map((password) => `${user}:${password}`));
  for (const secret of [...secrets, ...pairs]) {
    for (const form of [secret, encodeURIComponent(secret.toWellFormed()), JSON.stringify(secret).slice(1, -1), base64(secret)]) {
      forms.add(form);
    }
  }
  const longestFirst = [...forms].filter((form) => form !== '').sort((a, b) => b.length - a.length);
  const withoutSecrets = (text: string): string =>
    longestFirst.reduce((shown, form) => (shown.includes(form) ? shown.replaceAll(form, mask) : shown), text);
  return {
    withoutSecrets,
    header: (name, value) =>
      credentialHeader.test(name) ? `${/^\w+ /.exec(value)?.[0] ?? ''}${mask}` : withoutSecrets(value),
  };
}

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/** Things that may name a person, whoever wrote the text: addresses, e-mails, ids, phone and card numbers, query strings. */
const personal = [
  /[^\s"'<>(),;:]+@[^\s"'<>(),;:]+/g,
  /(?<=https?:\/\/[^\s"'?#]*)[?#][^\s"']*/gi,
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
  let text = redactor.withoutSecrets(body.slice(0, readAtMost)).replace(/\s+/g, ' ').trim();
  if (text === '') return undefined;
  for (const value of valuesIn(payloads)) if (text.includes(value)) text = text.replaceAll(value, mask);
  for (const pattern of personal) text = text.replace(pattern, mask);
  const limit = body.length > readAtMost ? Math.min(kept, text.length >> 1) : kept;
  return text.length <= limit ? text : `${Array.from(text.slice(0, limit)).slice(0, -1).join('')}…`;
}

/** The texts inside payloads, longest first; those of one or two letters would mask half the alphabet. */
function valuesIn(payloads: readonly unknown[]): string[] {
  const found = new Set<string>();
  const open: unknown[] = [...payloads];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'string' && value.length > 2) found.add(value);
    else if (typeof value === 'object' && value !== null) open.push(...Object.values(value));
  }
  return [...found].sort((a, b) => b.length - a.length);
}
