import { isDeepStrictEqual } from 'node:util';
import { OtherSettings, type ConnectionSettings, type FormerDestination, type RegisteredConnection } from '../queue.ts';
import type { ConnectionState } from './store-counters.ts';
import type { ConnectionCounts } from './store-meta.ts';
import type { WriteBatch } from './write-batch.ts';

/** A put before it is written. */
export interface RegisteringPut {
  readonly state: ConnectionState;
  readonly batch: WriteBatch;
  /** What it registers its connection as, where it came with settings. */
  readonly registered: RegisteredConnection | undefined;
}

/** What a connection is registered as, and how much waits for it, with what is on its way and with these parts. */
export function registeredBefore(
  state: ConnectionState,
  parts: readonly RegisteringPut[],
): Pick<ConnectionCounts, 'registered' | 'waiting'> {
  let { registered } = state.counts;
  let waiting = state.counts.waiting + state.arriving;
  for (const part of parts) {
    if (part.state !== state) continue;
    registered = part.registered ?? registered;
    waiting += part.batch.change.waiting;
  }
  return { registered, waiting };
}

/** What a connection is registered as once events are put for it with these settings. Throws OtherSettings. */
export function registeredWith(
  { registered: before, waiting }: Pick<ConnectionCounts, 'registered' | 'waiting'>,
  { id, destination, settings, checked }: ConnectionSettings,
  now: number,
): RegisteredConnection {
  if (before === undefined) return { destination, hasLanes: false, settings };
  const isSame = before.destination === destination;
  if (!isSame && waiting > 0)
    throw new OtherSettings(`${id}: ${waiting} events wait for ${before.destination}, not for ${destination}`);
  if (settings !== undefined && before.settings !== settings && before.settings !== checked)
    throw new OtherSettings(`${id}: another process puts events under other settings`);
  return {
    destination,
    hasLanes: isSame && before.hasLanes,
    settings: settings ?? (isSame ? before.settings : undefined),
    former: isSame ? before.former : formerAfter(before, now),
  };
}

function formerAfter({ destination, former = [] }: RegisteredConnection, now: number): readonly FormerDestination[] {
  // Never earlier than the one before: the clock may have been set back.
  return [...former, { destination, until: Math.max(now, former.at(-1)?.until ?? 0) }];
}

/** Has a batch write what a connection is registered as, where that changes with the batch. */
export function register(state: ConnectionState, batch: WriteBatch, next: RegisteredConnection | undefined): void {
  const { registered: before } = state.counts;
  // Another put of the same call may have brought some.
  const hasLanes = batch.hasLanes || (before?.hasLanes === true && before.destination === next?.destination);
  const registered = next === undefined || !hasLanes ? next : { ...next, hasLanes };
  if (isDeepStrictEqual(registered, before)) return;
  state.counts = { ...state.counts, registered };
  batch.writeConnection(state.counts);
}

/** Events came into lanes that nobody compares with the settings: they have to be looked at before more are put. */
export const withUncheckedLanes = (before: RegisteredConnection | undefined): RegisteredConnection | undefined =>
  before === undefined ? undefined : { ...before, settings: undefined };
