import sortBy from 'lodash/sortBy.js';
import type { ConnectionBacklog, QueueStatus, WorkerState } from '../../../queue/index.ts';
import { exitCode } from '../exit-codes.ts';
import { jsonText, printable } from '../printable.ts';
import { tableText } from '../table.ts';
import { print, type Terminal } from '../terminal.ts';
import { holdText } from './hold-text.ts';
import { ownerOf, workerOf, workingProcess } from './processes.ts';
import { bytesOnDisk, freeBytes } from './disk.ts';
import { quarantineText, storeDirectory, withSharedStore, type StoreFlags } from './store.ts';
import { durationText } from './format-time.ts';

export interface StatusFlags extends StoreFlags {
  readonly json?: boolean;
}

/** What `queue status --json` says of a connection. */
interface ConnectionStatus extends Omit<ConnectionBacklog, 'registered'>, Omit<WorkerState, 'state' | 'perSecond'> {
  readonly destination: string | null;
  /** `unattended`: no `work` runs. `stranger`: one runs, and its file does not name this connection. */
  readonly state: WorkerState['state'] | 'unattended' | 'stranger';
  readonly perSecond: number | null;
  readonly deadByReason: Readonly<Record<string, number>>;
}

const unknown = {
  reason: null,
  since: null,
  until: null,
  lastDelivered: null,
  lastError: null,
  failing: { events: 0, partial: false },
} as const;

/**
 * `spillway queue status`: what waits, what died, what is kept for replay, and what its worker is at, by connection.
 */
export async function status(flags: StatusFlags, terminal: Terminal): Promise<number> {
  const { env, stdout } = terminal;
  const directory = storeDirectory(flags, env);
  return withSharedStore(directory, { waitMs: flags.wait }, async (store) => {
    const { processes, ...now } = await store.status();
    const working = workingProcess({ processes });
    const connections: ConnectionStatus[] = [];
    for (const { registered, ...backlog } of sortBy(now.connections, 'connection')) {
      const { connection } = backlog;
      const deadByReason = backlog.dead === 0 ? {} : await store.reasons(connection);
      const absent = { state: working === undefined ? 'unattended' : 'stranger', ...unknown } as const;
      const worker = workerOf({ processes }, connection) ?? { ...absent, perSecond: null, etaMs: null };
      const destination = registered?.destination ?? null;
      connections.push({ ...backlog, ...worker, destination, deadByReason });
    }
    const disk = { bytesOnDisk: bytesOnDisk(directory), freeBytes: freeBytes(directory) };
    if (flags.json === true) {
      const by = working === undefined ? null : { pid: working.pid, startedAt: working.startedAt };
      await print(stdout, jsonText({ ...now, ...disk, worker: by, connections }, 2));
      return exitCode.ok;
    }
    const rows = connections.map(({ connection, destination, waiting, oldestMs, dead, done }) => [
      connection,
      destination ?? '?',
      String(waiting),
      waiting === 0 ? '-' : durationText(oldestMs),
      String(dead),
      String(done),
    ]);
    const head = ['CONNECTION', 'DESTINATION', 'WAITING', 'OLDEST', 'DEAD', 'DONE'];
    const full = ((100 * now.bytes) / now.maxBytes).toFixed(1);
    const aside =
      now.quarantined === 0 ? '' : `, ${now.quarantined} damaged records were set aside (${quarantineText(directory)})`;
    const seen =
      now.seenBytes === 0 ? '' : `${now.seenBytes} of them are the event ids of the last day, for deduplication\n`;
    const bytes = `${now.bytes} of ${now.maxBytes} bytes (${full} %)${aside}\n${seen}${disk.bytesOnDisk} bytes on disk, ${disk.freeBytes} free\n`;
    const owner = ownerOf({ processes });
    const at =
      working === undefined
        ? `no spillway work is running${owner === undefined ? '' : `; process ${owner.pid} has the store`}\n`
        : `spillway work is running as process ${working.pid} since ${working.startedAt}\n`;
    const details = connections.flatMap((line) => detailsOf(line)).map((line) => `${printable(line)}\n`);
    await print(stdout, `${tableText(head, rows, terminal)}${bytes}${deliveriesText(now)}${at}${details.join('')}`);
    return exitCode.ok;
  });
}

function deliveriesText({ deliveries }: Pick<QueueStatus, 'deliveries'>): string {
  if (deliveries === undefined) return '';
  const files = deliveries.files.map(({ file, destination, connection, startedAt }) =>
    printable(`${connection}: ${file} to ${destination}, since ${new Date(startedAt).toISOString()}`),
  );
  return `${deliveries.bytes} bytes beside these are outcomes of deliver --store:\n${files.join('\n')}\n`;
}

/** What a table has no room for: a line for what a worker is at, and one for the dead letters. */
function detailsOf(line: ConnectionStatus): string[] {
  const { connection, state, waiting, dead, deadByReason, lastDelivered, lastError } = line;
  const reasons = Object.entries(deadByReason).sort(([, a], [, b]) => b - a);
  const died =
    dead === 0 ? [] : [`${connection}: dead letters by reason: ${reasons.map((pair) => pair.join(' ')).join(', ')}`];
  if (state === 'unattended') return died;
  if (state === 'stranger')
    return waiting === 0
      ? died
      : [
          `${connection}: stranger: the running spillway work does not deliver for it; name it in the file of that, or drop it with spillway queue purge`,
          ...died,
        ];
  const { outcome, code, status: http, at } = lastError ?? {};
  const parts = [
    stateText(line),
    `${line.perSecond} events/s`,
    ...(waiting === 0
      ? []
      : [line.etaMs === null ? 'no estimate' : `the queue is empty in ${durationText(line.etaMs)}`]),
    ...failingText(line.failing),
    `last delivered ${lastDelivered ?? 'never'}`,
    ...(lastError === null ? [] : [`last error ${outcome}: ${code}${http === null ? '' : ` (HTTP ${http})`} at ${at}`]),
  ];
  return [`${connection}: ${parts.join('; ')}`, ...died];
}

function failingText({ events, partial }: ConnectionStatus['failing']): string[] {
  if (events === 0) return [];
  const what = `${events} events fail at every attempt while others succeed`;
  return [partial ? `the vendor is partly down: ${what}` : what];
}

function stateText({ state, reason, since, until }: ConnectionStatus): string {
  if (state !== 'held' || reason === null) return state;
  const next = until === null ? '' : `; next try at ${until}`;
  return `held${since === null ? '' : ` since ${since}`}: ${holdText(reason.cause, reason.code)}${next}`;
}
