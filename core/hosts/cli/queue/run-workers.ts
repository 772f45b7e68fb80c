import type { Signal } from '../../../index.ts';
import {
  isStoreLost,
  work as startWorker,
  workFor,
  type DeliveryQueue,
  type QueueWorker,
  type StoreHost,
  type WorkerState,
} from '../../../queue/index.ts';
import { listenForStop } from '../stop.ts';
import type { StopSignal, Terminal } from '../terminal.ts';
import type { OpenConnection } from './open-connections.ts';
import { lanesBy } from './registered.ts';
import { exitAfterGrace, sendingGraceMs, whenStopped } from './shut-down.ts';
import { throwAsCliError } from './store.ts';
import type { WorkLog } from './work-log.ts';
import { startWorkProgress } from './work-progress.ts';

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
  readonly log: WorkLog;
}

export interface WorkRun extends WorkSettings {
  readonly store: DeliveryQueue;
  readonly connections: readonly OpenConnection[];
}

/** A connection and the worker that delivers for it. */
export interface WorkingConnection extends OpenConnection {
  readonly worker: QueueWorker;
}

export interface WorkEnd {
  readonly working: readonly WorkingConnection[];
  readonly stop: StopSignal | undefined;
  /** What went wrong with the store meanwhile, in words. */
  readonly failures: readonly string[];
}

export const defaultGraceMs = 10_000;
const defaultKeepMs = 7 * 86_400_000;
const pruneEveryMs = 60_000;

/** The state of a connection that the file names and that has no worker: only a person can correct its settings. */
const misconfiguredState: WorkerState = {
  state: 'held',
  reason: { cause: 'settings', code: 'misconfigured' },
  since: null,
  until: null,
  lastDelivered: null,
  lastError: null,
  failing: { events: 0, partial: false },
  perSecond: 0,
  etaMs: null,
};

/** Resolves when nothing is in flight any more: after a signal, or with --until-idle once all workers are idle. */
export async function runWorkers(run: WorkRun): Promise<WorkEnd> {
  const { store, connections, flags, terminal, onSignal, log } = run;
  const stop = listenForStop(terminal);
  const stopped = whenStopped(stop);
  const pruning = startPruning(store, flags.keep ?? defaultKeepMs, () =>
    working.forEach(({ worker }) => worker.wake()),
  );
  const working = connections.map((opened): WorkingConnection => {
    const { id, connection, configHash, destination } = opened;
    const options = { queue: store, connection, id, configHash, onSignal, ...workFor(destination.manifest) };
    return { ...opened, worker: startWorker({ ...options, onChange: (change) => log.change(change) }) };
  });
  const progress = await startWorkProgress(flags.quiet === true ? undefined : terminal.stderr, () =>
    working.map(({ id, worker }) => ({
      connection: id,
      waiting: store.waiting(id),
      paused: worker.paused()?.code,
      ...worker.counts(),
    })),
  );
  log.redirect(progress.print);
  run.attend(hostOf(run, working));
  let deadline: NodeJS.Timeout | undefined;
  try {
    const workers = working.map(({ worker }) => worker);
    await untilEnd(workers, stopped, flags.untilIdle === true);
    await throwIfStoreLost(workers);
    const graceMs = flags.grace ?? defaultGraceMs;
    if (stop.by !== undefined) deadline = exitAfterGrace(graceMs, stop.by, store, terminal);
    const stopping = working.map(({ worker, destination }) =>
      worker.stop(sendingGraceMs(destination.manifest, graceMs)),
    );
    await Promise.all(stopping);
  } finally {
    clearTimeout(deadline);
    log.redirect(undefined);
    progress.stop();
    await pruning.stop(stopped);
    stop.release();
  }
  return { working, stop: stop.by, failures: [...pruning.failures] };
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
function hostOf({ named }: WorkRun, working: readonly WorkingConnection[]): StoreHost {
  const byId = new Map(working.map((one) => [one.id, one]));
  return {
    lanesOf(id) {
      const opened = byId.get(id);
      return opened === undefined ? undefined : lanesBy(opened);
    },
    changed: (id) => byId.get(id)?.worker.wake(),
    connections: () =>
      Object.fromEntries(
        named.map(({ id }) => {
          const one = byId.get(id);
          const destination = one?.destination.manifest.slug ?? null;
          return [id, { destination, worker: one?.worker.state() ?? misconfiguredState }];
        }),
      ),
  };
}

/** Resolves after a signal, once one worker has ended, or with `idle` once all workers are idle. */
async function untilEnd(workers: readonly QueueWorker[], stopped: Promise<void>, idle: boolean): Promise<void> {
  const allIdle = idle ? [Promise.all(workers.map((worker) => worker.idle()))] : [];
  await Promise.race([stopped, ...allIdle, ...workers.map((worker) => worker.ended())]);
}

/** All workers share the store: once one has lost it, all of them stop. */
async function throwIfStoreLost(workers: readonly QueueWorker[]): Promise<void> {
  const error = workers.map((worker) => worker.storeError()).find((lost) => lost !== undefined);
  if (error === undefined) return;
  await Promise.all(workers.map((worker) => worker.stop(0)));
  throwAsCliError(error);
}
