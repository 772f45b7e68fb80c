import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { packageVersion } from '../package-root.ts';
import { yieldToEventLoop } from '../policy/clock.ts';
import type { Connection } from '../runtime/connection.ts';
import type { ConnectionBacklog, ConnectionSettings, QueueStatus, RegisteredConnection } from './queue.ts';
import type { DeliveryStore } from './store.ts';

type Status = Pick<QueueStatus, 'connections'>;

/** Events of a connection wait that would go elsewhere with these settings, or lose their order. */
export class NotDrained extends Error {
  override readonly name = 'NotDrained';
  readonly connection: string;
  readonly waiting: number;
  /** They were put for another destination, or these settings would move one of them to other lanes. */
  readonly why: 'destination' | 'lanes';
  constructor(connection: string, waiting: number, why: 'destination' | 'lanes', what: string) {
    super(`${connection}: ${waiting} events wait; ${what}`);
    this.connection = connection;
    this.waiting = waiting;
    this.why = why;
  }
}

const backlogOf = ({ connections }: Status, id: string): ConnectionBacklog | undefined =>
  connections.find(({ connection }) => connection === id);

/** What the store remembers of a connection; `undefined` where no put came with settings. */
export const registeredOf = (status: Status, id: string): RegisteredConnection | undefined =>
  backlogOf(status, id)?.registered;

/** The destination, a slug, of an event that was settled at that time (epoch ms). */
export const destinationAt = ({ destination, former = [] }: RegisteredConnection, settledAt: number): string =>
  former.find(({ until }) => settledAt < until)?.destination ?? destination;

/** Throws NotDrained if events wait that were put for another destination. */
export function keepDestination(status: Status, { id, slug }: Pick<Connection, 'id' | 'slug'>): void {
  const { waiting = 0, registered } = backlogOf(status, id) ?? {};
  if (waiting > 0 && registered !== undefined && registered.destination !== slug)
    throw new NotDrained(
      id,
      waiting,
      'destination',
      `they were enqueued for ${registered.destination}, not for ${slug}`,
    );
}

/** So many waiting events are in memory at once. */
const pageLength = 200;

/**
 * Looks at every waiting event of a connection, unless they were put under these very settings, and resolves to what to
 * put with. Throws NotDrained if these settings would put one of them in other lanes: events of one lane keep their
 * order only while they stay together. Call it before anything is put; what only takes events out leaves each in its
 * lane.
 *
 * `configHash`: of the connection's settings, as its worker has it.
 *
 * @example
 * const settings = await keepLanes(store, await store.status(), connection, configHash);
 * await store.put([{ connection: settings, events: [toQueued(connection, event, 'm-1')] }]);
 */
export async function keepLanes(
  store: Pick<DeliveryStore, 'peek'>,
  status: Status,
  connection: Pick<Connection, 'id' | 'slug' | 'routeOf'>,
  configHash: string,
): Promise<ConnectionSettings> {
  keepDestination(status, connection);
  const { id, slug: destination } = connection;
  const { waiting = 0, registered } = backlogOf(status, id) ?? {};
  const settings = settingsOf(configHash);
  const put = { id, destination, settings, checked: registered?.settings };
  if (waiting === 0 || registered?.settings === settings) return put;
  for (let after: number | undefined; ;) {
    const page = await store.peek(id, pageLength, after);
    after = page.at(-1)?.seq;
    if (after === undefined) return put;
    if (page.some(({ text, lanes = [] }) => isElsewhere(connection, text, lanes)))
      throw new NotDrained(
        id,
        waiting,
        'lanes',
        'these settings would move them to other lanes, and their order would be lost',
      );
    // A million events would keep everything else of the process waiting for many seconds.
    await yieldToEventLoop();
  }
}

/** Whether these settings give an event other lanes than these. */
function isElsewhere(connection: Pick<Connection, 'routeOf'>, text: string, lanes: readonly string[]): boolean {
  const route = connection.routeOf(text);
  return route.kind === 'payload' && !isDeepStrictEqual([...new Set(route.lanes)], lanes);
}

/**
 * Tells the settings of a connection from others: in dead letters, and in settingsOf(). Hosts that share a store have
 * to agree on it.
 */
export const configHashOf = ({ destination, config, options }: WrittenSettings): string =>
  createHash('sha256')
    .update(JSON.stringify([destination, config, options ?? null]))
    .digest('hex')
    .slice(0, 12);

/** What a file says of a connection, with references filled in. */
interface WrittenSettings {
  /** A slug. */
  readonly destination: string;
  readonly config: unknown;
  readonly options?: object | undefined;
}

/** Everything that decides about lanes, as ConnectionSettings has it: the settings, and the version of the code. */
export const settingsOf = (configHash: string): string => `${packageVersion ?? 'unknown'} ${configHash}`;
