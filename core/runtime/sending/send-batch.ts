import pRetry from 'p-retry';
import type { RetryDecision } from '../../api/decision.ts';
import type { Reply } from '../../api/destination.ts';
import type { HttpResponse } from '../../api/failure.ts';
import { jsonBody } from '../../api/reply-readers.ts';
import type { Reason } from '../../api/outcome.ts';
import type { EncodedBody } from '../../http/transport.ts';
import { AttemptWire } from './attempt-wire.ts';
import type { BoundDestination } from '../bind-destination.ts';
import { conclude, examine, smallerParts, type Probe, type Smaller } from './examine.ts';
import { unhurried } from './mask-reasons.ts';
import { defect, type Call } from '../connection-context.ts';
import { filterByScope, mayWait, putOff } from './scope-filter.ts';
import { deferred, lost, stoppedReason } from './outcomes.ts';
import type { SlotRefusal } from './pacer.ts';
import { batchOf, type PendingBatch } from '../batching/pending-delivery.ts';
import { halved, laneIsKept, oneByOne, sendParts, standStill, type Carried, type Step } from './split.ts';
import { scheduleRetry, type Unfinished } from './schedule-retry.ts';
import type { ScopePause } from './scope-pauses.ts';
import { apply, decisionsOf, type Group } from './decisions.ts';

/** What one batch remembers between its attempts. */
interface Trip {
  /** The body of the last attempt: the same items leave as the same bytes (ALL-03). */
  sealed: EncodedBody | undefined;
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
export function carry(
  call: Call,
  batch: PendingBatch,
  departed: () => void,
  arrived: (batch: PendingBatch) => void,
): void {
  travel(call, newTrip(call.urgent), batch, departed, arrived);
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

function travel(
  call: Call,
  trip: Trip,
  batch: PendingBatch,
  departed: () => void,
  arrived: (batch: PendingBatch) => void,
): void {
  attempt(call, trip, batch, departed, (unfinished) => {
    if (unfinished === undefined && trip.parts === undefined) arrived(batch);
    else void carryOn(call, trip, batch, unfinished).then(() => arrived(batch));
  });
}

/** Never rejects. */
async function carryOn(call: Call, trip: Trip, batch: PendingBatch, unfinished: Unfinished | undefined): Promise<void> {
  try {
    if (unfinished !== undefined) {
      if (await laneIsKept(call, batch)) await tryAgain(call, trip, unfinished);
      else standStill(call, unfinished.again, call.context.clock.now() + unfinished.waitMs);
    }
    // Parts may bring forth parts. None of them rejects.
    while (trip.parts !== undefined) {
      const { parts } = trip;
      trip.parts = undefined;
      await Promise.all(parts);
    }
  } catch (error) {
    abandon(call, batch, error);
  }
}

/** The same for those that wait for it. */
const carried: Carried = (call, batch) => new Promise((resolve) => carry(call, batch, nothing, () => resolve()));

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
      if (error instanceof NotYet) await call.context.clock.sleep(error.unfinished.waitMs, call.signal());
    },
    shouldRetry: ({ error }) => error instanceof NotYet,
  });
}

/** One request. What asks to be tried again, and may be, is told to `ended`. */
function attempt(call: Call, trip: Trip, batch: PendingBatch, departed: () => void, ended: Ended): void {
  const { context } = call;
  let over = false;
  const end: Ended = (unfinished) => {
    if (over) return;
    over = true;
    ended(unfinished);
  };
  const { leaving: waiting, held } = filterByScope(call, batch, trip.cleared);
  for (const one of held) park(call, trip, one.batch, one.hold);
  if (waiting === undefined) {
    departed();
    return ended(undefined);
  }
  const granted = (refusal: SlotRefusal | undefined): void => {
    departed();
    // What goes wrong here is not the pacer's to catch, who has others waiting.
    try {
      if (refusal === undefined) return leave(call, trip, waiting, end);
      for (const delivery of waiting.items) {
        call.settle(delivery, deferred(delivery, delivery.reason ?? refusals[refusal.cause], refusal.retryAt));
      }
    } catch (error) {
      abandon(call, batch, error);
    }
    end(undefined);
  };
  if (call.stopped()) granted({ cause: 'stopped', retryAt: context.pacer.opensAt() });
  else context.pacer.acquire(waiting.items.length, waiting.deadline, call, granted, trip.urgent);
}

const refusals: Readonly<Record<SlotRefusal['cause'], Reason>> = {
  deadline: { code: 'timeout', message: 'Time ran out before the event could be sent' },
  throttled: { code: 'rate_limited', message: 'The pace of this connection does not let the event leave in time' },
  stopped: stoppedReason,
};

/** Waits for a scope, and goes on from there: a part of the trip, while the rest of it goes on. */
function park(call: Call, trip: Trip, batch: PendingBatch, hold: ScopePause): void {
  if (!mayWait(call, batch, hold)) return;
  const { scopePauses } = call.context;
  const own = { ...sameTrip(trip), cleared: hold.scope };
  const waited = new Promise<void>((resolve) => {
    const go = (refusal: SlotRefusal | undefined): void => {
      call.parked(-1);
      if (refusal !== undefined) {
        putOff(call, batch, hold.scope, refusal.retryAt, refusal.cause === 'stopped' ? stoppedReason : undefined);
        return resolve();
      }
      attempt(call, own, batch, nothing, (unfinished) => {
        scopePauses.answered(hold.scope);
        void carryOn(call, own, batch, unfinished).then(resolve);
      });
    };
    call.parked(1);
    scopePauses.wait(hold.scope, { call, items: batch.items.length, deadline: batch.deadline, go });
  });
  (trip.parts ??= []).push(waited);
}

