import type { Reason } from '../../api/outcome.ts';
import type { Inquiry, Question } from './inquiry.ts';
import { mostParts } from './inquiry.ts';
import type { Call } from '../connection-context.ts';
import { deferred, rejected } from './outcomes.ts';
import { batchOf, type PendingBatch, type PendingDelivery } from '../batching/pending-delivery.ts';
import { deferralOf, halved, standStill, timeOf } from './split.ts';
import { waitMs } from './retry-policy.ts';
import { suspend } from './decisions.ts';

/** Sends one event, before all others; resolves after its first answer, with what is left to do for it. Never rejects. */
export type Probe = (call: Call, batch: PendingBatch) => Promise<() => Promise<void>>;

/** Sends what is refused no longer for its credentials in smaller requests. Never rejects. */
export type Smaller = (call: Call, batch: PendingBatch) => Promise<void>;

/** A refusal that means the credentials, or that a lone event was refused: their outcomes. */
export function conclude(call: Call, batch: PendingBatch, finding: 'credentials' | 'event' | 'later'): void {
  const { policy, clock, inquiry } = call.context;
  for (const delivery of batch.items) {
    const reason = delivery.reason ?? unauthorized;
    if (finding === 'credentials') suspend(call, delivery, reason);
    else if (finding === 'event') call.settle(delivery, rejected(delivery, { ...reason, ...ofTheEvent }));
    else {
      const wait = waitMs(policy, inquiry?.putOff(delivery) ?? 1, clock.random);
      call.settle(delivery, deferred(delivery, reason, clock.now() + wait));
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
  batch: PendingBatch,
  question: Question,
  { probe, smaller }: { readonly probe: Probe; readonly smaller: Smaller },
): Promise<void> {
  const parts = batch.lane === undefined ? spread(mostTelling(inquiry, batch)) : batch.items.slice(0, 1);
  const patience = endOf(call, batch);
  const examination = await inquiry.open(question, parts.length, patience.over);
  patience.forget();
  const unfinished: (() => Promise<void>)[] = [];
  let tried = 0;
  try {
    const isOver = (): boolean =>
      examination.passed() ||
      examination.fruitless() ||
      call.stopped() ||
      call.context.clock.elapsed() >= batch.deadline ||
      isSuspended(call);
    const within = { withinMs: batch.deadline - call.context.clock.elapsed(), signal: call.signal() };
    if (!isOver() && (await examination.check(within, isOver)) === 'refused') conclude(call, batch, 'credentials');
    if (batch.items.length > 1) {
      for (const delivery of parts) {
        if (isOver()) break;
        unfinished.push(await probe(call, batchOf([delivery]) as PendingBatch));
        // Neither a yes nor a refusal: nobody else is kept waiting for it.
        if (delivery.settled === undefined) break;
        tried += 1;
      }
    }
  } finally {
    examination.close(tried);
  }
  const waits = examination.fruitless();
  await Promise.all(unfinished.map((goOn) => goOn()));
  const left = batchOf(batch.items.filter(({ settled }) => settled === undefined));
  if (left === undefined) return;
  const stands = batch.lane === undefined ? undefined : deferralOf(batch);
  if (isSuspended(call)) conclude(call, left, 'credentials');
  else if (stands !== undefined) standStill(call, left, timeOf(stands, call.context.clock.now()));
  else if (batch.items.length === 1 || waits) conclude(call, left, 'later');
  else await smaller(call, left);
}

/** When nobody waits for the outcome of the batch any more: it is stopped, or its time is over. */
function endOf(call: Call, { deadline }: PendingBatch) {
  const { clock } = call.context;
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

const isSuspended = ({ context }: Call): boolean =>
  context.suspensions.any && context.suspensions.against(undefined) !== undefined;

/** What came back before tells nothing when it is refused again. */
function mostTelling(inquiry: Inquiry, { items }: PendingBatch): readonly PendingDelivery[] {
  const others = items.filter((delivery) => !inquiry.suspected(delivery));
  return others.length > 0 ? others : items;
}

/** Smaller parts of a refused batch: what came back before apart from the others, else halves. */
export function smallerParts(
  inquiry: Inquiry | undefined,
  { items, lane }: PendingBatch,
): readonly (readonly PendingDelivery[])[] {
  if (inquiry === undefined || lane !== undefined) return halved(items);
  const suspects = items.filter((delivery) => inquiry.suspected(delivery));
  if (suspects.length === 0 || suspects.length === items.length) return halved(items);
  return [items.filter((delivery) => !suspects.includes(delivery)), suspects];
}

/** Single events from all over the batch: those of one sender often stand together. */
function spread(items: readonly PendingDelivery[]): readonly PendingDelivery[] {
  if (items.length <= mostParts) return items;
  return Array.from(
    { length: mostParts },
    (_, n) => items[Math.floor((n * items.length) / mostParts)] as PendingDelivery,
  );
}
