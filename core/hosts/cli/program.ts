import type { Command } from 'commander';
import { commandOf, settled } from './command.ts';
import { exitCode } from './exit-codes.ts';
import { collect, config, destinations, input, milliseconds, proxy } from './flags.ts';
import { describeQueue } from './queue/commands.ts';
import type { Terminal } from './terminal.ts';
import { version } from './version.ts';

/** Runs one command line and resolves to its exit code. Never rejects. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = exitCode.ok;
  const program = describeProgram(terminal, (ended) => {
    code = ended;
  });
  return settled(program, terminal, async () => {
    await program.parseAsync(args, { from: 'user' });
    return code;
  });
}

/** The commands. What each of them needs is loaded when it runs, so that --help need not wait for it. */
export function describeProgram(terminal: Terminal, end: (code: number) => void): Command {
  const program = commandOf('spillway', terminal)
    .description('Delivers customer data events to vendors, and says of each event what became of it.')
    .version(version())
    .addHelpText('after', help);

  program
    .command('list')
    .description('the destinations there are')
    .option('--json', 'as JSON')
    .option(...destinations)
    .action(async (flags) => end(await (await import('./catalogue.ts')).list(flags, terminal)));
  program
    .command('schema <slug>')
    .description('the settings of a destination, as JSON Schema')
    .option(...destinations)
    .action(async (slug, flags) => end(await (await import('./catalogue.ts')).schema(slug, flags, terminal)));
  program
    .command('validate <slug>')
    .description('checks a config file')
    .requiredOption(...config)
    .option(...destinations)
    .action(async (slug, flags) => end(await (await import('./validate.ts')).validate(slug, flags, terminal)));
  program
    .command('preview <slug>')
    .description('what would be sent for each event, and why, or why not')
    .requiredOption(...config)
    .option(...input)
    .option('--json', 'one JSON object per event')
    .option(...destinations)
    .action(async (slug, flags) => end(await (await import('./preview.ts')).preview(slug, flags, terminal)));
  program
    .command('deliver <slug>')
    .description('delivers events; one outcome per line of the input')
    .requiredOption(...config)
    .option(...input)
    .option('--outcomes <file>', 'where the outcomes go, as NDJSON in the order of the input; - is standard output')
    .option(...origin)
    .option(...proxy)
    .option('--within <ms>', 'how long one event may take (env: SPILLWAY_WITHIN; default: 60000)', milliseconds)
    .option(
      '--store <dir>',
      'makes the delivery of a file resumable: after a crash, the same command goes on where it was',
    )
    .option(...destinations)
    .option('--json', 'the summary as one JSON object on standard output')
    .option('--quiet', 'no summary and no progress bar')
    .action(async (slug, flags) => end(await (await import('./deliver.ts')).deliver(slug, flags, terminal)));
  program
    .command('check <slug>')
    .description('whether the vendor takes the credentials of a config file; harms nothing')
    .requiredOption(...config)
    .option(...origin)
    .option(...proxy)
    .option('--within <ms>', 'how long it may take (env: SPILLWAY_WITHIN; default: 15000)', milliseconds)
    .option('--json', 'the answer as one JSON object')
    .option(...destinations)
    .action(async (slug, flags) => end(await (await import('./check.ts')).check(slug, flags, terminal)));
  program
    .command('call <slug> [operation]')
    .description('one of the operations a vendor offers beside events; its reply goes to standard output')
    .option('--list', 'the operations there are')
    .option('--json', 'with --list: as JSON, with the schemas of their inputs')
    .option(...config)
    .option('--set <key=value>', 'a parameter, or body.key=value for a key of the body; repeatable', collect)
    .option('--since <time>', 'short for --set since=TIME')
    .option('--body <file>', 'the body as JSON; - is standard input')
    .option('--yes', 'agrees to what cannot be undone')
    .option('--as-events', 'the reply as NDJSON of events, which deliver takes')
    .option(...origin)
    .option(...proxy)
    .option(
      '--within <ms>',
      'how long it may take, retries included (env: SPILLWAY_WITHIN; default: 30000)',
      milliseconds,
    )
    .option(...destinations)
    .action(async (slug, operation, flags) =>
      end(await (await import('./call.ts')).call(slug, operation, flags, terminal)),
    );
  describeQueue(program, terminal, end);
  program
    .command('verify <dir...>')
    .description('checks destination folders against the contract')
    .action(async (directories) => end(await (await import('./verify.ts')).verify(directories, terminal)));
  return program;
}

const origin = ['--origin <url>', 'send to this origin instead of the vendor (env: SPILLWAY_ORIGIN)'] as const;

const help = `
Exit codes, the first that applies: 2 usage, or a file that cannot be opened; 78 the config is invalid; 74 the store is
damaged or cannot be written; 75 the queue is full, or another process has the store: later; 77 the vendor refused the
credentials; 65 lines of the input cannot be read, or the input of call is wrong; 1 something was not delivered or done, or
became a dead letter; 0 all delivered or skipped, or done.
129, 130 or 143 after SIGHUP, SIGINT or SIGTERM. 70 a defect of this program.`;
