import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from '../../../index.ts';
import type { DeliveryQueue, LanesOf, QueueStatus } from '../../../queue/index.ts';
import { errnoOf, exitCode, CliError } from '../exit-codes.ts';
import { version } from '../version.ts';
import type { OpenConnection } from './open-connections.ts';
import { alone, replaceFile } from './replace-file.ts';

/** What the events of a connection in a store depend on. */
export interface Enrolled {
  /** A slug. */
  readonly destination: string;
  /** Some of its events are in lanes, and must keep their order. */
  readonly lanes: boolean;
  /** Under these settings every waiting event would be put into the lane it is in. Absent when that is not known. */
  readonly settings?: string | undefined;
  /** Events were put under others, too, and may come back in the lanes of those. */
  readonly mixed?: boolean | undefined;
  /**
   * The destinations it had before, the first one first: its dead letters and what is kept for replay may be of their
   * time.
   */
  readonly history?: readonly Former[] | undefined;
}

export interface Former {
  /** A slug. */
  readonly destination: string;
  /**
   * Epoch ms: what was settled before was for that destination, what was settled at that time or later for the next.
   */
  readonly until: number;
}

/**
 * The connections of a store, in a file beside its data. Several processes may write it while one of them owns the
 * store.
 */
export interface Roster {
  /** As it was when the roster was opened, and as it was written since. */
  of(id: string): Enrolled | undefined;
  /**
   * On disk when it returns: to be called before events that take it for granted are put. With settings, throws a
   * CliError when another process has put events under others meanwhile.
   */
  enrol(id: string, connection: Pick<Enrolled, 'destination' | 'lanes' | 'settings'>): void;
  /** On disk when it returns: to be called when nothing of that connection is left. */
  remove(id: string): void;
  /** On disk when it returns: to be called before events of that connection come back in the lanes they once had. */
  forgetSettings(id: string): void;
  /** On disk when it returns: to be called before an event comes back in a lane that these settings give it. */
  addLanes(id: string, settings: string): void;
}

const shape = z.record(
  z.string(),
  z.strictObject({
    destination: z.string(),
    lanes: z.boolean(),
    settings: z.string().optional(),
    mixed: z.boolean().optional(),
    history: z.array(z.strictObject({ destination: z.string(), until: z.number() })).optional(),
  }),
);

export function openRoster(store: string, now: () => number = Date.now): Roster {
  const file = path.join(store, 'connections.json');
  let enrolled: Record<string, Enrolled> = { ...read(file) };
  const of = (id: string, among = enrolled): Enrolled | undefined => (Object.hasOwn(among, id) ? among[id] : undefined);

  function change(id: string, next: (fresh: Enrolled | undefined) => Enrolled | undefined): void {
    alone(file, () => {
      const all = read(file);
      const fresh = of(id, all);
      const changed = next(fresh);
      enrolled = { ...all };
      if (changed === undefined) delete enrolled[id];
      else enrolled[id] = changed;
      if (JSON.stringify(changed) !== JSON.stringify(fresh)) replaceFile(file, enrolled);
    });
  }

  return {
    of,
    enrol(id, { destination, lanes, settings }) {
      const judged = of(id);
      change(id, (fresh) => {
        if (settings !== undefined && fresh?.settings !== judged?.settings && fresh?.settings !== settings)
          throw new CliError(exitCode.later, `${id}: another process is enqueuing with other settings`, [
            'run this command again; duplicates are ignored',
          ]);
        const known = fresh?.destination === destination ? fresh : undefined;
        const anew = settings !== undefined && fresh !== undefined && fresh.settings !== settings;
        const history = formerOf(fresh, destination, now());
        return {
          destination,
          lanes: lanes || known?.lanes === true,
          settings: settings ?? known?.settings,
          ...(anew || known?.mixed === true ? { mixed: true } : {}),
          ...(history.length === 0 ? {} : { history }),
        };
      });
    },
    remove(id) {
      change(id, () => undefined);
    },
    forgetSettings(id) {
      change(id, (fresh) => (fresh?.mixed === true ? { ...fresh, settings: undefined } : fresh));
    },
    addLanes(id, settings) {
      change(
        id,
        (fresh) => fresh && { ...fresh, lanes: true, settings: fresh.settings === settings ? settings : undefined },
      );
    },
  };
}

