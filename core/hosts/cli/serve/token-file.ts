import { constants, open } from 'node:fs/promises';
import type { ConfigIssue } from '../../../index.ts';
import { readTokens, type Token } from '../../../service/index.ts';
import { CliError, errnoOf, exitCode, usage } from '../exit-codes.ts';

export type TokenFile =
  | {
      readonly kind: 'valid';
      readonly tokens: readonly Token[];
      /** The file may be read by others than its owner. */
      readonly isOpenToOthers: boolean;
    }
  | {
      readonly kind: 'invalid';
      /** With the number of a line as path, and nothing of what stands in it. */
      readonly issues: readonly ConfigIssue[];
      /** The same, for a command that cannot begin. */
      readonly error: CliError;
    };

const groupAndOthers = 0o077;

/** Reads the file of `--token-file`. Never rejects because of the file. */
export async function readTokenFile(file: string): Promise<TokenFile> {
  const content = await contentOf(file);
  if (typeof content === 'string') {
    const error = usage(`cannot read the token file ${file} (${content})`);
    return { kind: 'invalid', issues: [{ path: '', message: error.message }], error };
  }
  const { tokens, faults } = readTokens(content.text);
  const issues = faults.map(({ line, message }) => ({ path: `line ${line} of the token file`, message }));
  // It would lock everybody out, which an empty file hardly means.
  if (issues.length === 0 && tokens.length === 0) issues.push({ path: 'the token file', message: 'has no token' });
  if (issues.length === 0) return { kind: 'valid', tokens, isOpenToOthers: (content.mode & groupAndOthers) !== 0 };
  const lines = issues.map(({ path, message }) => `${path} ${message}`);
  return { kind: 'invalid', issues, error: new CliError(exitCode.config, `${file} is not valid:`, lines) };
}

/** What is in it; or an errno. */
async function contentOf(file: string): Promise<{ readonly text: string; readonly mode: number } | string> {
  try {
    // A pipe that nobody writes to would keep a reload waiting for good.
    const opened = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await opened.stat();
      if (!stats.isFile()) return 'it is not a regular file';
      return { text: await opened.readFile('utf8'), mode: stats.mode };
    } finally {
      await opened.close();
    }
  } catch (error) {
    return errnoOf(error);
  }
}
