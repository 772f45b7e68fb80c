import { afterSignal, exitCode, CliError, usage } from '../exit-codes.ts';
import { openInput, type Input } from '../input.ts';
import { NotNdjson } from '../input-form.ts';
import { readLines } from '../lines.ts';
import { perSecond, startBar, type Progress } from '../progress.ts';
import { listenForStop, type Stop } from '../stop.ts';
import { jsonText } from '../printable.ts';
import { isStopSignal, print, printResult, type Output, type StopSignal, type Terminal } from '../terminal.ts';
import { keepLanes, registeredOf, type DeliveryStore, type StoreStatus } from '../../../queue/index.ts';
import { readConnection, type ConnectionEntry } from './connections-file.ts';
import { EnqueueWriter, type EnqueueCounts } from './enqueue-writer.ts';
import { withAllConnections } from './open-connections.ts';
import { workerOf, workingProcesses } from './processes.ts';
import { howToMakeRoom, withSharedStore } from './store.ts';
import { storeLocation, type StoreFlags, type StoreLocation } from './store-location.ts';

export interface EnqueueFlags extends StoreFlags {
  readonly config: string;
  readonly input: string;
  readonly destination?: string;
  readonly allowOrigin?: readonly string[];
  readonly destinations?: readonly string[];
  readonly maxBytes?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** What `enqueue --json` prints. */
export interface EnqueueSummary extends EnqueueCounts {
  readonly connection: string;
  readonly destination: string;
  readonly stopped?: {
    readonly by: StoppedBy;
    /** From this line on, nothing was kept. */
    readonly nextLine: number;
  };
}
type StoppedBy = StopSignal | 'input' | 'full';

/** A queue that may keep less is full before it holds anything to speak of. */
const leastBytes = 8 * 1024;

/**
 * `spillway enqueue`: NDJSON events into a durable queue, each in the lane its vendor wants. Resolves to the exit code.
 */
export async function enqueue(id: string, flags: EnqueueFlags, terminal: Terminal): Promise<number> {
  const { env, stderr } = terminal;
  const location = storeLocation(flags, env);
  const { maxBytes } = flags;
  if (maxBytes !== undefined && maxBytes < leastBytes)
    throw usage(`--max-bytes ${maxBytes} is too small for events; the minimum is ${leastBytes}`);
  const entry = await readConnection(id, { file: flags.config, destination: flags.destination }, env);
  const input = openInput(flags.input, terminal);
  const settings = { create: true, maxBytes, waitMs: flags.wait, stderr };
  try {
    return await withAllConnections([entry], flags, env, {}, ([opened]) =>
      withSharedStore(location, settings, async (store) => {
        const status = await store.status();
        const { connection, configHash } = opened;
        const settings = await keepLanes(store, status, connection, configHash);
        assertSameDestination(status, id, opened.destination.manifest.slug);
        for (const warning of unknownIdWarnings(status, entry)) await print(stderr, `spillway: ${warning}\n`);
        const writer = new EnqueueWriter({ connection, settings, store, halted: input.close });
        const end = await putAll(input, writer, flags, terminal);
        return report({ id, entry, writer, store, location, flags, terminal }, end);
      }),
    );
  } finally {
    input.close();
  }
}

interface EnqueueEnd {
  readonly by: StoppedBy | undefined;
  /** Why the input could not be read to its end, in words. */
  readonly brokenOff: string | undefined;
}

/** Puts the lines of the input until it ends, a signal comes, or the queue is full. */
async function putAll(
  input: Input,
  writer: EnqueueWriter,
  { quiet }: EnqueueFlags,
  terminal: Terminal,
): Promise<EnqueueEnd> {
  const stop = listenForStop(terminal);
  stop.signal.addEventListener('abort', input.close, { once: true });
  const progress = await showProgress(quiet === true ? undefined : terminal.stderr, input, writer);
  try {
    let brokenOff: string | undefined;
    try {
      for await (const line of readLines(input.chunks)) {
        await writer.add(line);
        if (writer.full || stop.signal.aborted) break;
      }
    } catch (error) {
      if (!(error instanceof CliError) || error instanceof NotNdjson) throw error;
      // A signal or a full queue ends the reading from outside; any other error is the input's own.
      if (!stop.signal.aborted) brokenOff = error.message;
    }
    await writer.flush();
    return { by: stoppedBy(writer, stop, brokenOff), brokenOff };
  } finally {
    progress.stop();
    stop.release();
  }
}

interface EnqueueRun {
  readonly id: string;
  readonly entry: ConnectionEntry;
  readonly writer: EnqueueWriter;
  readonly store: DeliveryStore;
  readonly location: StoreLocation;
  readonly flags: EnqueueFlags;
  readonly terminal: Terminal;
}

async function report(
  { id, entry, writer, store, location, flags, terminal }: EnqueueRun,
  end: EnqueueEnd,
): Promise<number> {
  const { by, brokenOff } = end;
  const summary: EnqueueSummary = {
    connection: id,
    destination: entry.destination,
    ...writer.counts,
    ...(by === undefined ? {} : { stopped: { by, nextLine: writer.nextLine } }),
  };
  if (flags.json === true) await printResult(terminal.stdout, jsonText(summary));
  else if (flags.quiet !== true) await print(terminal.stderr, summaryText(summary));
  const full = writer.full ? [fullText(await store.status(), location)] : [];
  for (const warning of [...writer.warnings, ...stopWarnings(summary, brokenOff), ...full])
    await print(terminal.stderr, `spillway: ${warning}\n`);
  return codeOf(summary);
}

/** Beside a worker, events go where that one delivers, whatever the settings here say. */
function assertSameDestination(status: StoreStatus, id: string, slug: string): void {
  const there = workerOf(status, id)?.destination ?? slug;
  if (there === slug) return;
  throw new CliError(exitCode.config, `${id}: the running spillway work delivers it to ${there}, not to ${slug}`, [
    'use another connection id for these settings, or restart spillway work with them',
  ]);
}

/** An id that was mistyped, or renamed, makes a backlog that nobody works on. */
function unknownIdWarnings(status: StoreStatus, { id, at }: ConnectionEntry): string[] {
  const isWorked = (workerOf(status, id)?.destination ?? null) !== null;
  const working = workingProcesses(status).length;
  if (working > 0 && !isWorked) {
    const nobody =
      working === 1 ? 'the running spillway work does not deliver' : `none of ${working} processes delivers`;
    return [`${nobody} for ${id}: its events wait until the file of spillway work names it`];
  }
  // A file of many connections names it.
  if (isWorked || at !== '' || registeredOf(status, id) !== undefined) return [];
  const others = status.connections.map(({ connection }) => connection);
  return others.length === 0 ? [] : [`${id} is a new connection id in this store, which has: ${others.join(', ')}`];
}

function showProgress(output: Output | undefined, input: Input, { counts }: EnqueueWriter): Promise<Progress> {
  const startedAt = performance.now();
  return startBar(output, {
    size: input.size,
    bytesRead: () => input.bytesRead,
    format: '{kept} kept  {perSecond}/s  {before} duplicates  {unreadable} unreadable',
    numbers: () => ({
      kept: counts.accepted,
      before: counts.duplicates,
      unreadable: counts.unreadable,
      perSecond: perSecond(counts.in, startedAt),
    }),
  });
}

function stoppedBy({ full }: EnqueueWriter, { by }: Stop, brokenOff: string | undefined): StoppedBy | undefined {
  if (full) return 'full';
  return by ?? (brokenOff === undefined ? undefined : 'input');
}

function summaryText({
  connection,
  destination,
  accepted,
  duplicates,
  skipped,
  rejected,
  reasons,
  unreadable,
}: EnqueueSummary): string {
  const why = Object.entries(reasons).map(([code, count]) => `${code} ${count}`);
  const parts = [
    `${accepted} kept`,
    `${duplicates} duplicates`,
    ...(skipped + rejected === 0 ? [] : [`${skipped} settled as skipped, ${rejected} as rejected (${why.join(', ')})`]),
    ...(unreadable === 0 ? [] : [`${unreadable} unreadable`]),
  ];
  return `${connection} (${destination}): ${parts.join(', ')}\n`;
}

function stopWarnings({ stopped }: EnqueueSummary, brokenOff: string | undefined): string[] {
  if (stopped === undefined) return [];
  const why =
    stopped.by === 'full' ? 'the queue is full' : stopped.by === 'input' ? brokenOff : `stopped by ${stopped.by}`;
  return [`${why}: continue from line ${stopped.nextLine}; everything before it is in the queue`];
}

/** What takes the room, and what makes more of it. */
function fullText({ connections, bytes, seenBytes, maxBytes }: StoreStatus, location: StoreLocation): string {
  const sum = (figure: 'waiting' | 'done' | 'dead'): number =>
    connections.reduce((total, connection) => total + connection[figure], 0);
  const kept = `${sum('waiting')} waiting events, ${sum('done')} kept for replay, ${sum('dead')} dead letters`;
  const ids = seenBytes * 4 < maxBytes ? '' : `; ${seenBytes} bytes are event ids, kept for a day`;
  return `${bytes} of ${maxBytes} bytes are in use: ${kept}${ids}; ${howToMakeRoom(location)}`;
}

function codeOf({ stopped, unreadable, rejected }: EnqueueSummary): number {
  if (isStopSignal(stopped?.by)) return afterSignal(stopped.by);
  if (stopped?.by === 'full') return exitCode.later;
  if (unreadable > 0 || stopped?.by === 'input') return exitCode.unreadable;
  return rejected > 0 ? exitCode.undelivered : exitCode.ok;
}
