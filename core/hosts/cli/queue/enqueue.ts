import type { DeliveryQueue } from '../../../queue/index.ts';
import { afterSignal, exitCode, Refusal, usage } from '../exit-codes.ts';
import { openInput, type Input } from '../input.ts';
import { linesOf } from '../lines-of.ts';
import { perSecond, startBar, type Progress } from '../progress.ts';
import { listenForStop, type Stop } from '../stop.ts';
import { isStopSignal, print, type Output, type StopSignal, type Terminal } from '../terminal.ts';
import { readConnection, type ConnectionEntry } from './connections-file.ts';
import { createIntake, type Intake } from './intake.ts';
import { withConnections } from './open-connections.ts';
import { keepLanes, openRoster, type Roster } from './roster.ts';
import { makeRoom, storeOf, withSharedStore, type SharedQueue, type StoreFlags } from './store.ts';

export interface EnqueueFlags extends StoreFlags {
  readonly config: string;
  readonly input: string;
  readonly destination?: string;
  readonly destinations?: readonly string[];
  readonly maxBytes?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** What `enqueue --json` prints. */
export interface Enqueued extends Readonly<Intake['counts']> {
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

/** `spillway enqueue`: NDJSON events into a durable queue, each in the lane its vendor wants. Resolves to the exit code. */
export async function enqueue(id: string, flags: EnqueueFlags, terminal: Terminal): Promise<number> {
  const { env, stdout, stderr } = terminal;
  const directory = storeOf(flags, env);
  if (flags.maxBytes !== undefined && flags.maxBytes < leastBytes)
    throw usage(`--max-bytes ${flags.maxBytes} is too small for events; the minimum is ${leastBytes}`);
  const entry = await readConnection(id, { file: flags.config, destination: flags.destination }, env);
  const input = openInput(flags.input, terminal);
  const { maxBytes } = flags;
  const settings = { create: true, maxBytes, stderr };
  try {
    return await withConnections([entry], flags, env, {}, ([opened]) =>
      withSharedStore(directory, settings, async (queue) => {
        const roster = openRoster(directory);
        keepLanes(queue, opened, roster.of(id));
        await keepWorkers(queue, id, opened.destination.manifest.slug);
        for (const remark of await strangeness(queue, entry, roster)) await print(stderr, `spillway: ${remark}\n`);
        const intake = createIntake({ ...opened, queue, roster, halted: input.close });
        const stop = listenForStop(terminal);
        stop.signal.addEventListener('abort', input.close, { once: true });
        const progress = await showProgress(flags.quiet === true ? undefined : stderr, input, intake);
        try {
          let brokenOff: string | undefined;
          try {
            for await (const line of linesOf(input.chunks)) {
              await intake.take(line);
              if (intake.full || stop.signal.aborted) break;
            }
          } catch (error) {
            if (!(error instanceof Refusal)) throw error;
            // A signal, and a queue that takes no more, end the reading from outside; anything else is the input's own doing.
            if (!stop.signal.aborted) brokenOff = error.message;
          }
          await intake.flush();
          progress.stop();
          const by = stoppedBy(intake, stop, brokenOff);
          const summary: Enqueued = {
            connection: id,
            destination: entry.destination,
            ...intake.counts,
            ...(by === undefined ? {} : { stopped: { by, nextLine: intake.nextLine } }),
          };
          if (flags.json === true) await print(stdout, `${JSON.stringify(summary)}\n`);
          else if (flags.quiet !== true) await print(stderr, summaryText(summary));
          const full = intake.full ? [fullness(queue)] : [];
          for (const remark of [...intake.remarks, ...stopRemarks(summary, brokenOff), ...full])
            await print(stderr, `spillway: ${remark}\n`);
          return codeOf(summary);
        } finally {
          progress.stop();
          stop.release();
        }
      }),
    );
  } finally {
    input.close();
  }
}

/** Beside a worker, events go where that one delivers, whatever the settings here say. */
async function keepWorkers(queue: SharedQueue, id: string, slug: string): Promise<void> {
  const there = await queue.destinationOf?.(id);
  if (there === undefined || there === null || there === slug) return;
  throw new Refusal(exitCode.config, `${id}: the running spillway work delivers it to ${there}, not to ${slug}`, [
    'use another connection id for these settings, or restart spillway work with them',
  ]);
}

/** An id that was mistyped, or renamed, makes a backlog that nobody works on. */
async function strangeness(
  queue: SharedQueue,
  { id, at }: ConnectionEntry,
  roster: Pick<Roster, 'of'>,
): Promise<string[]> {
  const named = await queue.knows?.(id);
  if (named === false)
    return [
      `the running spillway work does not deliver for ${id}: its events wait until the file of spillway work names it`,
    ];
  // A file of many connections names it.
  if (named === true || at !== '' || roster.of(id) !== undefined) return [];
  const others = queue.status(Date.now()).connections.map(({ connection }) => connection);
  return others.length === 0 ? [] : [`${id} is a new connection id in this store, which has: ${others.join(', ')}`];
}

function showProgress(output: Output | undefined, input: Input, { counts }: Intake): Promise<Progress> {
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

function stoppedBy({ full }: Intake, { by }: Stop, brokenOff: string | undefined): StoppedBy | undefined {
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
  unreadable,
}: Enqueued): string {
  const parts = [
    `${accepted} kept`,
    `${duplicates} duplicates`,
    ...(skipped + rejected === 0 ? [] : [`${skipped} settled as skipped, ${rejected} as rejected`]),
    ...(unreadable === 0 ? [] : [`${unreadable} unreadable`]),
  ];
  return `${connection} (${destination}): ${parts.join(', ')}\n`;
}

function stopRemarks({ stopped }: Enqueued, brokenOff: string | undefined): string[] {
  if (stopped === undefined) return [];
  const why =
    stopped.by === 'full' ? 'the queue is full' : stopped.by === 'input' ? brokenOff : `stopped by ${stopped.by}`;
  return [`${why}: continue from line ${stopped.nextLine}; everything before it is in the queue`];
}

/** What takes the room, and what makes more of it. */
function fullness(queue: Pick<DeliveryQueue, 'status'>): string {
  const { connections, bytes, seenBytes, maxBytes } = queue.status(Date.now());
  const sum = (figure: 'waiting' | 'done' | 'dead'): number =>
    connections.reduce((total, connection) => total + connection[figure], 0);
  const kept = `${sum('waiting')} waiting events, ${sum('done')} kept for replay, ${sum('dead')} dead letters`;
  const ids = seenBytes * 4 < maxBytes ? '' : `; ${seenBytes} bytes are event ids, kept for a day`;
  return `${bytes} of ${maxBytes} bytes are in use: ${kept}${ids}; ${makeRoom}`;
}

function codeOf({ stopped, unreadable, rejected }: Enqueued): number {
  if (isStopSignal(stopped?.by)) return afterSignal(stopped.by);
  if (stopped?.by === 'full') return exitCode.later;
  if (unreadable > 0 || stopped?.by === 'input') return exitCode.unreadable;
  return rejected > 0 ? exitCode.undelivered : exitCode.ok;
}
