import { loadContractKit } from './contract-kit.ts';
import { exitCode, usage } from './exit-codes.ts';
import { firstLine, printable } from './printable.ts';
import { print, type Terminal } from './terminal.ts';

export interface VerifyFlags {
  /** A pattern for the titles of the checks. */
  readonly only?: string;
  /** Runs again when a folder changes. */
  readonly watch?: boolean;
}

/**
 * `spillway verify`: the contract kit's checks over destination folders, a line for each.
 */
export async function verify(
  directories: readonly string[],
  { only, watch = false }: VerifyFlags,
  terminal: Terminal,
): Promise<number> {
  const pattern = only === undefined ? undefined : patternOf(only);
  if (watch) {
    const { watchFolders } = await import('./verify-watch.ts');
    return watchFolders(directories, only === undefined ? [] : ['--only', only], terminal);
  }
  const { checkDestination } = await loadContractKit('verify');
  let bad = 0;
  for (const directory of directories) {
    await print(terminal.stdout, `${directory}\n`);
    const lacking: string[] = [];
    const counted = { passed: 0, failed: 0, 'not run': 0, 'to do': 0 };
    const information: string[] = [];
    const options =
      pattern === undefined ? { onInformation: (line: string) => void information.push(line) } : { only: pattern };
    for await (const { title, ok, ran, todo, lacks, why } of checkDestination(directory, options)) {
      const result = !ok ? 'failed' : ran ? 'passed' : todo === true ? 'to do' : 'not run';
      counted[result] += 1;
      if (lacks === true) lacking.push(why ?? '');
      await print(terminal.stdout, `  ${labels[result]}${firstLine(title)}\n${why === undefined ? '' : indented(why)}`);
    }
    for (const line of information) await print(terminal.stdout, `  ${printable(line)}\n`);
    const { passed, failed } = counted;
    const others = (['not run', 'to do'] as const).filter((label) => counted[label] > 0);
    const rest = others.map((label) => `, ${counted[label]} ${label}`).join('');
    await print(terminal.stdout, `${passed} of ${passed + failed} checks passed${rest}${whatIsLacking(lacking)}\n`);
    if (failed > 0) bad += 1;
    // The folder was loaded, and no check has such a title.
    else if (pattern !== undefined && passed === 1 && others.length === 0)
      throw usage(`no check of ${directory} matches --only ${printable(only ?? '')}`);
  }
  return bad > 0 ? exitCode.undelivered : exitCode.ok;
}

/** How many checks need something that is not recorded, and which. */
function whatIsLacking(whys: readonly string[]): string {
  if (whys.length === 0) return '';
  const needs = [...new Set(whys)].map((why) => printable(why.replace(/^it needs /, '')));
  return `; ${whys.length} of them ${whys.length === 1 ? 'needs' : 'need'} something that is not recorded: ${needs.join('; ')}`;
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text, 'i');
  } catch {
    throw usage(`--only ${printable(text)} is no regular expression`);
  }
}

const labels = { passed: 'ok       ', failed: 'FAILED   ', 'not run': 'not run  ', 'to do': 'to do    ' };

/** What is wrong, with the difference to what a case expects; not with all of a long one. */
function indented(why: string): string {
  const lines = why.split(/\r?\n/).map((line) => `${' '.repeat(13)}${printable(line)}`.trimEnd());
  const rest = lines.length - mostLines;
  if (rest > 0) lines.splice(mostLines, rest, `${' '.repeat(13)}... and ${rest} more lines`);
  return `${lines.join('\n')}\n`;
}

const mostLines = 40;
