import pRetry from 'p-retry';
import type { RetryDecision } from '../api/decision.ts';
import type { Reply } from '../api/destination.ts';
import type { HttpResponse } from '../api/failure.ts';
import type { Outcome, Reason } from '../api/outcome.ts';
import type { Sealed } from '../http/transport.ts';
import { AttemptWire } from './attempt-wire.ts';
import type { Vendor } from './compose.ts';
import { defect, type Call } from './line.ts';
import { deferred, heldBack, lost, stoppedReason, suspended } from './outcomes.ts';
import type { Refusal } from './pacer.ts';
import { crateOf, type Crate } from './parcel.ts';
import { waitMs } from './retry-policy.ts';
import { apply, decisionsOf, type Remainder } from './verdict.ts';

/** What one batch remembers between its attempts. */
interface Trip {
  /** The body of the last attempt: the same items leave as the same bytes (ALL-03). */
  sealed: Sealed | undefined;
  attempts: number;
  /** Attempts that used up one of the policy's. */
  failures: number;
  /** Halves and single items under way on their own. */
  parts: Promise<void>[] | undefined;
}

/** What asked to be tried again, and when that may be, in milliseconds from now. */
interface Unfinished {
  readonly again: Crate;
  readonly waitMs: number;
}

type Ended = (unfinished: Unfinished | undefined) => void;

/**
 * Carries one batch to its end: an attempt, and as long as policy, budget and deadline allow, another for those items that
 * asked for it; what is refused as a whole goes on in halves. `departed` is called once, when the first attempt has got its
 * slot or its refusal; `arrived` once, when every parcel is settled. Calls, not promises: a batch that goes through at once,
 * as nearly all do, makes none.
 */
export function carry(call: Call, crate: Crate, departed: () => void, arrived: (crate: Crate) => void): void {
  const trip: Trip = { sealed: undefined, attempts: 0, failures: 0, parts: undefined };
  attempt(call, trip, crate, departed, (unfinished) => {
    if (unfinished === undefined && trip.parts === undefined) arrived(crate);
    else void carryOn(call, trip, crate, unfinished).then(() => arrived(crate));
  });
}

/** Never rejects. */
async function carryOn(call: Call, trip: Trip, crate: Crate, unfinished: Unfinished | undefined): Promise<void> {
  try {
    // In a lane one request after the other, elsewhere side by side.
    if (crate.lane !== undefined) await allParts(trip);
    if (unfinished !== undefined) {
      if (await laneIsKept(call, crate)) await tryAgain(call, trip, unfinished);
      else standStill(call, unfinished.again, call.line.clock.now() + unfinished.waitMs);
    }
    await allParts(trip);
  } catch (error) {
    abandon(call, crate, error);
  }
}

/** Parts may bring forth parts. None of them rejects. */
async function allParts(trip: Trip): Promise<void> {
  while (trip.parts !== undefined) {
    const { parts } = trip;
    trip.parts = undefined;
    await Promise.all(parts);
  }
}

/** The same for those that wait for it. */
const carried = (call: Call, crate: Crate): Promise<void> =>
  new Promise((resolve) => carry(call, crate, nothing, () => resolve()));

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
  const repeat = async (number: number): Promise<void> => {
    if (number > 1) {
      const unfinished = await new Promise<Unfinished | undefined>((ended) =>
        attempt(call, trip, last.again, nothing, ended),
      );
      if (unfinished === undefined) return;
      last = unfinished;
    }
    throw new NotYet(last);
  };
  await pRetry(repeat, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 0,
    onFailedAttempt: async ({ error }) => {
      if (error instanceof NotYet) await call.line.clock.sleep(error.unfinished.waitMs, call.signal());
    },
    shouldRetry: ({ error }) => error instanceof NotYet,
  });
}

/** One request. What asks to be tried again, and may be, is told to `ended`. */
function attempt(call: Call, trip: Trip, crate: Crate, departed: () => void, ended: Ended): void {
  const { line } = call;
  let over = false;
  const end: Ended = (unfinished) => {
    if (over) return;
    over = true;
    ended(unfinished);
  };
  const waiting = withoutSuspended(call, crate);
  if (waiting === undefined) {
    departed();
    return ended(undefined);
  }
  const granted = (refusal: Refusal | undefined): void => {
    departed();
    // What goes wrong here is not the pacer's to catch, who has others waiting.
    try {
      if (refusal === undefined) return leave(call, trip, waiting, end);
      for (const parcel of waiting.items) {
        call.settle(parcel, deferred(parcel, parcel.reason ?? refusals[refusal.cause], refusal.retryAt));
      }
    } catch (error) {
      abandon(call, crate, error);
    }
    end(undefined);
  };
  if (call.stopped()) granted({ cause: 'stopped', retryAt: line.pacer.opensAt(line.clock.now()) });
  else line.pacer.acquire(waiting.items.length, waiting.deadline, call, granted);
}

const refusals: Readonly<Record<Refusal['cause'], Reason>> = {
  deadline: { code: 'timeout', message: 'Time ran out before the event could be sent' },
  throttled: { code: 'rate_limited', message: 'The pace of this connection does not let the event leave in time' },
  stopped: stoppedReason,
};

