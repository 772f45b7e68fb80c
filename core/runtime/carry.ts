import pRetry from 'p-retry';
import type { RetryDecision } from '../api/decision.ts';
import type { Reply } from '../api/destination.ts';
import type { HttpResponse } from '../api/failure.ts';
import { jsonBody } from '../api/readers.ts';
import type { Reason } from '../api/outcome.ts';
import type { Sealed } from '../http/transport.ts';
import { AttemptWire } from './attempt-wire.ts';
import type { Vendor } from './compose.ts';
import { conclude, examine, smallerParts, type Probe, type Smaller } from './examine.ts';
import { unhurried } from './explain.ts';
import { defect, type Call } from './line.ts';
import { mayLeave, mayWait, putOff } from './may-leave.ts';
import { deferred, lost, stoppedReason } from './outcomes.ts';
import type { Refusal } from './pacer.ts';
import { crateOf, type Crate } from './parcel.ts';
import { halved, laneIsKept, oneByOne, sendParts, standStill, type Carried, type Step } from './parts.ts';
import { patience, type Unfinished } from './patience.ts';
import type { Hold } from './scope-holds.ts';
import { apply, decisionsOf, type Group } from './verdict.ts';

/** What one batch remembers between its attempts. */
interface Trip {
  /** The body of the last attempt: the same items leave as the same bytes (ALL-03). */
  sealed: Sealed | undefined;
  attempts: number;
  /** Attempts that used up one of the policy's. */
  failures: number;
  /** Requests in a row that it left in again without its culprits. */
  resends: number;
  /** The scope that it waited for, and that let it go. */
  cleared: string | undefined;
  /** It goes before all others. */
  urgent: boolean;
  /** What goes on in requests of its own. */
  parts: Promise<void>[] | undefined;
}

type Ended = (unfinished: Unfinished | undefined) => void;

/**
 * Carries one batch to its end: an attempt, and as long as policy, budget and deadline allow, another for those items that
 * asked for it; what is refused as a whole goes on in halves, what waits for its scope on its own. `departed` is called once,
 * when the first attempt has got its slot or its refusal; `arrived` once, when every parcel is settled. Calls, not promises: a
 * batch that goes through at once, as nearly all do, makes none.
 */
export function carry(call: Call, crate: Crate, departed: () => void, arrived: (crate: Crate) => void): void {
  travel(call, newTrip(call.urgent), crate, departed, arrived);
}

const newTrip = (urgent: boolean): Trip => ({
  sealed: undefined,
  attempts: 0,
  failures: 0,
  resends: 0,
  cleared: undefined,
  urgent,
  parts: undefined,
});

/** Another trip of the same batch, for a part of it. */
const sameTrip = (trip: Trip): Trip => ({ ...trip, parts: undefined });

function travel(call: Call, trip: Trip, crate: Crate, departed: () => void, arrived: (crate: Crate) => void): void {
  attempt(call, trip, crate, departed, (unfinished) => {
    if (unfinished === undefined && trip.parts === undefined) arrived(crate);
    else void carryOn(call, trip, crate, unfinished).then(() => arrived(crate));
  });
}

/** Never rejects. */
async function carryOn(call: Call, trip: Trip, crate: Crate, unfinished: Unfinished | undefined): Promise<void> {
  try {
    if (unfinished !== undefined) {
      if (await laneIsKept(call, crate)) await tryAgain(call, trip, unfinished);
      else standStill(call, unfinished.again, call.line.clock.now() + unfinished.waitMs);
    }
    // Parts may bring forth parts. None of them rejects.
    while (trip.parts !== undefined) {
      const { parts } = trip;
      trip.parts = undefined;
      await Promise.all(parts);
    }
  } catch (error) {
    abandon(call, crate, error);
  }
}

/** The same for those that wait for it. */
const carried: Carried = (call, crate) => new Promise((resolve) => carry(call, crate, nothing, () => resolve()));

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
  const { leaving: waiting, held } = mayLeave(call, crate, trip.cleared);
  for (const one of held) park(call, trip, one.crate, one.hold);
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
  if (call.stopped()) granted({ cause: 'stopped', retryAt: line.pacer.opensAt() });
  else line.pacer.acquire(waiting.items.length, waiting.deadline, call, granted, trip.urgent);
}

const refusals: Readonly<Record<Refusal['cause'], Reason>> = {
  deadline: { code: 'timeout', message: 'Time ran out before the event could be sent' },
  throttled: { code: 'rate_limited', message: 'The pace of this connection does not let the event leave in time' },
  stopped: stoppedReason,
};

/** Waits for a scope, and goes on from there: a part of the trip, while the rest of it goes on. */
function park(call: Call, trip: Trip, crate: Crate, hold: Hold): void {
  if (!mayWait(call, crate, hold)) return;
  const { scopeHolds } = call.line;
  const own = { ...sameTrip(trip), cleared: hold.scope };
  const waited = new Promise<void>((resolve) => {
    const go = (refusal: Refusal | undefined): void => {
      call.parked(-1);
      if (refusal !== undefined) {
        putOff(call, crate, hold.scope, refusal.retryAt, refusal.cause === 'stopped' ? stoppedReason : undefined);
        return resolve();
      }
      attempt(call, own, crate, nothing, (unfinished) => {
        scopeHolds.answered(hold.scope);
        void carryOn(call, own, crate, unfinished).then(resolve);
      });
    };
    call.parked(1);
    scopeHolds.wait(hold.scope, { call, items: crate.items.length, deadline: crate.deadline, go });
  });
  (trip.parts ??= []).push(waited);
}

