import type { Signal } from '../../../index.ts';
import {
  isStoreLost,
  sendingGraceMs,
  startPruning,
  workFor,
  type DeliveryStore,
  type QueueWorker,
} from '../../../queue/index.ts';
import { listenForStop } from '../stop.ts';
import type { StopSignal, Terminal } from '../terminal.ts';
import type { OpenConnection } from './open-connections.ts';
import { exitAfterGrace, whenStopped } from './shut-down.ts';
import { throwAsCliError } from './store.ts';
import type { WorkLog } from './work-log.ts';
import { startWorkProgress } from './work-progress.ts';

/** What a run of `work` needs, apart from its store. */
export interface WorkSettings {
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
  readonly store: DeliveryStore;
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
export const defaultKeepMs = 7 * 86_400_000;

/** Resolves when nothing is in flight any more: after a signal, or with --until-idle once all workers are idle. */
export async function runWorkers(run: WorkRun): Promise<WorkEnd> {
  const { store, connections, flags, terminal, onSignal, log } = run;
  const stop = listenForStop(terminal);
  const stopped = whenStopped(stop);
  const failures = new Set<string>();
  const pruning = startPruning(store, {
    keepMs: flags.keep ?? defaultKeepMs,
    onFailure(error) {
      failures.add(`the store cannot be pruned: ${(error as Error).message}`);
      if (isStoreLost(error)) working.forEach(({ worker }) => worker.wake());
    },
  });
  const working = connections.map((opened): WorkingConnection => {
    const { id, connection, configHash, destination } = opened;
    const options = { id, configHash, onSignal, ...workFor(destination.manifest) };
    return { ...opened, worker: store.work(connection, { ...options, onChange: (change) => log.change(change) }) };
  });
  const progress = await startWorkProgress(flags.quiet === true ? undefined : terminal.stderr, () =>
    working.map(({ id, worker }) => ({
      connection: id,
      waiting: worker.waiting(),
      paused: worker.paused()?.code,
      ...worker.counts(),
    })),
  );
  log.redirect(progress.print);
  for (const { id } of run.named) if (!working.some((one) => one.id === id)) store.markMisconfigured(id);
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
    // After a signal, closing the store cuts it short.
    await Promise.race([pruning.stop(), stopped]);
    stop.release();
  }
  return { working, stop: stop.by, failures: [...failures] };
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
