import { OtherSettings, type ConnectionSettings, type FormerDestination, type RegisteredConnection } from './queue.ts';

/** What a connection is registered as once events are put for it with these settings. Throws OtherSettings. */
export function registeredWith(
  { registered: before, waiting }: { readonly registered?: RegisteredConnection | undefined; readonly waiting: number },
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
