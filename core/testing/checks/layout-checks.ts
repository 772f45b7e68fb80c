import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { must, type Check } from './check.ts';
import { codeLinesIn } from './source-text.ts';

/** Files that every folder has. */
const requiredRoles = ['manifest', 'config', 'mapping', 'transform', 'response', 'check', 'index'];

/** Files that a folder has where it needs them. */
const optionalRoles = [
  'request',
  'eligibility',
  'identity',
  'commerce',
  'passthrough',
  'encoding',
  'errors',
  'settings',
  'page',
];
const operationRoles = ['index', 'bodies', 'replies', 'errors', 'dates'];
const otherEntries: ReadonlySet<string> = new Set(['README.md', 'demo.json', 'contract', 'operations']);

/** The chapters of a README, in their order. */
const chapters = ['Credentials', 'Settings', 'Mapping', 'Answers', 'Quirks', 'Operations', 'Not enforced'];
const optionalChapters: ReadonlySet<string> = new Set(['Answers', 'Operations']);

/** Files that declare. An event passes through the others. */
const declarations: ReadonlySet<string | undefined> = new Set(['manifest', 'config', 'check', 'index']);

/** A folder with more does by hand what the toolkit does. */
const mostLines = 500;

/** What makes folders read alike: the same file names for the same roles, and READMEs with the same chapters. */
export const layoutChecks: readonly Check[] = [
  {
    title: 'folder: each file has the name of a role, and the roles that every folder has are there',
    run({ directory, definition }) {
      const files = readdirSync(directory).filter((file) => !file.startsWith('.') && !otherEntries.has(file));
      const roles = [...requiredRoles, ...optionalRoles];
      for (const file of files)
        must(roles.includes(roleOf(file) ?? ''), `${file} is named by no role; roles are ${roles.join(', ')}`);
      for (const file of entriesIn(path.join(directory, 'operations'))) {
        const known = operationRoles.includes(roleOf(file) ?? '');
        must(known, `operations/${file} is named by no role; roles are ${operationRoles.join(', ')}`);
      }
      const named = new Set(files.map(roleOf));
      const needed = [...requiredRoles, ...(definition.send === undefined ? ['request'] : [])];
      const missing = needed.filter((role) => !named.has(role));
      must(missing.length === 0, `there is no file for ${missing.join(', ')}`);
    },
  },
  {
    title: `folder: the chapters of its README are ${chapters.join(', ')}, in this order`,
    run({ directory }) {
      const headings = chaptersIn(readFileSync(path.join(directory, 'README.md'), 'utf8'));
      const unknown = headings.filter((chapter) => !chapters.includes(chapter));
      must(unknown.length === 0, `README.md has a chapter ${unknown[0]}`);
      const missing = chapters.filter((chapter) => !headings.includes(chapter) && !optionalChapters.has(chapter));
      must(missing.length === 0, `README.md has no chapter ${missing.join(', ')}`);
      const expected = chapters.filter((chapter) => headings.includes(chapter));
      must(headings.join() === expected.join(), `README.md has its chapters in the order ${headings.join(', ')}`);
    },
  },
  {
    title: `folder: what an event passes through has at most ${mostLines} lines of code`,
    run({ directory }) {
      const files = readdirSync(directory).filter(
        (file) => /(?<!\.d)\.[cm]?[jt]s$/.test(file) && !declarations.has(roleOf(file)),
      );
      const counts = files.map(
        (file) => [file, codeLinesIn(readFileSync(path.join(directory, file), 'utf8'))] as const,
      );
      const total = counts.reduce((sum, [, lines]) => sum + lines, 0);
      const longest = [...counts].sort(([, a], [, b]) => b - a).slice(0, 3);
      const named = longest.map(([file, lines]) => `${file} ${lines}`).join(', ');
      must(total <= mostLines, `it has ${total} lines of code, ${mostLines} are allowed; the longest are ${named}`);
    },
  },
];

/** The role that a source file is named by; `undefined` for other files. */
const roleOf = (file: string): string | undefined => /^([\w-]+)(?:\.d)?\.[cm]?[jt]s(?:\.map)?$/.exec(file)?.[1];

const entriesIn = (directory: string): readonly string[] =>
  existsSync(directory) ? readdirSync(directory).filter((file) => !file.startsWith('.')) : [];

const chaptersIn = (text: string): readonly string[] =>
  [...text.replaceAll(/^```[^]*?^```/gm, '').matchAll(/^## (.*)$/gm)].map(([, title = '']) => title.trim());
