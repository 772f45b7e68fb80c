import type { ConnectionWorker, StoreProcess, StoreStatus } from '../../../queue/index.ts';

type Status = Pick<StoreStatus, 'processes'>;

/** The process that has the store and does what is asked of it, where that is not this one. */
export const ownerOf = ({ processes }: Status): StoreProcess | undefined =>
  processes.some(({ isHere }) => isHere) ? undefined : processes[0];

/** Those that deliver: on a broker, any number of them. */
export const workingProcesses = ({ processes }: Status): readonly StoreProcess[] =>
  processes
    .filter(({ workers }) => workers !== null)
    .toSorted((one, other) => (one.startedAt < other.startedAt ? -1 : 1));

/** Such processes, as people know them. */
export const processNames = (processes: readonly StoreProcess[]): string =>
  processes.map(({ pid, host }) => `${pid} on ${host}`).join(', ');

/** Those that deliver for a connection, or are to. */
export const processesFor = ({ processes }: Status, id: string): readonly StoreProcess[] =>
  processes.filter(({ workers }) => workers !== null && Object.hasOwn(workers, id));

/** What the workers of a connection do together, whatever processes they are in. */
export function workerOf(status: Status, id: string): ConnectionWorker | undefined {
  const all = processesFor(status, id).flatMap(({ workers }) => workers?.[id] ?? []);
  const [first] = all.toSorted((one, other) => rankOf(one) - rankOf(other));
  if (first === undefined || all.length === 1) return first;
  const etas = all.flatMap(({ etaMs }) => etaMs ?? []);
  return {
    ...first,
    perSecond: all.reduce((sum, { perSecond }) => sum + perSecond, 0),
    // Each of them counts on delivering all that waits by itself.
    etaMs: etas.length === 0 ? null : Math.ceil(1 / etas.reduce((sum, etaMs) => sum + 1 / Math.max(1, etaMs), 0)),
    lastDelivered: latest(
      all.map(({ lastDelivered }) => lastDelivered),
      (at) => at,
    ),
    lastError: latest(
      all.map(({ lastError }) => lastError),
      ({ at }) => at,
    ),
    failing: {
      events: all.reduce((sum, { failing }) => sum + failing.events, 0),
      partial: all.some(({ failing }) => failing.partial),
    },
  };
}

const ranks = { working: 0, held: 1, idle: 2 } as const;

/** One that delivers says more of the connection than one that has nothing to do, or cannot. */
const rankOf = ({ destination, state }: ConnectionWorker): number => (destination === null ? 3 : ranks[state]);

/** The one with the last time, in ISO 8601. */
function latest<T>(all: readonly (T | null)[], timeOf: (one: T) => string): T | null {
  let last: T | null = null;
  for (const one of all) if (one !== null && (last === null || timeOf(one) > timeOf(last))) last = one;
  return last;
}
