import { isDeepStrictEqual } from 'node:util';
import type { ConnectionBacklog, DeliveryStore, QueueStatus, RegisteredConnection } from '../../../queue/index.ts';
import { exitCode, CliError } from '../exit-codes.ts';
import { version } from '../version.ts';
import type { OpenConnection } from './open-connections.ts';

type Status = Pick<QueueStatus, 'connections'>;

const backlogOf = ({ connections }: Status, id: string): ConnectionBacklog | undefined =>
  connections.find(({ connection }) => connection === id);

/** What the store remembers of a connection. */
export const registeredOf = (status: Status, id: string): RegisteredConnection | undefined =>
  backlogOf(status, id)?.registered;

/** The destination of an event that was settled at that time (epoch ms). */
export const destinationAt = ({ destination, former = [] }: RegisteredConnection, settledAt: number): string =>
  former.find(({ until }) => settledAt < until)?.destination ?? destination;

/** Throws if events wait that were put for another destination. */
export function keepDestination(status: Status, { id, destination }: OpenConnection): void {
  const { slug } = destination.manifest;
  const { waiting = 0, registered } = backlogOf(status, id) ?? {};
  if (waiting > 0 && registered !== undefined && registered.destination !== slug)
    throw undrained(
      id,
      waiting,
      `they were enqueued for ${registered.destination}, not for ${slug}`,
      ' with the old settings',
    );
}

/** So many waiting events are in memory at once. */
const pageLength = 200;

/**
 * Throws if these settings would put waiting events in other lanes: a lane keeps its order only if all of it is in one
 * lane. Call it before anything is put; commands that only take events out leave each in its lane.
 */
export async function keepLanes(
  store: Pick<DeliveryStore, 'peek'>,
  status: Status,
  opened: OpenConnection,
): Promise<void> {
  keepDestination(status, opened);
  const { id } = opened;
  const { waiting = 0, registered } = backlogOf(status, id) ?? {};
  if (waiting === 0 || registered?.settings === settingsOf(opened)) return;
  for (let after: number | undefined; ;) {
    const page = await store.peek(id, pageLength, after);
    after = page.at(-1)?.seq;
    if (after === undefined) return;
    if (page.some(({ text, lanes = [] }) => isElsewhere(opened, text, lanes)))
      throw undrained(id, waiting, 'these settings would move them to other lanes, and their order would be lost');
  }
}

/** Whether these settings give an event other lanes than these. */
function isElsewhere({ connection }: OpenConnection, text: string, lanes: readonly string[]): boolean {
  const route = connection.routeOf(text);
  return route.kind === 'payload' && !isDeepStrictEqual([...new Set(route.lanes)], lanes);
}

/** Everything that decides about lanes: the settings, and the version of the code that reads them. */
export const settingsOf = ({ configHash }: OpenConnection): string => `${version()} ${configHash}`;

const undrained = (id: string, waiting: number, why: string, how = ''): CliError =>
  new CliError(exitCode.config, `${id}: ${waiting} events wait; ${why}`, [
    `deliver them first${how} (spillway work --until-idle), or use another connection id for these settings`,
  ]);
