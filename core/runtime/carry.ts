import pRetry from 'p-retry';
import type { Reply } from '../api/destination.ts';
import type { Outcome, Reason } from '../api/outcome.ts';
import type { Sealed } from '../http/transport.ts';
import { AttemptWire } from './attempt-wire.ts';
import { defect, type Call } from './line.ts';
import type { Refusal } from './pacer.ts';
import { crateOf, type Crate, type Parcel } from './parcel.ts';
import { waitMs } from './retry-policy.ts';
import {
  apply,
  decisionsOf,
  deferred,
  heldBack,
  rejected,
  stoppedReason,
  suspended,
  unknown,
  type Remainder,
} from './verdict.ts';

/** What one batch remembers between its attempts. */
interface Trip {
  /** The body of the last attempt: the same items leave as the same bytes (ALL-03). */
  sealed: Sealed | undefined;
  attempts: number;
  /** Attempts that used up one of the policy's. */
  failures: number;
  /** Halves and single items under way on their own. */
  readonly parts: Promise<void>[];
}

type Unfinished = Remainder & { readonly again: Crate };

/**
 * Carries one batch to its end: an attempt, and as long as policy, budget and deadline allow, another for those items that
 * asked for it; what is refused as a whole goes on in halves. Never rejects; every parcel is settled when it resolves.
 * `departed` is called once, when the first attempt has got its slot or its refusal.
 */
export async function carry(call: Call, crate: Crate, departed: () => void = nothing): Promise<void> {
  const trip: Trip = { sealed: undefined, attempts: 0, failures: 0, parts: [] };
  try {
    const unfinished = await attempt(call, trip, crate, departed);
    if (unfinished !== undefined) await tryAgain(call, trip, unfinished);
    if (trip.parts.length > 0) await Promise.all(trip.parts);
  } catch (error) {
    abandon(call, crate, error);
  }
}

const nothing = (): void => undefined;

/** Thrown into p-retry, never out of this module. */
class NotYet extends Error {
  readonly unfinished: Unfinished;
  constructor(unfinished: Unfinished) {
    super('to be tried again');
    this.unfinished = unfinished;
  }
}

/** p-retry drives the repetition; the waits are ours, because they follow the vendor, the deadline and the injected clock. */
async function tryAgain(call: Call, trip: Trip, failed: Unfinished): Promise<void> {
  let last = failed;
  let goOn = false;
  const repeat = async (number: number): Promise<void> => {
    const unfinished = number === 1 ? failed : await attempt(call, trip, last.again, nothing);
    if (unfinished === undefined) return;
    last = unfinished;
    throw new NotYet(unfinished);
  };
  try {
    await pRetry(repeat, {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: 0,
      onFailedAttempt: async ({ error }) => {
        goOn = error instanceof NotYet && (await pause(call, trip, error.unfinished));
      },
      shouldRetry: () => goOn,
    });
  } catch (error) {
    if (!(error instanceof NotYet)) throw error;
  }
}

/** Waits until the next attempt may leave; or defers what is left, and says no. */
async function pause(call: Call, trip: Trip, { again, askedMs, throttled }: Unfinished): Promise<boolean> {
  const { policy, clock, pacer, budget, emit, slug } = call.line;
  if (!throttled) trip.failures += 1;
  const wait = waitMs(policy, throttled ? trip.attempts : trip.failures, clock.random, askedMs);
  const retryAt = clock.now() + wait;
  if (throttled || askedMs > 0) pacer.holdUntil(retryAt);
  const givenUp = trip.failures >= policy.attempts || retryAt > again.deadline || call.stopped();
  if (givenUp || (!throttled && !budget.spend())) {
    for (const parcel of again.items) call.settle(parcel, deferred(parcel, parcel.reason ?? unavailable, retryAt));
    return false;
  }
  const { code } = again.items[0].reason ?? unavailable;
  emit?.({ kind: 'retry_scheduled', slug, items: again.items.length, afterMs: wait, code });
  await clock.sleep(wait, call.signal());
  return true;
}

const unavailable: Reason = { code: 'vendor_unavailable', message: 'The vendor could not take the event' };

