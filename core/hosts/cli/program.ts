import { Option, type Command } from 'commander';
import { packageVersion } from '../../package-root.ts';
import { commandOf, runToExitCode } from './command.ts';
import { exitCode } from './exit-codes.ts';
import { allowOrigin, collect, config, count, destinations, input, milliseconds, proxy, wait } from './flag-parsers.ts';
import { authMeanings, bodyMeanings, choiceLines, verdictMeanings } from './new/choices.ts';
import { describeQueue } from './queue/commands.ts';
import { describeServe } from './serve/commands.ts';
import type { Terminal } from './terminal.ts';
import { packedFile } from './packed-file.ts';

/** Runs one command line and resolves to its exit code. Never rejects. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = exitCode.ok;
  const program = describeProgram(terminal, (ended) => {
    code = ended;
  });
  return runToExitCode(program, terminal, async () => {
    await program.parseAsync(args, { from: 'user' });
    return code;
  });
}

type End = (code: number) => void;

/** The commands. What each of them needs is loaded when it runs, so that --help need not wait for it. */
export function describeProgram(terminal: Terminal, end: End): Command {
  const program = commandOf('spillway', terminal)
    .description('Delivers customer data events to vendors and reports an outcome for each event.')
    .version(packageVersion ?? 'unknown')
    .addHelpText('after', help);

  describeCatalogue(program, terminal, end);
  describeDelivery(program, terminal, end);
  describeRequests(program, terminal, end);
  describeQueue(program, terminal, end);
  describeServe(program, terminal, end);
  describeVendorFolders(program, terminal, end);
  return program;
}

function describeCatalogue(program: Command, terminal: Terminal, end: End): void {
  program
    .command('list')
    .description('lists the destinations')
    .option('--json', 'prints a JSON array')
    .option(...destinations)
    .action(async (flags) => end(await (await import('./catalogue.ts')).list(flags, terminal)));
  program
    .command('schema <slug>')
    .description('prints the settings of a destination as JSON Schema')
    .option('--sample', 'prints a config file instead, with a placeholder for each required setting')
    .option('--options', 'prints the JSON Schema of the options instead, such as subscribe and mapping')
    .option(...destinations)
    .action(async (slug, flags) => end(await (await import('./catalogue.ts')).schema(slug, flags, terminal)));
  program
    .command('validate <slug>')
    .description('checks a config file; sends nothing')
    .requiredOption(...config)
    .option(...allowOrigin)
    .option(...destinations)
    .action(async (slug, flags) => end(await (await import('./validate.ts')).validate(slug, flags, terminal)));
}

function describeDelivery(program: Command, terminal: Terminal, end: End): void {
  program
    .command('preview <slug>')
    .description('shows the request each event would become, or why it would not be sent; sends nothing')
    .requiredOption(...config)
    .option(...input)
    .option('--json', 'prints one JSON object per event')
    .option(...allowOrigin)
    .option(...destinations)
    .action(async (slug, flags) => end(await (await import('./preview.ts')).preview(slug, flags, terminal)));
  program
    .command('explain')
    .description('says whether a subscription takes each event, and which part of the query is false')
    .requiredOption('--event <file>', 'the events as NDJSON; - is standard input')
    .option('--config <file>', 'a config file whose options have a subscribe')
    .option('--query <text>', 'the query itself')
    .option('--json', 'prints one JSON object per event')
    .action(async (flags) => end(await (await import('./explain.ts')).explain(flags, terminal)));
  program
    .command('deliver <slug>')
    .description('delivers events and reports one outcome per line of the input')
    .requiredOption(...config)
    .option(...input)
    .option('--outcomes <file>', 'writes the outcomes here, as NDJSON in input order; - is standard output')
    .option(...origin)
    .option(...allowOrigin)
    .option(...proxy)
    .option(
      '--within <ms>',
      'the time one event may take, retries included (env: SPILLWAY_WITHIN; default: 60000)',
      milliseconds,
    )
    .option(
      '--max-out-of-orderness <events>',
      'how far events of a lane may be out of order: each waits for so many others (default: 128; 0: in order)',
      count,
    )
    .option(
      '--store <dir>',
      'makes the delivery of a file resumable: after a crash, run the same command again to continue',
    )
    .option('--restart', 'forgets what the store knows of the file, and delivers all of it again')
    .option(...wait)
    .option(...destinations)
    .option('--json', 'prints the summary as one JSON object')
    .option('--quiet', 'no summary and no progress bar')
    .action(async (slug, flags) => end(await (await import('./deliver.ts')).deliver(slug, flags, terminal)));
}

