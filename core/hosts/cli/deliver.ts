import type { Connection, Outcome } from '../../index.ts';
import { createAnswers } from './answers.ts';
import { createEventSource } from './event-source.ts';
import { afterSignal, exitCode, usage } from './exit-codes.ts';
import { originOf, withinOf } from './flags.ts';
import { openInput, type Input } from './input.ts';
import { createLineCutter } from './lines.ts';
import { openConnection, type ConnectionFlags } from './open-connection.ts';
import { openOutcomes, type OutcomesFile } from './outcomes-file.ts';
import { startProgress } from './progress.ts';
import { listenForStop, type Stop } from './stop.ts';
import { summaryOf, summaryText, type Stopped, type Summary } from './summary.ts';
import { createTally, type Tally } from './tally.ts';
import { print, type Terminal } from './terminal.ts';

export interface DeliverFlags extends ConnectionFlags {
  readonly input: string;
  readonly outcomes?: string;
  readonly origin?: string;
  readonly within?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `spillway deliver`: NDJSON events in, one outcome per line out. Resolves to the exit code. */
export async function deliver(slug: string, flags: DeliverFlags, terminal: Terminal): Promise<number> {
  if (flags.json === true && flags.outcomes === '-') {
    throw usage('--json and --outcomes - both want standard output; give the outcomes a file');
  }
  const withinMs = withinOf(flags.within, terminal.env);
  const input = openInput(flags.input, terminal);
  try {
    const target = openOutcomes(flags.outcomes, terminal, input.stats);
    const tally = createTally();
    const settings = { origin: originOf(flags.origin, terminal.env), onSignal: tally.hear };
    const { connection, runtime } = await openConnection(slug, flags, terminal.env, settings).catch(
      (error: unknown) => {
        target.close();
        throw error;
      },
    );
    try {
      return await run({ connection, input, outcomes: target.start(), tally, withinMs, flags, terminal });
    } finally {
      await runtime.close();
    }
  } finally {
    input.close();
  }
}

interface Run {
  readonly connection: Connection;
  readonly input: Input;
  readonly outcomes: OutcomesFile;
  readonly tally: Tally;
  readonly withinMs: number | undefined;
  readonly flags: DeliverFlags;
  readonly terminal: Terminal;
}

async function run({ connection, input, outcomes, tally, withinMs, flags, terminal }: Run): Promise<number> {
  const loud = flags.quiet !== true;
  const stop = listenForStop(terminal);
  stop.signal.addEventListener('abort', input.close, { once: true });
  let unwritable: string | undefined;
  outcomes.onFailure = (code) => {
    unwritable = code;
    stop.now();
  };

  const answers = createAnswers((line, outcome) => outcomes.write(line, outcome));
  const source = createEventSource({
    chunks: input.chunks,
    cutter: createLineCutter(),
    answers,
    onUnreadable: tally.countUnreadable,
    hold: () => outcomes.busy,
    signal: stop.signal,
  });
  const startedAt = performance.now();
  const progress = loud
    ? await startProgress(terminal.stderr, { size: input.size, bytesRead: () => source.bytesRead, tally })
    : undefined;
  const limits = { signal: stop.signal, ...(withinMs === undefined ? {} : { withinMs }) };
  for await (const { index, outcome } of connection.stream(source, limits)) {
    tally.count(outcome);
    answers.settle(index, outcome);
    if (outcomes.busy !== undefined) await outcomes.busy;
  }
  answers.finish(stop.signal.aborted, () => {
    tally.count(lost);
    return lost;
  });
  await outcomes.close();
  const ms = performance.now() - startedAt;
  progress?.stop();
  stop.release();

  const by =
    stop.by ??
    (unwritable === undefined ? undefined : 'outcomes') ??
    (source.brokenOff === undefined ? undefined : 'input');
  const stopped: Stopped | undefined = by === undefined ? undefined : { by, nextLine: answers.nextLine };
  const summary = summaryOf(connection.slug, answers.count, tally, ms, stopped);
  if (flags.json === true) await print(terminal.stdout, `${JSON.stringify(summary)}\n`);
  else if (loud) await print(terminal.stderr, summaryText(summary));
  for (const line of remarks(summary, tally, unwritable ?? source.brokenOff))
    await print(terminal.stderr, `spillway: ${line}\n`);
  return codeOf(stop, summary, tally, source.brokenOff !== undefined);
}

/** The stream ended without it: a defect of the core, so nothing is claimed about the event. */
const lost: Outcome = {
  kind: 'unknown',
  eventId: '',
  reason: { code: 'internal_error', message: 'A defect in the runtime lost sight of this event' },
};

/** What has to be said even when nobody asked for a summary. */
function remarks({ stopped, reasons, conserved }: Summary, tally: Tally, errno: string | undefined): string[] {
  const lines = [...tally.defects].map(
    ([what, times]) => `a defect of the connector in ${what}${times === 1 ? '' : ` (${times} times)`}`,
  );
  if (!conserved) lines.push('a defect of the runtime: not as many outcomes as events');
  if (stopped === undefined) return lines;
  const why = {
    SIGINT: 'stopped by SIGINT',
    SIGTERM: 'stopped by SIGTERM',
    input: `the input broke off (${errno})`,
    outcomes: errno === 'EPIPE' ? 'nobody reads the outcomes any more' : `the outcomes cannot be written (${errno})`,
  }[stopped.by];
  lines.push(
    `${why}: from line ${stopped.nextLine} on nothing was attempted; held back before it: ${reasons.held_back ?? 0}`,
  );
  return lines;
}

function codeOf(stop: Stop, { outcomes, conserved }: Summary, tally: Tally, brokenOff: boolean): number {
  if (stop.by !== undefined) return afterSignal(stop.by);
  if (tally.unauthorized) return exitCode.unauthorized;
  if (tally.unreadable > 0 || brokenOff) return exitCode.unreadable;
  const undelivered = outcomes.rejected + outcomes.deferred + outcomes.suspended + outcomes.unknown;
  return undelivered > 0 || !conserved || stop.signal.aborted ? exitCode.undelivered : exitCode.ok;
}
