import type { Reason } from '../../api/outcome.ts';
import { onAbort } from '../../policy/abort.ts';
import { batchOf, type PendingBatch, type PendingDelivery } from '../batching/pending-delivery.ts';
import type { Inquiry } from './inquiry.ts';
import { deferred, rejected } from './outcomes.ts';
import { maxParts, type Question } from './refusal-record.ts';
import { waitMs } from './retry-policy.ts';
import type { SendingBatch, SendRun } from './send-run.ts';
import { suspend } from './settle.ts';
import { deferBehind, deferralOf, endOf, halved, sendParts } from './split.ts';

/** Settles a refused batch by the finding. */
export function concludeRefusal(run: SendRun, batch: PendingBatch, finding: 'credentials' | 'event' | 'later'): void {
  const { clock, inquiry } = run.context;
  for (const delivery of batch.items) {
    const reason = delivery.reason ?? unauthorized;
    if (finding === 'credentials') suspend(run, delivery, reason);
    else if (finding === 'event') run.settle(delivery, rejected(delivery, { ...reason, ...eventRefused }));
    else {
      const wait = waitMs(run.policy, inquiry.putOff(delivery), clock.random);
      run.settle(delivery, deferred(delivery, reason, clock.now() + wait));
    }
  }
}

const unauthorized: Reason = { code: 'unauthorized', message: 'The vendor refused the request' };
const eventRefused = {
  code: 'vendor_rejected',
  message: 'The vendor refuses this event, and takes others with the same credentials',
} as const;

/**
 * Finds out whether the vendor refuses a batch or the credentials: by the vendor's credential check if there is one,
 * then by single events, until one passes. Then the rest is sent in smaller requests, or suspended. Never rejects.
 */
export async function investigate(send: SendingBatch, batch: PendingBatch, question: Question): Promise<void> {
  const { run } = send;
  const { inquiry } = run.context;
  const samples = batch.lanes === undefined ? spread(unsuspected(inquiry, batch)) : batch.items.slice(0, 1);
  const end = endOfBatch(run, batch);
  const examination = await inquiry.open(question, samples.length, end.reached);
  end.forget();
  const unfinished: (() => Promise<void>)[] = [];
  let tried = 0;
  try {
    const isOver = (): boolean => examination.passed() || examination.fruitless() || isObsolete(run, batch);
    const within = { withinMs: batch.deadline - run.context.clock.elapsed(), signal: run.signal() };
    if (!isOver() && (await examination.check(within, isOver)) === 'refused')
      concludeRefusal(run, batch, 'credentials');
    if (batch.items.length > 1) {
      for (const delivery of samples) {
        if (isOver()) break;
        unfinished.push(await send.sendProbe(batchOf([delivery]) as PendingBatch));
        // Neither accepted nor refused: others must not wait for it.
        if (delivery.settled === undefined) break;
        tried += 1;
      }
    }
  } finally {
    examination.close(tried);
  }
  const waits = examination.fruitless();
  await Promise.all(unfinished.map((goOn) => goOn()));
  await sendRemaining(send, batch, waits);
}

/** Nobody needs the result any more. */
const isObsolete = (run: SendRun, { deadline }: PendingBatch): boolean =>
  run.stopped || run.context.clock.elapsed() >= deadline || isSuspended(run);

/** Continues with the unsettled rest. `waits`: it waits until some event passes. */
async function sendRemaining(send: SendingBatch, batch: PendingBatch, waits: boolean): Promise<void> {
  const { run } = send;
  const remaining = batchOf(batch.items.filter(({ settled }) => settled === undefined));
  if (remaining === undefined) return;
  const deferral = batch.lanes === undefined ? undefined : deferralOf(batch);
  if (isSuspended(run)) concludeRefusal(run, remaining, 'credentials');
  else if (deferral !== undefined) deferBehind(run, remaining, endOf(deferral, run.context.clock.now()));
  else if (batch.items.length === 1 || waits) concludeRefusal(run, remaining, 'later');
  else await sendSmaller(send, remaining);
}

/** Sends a batch that is not refused for its credentials in smaller requests. Never rejects. */
export const sendSmaller = (send: SendingBatch, batch: PendingBatch): Promise<void> =>
  sendParts(send, smallerParts(send.run.context.inquiry, batch).map(batchOf));

/** Resolves when the run stops, or at the batch's deadline. */
function endOfBatch(run: SendRun, { deadline }: PendingBatch) {
  const { clock } = run.context;
  let forget = (): void => undefined;
  const reached = new Promise<void>((resolve) => {
    const stopTimer = clock.after(Math.max(0, deadline - clock.elapsed()), resolve);
    const stopListening = onAbort(run.signal(), resolve);
    forget = () => {
      stopTimer();
      stopListening();
    };
  });
  return { reached, forget: () => forget() };
}

const isSuspended = ({ context }: SendRun): boolean =>
  context.suspensions.any && context.suspensions.against(undefined) !== undefined;

/** Events that were not refused before, if there are any: another refusal of the others says nothing new. */
function unsuspected(inquiry: Inquiry, { items }: PendingBatch): readonly PendingDelivery[] {
  const others = items.filter((delivery) => !inquiry.suspected(delivery));
  return others.length > 0 ? others : items;
}

/** Splits a refused batch: events refused before apart from the others, else in halves. */
function smallerParts(inquiry: Inquiry, { items, lanes }: PendingBatch): readonly (readonly PendingDelivery[])[] {
  if (lanes !== undefined) return halved(items);
  const suspects = items.filter((delivery) => inquiry.suspected(delivery));
  if (suspects.length === 0 || suspects.length === items.length) return halved(items);
  return [items.filter((delivery) => !suspects.includes(delivery)), suspects];
}

/** Picks single events from all over the batch, because those of one sender are often neighbours. */
function spread(items: readonly PendingDelivery[]): readonly PendingDelivery[] {
  if (items.length <= maxParts) return items;
  return Array.from(
    { length: maxParts },
    (_, n) => items[Math.floor((n * items.length) / maxParts)] as PendingDelivery,
  );
}
