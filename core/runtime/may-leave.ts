import type { Reason } from '../api/outcome.ts';
import { dateOf } from './clock.ts';
import type { Call } from './line.ts';
import { deferred, suspended } from './outcomes.ts';
import { crateOf, type Crate, type Parcel } from './parcel.ts';
import type { Hold } from './scope-holds.ts';

/** What may leave of a batch, and what has to wait for its scope. */
export interface Sorted {
  readonly leaving: Crate | undefined;
  readonly held: readonly { readonly crate: Crate; readonly hold: Hold }[];
}

/**
 * What of a batch may leave now; what is suspended is settled. In a lane all of it waits for one. `cleared` is the scope that
 * let it go just now.
 */
export function mayLeave(call: Call, crate: Crate, cleared: string | undefined): Sorted {
  const { suspensions, scopeHolds } = call.line;
  const leaving = suspensions.any ? withoutSuspended(call, crate) : crate;
  if (leaving === undefined || !scopeHolds.any) return { leaving, held: noneHeld };
  const free: Parcel[] = [];
  const byScope = new Map<string, { readonly hold: Hold; readonly parcels: Parcel[] }>();
  let longest: Hold | undefined;
  for (const parcel of leaving.items) {
    const hold = scopeHolds.against(parcel.scopes, cleared);
    if (hold === undefined) {
      free.push(parcel);
      continue;
    }
    if (longest === undefined || hold.until > longest.until) longest = hold;
    const others = byScope.get(hold.scope);
    if (others === undefined) byScope.set(hold.scope, { hold, parcels: [parcel] });
    else others.parcels.push(parcel);
  }
  if (longest === undefined) return { leaving, held: noneHeld };
  if (leaving.lane !== undefined) return { leaving: undefined, held: [{ crate: leaving, hold: longest }] };
  const held = [...byScope.values()].map(({ hold, parcels }) => ({ crate: crateOf(parcels) as Crate, hold }));
  return { leaving: crateOf(free), held };
}

const noneHeld: Sorted['held'] = [];

function withoutSuspended(call: Call, crate: Crate): Crate | undefined {
  const { suspensions } = call.line;
  const leaving = crate.items.filter((parcel) => {
    const suspension = suspensions.against(parcel.scopes);
    if (suspension !== undefined) call.settle(parcel, suspended(parcel, suspension, call.line));
    return suspension === undefined;
  });
  return leaving.length === crate.items.length ? crate : crateOf(leaving);
}

/**
 * Whether a batch may wait for its scope inside the call. Otherwise it is settled: where the host tries again itself, where its time
 * would be over before, and where too many wait already.
 */
export function mayWait(call: Call, crate: Crate, { scope, until }: Hold): boolean {
  const { policy, scopeHolds } = call.line;
  const crowd = scopeHolds.waiting(scope) + crate.items.length > call.waitingRoom;
  if (!crowd && policy.attempts > 0 && until <= crate.deadline && !call.stopped()) return true;
  putOff(call, crate, scope, dateOf(call.line.clock, until), crowd ? crowded : pause);
  return false;
}

/** Settles what waits for its scope no longer, with the date (epoch ms) when it may come again. */
export function putOff(call: Call, crate: Crate, scope: string, retryAt: number, reason: Reason = pause): void {
  for (const parcel of crate.items) call.settle(parcel, deferred(parcel, parcel.reason ?? reason, retryAt, scope));
}

const pause: Reason = { code: 'held_back', message: 'The vendor asked for a pause of what this event belongs to' };
const crowded: Reason = { code: 'held_back', message: 'Too many events wait for what this event belongs to' };
