import { createColors } from 'picocolors';
import { compileQuery, eventIdOf, issueText, type FailedPart, type Query } from '../../index.ts';
import { invalidConfig, readConfigFile } from './config-file.ts';
import { parseLine } from './event-source.ts';
import { exitCode, usage } from './exit-codes.ts';
import { openInput } from './input.ts';
import { readLines } from './lines.ts';
import { failedLines } from './failed-parts.ts';
import { jsonText, printable } from './printable.ts';
import { colourful, print, type Terminal } from './terminal.ts';

export interface ExplainFlags {
  readonly event: string;
  readonly config?: string;
  readonly query?: string;
  readonly json?: boolean;
}

/** What a query says of one line of the input. */
interface ExplainedLine {
  readonly line: number;
  readonly messageId: string;
  readonly matches: boolean;
  /** The parts that are false, with types instead of values; none if it matches. */
  readonly failed: readonly FailedPart[];
}

/** `spillway explain`: whether a subscription takes each event, and if not, which part of the query is false. */
export async function explain(flags: ExplainFlags, terminal: Terminal): Promise<number> {
  const query = await queryOf(flags, terminal.env);
  const input = openInput(flags.event, terminal);
  try {
    const colours = createColors(colourful(terminal.stdout, terminal.env));
    let code: number = exitCode.ok;
    for await (const line of readLines(input.chunks)) {
      const read = parseLine(line);
      if (read.kind !== 'event' || typeof read.event !== 'object' || read.event === null) {
        code = exitCode.unreadable;
        terminal.stderr.write(`explain: line ${line.number} is no event: a JSON object is wanted\n`);
        continue;
      }
      const failed = query.explain(read.event);
      const shown = { line: line.number, messageId: eventIdOf(read.event), matches: query.matches(read.event), failed };
      if (!(await print(terminal.stdout, flags.json === true ? jsonText(shown) : explainedText(shown, colours)))) break;
    }
    return code;
  } finally {
    input.close();
  }
}

/** The query of the flag, or of the config file. */
async function queryOf({ config, query }: ExplainFlags, env: Terminal['env']): Promise<Query> {
  if ((config === undefined) === (query === undefined))
    throw usage('needs either --config, whose options have a subscribe, or --query');
  if (query !== undefined) {
    const compiled = compileQuery(query);
    if (compiled.ok) return compiled;
    throw usage(`--query: ${compiled.issues.map(issueText).join('; ')}`);
  }
  const file = config as string;
  const { options, unfilled } = await readConfigFile(file, env);
  const faults = unfilled.filter(({ path }) => path === 'options.subscribe');
  if (faults.length > 0) throw invalidConfig(file, faults);
  const subscribe: unknown = options?.subscribe;
  if (typeof subscribe !== 'string')
    throw invalidConfig(file, [{ path: 'options.subscribe', message: 'a query is wanted here' }]);
  const compiled = compileQuery(subscribe);
  if (compiled.ok) return compiled;
  const issues = compiled.issues.map((issue) => ({ path: 'options.subscribe', message: issueText(issue) }));
  throw invalidConfig(file, issues);
}

function explainedText(shown: ExplainedLine, colours: ReturnType<typeof createColors>): string {
  const id = shown.messageId === '' ? '' : ` ${shown.messageId}`;
  const title = colours.bold(printable(`line ${shown.line}${id}`).replaceAll('\n', '\\n'));
  if (shown.matches) return `${title}  ${colours.green('matches')}\n`;
  return [
    `${title}  ${colours.yellow('does not match')}`,
    ...failedLines(shown.failed).map((line) => `  ${line}`),
    '',
  ].join('\n');
}
