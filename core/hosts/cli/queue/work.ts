import type { DestinationManifest, Signal } from '../../../index.ts';
import {
  isStoreLost,
  work as startWorker,
  workFor,
  type DeliveryQueue,
  type QueueWorker,
} from '../../../queue/index.ts';
import { afterSignal, exitCode, Refusal, usage } from '../exit-codes.ts';
import { listenForStop, type Stop } from '../stop.ts';
import { createTally } from '../tally.ts';
import { proxyChoice } from '../proxy-choice.ts';
import { print, type StopSignal, type Terminal } from '../terminal.ts';
import { createAttendance, unworkable, type Attendance } from './attendance.ts';
import { startBoard } from './board.ts';
import { readConnections } from './connections-file.ts';
import { countSettled, type Count } from './count-settled.ts';
import { withEach, type InvalidConnection, type OpenConnection } from './open-connections.ts';
import { originsOf } from './origins.ts';
import { answerForStore } from './owner-socket.ts';
import { keepDestination, laneBy, openRoster, type Roster } from './roster.ts';
import { storeOf, withStore, type StoreFlags, refuse } from './store.ts';
import { written } from './time.ts';
import { createWorkLog, logForms, type LogForm, type WorkLog } from './work-log.ts';
import { codeOf, defectsOf, remarksOf, summaryText, type Worked, type WorkSummary } from './work-summary.ts';

export interface WorkFlags extends StoreFlags {
  readonly config: string;
  /** `slug=url`, each. */
  readonly origin?: readonly string[];
  readonly untilIdle?: boolean;
  /** Milliseconds. */
  readonly grace?: number;
  /** Milliseconds. */
  readonly keep?: number;
  /** How it says on standard error what happens: text or json. Default: text. */
  readonly log?: string;
  /** Ends with 78 where one connection cannot be worked on, instead of working on the others. */
  readonly strict?: boolean;
  readonly destinations?: readonly string[];
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly proxy?: boolean;
}

const defaultGraceMs = 10_000;
const defaultKeepMs = 7 * 86_400_000;
const pruneEveryMs = 60_000;
/** How often the workers are asked which events fail by themselves. */
const seeEveryMs = 2_000;
/** How long closing the store may take when the time is over already. */
const closingMs = 2_000;

/** `spillway work`: delivers what waits, a worker for each connection. Resolves to the exit code. */
export async function work(flags: WorkFlags, terminal: Terminal): Promise<number> {
  const { env, stdout, stderr } = terminal;
  const directory = storeOf(flags, env);
  const entries = await readConnections(flags.config, env);
  const origins = originsOf(flags.origin, entries, env);
  const tally = createTally();
  const log = createWorkLog(stderr, logFormOf(flags.log), directory);
  const attendance = createAttendance(
    entries.map(({ id }) => id),
    (change) => log.change(change),
  );
  const onSignal = (signal: Signal): void => {
    if (!isOfFullDisk(signal)) tally.hear(signal);
    attendance.hear(signal);
  };
  let overdue: NodeJS.Timeout | undefined;
  const proxy = await proxyChoice(flags.proxy, terminal);
  const ended = withEach(entries, flags, env, { origins, onSignal, ...proxy }, (all, invalid) =>
    withStore(directory, { stderr }, async (store) => {
      const roster = openRoster(directory);
      const { connections, refused } = sortOut(all, invalid, store, roster);
      if (flags.strict === true && refused[0] !== undefined) throw asOne(refused);
      for (const { id, destination } of connections)
        roster.enrol(id, { destination: destination.manifest.slug, lanes: false });
      for (const { message, details } of refused) await log.remark(message, details);
      if (connections.length === 0) return exitCode.config;
      for (const remark of strangers(store, entries)) await log.remark(remark);
      const startedAt = performance.now();
      const { quarantined } = store.status(Date.now());
      const { workers, counts, stop, failed } = await runWorkers({
        directory,
        store,
        connections,
        named: entries,
        flags,
        terminal,
        onSignal,
        attendance,
        log,
      });
      // Closing must not take for ever either.
      if (stop !== undefined)
        overdue = setTimeout(() => terminal.exit(afterSignal(stop)), flags.grace ?? defaultGraceMs);
      const damaged = store.status(Date.now()).quarantined > quarantined;
      const worked = connections.map(({ id, destination }): Worked => {
        const paused = workers.get(id)?.paused()?.code;
        const waiting = store.waiting(id);
        const end = { ...counts(id), waiting, ...(paused === undefined ? {} : { paused }) };
        return { connection: id, destination: destination.manifest.slug, ...end };
      });
      const summary: WorkSummary = {
        connections: worked,
        requests: tally.requests,
        retries: tally.retries,
        seconds: Math.round(performance.now() - startedAt) / 1000,
        ...(stop === undefined ? {} : { stopped: stop }),
      };
      if (flags.json === true) await print(stdout, `${JSON.stringify(summary)}\n`);
      else if (flags.quiet !== true) await print(stderr, summaryText(summary));
      for (const remark of [...remarksOf(summary), ...failed, ...defectsOf(tally), ...tally.unusable])
        await log.remark(remark);
      const left = strangers(store, entries).length > 0;
      return codeOf(summary, { left, refused: refused.length > 0, storeFailed: damaged || failed.length > 0 });
    }),
  );
  return ended.finally(() => clearTimeout(overdue));
}

