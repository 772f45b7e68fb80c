/** A block of code in a page, and the file that it is cut from. */
export interface Excerpt {
  readonly file: string;
  readonly code: string;
}

/**
 * The TypeScript and JSON of a page. A TypeScript block begins with its file, `// mapping.ts`; JSON has no comments, so
 * the last file in backticks before the block counts.
 */
export const excerptsIn = (page: string): Excerpt[] =>
  [...page.matchAll(/^( *)```(ts|json)\n([^]*?)^ *```$/gm)].map(
    ({ 1: indent = '', 2: language, 3: text = '', index }) => {
      const code = text.replaceAll(new RegExp(`^${indent}`, 'gm'), '').trimEnd();
      const named = language === 'ts' ? /^\/\/ (\S+)\n/.exec(code) : undefined;
      if (named) return { file: named[1] ?? '', code: code.slice(named[0].length) };
      const before = [...page.slice(0, index).matchAll(/`([\w./-]+\.json)`/g)].at(-1)?.[1];
      return { file: language === 'json' ? (before ?? '') : '', code };
    },
  );

/** Whether the pieces of an excerpt, between lines `// ...`, stand in its file in this order. */
export function isCutFrom(file: string, { code }: Excerpt): boolean {
  const text = `\n${file.replaceAll(/'(?:\.\.\/)+core\/api\/index\.ts'/g, "'spillway/api'")}\n`;
  let from = 0;
  return code.split(/^ *\/\/ \.\.\.\n?/m).every((piece) => {
    const lines = `\n${piece.trimEnd()}\n`;
    const at = text.indexOf(lines, from);
    from = at + lines.length - 1;
    return at >= 0;
  });
}
