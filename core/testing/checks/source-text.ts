const quoted = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/;
const comment = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
/** Only where an expression may begin: elsewhere a slash is a division. */
const regexLiteral = /(?<=[(=,:[!&|?{};\n]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/;
const silent = new RegExp([comment, regexLiteral, quoted].map(({ source }) => source).join('|'), 'g');

/** Without comments and the contents of quotes; of a template literal its expressions stay. */
export const codeOf = (text: string): string =>
  text.replace(silent, (match) =>
    match.startsWith('`') ? [...match.matchAll(/\$\{([^}]*)\}/g)].map(([, inside]) => `(${inside})`).join(' ') : '""',
  );

/** Without comments, with all lines in their places. */
export const withoutComments = (text: string): string =>
  text.replace(silent, (match) => (/^\/[/*]/.test(match) ? match.replaceAll(/[^\n]/g, '') : match));

/** How many lines have code: blank lines and comments do not count, as in the linter's max-lines. */
export const codeLinesIn = (text: string): number =>
  withoutComments(text)
    .split('\n')
    .filter((line) => line.trim() !== '').length;
