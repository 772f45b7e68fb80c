import type { Command } from 'commander';
import { collect, destinations, input, milliseconds, proxy } from '../flags.ts';
import type { Terminal } from '../terminal.ts';
import { bytes, hours } from './amounts.ts';
import { timeOf } from './time.ts';

/** The commands of the durable queue. What each of them needs is loaded when it runs. */
export function describeQueue(program: Command, terminal: Terminal, end: (code: number) => void): void {
  program
    .command('enqueue <connection-id>')
    .description('puts events into a durable queue')
    .option(...store)
    .requiredOption(...connection)
    .option('--destination <slug>', 'where the config file names none')
    .option(...input)
    .option(
      '--max-bytes <bytes>',
      'the most the store may keep from now on, as 500MB (at first 1 GiB); above it nothing is taken (exit 75)',
      bytes,
    )
    .option(...destinations)
    .option('--json', 'the summary as one JSON object on standard output')
    .option('--quiet', 'no summary and no progress bar')
    .action(async (id, flags) => end(await (await import('./enqueue.ts')).enqueue(id, flags, terminal)));
  program
    .command('work')
    .description('delivers what waits in a durable queue, each connection for itself, until a signal comes')
    .option(...store)
    .requiredOption('--config <file>', connectionsForm)
    .option('--origin <slug=url>', 'send to this origin instead of the vendor of that slug; repeatable', collect)
    .option(...proxy)
    .option('--strict', 'ends with 78 where a connection cannot be worked on; without, the others are (78 at the end)')
    .option('--until-idle', 'ends when nothing waits any more, or all of it is paused')
    .option('--grace <ms>', 'how long a signal lets what is in flight finish (default: 10000)', milliseconds)
    .option('--keep <hours>', 'how long what is done can be replayed, in hours (default: 168)', hours)
    .option(
      '--log <form>',
      'how it says on standard error when a connection is held and goes on: text, or json for machines (default: text)',
    )
    .option(...destinations)
    .option('--json', 'the summary as one JSON object on standard output')
    .option('--quiet', 'no summary and no progress')
    .action(async (flags) => end(await (await import('./work.ts')).work(flags, terminal)));
  const queue = program.command('queue').description('looks into a durable queue, and drops what nobody works on');
  queue
    .command('status')
    .description('what waits, what died, what is kept, and what a running work is at, by connection')
    .option(...store)
    .option('--json', 'as JSON')
    .action(async (flags) => end(await (await import('./status.ts')).status(flags, terminal)));
  queue
    .command('purge <connection-id>')
    .description(
      'drops all of a connection that no running work names, for good: what waits, dead letters, what is kept',
    )
    .option(...store)
    .option('--yes', 'does it; without, it only says how many')
    .action(async (id, flags) => end(await (await import('./purge.ts')).purge(id, flags, terminal)));
  queue
    .command('salvage')
    .description('the intact records of a store that is refused as damaged, as NDJSON; changes nothing in it')
    .option(...store)
    .requiredOption('--out <file>', 'where they go')
    .action(async (flags) => end(await (await import('./salvage.ts')).salvageStore(flags, terminal)));
  const dead = program.command('dead').description('the dead letters of a durable queue');
  const deadCommand = (name: string, description: string): Command =>
    dead
      .command(name)
      .description(description)
      .option(...store)
      .option('--connection <id>', 'of this connection alone')
      .option('--reason <code>', 'of this reason alone')
      .option('--since <time>', 'given up at that time or later', timeOf);
  deadCommand('list', 'which there are, without what stands in them')
    .option('--json', 'as NDJSON')
    .action(async (flags) => end(await (await import('./dead.ts')).list(flags, terminal)));
  deadCommand('show <id...>', 'some by id or number, with the event: personal data').action(async (names, flags) =>
    end(await (await import('./dead.ts')).show(names, flags, terminal)),
  );
  deadCommand('requeue [id...]', 'puts them back into the queue, as if they were new')
    .option('--dry-run', 'only says how many')
    .option('--config <file>', `${connectionsForm}: gives lanes to what was refused before it had one`)
    .option(...destinations)
    .action(async (names, flags) => end(await (await import('./dead.ts')).requeue(names, flags, terminal)));
  deadCommand('drop [id...]', 'gives them up for good, to make room')
    .option('--yes', 'does it; without, it only says how many')
    .action(async (names, flags) => end(await (await import('./dead.ts')).drop(names, flags, terminal)));
  deadCommand('export', 'all of them as NDJSON, with the event: personal data')
    .option('--events', 'the events alone, as enqueue takes them')
    .action(async (flags) => end(await (await import('./dead.ts')).exportAll(flags, terminal)));
  program
    .command('replay <connection-id>')
    .description('puts what was delivered between two times into the queue once more')
    .option(...store)
    .requiredOption(...connection)
    .option('--destination <slug>', 'where the config file names none')
    .requiredOption('--from <time>', 'done at that time or later', timeOf)
    .option('--to <time>', 'done at that time or before (default: now)', timeOf)
    .option('--force', 'also where it does harm')
    .option(...destinations)
    .action(async (id, flags) => end(await (await import('./replay.ts')).replay(id, flags, terminal)));
}

const connectionsForm =
  '{"connections": [{"id", "destination", "config", "options"}]}; ${NAME} in a string is taken from the environment';
const connection = [
  '--config <file>',
  `${connectionsForm}, or {"destination", "config", "options"} of this connection alone`,
] as const;
const store = ['--store <dir>', 'the directory of the queue (env: SPILLWAY_STORE)'] as const;
