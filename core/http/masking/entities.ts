/** What HTML calls the characters from U+00A0 to U+00FF that are no letter with an accent. */
const latin: Readonly<Record<string, string>> = {
  nbsp: '\u00a0',
  iexcl: '¡',
  cent: '¢',
  pound: '£',
  curren: '¤',
  yen: '¥',
  brvbar: '¦',
  sect: '§',
  uml: '¨',
  copy: '©',
  ordf: 'ª',
  laquo: '«',
  not: '¬',
  shy: '\u00ad',
  reg: '®',
  macr: '¯',
  deg: '°',
  plusmn: '±',
  sup2: '²',
  sup3: '³',
  acute: '´',
  micro: 'µ',
  para: '¶',
  middot: '·',
  cedil: '¸',
  sup1: '¹',
  ordm: 'º',
  raquo: '»',
  frac14: '¼',
  frac12: '½',
  frac34: '¾',
  iquest: '¿',
  times: '×',
  divide: '÷',
};

/** Letters that are no letter with a mark. */
const letters: Readonly<Record<string, string>> = {
  AElig: 'Æ',
  aelig: 'æ',
  OElig: 'Œ',
  oelig: 'œ',
  szlig: 'ß',
  ETH: 'Ð',
  eth: 'ð',
  THORN: 'Þ',
  thorn: 'þ',
  Oslash: 'Ø',
  oslash: 'ø',
  Lstrok: 'Ł',
  lstrok: 'ł',
  Dstrok: 'Đ',
  dstrok: 'đ',
  Hstrok: 'Ħ',
  hstrok: 'ħ',
  Tstrok: 'Ŧ',
  tstrok: 'ŧ',
  imath: 'ı',
  inodot: 'ı',
};

/** ASCII and the punctuation around it. */
const punctuation: Readonly<Record<string, string>> = {
  amp: '&',
  AMP: '&',
  lt: '<',
  LT: '<',
  gt: '>',
  GT: '>',
  quot: '"',
  QUOT: '"',
  apos: "'",
  commat: '@',
  period: '.',
  comma: ',',
  colon: ':',
  semi: ';',
  excl: '!',
  quest: '?',
  num: '#',
  dollar: '$',
  percnt: '%',
  lpar: '(',
  rpar: ')',
  ast: '*',
  midast: '*',
  plus: '+',
  sol: '/',
  bsol: '\\',
  equals: '=',
  lsqb: '[',
  lbrack: '[',
  rsqb: ']',
  rbrack: ']',
  lcub: '{',
  lbrace: '{',
  rcub: '}',
  rbrace: '}',
  verbar: '|',
  vert: '|',
  Hat: '^',
  lowbar: '_',
  UnderBar: '_',
  grave: '`',
  Tab: '\t',
  NewLine: '\n',
  hyphen: '‐',
  dash: '‐',
  ndash: '–',
  mdash: '—',
  lsquo: '‘',
  rsquo: '’',
  sbquo: '‚',
  ldquo: '“',
  rdquo: '”',
  bdquo: '„',
  lsaquo: '‹',
  rsaquo: '›',
  hellip: '…',
  mldr: '…',
  bull: '•',
  euro: '€',
  trade: '™',
  ensp: ' ',
  emsp: ' ',
  thinsp: ' ',
  zwnj: '\u200c',
  zwj: '\u200d',
};

const marks: Readonly<Record<string, string>> = {
  grave: '\u0300',
  acute: '\u0301',
  circ: '\u0302',
  tilde: '\u0303',
  macr: '\u0304',
  breve: '\u0306',
  dot: '\u0307',
  uml: '\u0308',
  ring: '\u030a',
  dblac: '\u030b',
  caron: '\u030c',
  cedil: '\u0327',
  ogon: '\u0328',
};

/** The small letters from U+03B1; the capitals stand 32 before them. */
const greek =
  'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigmaf sigma tau upsilon phi chi psi omega'.split(
    ' ',
  );

const tables = [punctuation, latin, letters];
const accented = /^([A-Za-z])(grave|acute|circ|tilde|macr|breve|dot|uml|ring|dblac|caron|cedil|ogon)$/;

/**
 * The character of an HTML entity such as `eacute`, without `&` and `;`; `undefined` for a name that is none of the
 * usual ones. A text that was put into capitals still says what it says.
 */
export const entity = (name: string): string | undefined => exactly(name) ?? exactly(name.toLowerCase());

function exactly(name: string): string | undefined {
  for (const table of tables) if (Object.hasOwn(table, name)) return table[name];
  const [, letter = '', mark = ''] = accented.exec(name) ?? [];
  if (letter !== '') return (letter + (marks[mark] ?? '')).normalize('NFC');
  const small = name.toLowerCase();
  const place = name.slice(1) === small.slice(1) ? greek.indexOf(small) : -1;
  return place < 0 ? undefined : String.fromCharCode((name === small ? 0x3b1 : 0x391) + place);
}
