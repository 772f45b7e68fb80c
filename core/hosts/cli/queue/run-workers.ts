import type { Signal } from '../../../index.ts';
import {
  isStoreLost,
  work as startWorker,
  workFor,
  type DeliveryQueue,
  type QueueWorker,
  type StoreHost,
  type WorkableQueue,
} from '../../../queue/index.ts';
import { listenForStop } from '../stop.ts';
import type { StopSignal, Terminal } from '../terminal.ts';
import { countSettled, type SettledCount } from './count-settled.ts';
import type { OpenConnection } from './open-connections.ts';
import { lanesBy } from './registered.ts';
import { exitAfterGrace, sendingGraceMs, whenStopped } from './shut-down.ts';
import { throwAsCliError } from './store.ts';
import type { WorkLog } from './work-log.ts';
import { startWorkProgress } from './work-progress.ts';
import type { WorkerMonitor } from './worker-monitor.ts';
import { misconfiguredState } from './worker-state.ts';

/** What a run of `work` needs, apart from its store. */
export interface WorkSettings {
  /** Has other processes told what these workers do. */
  readonly attend: (host: StoreHost) => void;
  /** All connections that the file names, invalid ones included. */
  readonly named: readonly { readonly id: string }[];
  readonly flags: {
    readonly untilIdle?: boolean;
    /** Milliseconds. */
    readonly grace?: number;
    /** Milliseconds. */
    readonly keep?: number;
    readonly quiet?: boolean;
  };
  readonly terminal: Terminal;
  readonly onSignal: (signal: Signal) => void;
  readonly monitor: WorkerMonitor;
  readonly log: WorkLog;
}

export interface WorkRun extends WorkSettings {
  readonly store: DeliveryQueue;
  readonly connections: readonly OpenConnection[];
}

export interface WorkEnd {
  readonly workers: ReadonlyMap<string, QueueWorker>;
  readonly counts: (id: string) => SettledCount;
  readonly stop: StopSignal | undefined;
  /** What went wrong with the store meanwhile, in words. */
  readonly failures: readonly string[];
}

export const defaultGraceMs = 10_000;
const defaultKeepMs = 7 * 86_400_000;
const pruneEveryMs = 60_000;
/** How often the workers are asked for the events that fail by themselves. */
const suspectsEveryMs = 2_000;

/** Resolves when nothing is in flight any more: after a signal, or with --until-idle once all workers are idle. */
export async function runWorkers(run: WorkRun): Promise<WorkEnd> {
  const { store, connections, flags, terminal, monitor, log } = run;
  const { queue, counts } = countSettled(store);
  const stop = listenForStop(terminal);
  const stopped = whenStopped(stop);
  const workers = new Map<string, QueueWorker>();
  const pruning = startPruning(store, flags.keep ?? defaultKeepMs, () => workers.forEach((worker) => worker.wake()));
  startWorkers(run, monitor.watchQueue(queue), workers);
  const watching = setInterval(() => {
    for (const [id, worker] of workers) monitor.recordSuspects(id, worker.suspects());
  }, suspectsEveryMs).unref();
  const progress = await startWorkProgress(flags.quiet === true ? undefined : terminal.stderr, () =>
    [...workers].map(([id, worker]) => ({
      connection: id,
      waiting: store.waiting(id),
      paused: worker.paused()?.code,
      ...counts(id),
    })),
  );
  log.redirect(progress.print);
  run.attend(hostOf(run, workers));
  let deadline: NodeJS.Timeout | undefined;
  try {
    await untilEnd(workers, stopped, flags.untilIdle === true);
    await throwIfStoreLost(workers);
    const graceMs = flags.grace ?? defaultGraceMs;
    if (stop.by !== undefined) deadline = exitAfterGrace(graceMs, stop.by, store, terminal);
    const stopping = connections.map(async ({ id, destination }) =>
      workers.get(id)?.stop(sendingGraceMs(destination.manifest, graceMs)),
    );
    await Promise.all(stopping);
  } finally {
    clearTimeout(deadline);
    clearInterval(watching);
    log.redirect(undefined);
    progress.stop();
    await pruning.stop(stopped);
    stop.release();
  }
  return { workers, counts, stop: stop.by, failures: [...pruning.failures] };
}

function startWorkers(
  { connections, monitor, onSignal }: WorkRun,
  queue: WorkableQueue,
  workers: Map<string, QueueWorker>,
): void {
  for (const { id, connection, destination, configHash } of connections) {
    const watched = monitor.watchConnection(id, connection);
    const options = { queue, connection: watched, id, configHash, onSignal, ...workFor(destination.manifest) };
    workers.set(id, startWorker(options));
  }
}

/** Drops what has been kept for longer than `keepMs`, once a minute. */
function startPruning(
  store: DeliveryQueue,
  keepMs: number,
  onStoreLost: () => void,
): { readonly failures: ReadonlySet<string>; stop(stopped: Promise<void>): Promise<void> } {
  const failures = new Set<string>();
  const prune = (): Promise<unknown> =>
    store.prune(Date.now() - keepMs, Date.now()).catch((error: unknown) => {
      failures.add(`the store cannot be pruned: ${(error as Error).message}`);
      if (isStoreLost(error)) onStoreLost();
    });
  let pruning = prune();
  // The timer also keeps the process alive while the queue is empty.
  const timer = setInterval(() => void (pruning = pruning.then(prune)), pruneEveryMs);
  return {
    failures,
    async stop(stopped) {
      clearInterval(timer);
      // After a signal, closing the store cuts it short.
      await Promise.race([pruning, stopped]);
    },
  };
}

/** What other processes are told of the workers. */
function hostOf({ store, connections, named, monitor }: WorkRun, workers: ReadonlyMap<string, QueueWorker>): StoreHost {
  const byId = new Map(connections.map((opened) => [opened.id, opened]));
  return {
    lanesOf(id) {
      const opened = byId.get(id);
      return opened === undefined ? undefined : lanesBy(opened);
    },
    changed: (id) => workers.get(id)?.wake(),
    connections: () =>
      Object.fromEntries(
        named.map(({ id }) => {
          const destination = byId.get(id)?.destination.manifest.slug ?? null;
          const worker = workers.has(id) ? monitor.stateOf(id, store.waiting(id)) : misconfiguredState;
          return [id, { destination, worker }];
        }),
      ),
  };
}

/** Resolves after a signal, once one worker has ended, or with `idle` once all workers are idle. */
async function untilEnd(
  workers: ReadonlyMap<string, QueueWorker>,
  stopped: Promise<void>,
  idle: boolean,
): Promise<void> {
  const all = [...workers.values()];
  const allIdle = idle ? [Promise.all(all.map((worker) => worker.idle()))] : [];
  await Promise.race([stopped, ...allIdle, ...all.map((worker) => worker.ended())]);
}

/** All workers share the store: once one has lost it, all of them stop. */
async function throwIfStoreLost(workers: ReadonlyMap<string, QueueWorker>): Promise<void> {
  const all = [...workers.values()];
  const error = all.map((worker) => worker.storeError()).find((lost) => lost !== undefined);
  if (error === undefined) return;
  await Promise.all(all.map((worker) => worker.stop(0)));
  throwAsCliError(error);
}
