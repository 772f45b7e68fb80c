import { isDeepStrictEqual } from 'node:util';
import type { RegisteredConnection } from '../queue.ts';
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
