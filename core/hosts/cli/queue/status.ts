import sortBy from 'lodash/sortBy.js';
import type { ConnectionBacklog, QueueStatus, StoreProcess, StoreStatus, WorkerState } from '../../../queue/index.ts';
import { exitCode } from '../exit-codes.ts';
import { jsonText, printable } from '../printable.ts';
import { tableText } from '../table.ts';
import { print, type Terminal } from '../terminal.ts';
import { holdText } from './hold-text.ts';
import { ownerOf, workerOf, workingProcesses } from './processes.ts';
import { bytesOnDisk, freeBytes } from './disk.ts';
import { quarantineText, withSharedStore } from './store.ts';
import { storeLocation, type StoreFlags, type StoreLocation } from './store-location.ts';
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
  const { env, stdout, stderr } = terminal;
  const location = storeLocation(flags, env);
  const onWait = (why: string): void => void stderr.write(`spillway: ${why}\n`);
  return withSharedStore(location, { waitMs: flags.wait, onWait }, async (store) => {
    const { processes, ...now } = await store.status();
    const working = workingProcesses({ processes });
    const connections: ConnectionStatus[] = [];
    for (const { registered, ...backlog } of sortBy(now.connections, 'connection')) {
      const { connection } = backlog;
      const deadByReason = backlog.dead === 0 ? {} : await store.reasons(connection);
      const absent = { state: working.length === 0 ? 'unattended' : 'stranger', ...unknown } as const;
      const worker = workerOf({ processes }, connection) ?? { ...absent, perSecond: null, etaMs: null };
      const destination = registered?.destination ?? null;
      connections.push({ ...backlog, ...worker, destination, deadByReason });
    }
    const disk = diskOf(location);
    if (flags.json === true) {
      const [first] = working;
      const by = first === undefined ? null : { pid: first.pid, startedAt: first.startedAt };
      const others = working.map(({ isHere: _isHere, ...process }) => process);
      await print(stdout, jsonText({ ...now, ...disk, worker: by, processes: others, connections }, 2));
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
      now.quarantined === 0 ? '' : `, ${now.quarantined} damaged records were set aside (${quarantineText(location)})`;
    const seen =
      now.seenBytes === 0 ? '' : `${now.seenBytes} of them are the event ids of the last day, for deduplication\n`;
    const onDisk = disk.bytesOnDisk === null ? '' : `${disk.bytesOnDisk} bytes on disk, ${disk.freeBytes} free\n`;
    const bytes = `${now.bytes} of ${now.maxBytes} bytes (${full} %)${aside}\n${seen}${onDisk}`;
    const at = workersText({ processes }, location);
    const details = connections.flatMap((line) => detailsOf(line)).map((line) => `${printable(line)}\n`);
    await print(stdout, `${tableText(head, rows, terminal)}${bytes}${deliveriesText(now)}${at}${details.join('')}`);
    return exitCode.ok;
  });
}

/** A broker's disk is on another machine. */
const diskOf = (location: StoreLocation) =>
  location.kind === 'broker'
    ? { bytesOnDisk: null, freeBytes: null }
    : { bytesOnDisk: bytesOnDisk(location.path), freeBytes: freeBytes(location.path) };

function workersText(status: Pick<StoreStatus, 'processes'>, { kind }: StoreLocation): string {
  const working = workingProcesses(status);
  const owner = ownerOf(status);
  if (working.length === 0)
    return `no spillway work is running${owner === undefined ? '' : `; process ${owner.pid} has the store`}\n`;
  const lines = working.map(({ pid, host, startedAt, workers }) =>
    kind === 'directory'
      ? `spillway work is running as process ${pid} since ${startedAt}`
      : `spillway work is running as process ${pid} on ${host} since ${startedAt}: ${jobsText(workers)}`,
  );
  return `${printable(lines.join('\n'))}\n`;
}

/** What a process is at, by connection. */
const jobsText = (workers: StoreProcess['workers']): string =>
  Object.entries(workers ?? {})
    .map(([id, { state, perSecond }]) => `${id} ${state === 'working' ? `${perSecond} events/s` : state}`)
    .join(', ');

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