/** One request. Returns what asked to be tried again. */
async function attempt(call: Call, trip: Trip, crate: Crate, departed: () => void): Promise<Unfinished | undefined> {
  const { line } = call;
  const waiting = withoutSuspended(call, crate);
  if (waiting === undefined) {
    departed();
    return undefined;
  }
  const got = call.stopped()
    ? halt(line.pacer.opensAt(line.clock.now()))
    : line.pacer.acquire(waiting.items.length, waiting.deadline, call);
  const refusal = got instanceof Promise ? await got : got;
  departed();
  if (refusal !== undefined) {
    for (const parcel of waiting.items) {
      call.settle(parcel, deferred(parcel, parcel.reason ?? refusals[refusal.cause], refusal.retryAt));
    }
    return undefined;
  }
  const leaving = withoutSuspended(call, waiting);
  if (leaving === undefined) {
    line.pacer.started(waiting.items.length);
    line.pacer.release();
    return undefined;
  }
  trip.attempts += 1;
  for (const parcel of leaving.items) parcel.attempts += 1;
  const { vendor } = line;
  const wire = new AttemptWire(call, leaving, waiting.items.length, trip.attempts, trip.sealed);
  let reply: Reply;
  try {
    const sent = vendor.send(leaving, vendor.settings, wire);
    reply = await (vendor.sendsItself ? wire.inTime(sent) : sent);
  } catch (error) {
    reply = { kind: 'failed', failure: { kind: 'crash', error, left: wire.used } };
  }
  wire.departed();
  line.pacer.release();
  trip.sealed = wire.sealed;
  const decisions = decisionsOf(line, reply, leaving, wire.heard);
  if (decisions.some(({ kind }) => kind === 'accept')) line.budget.earn();
  const remainder = apply(call, leaving, decisions);
  if (remainder.smaller.length > 0) await sendParts(call, trip, remainder.smaller, leaving.lane !== undefined);
  return remainder.again === undefined ? undefined : (remainder as Unfinished);
}

const halt = (retryAt: number): Refusal => ({ cause: 'stopped', retryAt });

const refusals: Readonly<Record<Refusal['cause'], Reason>> = {
  deadline: { code: 'timeout', message: 'Time ran out before the event could be sent' },
  throttled: { code: 'rate_limited', message: 'The pace of this connection does not let the event leave in time' },
  stopped: stoppedReason,
};

/** What may still leave; the rest of it is settled. */
function withoutSuspended(call: Call, crate: Crate): Crate | undefined {
  const { suspensions } = call.line;
  if (!suspensions.any) return crate;
  const leaving = crate.items.filter((parcel) => {
    const reason = suspensions.reasonFor(parcel.scopes);
    if (reason !== undefined) call.settle(parcel, suspended(parcel, reason, call.line));
    return reason === undefined;
  });
  return leaving.length === crate.items.length ? crate : crateOf(leaving);
}

/** In a lane one after the other and up to the first deferral, elsewhere side by side. */
async function sendParts(call: Call, trip: Trip, parts: readonly Crate[], inOrder: boolean): Promise<void> {
  let standstill: Extract<Outcome, { kind: 'deferred' }> | undefined;
  for (const part of parts) {
    if (!inOrder) trip.parts.push(carry(call, part));
    else if (standstill === undefined) {
      await carry(call, part);
      standstill = part.items.map(({ settled }) => settled).find((outcome) => outcome?.kind === 'deferred');
    } else {
      for (const parcel of part.items) call.settle(parcel, heldBack(parcel, Date.parse(standstill.retryAt ?? '')));
    }
  }
}

/** Our own code failed in a way nobody foresaw. What may have left is not claimed either way. */
function abandon(call: Call, crate: Crate, error: unknown): void {
  defect(call.line, 'core', error);
  for (const parcel of crate.items) call.settle(parcel, lost(parcel));
}

/** The outcome of an event that a defect of ours lost sight of. */
export const lost = (parcel: Parcel) =>
  parcel.attempts > 0
    ? unknown(parcel, { code: 'ambiguous_delivery', message: 'A defect in the runtime hid what became of the event' })
    : rejected(parcel, { code: 'internal_error', message: 'A defect in the runtime stopped the event' });
