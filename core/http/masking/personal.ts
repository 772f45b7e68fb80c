/** What names a person or a device in any text: e-mail addresses, URL queries, IP addresses, UUIDs. */
const addresses = [
  /(?<![^\s"'<>(),;:])[^\s"'<>(),;:]+(?:@|%40)[^\s"'<>(),;:]+/gi,
  /[?#](?<=https?:\/\/[^\s"'?#]*[?#])[^\s"']*/gi,
  /\b\d{1,3}(?:\.\d{1,3}){3}\b/g,
  /(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}/gi,
  /\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi,
];

/** What may name one: ids, hashes, phone and card numbers. */
const numbers = [/\b(?:0x)?[0-9a-f]{12,}\b/gi, /\+?\d[\d\s().-]{5,}\d/g];

/** A quick test: without one of these nothing matches. */
const candidate = /[@:?#]|%40|\d\.\d|[0-9a-f]{8}|\d[\d\s().-]{5,}\d/i;

/** Calls `found` with each range that may name a person. Ranges may overlap. */
export function findPersonal(text: string, found: (start: number, end: number) => void): void {
  if (!candidate.test(text)) return;
  for (const pattern of [...addresses, ...numbers]) findAll(text, pattern, found);
}

/** The same without ids and numbers, for sentences that contain numbers of their own. */
export function findAddresses(text: string, found: (start: number, end: number) => void): void {
  if (!candidate.test(text)) return;
  for (const pattern of addresses) findAll(text, pattern, found);
}

/** Calls `found` with each match of a global pattern. */
export function findAll(text: string, pattern: RegExp, found: (start: number, end: number) => void): void {
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    if (match[0] === '') pattern.lastIndex += 1;
    else found(match.index, match.index + match[0].length);
  }
}
