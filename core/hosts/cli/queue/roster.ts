import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';
import { z } from '../../../index.ts';
import type { DeliveryQueue } from '../../../queue/index.ts';
import { errnoOf, exitCode, Refusal } from '../exit-codes.ts';
import type { OpenConnection } from './open-connections.ts';

/** What the events of a connection in a store take for granted. */
export interface Enrolled {
  /** A slug. */
  readonly destination: string;
  /** Some of its events travel in lanes: they have an order to keep. */
  readonly lanes: boolean;
}

/** The connections of a store, in a file beside its data. */
export interface Roster {
  of(id: string): Enrolled | undefined;
  /** On disk when it returns: to be called before the first event that takes it for granted is put. */
  enrol(id: string, connection: Enrolled): void;
}

const shape = z.record(z.string(), z.strictObject({ destination: z.string(), lanes: z.boolean() }));

export function openRoster(store: string): Roster {
  const file = path.join(store, 'connections.json');
  let enrolled = read(file);
  return {
    of: (id) => (Object.hasOwn(enrolled, id) ? enrolled[id] : undefined),
    enrol(id, { destination, lanes }) {
      const known = this.of(id);
      if (known?.destination === destination && (known.lanes || !lanes)) return;
      enrolled = { ...enrolled, [id]: { destination, lanes } };
      try {
        replace(file, `${JSON.stringify(enrolled, undefined, 2)}\n`);
      } catch (error) {
        throw new Refusal(exitCode.storage, `cannot write ${file} (${errnoOf(error)})`);
      }
    },
  };
}

function read(file: string): Readonly<Record<string, Enrolled>> {
  try {
    return shape.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    const what = error instanceof SyntaxError || error instanceof z.ZodError ? 'is damaged' : `(${errnoOf(error)})`;
    throw new Refusal(
      exitCode.storage,
      `${file} ${what}. It says which destination the events of a connection are for; once nothing waits (spillway queue status), it may be removed`,
    );
  }
}

/** The old file or the new one, whatever happens. */
function replace(file: string, text: string): void {
  const made = `${file}.new`;
  const written = openSync(made, 'w', 0o600);
  try {
    writeSync(written, text);
    fsyncSync(written);
  } finally {
    closeSync(written);
  }
  renameSync(made, file);
  const folder = openSync(path.dirname(file), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** So many of the oldest waiting events are looked at. */
const sample = 200;

/** Refuses settings under which events that wait already would travel otherwise than they were put. */
export function keepLanes(
  queue: DeliveryQueue,
  { id, destination, connection }: OpenConnection,
  enrolled: Enrolled | undefined,
  now: number,
): void {
  const waiting = queue.status(now).connections.find((backlog) => backlog.connection === id)?.waiting ?? 0;
  if (waiting === 0) return;
  const { slug } = destination.manifest;
  if (enrolled !== undefined && enrolled.destination !== slug)
    throw undrained(id, waiting, `they were enqueued for ${enrolled.destination}, not for ${slug}`);
  const claims = queue.claim(id, sample, Number.MAX_SAFE_INTEGER);
  const moved = claims.some(({ event, lane }) => {
    const route = connection.routeOf(event);
    return route.kind === 'payload' && route.lane !== lane;
  });
  queue.release(
    id,
    claims.map(({ seq }) => seq),
  );
  if (moved) throw undrained(id, waiting, 'these settings put them in other lanes, so that their order would be lost');
}

const undrained = (id: string, waiting: number, why: string): Refusal =>
  new Refusal(exitCode.config, `${id}: ${waiting} events wait; ${why}`, [
    'let them leave with the old settings first (spillway work --until-idle), or give the new settings a connection id of their own',
  ]);
