/** A text form that names a person or a device, or may do so. */
interface PersonalPattern {
  readonly pattern: RegExp;
  /** Each match contains one of these, so that most texts need no search. Without signs, the pattern is always used. */
  readonly signs?: readonly string[];
  readonly example: string;
}

/** What names a person or a device in any text. */
const addresses: readonly PersonalPattern[] = [
  {
    pattern: /(?<![^\s"'<>(),;:])[^\s"'<>(),;:]+(?:@|%40)[^\s"'<>(),;:]+/gi,
    signs: ['@', '%40'],
    example: 'anna@example.com',
  },
  {
    pattern: /[?#](?<=https?:\/\/[^\s"'?#]*[?#])[^\s"']*/gi,
    signs: ['://'],
    example: 'https://example.com/?user=anna',
  },
  { pattern: /\b\d{1,3}(?:\.\d{1,3}){3}\b/g, signs: ['.'], example: '192.0.2.1' },
  { pattern: /(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}/gi, signs: [':'], example: '2001:db8::1' },
  {
    pattern: /\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi,
    signs: ['-'],
    example: '8f14e45f-ceea-467f-9a36-dedd4bea2543',
  },
];

/** What may name one: ids, hashes, phone and card numbers. */
const numbers: readonly PersonalPattern[] = [
  { pattern: /\b(?:0x)?[0-9a-f]{12,}\b/gi, example: '8f14e45fceea' },
  { pattern: /\+?\d[\d\s().-]{5,}\d/g, example: '+49 30 123456' },
];

export const personalPatterns: readonly PersonalPattern[] = [...addresses, ...numbers];

/** Calls `found` with each range that may name a person. Ranges may overlap. */
export const findPersonal = (text: string, found: (start: number, end: number) => void): void =>
  findPatterns(personalPatterns, text, found);

/** The same without ids and numbers, for sentences that contain numbers of their own. */
export const findAddresses = (text: string, found: (start: number, end: number) => void): void =>
  findPatterns(addresses, text, found);

function findPatterns(
  patterns: readonly PersonalPattern[],
  text: string,
  found: (start: number, end: number) => void,
): void {
  for (const { pattern, signs } of patterns)
    if (signs === undefined || signs.some((sign) => text.includes(sign))) findAll(text, pattern, found);
}

/** Calls `found` with each match of a global pattern. */
export function findAll(text: string, pattern: RegExp, found: (start: number, end: number) => void): void {
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    if (match[0] === '') pattern.lastIndex += 1;
    else found(match.index, match.index + match[0].length);
  }
}
