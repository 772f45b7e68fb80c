import type { Connection, Signal } from '../../index.ts';
import type { EmbeddedStore } from '../../queue/index.ts';
import { realpathSync, statSync, type Stats } from 'node:fs';
import { afterSignal, exitCode, usage } from './exit-codes.ts';
import { originOf, withinOf } from './flag-parsers.ts';
import { openInput, type Input } from './input.ts';
import { openConnection, type ConnectionFlags } from './open-connection.ts';
import { openOutcomes, type OutcomesTarget } from './outcomes-file.ts';
import { proxyChoice } from './proxy-choice.ts';
import { warnings } from './warnings.ts';
import { directoryNamed } from './queue/store-location.ts';
import { runDelivery, type DeliveryEnd, type DeliveryParts } from './run-delivery.ts';
import { listenForStop, type Stop } from './stop.ts';
import { summaryOf, summaryText, type Stopped, type Summary } from './summary.ts';
import { RunStats } from './run-stats.ts';
import { jsonText } from './printable.ts';
import { isStopSignal, print, printResult, type Terminal } from './terminal.ts';

/** The flags that program.ts describes. */
export interface DeliverFlags extends ConnectionFlags {
  readonly input: string;
  readonly outcomes?: string;
  readonly origin?: string;
  readonly within?: number;
  readonly maxOutOfOrderness?: number;
  readonly proxy?: boolean;
  /** A directory that makes the delivery resumable. */
  readonly store?: string;
  /** Forgets what the store has of the file. */
  readonly restart?: boolean;
  /** How long to wait for it (ms). */
  readonly wait?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `spillway deliver`: NDJSON events in, one outcome per line out. Resolves to the exit code. */
export async function deliver(slug: string, flags: DeliverFlags, terminal: Terminal): Promise<number> {
  if (flags.json === true && flags.outcomes === '-') {
    throw usage('--json and --outcomes - cannot share standard output; write the outcomes to a file');
  }
  const input = openInput(flags.input, terminal);
  try {
    const { store } = flags;
    const command = { input, slug, flags, terminal };
    if (store === undefined) {
      if (flags.restart === true) throw usage('--restart needs --store: without one, every run delivers all lines');
      return await deliverInput(command);
    }
    if (flags.input === '-' || input.stats?.isFile() !== true)
      throw usage('--store needs a file as --input: standard input and pipes cannot be read a second time');
    const { withDirectory } = await import('./queue/store.ts');
    const directory = directoryNamed(store, 'it keeps the outcomes of a file on this disk');
    return await withDirectory(directory, { create: true, waitMs: flags.wait }, (opened) =>
      deliverInput({ ...command, store: { directory, opened } }),
    );
  } finally {
    input.close();
  }
}

interface DeliverCommand {
  readonly input: Input;
  readonly slug: string;
  readonly flags: DeliverFlags;
  readonly terminal: Terminal;
  /** What --store names. */
  readonly store?: { readonly directory: string; readonly opened: EmbeddedStore };
}

async function deliverInput(command: DeliverCommand): Promise<number> {
  const { input, flags, terminal, store } = command;
  const read = { input: input.stats, config: statsOf(flags.config), store: store?.directory };
  const target = openOutcomes(flags.outcomes, terminal, read);
  try {
    return await deliverTo(target, command);
  } finally {
    target.close();
  }
}

/** What the flags say; the runtime has a default for the rest. */
function streamLimits({ within, maxOutOfOrderness }: DeliverFlags, env: Terminal['env']): DeliveryParts['limits'] {
  const withinMs = withinOf(within, env);
  return {
    ...(withinMs === undefined ? {} : { withinMs }),
    ...(maxOutOfOrderness === undefined ? {} : { maxOutOfOrderness }),
  };
}

async function deliverTo(
  target: OutcomesTarget,
  { input, slug, flags, terminal, store }: DeliverCommand,
): Promise<number> {
  const { env, stdout, stderr } = terminal;
  const limits = streamLimits(flags, env);
  const stats = new RunStats();
  const { connection, runtime } = await openConnection(slug, flags, env, {
    origin: originOf(flags.origin, env),
    onSignal: (signal: Signal) => stats.observe(signal),
    ...(await proxyChoice(flags.proxy, terminal)),
  });
  const stop = listenForStop(terminal);
  stop.signal.addEventListener('abort', input.close, { once: true });
  const screen = flags.quiet === true ? undefined : stderr;
  try {
    const resumable = store === undefined ? undefined : await openLog(store.opened, connection, flags);
    const outcomes = target.start();
    const end = await runDelivery({ connection, input, outcomes, stats, stop, limits, resumable, screen });
    const summary = summaryOf(slug, end.events, stats, end.ms, stoppedBy(stop, end));
    if (flags.json === true) await printResult(stdout, jsonText(summary));
    else if (screen !== undefined) await print(screen, summaryText(summary));
    for (const line of warnings(summary, stats, end)) await print(stderr, `spillway: ${line}\n`);
    return codeOf(summary, stats.unauthorized);
  } finally {
    stop.release();
    await runtime.close();
  }
}

async function openLog(
  store: EmbeddedStore,
  { slug, id }: Connection,
  { input, restart }: DeliverFlags,
): Promise<NonNullable<DeliveryParts['resumable']>> {
  const file = realpathSync(input);
  return { file, log: await store.deliveryLog({ file, destination: slug, connection: id }, { restart }) };
}

/** `undefined` for a file that cannot be looked at: reading it will say why. */
function statsOf(file: string): Stats | undefined {
  try {
    return statSync(file);
  } catch {
    return undefined;
  }
}

function stoppedBy({ by }: Stop, { brokenOff, unwritable, unrecorded, nextLine }: DeliveryEnd): Stopped | undefined {
  if (by !== undefined) return { by, nextLine };
  if (unrecorded !== undefined) return { by: 'store', nextLine };
  if (unwritable !== undefined) return { by: 'outcomes', nextLine };
  return brokenOff === undefined ? undefined : { by: 'input', nextLine };
}

function codeOf({ outcomes, unreadable, conserved, stopped }: Summary, unauthorized: boolean): number {
  if (isStopSignal(stopped?.by)) return afterSignal(stopped.by);
  if (stopped?.by === 'store') return exitCode.storage;
  if (unauthorized) return exitCode.unauthorized;
  if (unreadable > 0 || stopped?.by === 'input') return exitCode.unreadable;
  const undelivered = outcomes.rejected + outcomes.deferred + outcomes.suspended + outcomes.unknown;
  return undelivered > 0 || !conserved || stopped !== undefined ? exitCode.undelivered : exitCode.ok;
}
