import uniqWith from 'lodash/uniqWith.js';
import isEqual from 'lodash/isEqual.js';
import { OtherSettings, type DeadLetter, type RegisteredConnection, type WaitingEvent } from './queue.ts';

const prefix = 'moved:';

/** Whether a text is what importKeyOf() returned. */
export const isImport = (key: string): boolean => key.startsWith(prefix);

/**
 * What tells a record of another store from all others, so that it is taken in once. Not its id alone: a store may have
 * had an event of that id before, or this very one.
 */
export const importKeyOf = (record: WaitingEvent | DeadLetter): string =>
  `${prefix}${record.seq}:${record.acceptedAt}:${'diedAt' in record ? record.diedAt : ''}:${record.id}`;

/** What a connection is registered as once records of another store are in this one. Throws OtherSettings. */
export function registeredAfterImport(
  id: string,
  before: RegisteredConnection | undefined,
  incoming: RegisteredConnection | undefined,
): RegisteredConnection | undefined {
  if (before === undefined) return incoming;
  if (incoming !== undefined && before.destination !== incoming.destination)
    throw new OtherSettings(
      `${id}: this store has it for ${before.destination}, the other for ${incoming.destination}`,
    );
  const { hasLanes = false, settings, former = [] } = incoming ?? {};
  const all = uniqWith([...(before.former ?? []), ...former], isEqual).sort((a, b) => a.until - b.until);
  return {
    ...before,
    hasLanes: before.hasLanes || hasLanes,
    settings: before.settings === settings ? settings : undefined,
    former: all.length === 0 ? undefined : all,
  };
}