/** Requests beside events. */
function describeRequests(program: Command, terminal: Terminal, end: End): void {
  program
    .command('check <slug>')
    .description('asks the vendor whether it accepts the credentials; changes nothing there')
    .requiredOption(...config)
    .option(...origin)
    .option(...allowOrigin)
    .option(...proxy)
    .option('--within <ms>', 'the time the check may take (env: SPILLWAY_WITHIN; default: 15000)', milliseconds)
    .option('--json', 'prints the result as one JSON object')
    .option(...destinations)
    .action(async (slug, flags) => end(await (await import('./check.ts')).check(slug, flags, terminal)));
  program
    .command('call <slug> [operation]')
    .description('calls an operation that a vendor offers beside events, and prints its reply')
    .option('--list', 'lists the operations of the destination')
    .option('--json', 'with --list: prints JSON, with the schemas of the inputs')
    .option(...config)
    .option('--set <key=value>', 'sets a parameter, or with body.key=value a key of the body; repeatable', collect)
    .option('--since <time>', 'short for --set since=TIME')
    .option('--body <file>', 'the body as JSON; - is standard input')
    .option('--yes', 'confirms an operation that cannot be undone')
    .option('--as-events', 'prints the reply as NDJSON events, ready for deliver')
    .option(...origin)
    .option(...allowOrigin)
    .option(...proxy)
    .option(
      '--within <ms>',
      'the time the call may take, retries included (env: SPILLWAY_WITHIN; default: 30000)',
      milliseconds,
    )
    .option(...destinations)
    .action(async (slug, operation, flags) =>
      end(await (await import('./call.ts')).call(slug, operation, flags, terminal)),
    );
}

/** What the author of a destination needs. */
function describeVendorFolders(program: Command, terminal: Terminal, end: End): void {
  program
    .command('new <slug>')
    .description('writes the folder of a new destination and checks it; asks for what the flags leave open')
    .option('--name <text>', 'what people call the vendor')
    .option('--host <host>', 'the host that takes the events')
    .option('--auth <scheme>', `how requests authenticate${choiceLines(authMeanings)}`)
    .option('--auth-header <name>', 'the header of --auth header')
    .option('--auth-field <name>', 'the field of --auth body (default: api_key)')
    .option('--body <form>', `what a request body contains${choiceLines(bodyMeanings)}`)
    .option('--list-name <name>', 'the member with the events of --body list, or its path: data.events (default: data)')
    .option(
      '--verdicts <form>',
      `what an answer says about single events (default: none)${choiceLines(verdictMeanings)}`,
    )
    .option('--dir <dir>', 'the parent directory (default: destinations in this repository, else where it runs)')
    .option('--typescript', 'writes TypeScript outside this repository, too')
    .action(async (slug, flags) =>
      end(await (await import('./new/new-destination.ts')).newDestination(slug, flags, terminal)),
    );
  program
    .command('events [name...]')
    .description('prints canonical events as NDJSON, to preview or deliver; without names, lists which there are')
    .option('--all', 'prints all of them')
    .option('--json', 'prints a JSON array')
    .action(async (names, flags) =>
      end(await (await import('./canonical-events.ts')).printEvents(names, flags, terminal)),
    );
  program
    .command('record <dir> <name>')
    .description("sends a vendor one request and keeps its response as a reply of the folder's contract")
    .requiredOption('--url <url>', 'https; ${NAME} in it is a secret from the environment')
    .addOption(new Option('--method <method>').choices(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('POST'))
    .option('--header <line>', '"name: value", repeatable; ${NAME} in it is a secret from the environment', collect)
    .option('--headers-file <file>', 'the same as a JSON object')
    .option('--body-file <file>', 'what is sent, byte by byte')
    .option('--secret <NAME>', 'one more variable whose value must not be in the reply; repeatable', collect)
    .option('--keep <header>', 'a response header to keep beside content-type and retry-after; repeatable', collect)
    .addOption(new Option('--source <source>', 'who answers').choices(['sandbox', 'production']).default('sandbox'))
    .option('--force', 'overwrites a reply of that name')
    .action(async (folder, name, flags) =>
      (await import('./record/record-reply.ts')).recordReply(folder, name, flags, terminal),
    );
  program
    .command('verify <dir...>')
    .description('checks destination folders against the contract')
    .option('--only <pattern>', 'runs only the checks whose title matches this regular expression')
    .option('--watch', 'runs the checks of a folder again when a file in it changes')
    .action(async (directories, flags) =>
      end(await (await import('./verify.ts')).verify(directories, flags, terminal)),
    );
}

const origin = ['--origin <url>', 'sends to this origin instead of the vendor (env: SPILLWAY_ORIGIN)'] as const;

const help = `
Exit codes (the first that applies):
  2   usage, or a file that cannot be opened
  78  the config is invalid, or does not fit the events in the queue
  74  the store is damaged, or cannot be read or written
  75  not now: the queue is full, or another process has the store or the port
  77  the vendor refused the credentials
  65  lines of the input cannot be read, or the input of call does not fit
  1   something was not delivered, not done, or is a dead letter; or the output could not be written
  0   all delivered or skipped, or done
  70  a defect in this program
  129, 130, 143 after SIGHUP, SIGINT, SIGTERM
What to do on each: ${packedFile('docs/cli.md')}
How to build a destination: ${packedFile('destinations/README.md')}`;
