import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

/** What prettier does with code, nobody does with comments: it does not wrap them, and oxlint has no rule for it. */
const columns = 120;

const isComment = (line: string): boolean => /^\s*(?:\/\/|\/?\*)/.test(line);
/** A URL or a path has no place to break. */
const canBreak = (line: string): boolean => line.slice(0, columns).trim().replace(/^\S+ /, '').includes(' ');

/** `core/file.ts:7` for each line of a comment that is too long. */
const tooWide = (file: string, text: string): string[] =>
  text
    .split('\n')
    .flatMap((line, index) =>
      line.length > columns && isComment(line) && canBreak(line) ? [`${file}:${index + 1}`] : [],
    );

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('node_modules'))
    .map((file) => path.join(folder, file));

describe('comments', () => {
  it.each(['core', 'destinations', 'scripts'])('of %s have at most 120 columns', (folder) => {
    expect(filesOf(folder).flatMap((file) => tooWide(file, readFileSync(file, 'utf8')))).toEqual([]);
  });

  it('are told from code, and from what cannot be wrapped', () => {
    const long = 'word '.repeat(30);
    const url = `https://vendor.example/${'x'.repeat(120)}`;
    expect(tooWide('a.ts', `/** ${long} */\n * ${long}\n// ${long}\nconst text = '${long}';\n// ${url}`)).toEqual([
      'a.ts:1',
      'a.ts:2',
      'a.ts:3',
    ]);
  });
});

/** `docs/page.md:7` for each line of prose that is too long: no table and no block of code, which nobody can wrap. */
function tooWideProse(file: string, text: string): string[] {
  let isCode = false;
  return text.split('\n').flatMap((line, index) => {
    const isFence = line.trimStart().startsWith('```');
    if (isFence) isCode = !isCode;
    const isProse = !isFence && !isCode && !line.trimStart().startsWith('|');
    return isProse && line.length > columns && canBreak(line) ? [`${file}:${index + 1}`] : [];
  });
}

/** The pages of a folder, and the READMEs of the folders in it. */
const pagesIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((found) => {
    const name = path.join(folder, found.name);
    if (!found.isDirectory()) return name.endsWith('.md') ? [name] : [];
    return existsSync(path.join(name, 'README.md')) ? [path.join(name, 'README.md')] : [];
  });

describe('pages', () => {
  it.each(['README.md', ...pagesIn('docs'), ...pagesIn('destinations')])(
    '%s has at most 120 columns of prose',
    (file) => {
      expect(tooWideProse(file, readFileSync(file, 'utf8'))).toEqual([]);
    },
  );

  it('are told from tables and code', () => {
    const long = 'word '.repeat(30);
    expect(tooWideProse('a.md', `- ${long}\n| ${long} |\n\`\`\`sh\n${long}\n\`\`\`\n${long}`)).toEqual([
      'a.md:1',
      'a.md:6',
    ]);
  });
});