function formerOf(before: Enrolled | undefined, destination: string, now: number): readonly Former[] {
  const { history = [] } = before ?? {};
  if (before === undefined || before.destination === destination) return history;
  // Never earlier than the one before: the clock may have been set back.
  return [...history, { destination: before.destination, until: Math.max(now, history.at(-1)?.until ?? 0) }];
}

/** The destination of an event that was settled at that time (epoch ms). */
export const destinationAt = ({ destination, history = [] }: Enrolled, settledAt: number): string =>
  history.find(({ until }) => settledAt < until)?.destination ?? destination;

function read(file: string): Readonly<Record<string, Enrolled>> {
  try {
    return shape.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    const what = error instanceof SyntaxError || error instanceof z.ZodError ? 'is damaged' : `(${errnoOf(error)})`;
    throw new CliError(
      exitCode.storage,
      `${file} ${what}. It records the destination of each connection's events; once nothing waits (see spillway queue status), you can remove it`,
    );
  }
}

/** Throws if events wait that were put for another destination. */
export function keepDestination(
  status: Pick<QueueStatus, 'connections'>,
  { id, destination }: OpenConnection,
  enrolled: Enrolled | undefined,
): void {
  const { slug } = destination.manifest;
  const waiting = waitingOf(status, id);
  if (waiting > 0 && enrolled !== undefined && enrolled.destination !== slug)
    throw undrained(
      id,
      waiting,
      `they were enqueued for ${enrolled.destination}, not for ${slug}`,
      ' with the old settings',
    );
}

/** The most waiting events that are checked against new settings: they are in memory meanwhile. */
const mostLookedAt = 50_000;

/**
 * Throws if these settings would put waiting events in other lanes: a lane keeps its order only if all of it is in one
 * lane. Call it before anything is put; commands that only take events out leave each in its lane. `queue` is
 * `undefined` where another process has it.
 */
export function keepLanes(
  queue: Pick<DeliveryQueue, 'claim' | 'release'> | undefined,
  status: Pick<QueueStatus, 'connections'>,
  opened: OpenConnection,
  enrolled: Enrolled | undefined,
): void {
  keepDestination(status, opened, enrolled);
  const { id, connection } = opened;
  const waiting = waitingOf(status, id);
  if (waiting === 0 || enrolled?.settings === settingsOf(opened)) return;
  if (waiting > mostLookedAt && enrolled?.lanes !== false)
    throw undrained(
      id,
      waiting,
      'they were enqueued with other settings, and are too many to check whether their lanes stay the same',
    );
  if (queue === undefined)
    throw undrained(
      id,
      waiting,
      'they were enqueued with other settings, and the process that owns the store cannot check them for us',
    );
  // In one call: a lane with a claimed event yields no other.
  const claims = queue.claim(id, mostLookedAt, Number.MAX_SAFE_INTEGER);
  const moved = claims.some(({ text, lanes }) => {
    const route = connection.routeOf(text);
    return route.kind === 'payload' && !isDeepStrictEqual(route.lanes, lanes);
  });
  queue.release(
    id,
    claims.map(({ seq }) => seq),
  );
  if (moved)
    throw undrained(id, waiting, 'these settings would move them to other lanes, and their order would be lost');
}

/** The lanes these settings give events that had none. The roster knows of them before the first event is in one. */
export function lanesBy(opened: OpenConnection, roster: Pick<Roster, 'addLanes'>): LanesOf {
  let known = false;
  return (event) => {
    const route = opened.connection.routeOf(event);
    if (route.kind !== 'payload' || route.lanes === undefined) return undefined;
    if (!known) roster.addLanes(opened.id, settingsOf(opened));
    known = true;
    return route.lanes;
  };
}

/** Everything that decides about lanes: the settings, and the version of the code that reads them. */
export const settingsOf = ({ configHash }: OpenConnection): string => `${version()} ${configHash}`;

const waitingOf = ({ connections }: Pick<QueueStatus, 'connections'>, id: string): number =>
  connections.find(({ connection }) => connection === id)?.waiting ?? 0;

const undrained = (id: string, waiting: number, why: string, how = ''): CliError =>
  new CliError(exitCode.config, `${id}: ${waiting} events wait; ${why}`, [
    `deliver them first${how} (spillway work --until-idle), or use another connection id for these settings`,
  ]);
