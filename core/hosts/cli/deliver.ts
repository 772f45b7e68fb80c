import { statSync, type Stats } from 'node:fs';
import { afterSignal, exitCode, usage } from './exit-codes.ts';
import { originOf, withinOf } from './flags.ts';
import { openInput, type Input } from './input.ts';
import { openConnection, type ConnectionFlags } from './open-connection.ts';
import { openOutcomes } from './outcomes-file.ts';
import { remarks } from './remarks.ts';
import { runDelivery, type DeliveryEnd } from './run-delivery.ts';
import { listenForStop, type Stop } from './stop.ts';
import { summaryOf, summaryText, type Stopped, type Summary } from './summary.ts';
import { createTally } from './tally.ts';
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
  const input = openInput(flags.input, terminal);
  try {
    return await deliverFrom(input, slug, flags, terminal);
  } finally {
    input.close();
  }
}

async function deliverFrom(input: Input, slug: string, flags: DeliverFlags, terminal: Terminal): Promise<number> {
  const { env, stdout, stderr } = terminal;
  const withinMs = withinOf(flags.within, env);
  const tally = createTally();
  const target = openOutcomes(flags.outcomes, terminal, {
    input: input.stats,
    config: statsOf(flags.config),
  });
  const settings = { origin: originOf(flags.origin, env), onSignal: tally.hear };
  const { connection, runtime } = await openConnection(slug, flags, env, settings).catch((error: unknown) => {
    target.close();
    throw error;
  });
  const stop = listenForStop(terminal);
  stop.signal.addEventListener('abort', input.close, { once: true });
  const screen = flags.quiet === true ? undefined : stderr;
  try {
    const end = await runDelivery({ connection, input, outcomes: target.start(), tally, stop, withinMs, screen });
    const summary = summaryOf(slug, end.events, tally, end.ms, stoppedBy(stop, end));
    if (flags.json === true) await print(stdout, `${JSON.stringify(summary)}\n`);
    else if (screen !== undefined) await print(screen, summaryText(summary));
    for (const line of remarks(summary, tally, end)) await print(stderr, `spillway: ${line}\n`);
    return codeOf(summary, tally.unauthorized);
  } finally {
    stop.release();
    await runtime.close();
  }
}

/** `undefined` for a file that cannot be looked at: reading it will say why. */
function statsOf(file: string): Stats | undefined {
  try {
    return statSync(file);
  } catch {
    return undefined;
  }
}

function stoppedBy({ by }: Stop, { brokenOff, unwritable, nextLine }: DeliveryEnd): Stopped | undefined {
  if (by !== undefined) return { by, nextLine };
  if (unwritable !== undefined) return { by: 'outcomes', nextLine };
  return brokenOff === undefined ? undefined : { by: 'input', nextLine };
}

function codeOf({ outcomes, unreadable, conserved, stopped }: Summary, unauthorized: boolean): number {
  if (stopped?.by === 'SIGINT' || stopped?.by === 'SIGTERM') return afterSignal(stopped.by);
  if (unauthorized) return exitCode.unauthorized;
  if (unreadable > 0 || stopped?.by === 'input') return exitCode.unreadable;
  const undelivered = outcomes.rejected + outcomes.deferred + outcomes.suspended + outcomes.unknown;
  return undelivered > 0 || !conserved || stopped !== undefined ? exitCode.undelivered : exitCode.ok;
}
