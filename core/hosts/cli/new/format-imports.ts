const statement = /^import (type )?\{([^}]*)\} from ('[^']+');\n/gm;
const width = 120;

/** Each import with the names that the rest of the code uses, on one line if they fit. */
export function formatImports(text: string): string {
  const rest = text.replace(statement, '').replace(/\/\*[^]*?\*\/|^\s*\/\/.*/gm, '');
  const formatted = text.replace(statement, (_, type: string | undefined, list: string, from: string) => {
    const names = list
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '' && new RegExp(`\\b${name.replace(/^type /, '')}\\b`).test(rest));
    if (names.length === 0) return '';
    const onlyTypes = type === undefined && names.every((name) => name.startsWith('type '));
    const keyword = type !== undefined || onlyTypes ? 'import type' : 'import';
    const imported = onlyTypes ? names.map((name) => name.slice(5)) : names;
    const line = `${keyword} { ${imported.join(', ')} } from ${from};\n`;
    return line.length <= width + 1
      ? line
      : `${keyword} {\n${imported.map((name) => `  ${name},\n`).join('')}} from ${from};\n`;
  });
  return formatted.trimStart();
}