/** Of which the log has a line of its own: no defect of ours. */
const isOfFullDisk = (signal: Signal): boolean =>
  signal.kind === 'defect' && signal.where === 'queue.settle' && String(signal.error).startsWith('QueueFull');

/** With --strict, nobody works where one cannot. */
const asOne = (refused: readonly Refusal[]): Refusal =>
  new Refusal(
    exitCode.config,
    'with --strict, nothing is delivered until every connection is in order',
    refused.flatMap(({ message, details }) => [message, ...details]),
  );

function logFormOf(written = 'text'): LogForm {
  const form = logForms.find((one) => one === written);
  if (form === undefined)
    throw usage(`--log: unknown form ${JSON.stringify(written)}; expected one of: ${logForms.join(', ')}`);
  return form;
}

/** A connection that is refused stays where it is; the others are none the worse for it. */
function sortOut(
  all: readonly OpenConnection[],
  invalid: readonly InvalidConnection[],
  store: DeliveryQueue,
  roster: Roster,
): { readonly connections: readonly OpenConnection[]; readonly refused: readonly Refusal[] } {
  const connections: OpenConnection[] = [];
  const refused = invalid.map(
    ({ id, issues }) =>
      new Refusal(
        exitCode.config,
        `${id} is held: its settings are invalid`,
        issues.map(({ path, message }) => `${path}: ${message}`),
      ),
  );
  for (const opened of all) {
    try {
      keepDestination(store, opened, roster.of(opened.id));
      connections.push(opened);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refused.push(error);
    }
  }
  return { connections, refused };
}

interface WorkEnd {
  readonly workers: ReadonlyMap<string, QueueWorker>;
  readonly counts: (id: string) => Count;
  readonly stop: StopSignal | undefined;
  readonly failed: readonly string[];
}

interface WorkRun {
  readonly directory: string;
  readonly store: DeliveryQueue;
  readonly connections: readonly OpenConnection[];
  /** All that the file names. */
  readonly named: readonly { readonly id: string }[];
  readonly flags: WorkFlags;
  readonly terminal: Terminal;
  readonly onSignal: (signal: Signal) => void;
  readonly attendance: Attendance;
  readonly log: WorkLog;
}