/** The slot is ours: the request leaves, and the slot is given back once its answer is judged. */
function leave(call: Call, trip: Trip, waiting: Crate, ended: Ended): void {
  const { vendor, pacer, inquiry } = call.line;
  const { leaving, held } = mayLeave(call, waiting, trip.cleared);
  for (const one of held) park(call, trip, one.crate, one.hold);
  if (leaving !== waiting) pacer.changed(waiting.items.length, leaving?.items.length ?? 0);
  if (leaving === undefined) {
    pacer.release();
    return ended(undefined);
  }
  trip.attempts += 1;
  const mark = inquiry?.mark() ?? 0;
  for (const parcel of leaving.items) parcel.attempts += 1;
  const wire = new AttemptWire(call, leaving, trip.attempts, trip.sealed);
  const answered = (reply: Reply): void => {
    trip.sealed = wire.sealed;
    const unfinished = judged(call, trip, leaving, { reply, heard: wire.heard, mark });
    wire.departed();
    // Only now: what this answer suspends or slows down must do so before the next request gets the slot.
    pacer.release();
    ended(unfinished);
  };
  const hear = unhurried(call.line, leaving, () => wire.heard, answered);
  if (vendor.ask !== undefined) vendor.ask(leaving, wire, hear);
  else sendItself(vendor, leaving, wire, hear);
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

interface Answer {
  readonly reply: Reply;
  readonly heard: HttpResponse | undefined;
  /** Of the inquiry, when the request left. */
  readonly mark: number;
}

/** Settles what the reply settles, sends off what goes on in requests of its own, and returns what may be tried again. */
function judged(call: Call, trip: Trip, crate: Crate, answer: Answer): Unfinished | undefined {
  const { reply, heard, mark } = answer;
  try {
    const decisions = decisionsOf(call.line, reply, crate, heard);
    if (decisions.some(isAccepted)) call.line.budget.earn();
    if (decisions.some(isPassed)) call.line.inquiry?.passed(mark);
    const groups = apply(call, crate, decisions, trip);
    if (groups.length === 0) return undefined;
    if (crate.lane !== undefined && groups.length > 1) {
      (trip.parts ??= []).push(
        oneByOne(
          call,
          groups.map((group) => stepOf(call, sameTrip(trip), group, answer)),
        ),
      );
      return undefined;
    }
    let unfinished: Unfinished | undefined;
    for (const group of groups) {
      if (group.kind === 'again' && group.scope === undefined) unfinished = patience(call, trip, group);
      else (trip.parts ??= []).push(stepOf(call, sameTrip(trip), group, answer).take());
    }
    return unfinished;
  } catch (error) {
    abandon(call, crate, error);
    return undefined;
  }
}

const isAccepted = ({ kind }: RetryDecision): boolean => kind === 'accept';
/** What the vendor only checked, or does not want, it has read, with the credentials that came along. */
const isPassed = ({ kind }: RetryDecision): boolean => kind === 'accept' || kind === 'skip';

/** How a group goes on; what its wait holds is held at once. */
function stepOf(call: Call, trip: Trip, group: Group, answer: Answer): Step {
  const crate = crateOf(group.parcels) as Crate;
  if (group.kind === 'question') return questionOf(call, crate, answer);
  if (group.kind === 'resend') {
    trip.resends += 1;
    return { crate, take: () => new Promise((resolve) => travel(call, trip, crate, nothing, () => resolve())) };
  }
  if (group.kind !== 'again') {
    const parts = group.kind === 'isolate' ? crate.items.map((parcel) => [parcel]) : halved(crate.items);
    return { crate, take: () => sendParts(call, parts.map(crateOf), carried) };
  }
  const unfinished = patience(call, trip, group);
  if (unfinished === undefined) return { crate, take: () => Promise.resolve() };
  if (group.scope === undefined) return { crate, take: () => carryOn(call, trip, crate, unfinished) };
  const hold = { scope: group.scope, until: call.line.clock.elapsed() + unfinished.waitMs };
  return {
    crate,
    take() {
      park(call, trip, crate, hold);
      return carryOn(call, trip, crate, undefined);
    },
  };
}

/** Was it the batch that was refused, or the credentials? What is known already is told at once. */
function questionOf(call: Call, crate: Crate, { heard, mark }: Answer): Step {
  const { inquiry } = call.line;
  const finding = inquiry?.refused(crate.items, mark, isPlain(heard?.body ?? '')) ?? 'credentials';
  if (inquiry !== undefined && (finding === 'ask' || finding === 'doubt'))
    return { crate, take: () => examine(call, inquiry, crate, finding, { probe, smaller }) };
  if (finding === 'event' && crate.items.length > 1) return { crate, take: () => smaller(call, crate) };
  conclude(call, crate, finding === 'ask' || finding === 'doubt' ? 'later' : finding);
  inquiry?.concluded();
  return { crate, take: () => Promise.resolve() };
}

/** A vendor says nothing or JSON; a gateway in front of it has a page of its own. */
const isPlain = (body: string): boolean => body.trim() === '' || jsonBody(body) !== undefined;

const smaller: Smaller = (call, crate) => sendParts(call, smallerParts(call.line.inquiry, crate).map(crateOf), carried);

const probe: Probe = (call, crate) => {
  const trip = newTrip(true);
  return new Promise((resolve) => {
    attempt(call, trip, crate, nothing, (unfinished) => {
      trip.urgent = false;
      resolve(() => carryOn(call, trip, crate, unfinished));
    });
  });
};

/** Our own code failed in a way nobody foresaw. What may have left is not claimed either way. */
function abandon(call: Call, crate: Crate, error: unknown): void {
  defect(call.line, 'core', error);
  for (const parcel of crate.items) call.settle(parcel, lost(parcel));
}
