import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { must, type Check } from './check.ts';
import { codeOf, withoutComments } from './source-text.ts';

/** What a folder's code must not contain: it is pure up to the wire, and core does the rest. */
const forbiddenWords: readonly (readonly [RegExp, string])[] = [
  [/\bfetch\s*\(/, 'fetch: the wire sends'],
  [/\bXMLHttpRequest\b|\bWebSocket\b/, 'a connection of its own: the wire sends'],
  [/\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/, 'a timer: the runtime waits'],
  [/\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b/, 'the clock: the time is context.now'],
  [/\bMath\.random\b|\brandomUUID\b|\brandomBytes\b/, 'randomness: same input, same output'],
  [/\bprocess\s*\./, 'the process: settings come as config'],
  [/\bconsole\s*\./, 'the console: outcomes and signals tell'],
  [/(?:^|[\s;{(=])class\s+[A-Za-z{]/, 'a class: values and functions do'],
  [/^(?:export\s+)?(?:let|var)\s/m, 'state of the module: connections would share it'],
  [/\brequire\s*\(/, 'require(): imports only'],
];

const forbiddenNames = /^(?:utils?|helpers?|types?|constants?|functions?|misc|common)\.[cm]?[jt]s$/;

const vendorApi = /^(?:\.\.\/)+core\/api\/index\.[jt]s$|^spillway\/api$/;

/** Whether `target`, imported by `file`, is a file of the same folder; the folder itself is none. */
const isOwnFile = (file: string, target: string): boolean =>
  /^\.\.?\/./.test(target) && !/^(?:\.\.(?:\/|$)|\.$)/.test(path.posix.join(path.posix.dirname(file), target));

/** Rules for a folder's code, which is read as text. */
export const sourceChecks: readonly Check[] = [
  {
    title: 'sources: no network, timers, clock, randomness, process, console, classes or module state',
    run({ directory }) {
      for (const { file, code } of sources(directory)) {
        for (const [pattern, why] of forbiddenWords) must(!pattern.test(code), `${file} has ${why}`);
      }
    },
  },
  {
    title: 'sources: imports only its own files and the vendor API',
    run({ directory }) {
      for (const { file, text } of sources(directory)) {
        for (const target of importsOf(text)) {
          const allowed = vendorApi.test(target) || isOwnFile(file.split(path.sep).join('/'), target);
          must(allowed, `${file} imports ${target}`);
        }
      }
    },
  },
  {
    title: 'sources: files are named by their role',
    run({ directory }) {
      for (const { file } of sources(directory))
        must(!forbiddenNames.test(path.basename(file)), `${file} says no role`);
    },
  },
];

interface Source {
  readonly file: string;
  readonly text: string;
  /** Without comments and without the contents of quotes. */
  readonly code: string;
}

function sources(directory: string): readonly Source[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.[cm]?[jt]s$/.test(file) && !file.endsWith('.d.ts') && !file.startsWith(`contract${path.sep}`))
    .map((file) => {
      const text = readFileSync(path.join(directory, file), 'utf8');
      return { file, text, code: codeOf(text) };
    });
}

const importsOf = (text: string): readonly string[] =>
  [...withoutComments(text).matchAll(importing)].flatMap(([, target]) => target ?? []);

const importing = /(?:^\s*(?:import|export)\b[^'";=]*?\bfrom\s*|^\s*import\s*|\bimport\(\s*)['"]([^'"]+)['"]/gm;