/** Resolves when nothing is in flight any more: after a signal, or when all are idle and that is the end. */
async function runWorkers(run: WorkRun): Promise<WorkEnd> {
  const { directory, store, connections, named, terminal, onSignal, attendance, log } = run;
  const { untilIdle, grace = defaultGraceMs, keep = defaultKeepMs, quiet } = run.flags;
  const { queue: counting, counts } = countSettled(store);
  const queue = attendance.watch(counting);
  const failed = new Set<string>();
  const stop = listenForStop(terminal);
  const prune = (): Promise<unknown> =>
    store.prune(Date.now() - keep, Date.now()).catch((error: unknown) => {
      failed.add(`the store cannot be pruned: ${(error as Error).message}`);
      if (isStoreLost(error)) for (const worker of workers.values()) worker.wake();
    });
  let pruning = prune();
  // It also keeps the process, which has nothing else to live for while the queue is empty.
  const timer = setInterval(() => void (pruning = pruning.then(prune)), pruneEveryMs);
  const workers = new Map(
    connections.map(({ id, connection, destination, configHash }) => [
      id,
      startWorker({
        queue,
        connection: attendance.listen(id, connection),
        id,
        configHash,
        onSignal,
        ...workFor(destination.manifest),
      }),
    ]),
  );
  const seeing = setInterval(() => {
    for (const [id, worker] of workers) attendance.see(id, worker.suspects());
  }, seeEveryMs).unref();
  const board = await startBoard(quiet === true ? undefined : terminal.stderr, () =>
    [...workers].map(([id, worker]) => ({
      connection: id,
      waiting: store.waiting(id),
      paused: worker.paused()?.code,
      ...counts(id),
    })),
  );
  log.through(board.print);
  const startedAt = written(Date.now());
  const byId = new Map(connections.map((opened) => [opened.id, opened]));
  const owner = await answerForStore({
    directory,
    queue: store,
    laneOf(id) {
      const opened = byId.get(id);
      return opened === undefined ? undefined : laneBy(opened.connection);
    },
    destinationOf: (id) => byId.get(id)?.destination.manifest.slug,
    changed: (id) => workers.get(id)?.wake(),
    attended: () => ({
      pid: process.pid,
      startedAt,
      connections: Object.fromEntries(
        named.map(({ id }) => [id, workers.has(id) ? attendance.of(id, store.waiting(id)) : unworkable]),
      ),
    }),
  });
  const stopped = whenStopped(stop);
  let deadline: NodeJS.Timeout | undefined;
  try {
    const all = [...workers.values()];
    const idle = untilIdle === true ? [Promise.all(all.map((worker) => worker.idle()))] : [];
    await Promise.race([stopped, ...idle, ...all.map((worker) => worker.ended())]);
    const lost = all.map((worker) => worker.lost()).find((error) => error !== undefined);
    if (lost !== undefined) {
      // What ends one, the store, ends all.
      await Promise.all(all.map((worker) => worker.stop(0)));
      owner?.leaveName();
      refuse(lost);
    }
    if (stop.by !== undefined) deadline = endBy(grace, stop.by, store, terminal);
    const stopping = connections.flatMap(({ id, destination }) => {
      const worker = workers.get(id);
      return worker === undefined ? [] : [worker.stop(patienceOf(destination.manifest, grace))];
    });
    await Promise.all(stopping);
  } finally {
    await owner?.close();
    clearTimeout(deadline);
    clearInterval(timer);
    clearInterval(seeing);
    log.through(undefined);
    board.stop();
    // A signal ends it: closing the store breaks it off.
    await Promise.race([pruning, stopped]);
    stop.release();
  }
  return { workers, counts, stop: stop.by, failed: [...failed] };
}

/** Nothing more is sent so early that what was sent last has its answer, or its timeout, before the time is over. */
const patienceOf = ({ pace }: DestinationManifest, graceMs: number): number => Math.max(0, graceMs - pace.timeoutMs);

/** What is in flight when the time is over stays in the queue, and may arrive twice. */
const endBy = (graceMs: number, by: StopSignal, store: DeliveryQueue, terminal: Terminal): NodeJS.Timeout =>
  setTimeout(() => {
    terminal.stderr.write(
      `spillway: ${graceMs} ms after ${by}, the vendor has not answered yet; events in flight stay in the queue\n`,
    );
    const exit = (): void => terminal.exit(afterSignal(by));
    const late = new Promise<void>((resolve) => void setTimeout(resolve, closingMs).unref());
    void Promise.race([store.close(), late]).then(exit, exit);
  }, graceMs);

const whenStopped = ({ signal }: Stop): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** What waits for a connection that nobody named stays where it is; that should not go unsaid. */
const strangers = (queue: DeliveryQueue, connections: readonly { readonly id: string }[]): string[] =>
  queue
    .status(Date.now())
    .connections.filter(({ connection, waiting }) => waiting > 0 && !connections.some(({ id }) => id === connection))
    .map(({ connection, waiting }) => `${waiting} events wait for ${connection}, which the config file does not name`);
