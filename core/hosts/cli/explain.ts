import { createColors } from 'picocolors';
import { compileQuery, eventIdOf, inUsualForm, issueText, type FailedPart, type Query } from '../../index.ts';
import { invalidConfig, readConfigFile } from './config-file.ts';
import { parseLine } from './event-source.ts';
import { exitCode, usage, type CliError } from './exit-codes.ts';
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
      const event = inUsualForm(read.event);
      const shown = {
        line: line.number,
        messageId: eventIdOf(event),
        matches: query.matches(event),
        failed: query.explain(event),
      };
      if (!(await print(terminal.stdout, flags.json === true ? jsonText(shown) : explainedText(shown, colours)))) break;
    }
    return code;
  } finally {
    input.close();
  }
}

/** The query of the flag, or of the config file. */
async function queryOf({ config, query }: ExplainFlags, env: Terminal['env']): Promise<Query> {
  if (query === undefined && config !== undefined) {
    const compiled = compileQuery(await subscriptionIn(config, env));
    if (compiled.ok) return compiled;
    throw invalidSubscription(config, compiled.issues.map(issueText));
  }
  if (query === undefined || config !== undefined)
    throw usage('needs either --config, whose options have a subscribe, or --query');
  const compiled = compileQuery(query);
  if (compiled.ok) return compiled;
  throw usage(`--query: ${compiled.issues.map(issueText).join('; ')}`);
}

async function subscriptionIn(file: string, env: Terminal['env']): Promise<string> {
  const { options, unfilled } = await readConfigFile(file, env);
  const faults = unfilled.filter(({ path }) => path === at);
  if (faults.length > 0) throw invalidConfig(file, faults);
  const subscribe: unknown = options?.subscribe;
  if (typeof subscribe === 'string') return subscribe;
  throw invalidSubscription(file, ['a query is wanted here']);
}

const at = 'options.subscribe';

const invalidSubscription = (file: string, messages: readonly string[]): CliError =>
  invalidConfig(
    file,
    messages.map((message) => ({ path: at, message })),
  );

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
