import type { Command } from 'commander';
import { allowOrigin, bytes, collect, destinations, hours, input, milliseconds, proxy, wait } from '../flag-parsers.ts';
import type { Terminal } from '../terminal.ts';
import { withBrokerOptions, withStoreOptions } from './store-options.ts';

type End = (code: number) => void;

/** The commands of the durable queue. What each of them needs is loaded when it runs. */
export function describeQueue(program: Command, terminal: Terminal, end: End): void {
  describeEnqueue(program, terminal, end);
  describeWork(program, terminal, end);
  describeStore(program, terminal, end);
  describeDead(program, terminal, end);
  describeReplay(program, terminal, end);
}

function describeEnqueue(program: Command, terminal: Terminal, end: End): void {
  withStoreOptions(
    program
      .command('enqueue <connection-id>')
      .description('puts events into a durable queue, each in the lane its vendor wants'),
    { makes: true },
  )
    .requiredOption(...connection)
    .option('--destination <slug>', 'the destination, where the config file names none')
    .option(...input)
    .option(
      '--max-bytes <bytes>',
      'the most the store may keep from now on, such as 500MB (at first 1 GiB); a full queue ends with 75',
      bytes,
    )
    .option(...allowOrigin)
    .option(...destinations)
    .option('--json', 'prints the summary as one JSON object')
    .option('--quiet', 'no summary and no progress bar')
    .action(async (id, flags) => end(await (await import('./enqueue.ts')).enqueue(id, flags, terminal)));
}

function describeWork(program: Command, terminal: Terminal, end: End): void {
  withStoreOptions(
    program
      .command('work')
      .description('delivers what waits in a durable queue, with a worker per connection, until a signal comes'),
    { makes: true, waitsForBroker: true },
  )
    .requiredOption('--config <file>', connectionsForm)
    .option(
      '--origin <slug=url>',
      'sends to this origin instead of that vendor; repeatable (env: SPILLWAY_ORIGIN)',
      collect,
    )
    .option(...proxy)
    .option('--strict', 'ends with 78 if one connection is not in order; without it, the others go on (78 at the end)')
    .option('--until-idle', 'ends once nothing waits, or all that waits is paused')
    .option(
      '--grace <ms>',
      'how long requests in flight may take to finish after a signal (default: 10000)',
      milliseconds,
    )
    .option('--keep <hours>', 'how long delivered events can be replayed, in hours (default: 168)', hours)
    .option('--log <form>', 'the form of its messages on standard error: text or json (default: text)')
    .option(...allowOrigin)
    .option(...destinations)
    .option('--json', 'prints the summary as one JSON object')
    .option('--quiet', 'no summary and no progress')
    .action(async (flags) => end(await (await import('./work.ts')).work(flags, terminal)));
}

function describeStore(program: Command, terminal: Terminal, end: End): void {
  const queue = program
    .command('queue')
    .description('shows a durable queue, drops what nobody delivers, and gives disk back');
  withStoreOptions(
    queue
      .command('status')
      .description(
        'shows by connection what waits, what died, what is kept, and what a running spillway work is doing',
      ),
  )
    .option('--json', 'prints one JSON object')
    .action(async (flags) => end(await (await import('./status.ts')).status(flags, terminal)));
  withStoreOptions(
    queue
      .command('purge <connection-id>')
      .description('drops everything of a connection for good, unless a running spillway work delivers for it'),
  )
    .option('--yes', 'drops them; without it, the command only counts')
    .action(async (id, flags) => end(await (await import('./purge.ts')).purge(id, flags, terminal)));
  withBrokerOptions(
    queue
      .command('move')
      .description('moves what waits and what died into another store, such as from a directory to a broker')
      .requiredOption('--from <store>', 'the store that gives; no spillway work may run on it')
      .requiredOption('--to <store>', 'the store that takes, made where there is none')
      .option(...wait)
      .option('--max-bytes <bytes>', 'the most the store of --to may keep from now on, such as 500MB', bytes)
      .option('--json', 'prints the summary as one JSON object'),
    true,
  ).action(async (flags) => end(await (await import('./move.ts')).move(flags, terminal)));
  queue
    .command('compact')
    .description('gives the free space of the store back to the disk; a running spillway work goes on meanwhile')
    .option(...directory)
    .option(...wait)
    .action(async (flags) => end(await (await import('./compact.ts')).compact(flags, terminal)));
  queue
    .command('salvage')
    .description('copies the intact records of a damaged store, as NDJSON; only reads it')
    .option(...directory)
    .requiredOption('--out <file>', 'the new file they go to; - is standard output')
    .action(async (flags) => end(await (await import('./salvage.ts')).salvageStore(flags, terminal)));
}

function describeDead(program: Command, terminal: Terminal, end: End): void {
  const dead = program.command('dead').description('shows, requeues and drops the dead letters of a durable queue');
  const deadCommand = (name: string, description: string): Command =>
    withStoreOptions(dead.command(name).description(description))
      .option('--connection <id>', 'only those of this connection')
      .option('--reason <code>', 'only those with this reason')
      .option('--since <time>', 'only those given up at that time or later');
  deadCommand('list', 'lists dead letters, without the contents of their events')
    .option('--json', 'prints NDJSON, all of them')
    .action(async (flags) => end(await (await import('./dead.ts')).list(flags, terminal)));
  deadCommand('show <id...>', 'shows dead letters by event id or number, with their events: personal data').action(
    async (names, flags) => end(await (await import('./dead.ts')).show(names, flags, terminal)),
  );
  deadCommand('requeue [id...]', 'puts dead letters back into the queue, as if they were new')
    .option('--dry-run', 'only counts')
    .option('--config <file>', `${connectionsForm}; computes the lanes of events that were settled before they had one`)
    .option(...allowOrigin)
    .option(...destinations)
    .action(async (names, flags) => end(await (await import('./dead.ts')).requeue(names, flags, terminal)));
  deadCommand('drop [id...]', 'drops dead letters for good')
    .option('--yes', 'drops them; without it, the command only counts')
    .action(async (names, flags) => end(await (await import('./dead.ts')).drop(names, flags, terminal)));
  deadCommand('export', 'prints dead letters as NDJSON, with their events: personal data')
    .option('--events', 'prints only the events, as enqueue takes them')
    .action(async (flags) => end(await (await import('./dead.ts')).exportAll(flags, terminal)));
}

function describeReplay(program: Command, terminal: Terminal, end: End): void {
  withStoreOptions(
    program
      .command('replay <connection-id>')
      .description('puts what was delivered between two times into the queue again'),
  )
    .requiredOption(...connection)
    .option('--destination <slug>', 'the destination, where the config file names none')
    .requiredOption('--from <time>', 'delivered at that time or later')
    .option('--to <time>', 'delivered at that time or before (default: now)')
    .option('--force', 'replays even where a repeat does harm, or events must keep their order')
    .option(...allowOrigin)
    .option(...destinations)
    .action(async (id, flags) => end(await (await import('./replay.ts')).replay(id, flags, terminal)));
}

const connectionsForm =
  '{"connections": [{"id", "destination", "config", "options"}]}; ${NAME} in a string is replaced by that environment variable';
const connection = [
  '--config <file>',
  `${connectionsForm}; or {"destination", "config", "options"} of this connection alone`,
] as const;
const directory = ['--store <dir>', 'the directory of the store (env: SPILLWAY_STORE)'] as const;