/** The slot is ours: the request leaves, and the slot is given back once its answer is judged. */
function leave(call: Call, trip: Trip, waiting: PendingBatch, ended: Ended): void {
  const { vendor, pacer, inquiry } = call.context;
  const { leaving, held } = filterByScope(call, waiting, trip.cleared);
  for (const one of held) park(call, trip, one.batch, one.hold);
  if (leaving !== waiting) pacer.changed(waiting.items.length, leaving?.items.length ?? 0);
  if (leaving === undefined) {
    pacer.release();
    return ended(undefined);
  }
  trip.attempts += 1;
  const mark = inquiry?.mark() ?? 0;
  for (const delivery of leaving.items) delivery.attempts += 1;
  const wire = new AttemptWire(call, leaving, trip.attempts, trip.sealed);
  const answered = (reply: Reply): void => {
    trip.sealed = wire.sealed;
    const unfinished = judged(call, trip, leaving, { reply, heard: wire.heard, mark });
    wire.departed();
    // Only now: what this answer suspends or slows down must do so before the next request gets the slot.
    pacer.release();
    ended(unfinished);
  };
  const hear = unhurried(call.context, leaving, () => wire.heard, answered);
  if (vendor.ask !== undefined) vendor.ask(leaving, wire, hear);
  else sendItself(vendor, leaving, wire, hear);
}

/** A folder's own send(): it may throw, hang, and answer with anything. */
function sendItself(
  vendor: BoundDestination,
  batch: PendingBatch,
  wire: AttemptWire,
  answered: (reply: Reply) => void,
): void {
  const crashed = (error: unknown): void =>
    answered({ kind: 'failed', failure: { kind: 'crash', error, left: wire.used } });
  try {
    wire.inTime(vendor.send(batch, vendor.settings, wire)).then(answered, crashed);
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
function judged(call: Call, trip: Trip, batch: PendingBatch, answer: Answer): Unfinished | undefined {
  const { reply, heard, mark } = answer;
  try {
    const decisions = decisionsOf(call.context, reply, batch, heard);
    if (decisions.some(isAccepted)) call.context.budget.earn();
    if (decisions.some(isPassed)) call.context.inquiry?.passed(mark);
    const groups = apply(call, batch, decisions, trip);
    if (groups.length === 0) return undefined;
    if (batch.lane !== undefined && groups.length > 1) {
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
      if (group.kind === 'again' && group.scope === undefined) unfinished = scheduleRetry(call, trip, group);
      else (trip.parts ??= []).push(stepOf(call, sameTrip(trip), group, answer).take());
    }
    return unfinished;
  } catch (error) {
    abandon(call, batch, error);
    return undefined;
  }
}

const isAccepted = ({ kind }: RetryDecision): boolean => kind === 'accept';
/** What the vendor only checked, or does not want, it has read, with the credentials that came along. */
const isPassed = ({ kind }: RetryDecision): boolean => kind === 'accept' || kind === 'skip';

/** How a group goes on; what its wait holds is held at once. */
function stepOf(call: Call, trip: Trip, group: Group, answer: Answer): Step {
  const batch = batchOf(group.deliveries) as PendingBatch;
  if (group.kind === 'question') return questionOf(call, batch, answer);
  if (group.kind === 'resend') {
    trip.resends += 1;
    return { batch, take: () => new Promise((resolve) => travel(call, trip, batch, nothing, () => resolve())) };
  }
  if (group.kind !== 'again') {
    const parts = group.kind === 'isolate' ? batch.items.map((delivery) => [delivery]) : halved(batch.items);
    return { batch, take: () => sendParts(call, parts.map(batchOf), carried) };
  }
  const unfinished = scheduleRetry(call, trip, group);
  if (unfinished === undefined) return { batch, take: () => Promise.resolve() };
  if (group.scope === undefined) return { batch, take: () => carryOn(call, trip, batch, unfinished) };
  const hold = { scope: group.scope, until: call.context.clock.elapsed() + unfinished.waitMs };
  return {
    batch,
    take() {
      park(call, trip, batch, hold);
      return carryOn(call, trip, batch, undefined);
    },
  };
}

/** Was it the batch that was refused, or the credentials? What is known already is told at once. */
function questionOf(call: Call, batch: PendingBatch, { heard, mark }: Answer): Step {
  const { inquiry } = call.context;
  const finding = inquiry?.refused(batch.items, mark, isPlain(heard?.body ?? '')) ?? 'credentials';
  if (inquiry !== undefined && (finding === 'ask' || finding === 'doubt'))
    return { batch, take: () => examine(call, inquiry, batch, finding, { probe, smaller }) };
  if (finding === 'event' && batch.items.length > 1) return { batch, take: () => smaller(call, batch) };
  conclude(call, batch, finding === 'ask' || finding === 'doubt' ? 'later' : finding);
  inquiry?.concluded();
  return { batch, take: () => Promise.resolve() };
}

/** A vendor says nothing or JSON; a gateway in front of it has a page of its own. */
const isPlain = (body: string): boolean => body.trim() === '' || jsonBody(body) !== undefined;

const smaller: Smaller = (call, batch) =>
  sendParts(call, smallerParts(call.context.inquiry, batch).map(batchOf), carried);

const probe: Probe = (call, batch) => {
  const trip = newTrip(true);
  return new Promise((resolve) => {
    attempt(call, trip, batch, nothing, (unfinished) => {
      trip.urgent = false;
      resolve(() => carryOn(call, trip, batch, unfinished));
    });
  });
};

/** Our own code failed in a way nobody foresaw. What may have left is not claimed either way. */
function abandon(call: Call, batch: PendingBatch, error: unknown): void {
  defect(call.context, 'core', error);
  for (const delivery of batch.items) call.settle(delivery, lost(delivery));
}