/** The slot is ours: the request leaves, and the slot is given back once its answer is judged. */
function leave(call: Call, trip: Trip, waiting: Crate, ended: Ended): void {
  const { vendor, pacer } = call.line;
  const leaving = withoutSuspended(call, waiting);
  if (leaving === undefined) {
    pacer.started(waiting.items.length);
    pacer.release();
    return ended(undefined);
  }
  trip.attempts += 1;
  for (const parcel of leaving.items) parcel.attempts += 1;
  const wire = new AttemptWire(call, leaving, waiting.items.length, trip.attempts, trip.sealed);
  const answered = (reply: Reply): void => {
    trip.sealed = wire.sealed;
    const unfinished = judged(call, trip, leaving, reply, wire.heard);
    wire.departed();
    // Only now: what this answer suspends or slows down must do so before the next request gets the slot.
    pacer.release();
    ended(unfinished);
  };
  if (vendor.ask !== undefined) vendor.ask(leaving, wire, answered);
  else sendItself(vendor, leaving, wire, answered);
}

/** A folder's own send(): it may throw, hang, and answer with anything. */
function sendItself(vendor: Vendor, crate: Crate, wire: AttemptWire, answered: (reply: Reply) => void): void {
  const crashed = (error: unknown): void =>
    answered({ kind: 'failed', failure: { kind: 'crash', error, left: wire.used } });
  try {
    wire.inTime(vendor.send(crate, vendor.settings, wire)).then(answered, crashed);
  } catch (error) {
    crashed(error);
  }
}

/** Settles what the reply settles, sends off what goes on in smaller requests, and returns what may be tried again. */
function judged(
  call: Call,
  trip: Trip,
  crate: Crate,
  reply: Reply,
  heard: HttpResponse | undefined,
): Unfinished | undefined {
  try {
    const decisions = decisionsOf(call.line, reply, crate, heard);
    if (decisions.some(isAccepted)) call.line.budget.earn();
    const remainder = apply(call, crate, decisions);
    const { again, smaller } = remainder;
    const unfinished = again === undefined ? undefined : patience(call, trip, again, remainder);
    if (smaller.length > 0) {
      const standstill = unfinished === undefined && crate.lane !== undefined ? deferralOf(again) : undefined;
      (trip.parts ??= []).push(sendParts(call, smaller, crate.lane !== undefined, standstill));
    }
    return unfinished;
  } catch (error) {
    abandon(call, crate, error);
    return undefined;
  }
}

const isAccepted = ({ kind }: RetryDecision): boolean => kind === 'accept';

/** How long to wait before the next attempt; or, where there may be none, a deferral for all that is left. */
function patience(
  call: Call,
  trip: Trip,
  again: Crate,
  { askedMs, throttled }: Pick<Remainder, 'askedMs' | 'throttled'>,
): Unfinished | undefined {
  const { policy, clock, pacer, budget, emit, slug } = call.line;
  if (!throttled) trip.failures += 1;
  const wait = waitMs(policy, throttled ? trip.attempts : trip.failures, clock.random, askedMs);
  const retryAt = clock.now() + wait;
  if (throttled || askedMs > 0) pacer.holdUntil(retryAt);
  const givenUp = trip.failures >= policy.attempts || retryAt > again.deadline || call.stopped();
  if (givenUp || (!throttled && !budget.spend())) {
    for (const parcel of again.items) call.settle(parcel, deferred(parcel, parcel.reason ?? unavailable, retryAt));
    return undefined;
  }
  const { code } = again.items[0].reason ?? unavailable;
  emit?.({ kind: 'retry_scheduled', slug, items: again.items.length, afterMs: wait, code });
  return { again, waitMs: wait };
}

const unavailable: Reason = { code: 'vendor_unavailable', message: 'The vendor could not take the event' };

/** What may still leave; the rest of it is settled. */
function withoutSuspended(call: Call, crate: Crate): Crate | undefined {
  const { suspensions } = call.line;
  if (!suspensions.any) return crate;
  const leaving = crate.items.filter((parcel) => {
    const suspension = suspensions.against(parcel.scopes);
    if (suspension !== undefined) call.settle(parcel, suspended(parcel, suspension, call.line));
    return suspension === undefined;
  });
  return leaving.length === crate.items.length ? crate : crateOf(leaving);
}

type Deferral = Extract<Outcome, { kind: 'deferred' }>;

const deferralOf = (crate: Crate | undefined): Deferral | undefined =>
  crate?.items.map(({ settled }) => settled).find((outcome) => outcome?.kind === 'deferred');

/** In a lane one after the other and up to the first deferral, elsewhere side by side. Never rejects. */
async function sendParts(
  call: Call,
  parts: readonly Crate[],
  inOrder: boolean,
  standstill: Deferral | undefined,
): Promise<void> {
  if (!inOrder) {
    await Promise.all(parts.map((part) => carried(call, part)));
    return;
  }
  let stands = standstill;
  for (const part of parts) {
    if (stands === undefined && (await laneIsKept(call, part))) {
      await carried(call, part);
      stands = deferralOf(part);
    } else standStill(call, part, stands === undefined ? call.line.clock.now() : Date.parse(stands.retryAt ?? ''));
  }
}

/** Whether the host has written down what it was told of earlier events of the lane. */
const laneIsKept = async (call: Call, { lane }: Crate): Promise<boolean> =>
  lane === undefined || (await call.kept(lane)) !== false;

function standStill(call: Call, crate: Crate, until: number): void {
  for (const parcel of crate.items) call.settle(parcel, heldBack(parcel, until));
}

/** Our own code failed in a way nobody foresaw. What may have left is not claimed either way. */
function abandon(call: Call, crate: Crate, error: unknown): void {
  defect(call.line, 'core', error);
  for (const parcel of crate.items) call.settle(parcel, lost(parcel));
}
