import type { Reason } from '../api/outcome.ts';
import type { Inquiry, Question } from './inquiry.ts';
import { mostParts } from './inquiry.ts';
import type { Call } from './line.ts';
import { deferred, rejected } from './outcomes.ts';
import { crateOf, type Crate, type Parcel } from './parcel.ts';
import { deferralOf, halved, standStill, timeOf } from './parts.ts';
import { waitMs } from './retry-policy.ts';
import { suspend } from './verdict.ts';

/** Sends one event, before all others; resolves after its first answer, with what is left to do for it. Never rejects. */
export type Probe = (call: Call, crate: Crate) => Promise<() => Promise<void>>;

/** Sends what is refused no longer for its credentials in smaller requests. Never rejects. */
export type Smaller = (call: Call, crate: Crate) => Promise<void>;

/** A refusal that means the credentials, or that a lone event was refused: their outcomes. */
export function conclude(call: Call, crate: Crate, finding: 'credentials' | 'event' | 'later'): void {
  const { policy, clock, inquiry } = call.line;
  for (const parcel of crate.items) {
    const reason = parcel.reason ?? unauthorized;
    if (finding === 'credentials') suspend(call, parcel, reason);
    else if (finding === 'event') call.settle(parcel, rejected(parcel, { ...reason, ...ofTheEvent }));
    else {
      const wait = waitMs(policy, inquiry?.putOff(parcel) ?? 1, clock.random);
      call.settle(parcel, deferred(parcel, reason, clock.now() + wait));
    }
  }
}

const unauthorized: Reason = { code: 'unauthorized', message: 'The vendor refused the request' };
const ofTheEvent = {
  code: 'vendor_rejected',
  message: 'The vendor refuses this event, and takes others with the same credentials',
} as const;

/**
 * Finds out whether a refused batch, or its credentials, were meant: by the vendor's own check where there is one, then by single
 * events of it, until one passes. Then what is left goes on in smaller requests, or is suspended. Never rejects.
 */
export async function examine(
  call: Call,
  inquiry: Inquiry,
  crate: Crate,
  question: Question,
  { probe, smaller }: { readonly probe: Probe; readonly smaller: Smaller },
): Promise<void> {
  const parts = crate.lane === undefined ? spread(mostTelling(inquiry, crate)) : crate.items.slice(0, 1);
  const patience = endOf(call, crate);
  const examination = await inquiry.open(question, parts.length, patience.over);
  patience.forget();
  const unfinished: (() => Promise<void>)[] = [];
  let tried = 0;
  try {
    const isOver = (): boolean =>
      examination.passed() ||
      examination.fruitless() ||
      call.stopped() ||
      call.line.clock.elapsed() >= crate.deadline ||
      isSuspended(call);
    const within = { withinMs: crate.deadline - call.line.clock.elapsed(), signal: call.signal() };
    if (!isOver() && (await examination.check(within, isOver)) === 'refused') conclude(call, crate, 'credentials');
    if (crate.items.length > 1) {
      for (const parcel of parts) {
        if (isOver()) break;
        unfinished.push(await probe(call, crateOf([parcel]) as Crate));
        // Neither a yes nor a refusal: nobody else is kept waiting for it.
        if (parcel.settled === undefined) break;
        tried += 1;
      }
    }
  } finally {
    examination.close(tried);
  }
  const waits = examination.fruitless();
  await Promise.all(unfinished.map((goOn) => goOn()));
  const left = crateOf(crate.items.filter(({ settled }) => settled === undefined));
  if (left === undefined) return;
  const stands = crate.lane === undefined ? undefined : deferralOf(crate);
  if (isSuspended(call)) conclude(call, left, 'credentials');
  else if (stands !== undefined) standStill(call, left, timeOf(stands, call.line.clock.now()));
  else if (crate.items.length === 1 || waits) conclude(call, left, 'later');
  else await smaller(call, left);
}

/** When nobody waits for the outcome of the batch any more: it is stopped, or its time is over. */
function endOf(call: Call, { deadline }: Crate) {
  const { clock } = call.line;
  let forget = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    const off = clock.after(Math.max(0, deadline - clock.elapsed()), resolve);
    const stop = (): void => resolve();
    const signal = call.signal();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    forget = () => {
      off();
      signal.removeEventListener('abort', stop);
    };
  });
  return { over, forget: () => forget() };
}

const isSuspended = ({ line }: Call): boolean =>
  line.suspensions.any && line.suspensions.against(undefined) !== undefined;

/** What came back before tells nothing when it is refused again. */
function mostTelling(inquiry: Inquiry, { items }: Crate): readonly Parcel[] {
  const others = items.filter((parcel) => !inquiry.suspected(parcel));
  return others.length > 0 ? others : items;
}

/** Smaller parts of a refused batch: what came back before apart from the others, else halves. */
export function smallerParts(inquiry: Inquiry | undefined, { items, lane }: Crate): readonly (readonly Parcel[])[] {
  if (inquiry === undefined || lane !== undefined) return halved(items);
  const suspects = items.filter((parcel) => inquiry.suspected(parcel));
  if (suspects.length === 0 || suspects.length === items.length) return halved(items);
  return [items.filter((parcel) => !suspects.includes(parcel)), suspects];
}

/** Single events from all over the batch: those of one sender often stand together. */
function spread(items: readonly Parcel[]): readonly Parcel[] {
  if (items.length <= mostParts) return items;
  return Array.from({ length: mostParts }, (_, n) => items[Math.floor((n * items.length) / mostParts)] as Parcel);
}
