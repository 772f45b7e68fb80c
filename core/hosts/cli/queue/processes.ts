import type { ConnectionWorker, StoreProcess, StoreStatus } from '../../../queue/index.ts';

type Status = Pick<StoreStatus, 'processes'>;

/** The process that has the store and does what is asked of it, where that is not this one. */
export const ownerOf = ({ processes }: Status): StoreProcess | undefined =>
  processes.some(({ isHere }) => isHere) ? undefined : processes[0];

/** A process that delivers. */
export const workingProcess = ({ processes }: Status): StoreProcess | undefined =>
  processes.find(({ workers }) => workers !== null);

/** The worker of a connection, of whatever process. */
export function workerOf({ processes }: Status, id: string): ConnectionWorker | undefined {
  const process = processes.find(({ workers }) => workers !== null && Object.hasOwn(workers, id));
  return process?.workers?.[id];
}
